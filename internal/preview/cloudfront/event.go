package cloudfront

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"reflect"
	"slices"
	"strings"
)

// Viewer is the sender of a request.
type Viewer struct {
	IP        string
	RequestID string
	Domain    string // of the distribution
}

// Answer is an answer from a function.
type Answer struct {
	Status  int
	Header  http.Header
	Body    []byte
	HasBody bool
}

// event is the event of a function. Source: CFDev, event structure of CloudFront
// Functions.
type event struct {
	Version  string         `json:"version"`
	Context  eventContext   `json:"context"`
	Viewer   eventViewer    `json:"viewer"`
	Request  eventRequest   `json:"request"`
	Response *eventResponse `json:"response,omitempty"`
}

type eventContext struct {
	DistributionDomainName string `json:"distributionDomainName"`
	DistributionID         string `json:"distributionId"`
	EventType              string `json:"eventType"`
	RequestID              string `json:"requestId"`
}

type eventViewer struct {
	IP string `json:"ip"`
}

type eventRequest struct {
	Method      string           `json:"method"`
	URI         string           `json:"uri"`
	QueryString map[string]value `json:"querystring"`
	Headers     map[string]value `json:"headers"`
	Cookies     map[string]value `json:"cookies"`
}

type eventResponse struct {
	StatusCode        int              `json:"statusCode"`
	StatusDescription string           `json:"statusDescription"`
	Headers           map[string]value `json:"headers"`
	Cookies           map[string]value `json:"cookies"`
}

// value is a header, a cookie or a query parameter with one value or several.
type value struct {
	Value      string  `json:"value"`
	Attributes string  `json:"attributes,omitempty"`
	MultiValue []value `json:"multiValue,omitempty"`
}

// all returns the values: those of multiValue, if there are any.
func (v value) all() []value {
	if len(v.MultiValue) > 0 {
		return v.MultiValue
	}
	return []value{v}
}

// add adds a value to those of a name.
func add(values map[string]value, name string, v value) {
	if old, ok := values[name]; ok {
		if len(old.MultiValue) == 0 {
			old.MultiValue = []value{{Value: old.Value, Attributes: old.Attributes}}
		}
		old.MultiValue = append(old.MultiValue, v)
		values[name] = old
		return
	}
	values[name] = v
}

func newEvent(r *http.Request, v Viewer, eventType string) event {
	e := event{
		Version: "1.0",
		Context: eventContext{v.Domain, "PREVIEW", eventType, v.RequestID},
		Viewer:  eventViewer{v.IP},
		Request: eventRequest{
			Method: r.Method, URI: r.URL.EscapedPath(),
			QueryString: map[string]value{}, Headers: map[string]value{"host": {Value: r.Host}}, Cookies: map[string]value{},
		},
	}
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if name, text, _ := strings.Cut(pair, "="); name != "" {
			add(e.Request.QueryString, name, value{Value: text})
		}
	}
	for name, values := range r.Header {
		if name == "Cookie" {
			continue
		}
		for _, text := range values {
			add(e.Request.Headers, strings.ToLower(name), value{Value: text})
		}
	}
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			if name, text, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
				add(e.Request.Cookies, name, value{Value: text})
			}
		}
	}
	return e
}

func newEventResponse(status int, header http.Header) *eventResponse {
	e := &eventResponse{status, http.StatusText(status), map[string]value{}, map[string]value{}}
	for name, values := range header {
		for _, text := range values {
			if name == "Set-Cookie" {
				pair, attributes, _ := strings.Cut(text, ";")
				cookie, content, _ := strings.Cut(pair, "=")
				add(e.Cookies, cookie, value{Value: content, Attributes: strings.TrimSpace(attributes)})
				continue
			}
			add(e.Headers, strings.ToLower(name), value{Value: text})
		}
	}
	return e
}

// result is the result of a function: a request, or an answer, which has a
// status.
type result struct {
	eventRequest
	StatusCode int             `json:"statusCode"`
	Body       json.RawMessage `json:"body"`
}

func (f *Function) run(e event) (result, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return result{}, f.named(err)
	}
	returned, err := f.call(string(text))
	if err != nil {
		return result{}, f.named(err)
	}
	var r result
	if err := json.Unmarshal([]byte(returned), &r); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			err = fmt.Errorf("returned a %s as %q", wrong.Value, wrong.Field)
		}
		return result{}, f.named(err)
	}
	return r, nil
}

// request returns r as the function returned it. What the function did not change
// stays the same, byte for byte.
func (res result) request(r *http.Request, sent eventRequest) (*http.Request, error) {
	switch {
	case !strings.HasPrefix(res.URI, "/"):
		return nil, fmt.Errorf("returned a request with the uri %q", res.URI)
	case res.Method != r.Method:
		return nil, fmt.Errorf("returned a request with the method %q", res.Method)
	}
	next := r.Clone(r.Context())
	if res.URI != sent.URI {
		path, query, hasQuery := strings.Cut(res.URI, "?")
		u, err := next.URL.Parse(path)
		if err != nil {
			return nil, err
		}
		next.URL.Path, next.URL.RawPath = u.Path, u.RawPath
		if hasQuery {
			next.URL.RawQuery = query
		}
	}
	if !reflect.DeepEqual(res.QueryString, sent.QueryString) {
		next.URL.RawQuery = joined(res.QueryString, "&")
	}
	next.Header = http.Header{}
	for name, v := range res.Headers {
		for _, one := range v.all() {
			next.Header.Add(name, one.Value)
		}
	}
	next.Header.Del("Host") // it belongs to the request, and cannot be changed
	if reflect.DeepEqual(res.Cookies, sent.Cookies) {
		if cookies := r.Header["Cookie"]; cookies != nil {
			next.Header["Cookie"] = cookies
		}
	} else if len(res.Cookies) > 0 {
		next.Header.Set("Cookie", joined(res.Cookies, "; "))
	}
	return next, nil
}

// joined joins values as name=value, in the order of their names.
func joined(values map[string]value, separator string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, v := range values[name].all() {
			pairs = append(pairs, name+"="+v.Value)
		}
	}
	return strings.Join(pairs, separator)
}

func (res result) answer() (*Answer, error) {
	if res.StatusCode < 200 || res.StatusCode > 599 {
		return nil, fmt.Errorf("returned the status %d", res.StatusCode)
	}
	a := &Answer{Status: res.StatusCode, Header: http.Header{}}
	for name, v := range res.Headers {
		for _, one := range v.all() {
			a.Header.Add(textproto.CanonicalMIMEHeaderKey(name), one.Value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(res.Cookies)) {
		for _, v := range res.Cookies[name].all() {
			cookie := name + "=" + v.Value
			if v.Attributes != "" {
				cookie += "; " + v.Attributes
			}
			a.Header.Add("Set-Cookie", cookie)
		}
	}
	return a, a.readBody(res.Body)
}

// readBody reads a body: a text, or an object with encoding and data.
func (a *Answer) readBody(raw json.RawMessage) error {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	a.HasBody = true
	var text string
	if json.Unmarshal(raw, &text) == nil {
		a.Body = []byte(text)
		return nil
	}
	var body struct{ Encoding, Data string }
	if err := json.Unmarshal(raw, &body); err != nil {
		return errors.New("returned a body that is neither a text nor an object with data")
	}
	a.Body = []byte(body.Data)
	if body.Encoding != "base64" {
		return nil
	}
	var err error
	a.Body, err = base64.StdEncoding.DecodeString(body.Data)
	return err
}
