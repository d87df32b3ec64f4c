package edge

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// lambdaEvent is the event that a load balancer sends to a function. It has one
// form of headers and query parameters, single values or lists. Sources: BC and
// UG23 lambda-functions for the form; samples in aws-lambda-go's test data for
// the fields without value.
type lambdaEvent struct {
	RequestContext struct {
		ELB struct {
			TargetGroupArn string `json:"targetGroupArn"`
		} `json:"elb"`
	} `json:"requestContext"`
	HTTPMethod      string               `json:"httpMethod"`
	Path            string               `json:"path"`
	Query           *map[string]string   `json:"queryStringParameters,omitempty"`
	MultiQuery      *map[string][]string `json:"multiValueQueryStringParameters,omitempty"`
	Headers         *map[string]string   `json:"headers,omitempty"`
	MultiHeaders    *map[string][]string `json:"multiValueHeaders,omitempty"`
	Body            string               `json:"body"`
	IsBase64Encoded bool                 `json:"isBase64Encoded"`
}

// lambdaEvent returns the event for the request. Of a repeated header or query
// key, the single form has the last value. Nothing is decoded. Source: BC, UG23.
func (x *exchange) lambdaEvent(body []byte, multi bool) ([]byte, error) {
	path, query, _ := strings.Cut(x.path, "?")
	e := lambdaEvent{HTTPMethod: x.r.Method, Path: path}
	e.RequestContext.ELB.TargetGroupArn = x.group.arn
	headers := map[string][]string{"host": {x.hostForTarget()}}
	for name, values := range x.targetHeaders() {
		headers[strings.ToLower(name)] = values
	}
	if sent := x.r.Header["Connection"]; len(sent) > 0 {
		headers["connection"] = sent // samples have it
	}
	for name, values := range headers {
		for _, value := range values {
			if !utf8.ValidString(value) {
				return nil, fmt.Errorf("header %q is not UTF-8", name)
			}
		}
	}
	parameters := queryParameters(query)
	if multi {
		e.MultiHeaders, e.MultiQuery = &headers, &parameters
	} else {
		e.Headers, e.Query = last(headers), last(parameters)
	}
	switch {
	case len(body) == 0:
	case !textual(x.r.Header):
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	case !utf8.Valid(body):
		return nil, errors.New("the body is not UTF-8")
	default:
		e.Body = string(body)
	}
	return json.Marshal(e)
}

// queryParameters returns the undecoded pairs of a query.
func queryParameters(query string) map[string][]string {
	parameters := map[string][]string{}
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		parameters[key] = append(parameters[key], value)
	}
	return parameters
}

func last(lists map[string][]string) *map[string]string {
	values := make(map[string]string, len(lists))
	for name, list := range lists {
		if len(list) > 0 {
			values[name] = list[len(list)-1]
		}
	}
	return &values
}
