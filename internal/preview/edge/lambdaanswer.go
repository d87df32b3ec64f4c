package edge

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// lambdaAnswer is the answer of a function.
type lambdaAnswer struct {
	status  int
	headers []responseHeader
	body    []byte
}

// readLambdaAnswer reads the JSON answer of a function. Fields may be missing but
// not null, except the header fields of the form that the target group does not
// use. Sources: awsdocs issue 33 and aws-lambda-go#408 for what may be missing;
// aws-lambda-go-api-proxy#79, lambda-api#117, aws-lambda-dotnet#507 and #529 of
// aws-lambda-go for what is refused.
func readLambdaAnswer(payload []byte, multi bool) (lambdaAnswer, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(payload, &fields); err != nil {
		return lambdaAnswer{}, errors.New("the answer is not a JSON object")
	}
	if fields == nil {
		return lambdaAnswer{}, errors.New("the answer is null")
	}
	var (
		a           lambdaAnswer
		status      *int
		body        string
		description string
		isEncoded   bool
		single      map[string]*string
		lists       map[string][]*string
		family      any = &single
		used            = "headers"
	)
	if multi { // then the other form is ignored
		used, family = "multiValueHeaders", &lists
	}
	for name, into := range map[string]any{
		"statusCode": &status, "body": &body, "statusDescription": &description, "isBase64Encoded": &isEncoded, used: family,
	} {
		raw, ok := fields[name]
		if !ok {
			continue
		}
		if string(raw) == "null" {
			return a, fmt.Errorf("%s is null", name)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return a, fmt.Errorf("%s is not as it should be: %w", name, err)
		}
	}
	if status == nil {
		return a, errors.New("statusCode is missing")
	}
	if a.status = *status; a.status < 200 || a.status > 599 {
		return a, fmt.Errorf("statusCode is %d, want 200 to 599", a.status)
	}
	if !multi {
		lists = make(map[string][]*string, len(single))
		for name, value := range single {
			lists[name] = []*string{value}
		}
	}
	for name, values := range lists {
		for _, value := range values {
			if value == nil {
				return a, fmt.Errorf("header %q is null", name)
			}
			if name == "" || strings.ContainsAny(name+*value, "\r\n\x00") {
				return a, fmt.Errorf("header %q is malformed", name)
			}
			a.headers = append(a.headers, responseHeader{name, *value})
		}
	}
	a.body = []byte(body)
	if isEncoded {
		var err error
		if a.body, err = base64.StdEncoding.DecodeString(body); err != nil {
			return a, errors.New("body is not base64, as isBase64Encoded says")
		}
	}
	return a, nil
}
