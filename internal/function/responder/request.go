package responder

import (
	"encoding/json"
	"errors"
	"strings"
)

// request is the part of a request that an answer depends on.
type request struct {
	method, path           string
	accept, acceptLanguage string
	origin                 string
	requestMethod          string // Access-Control-Request-Method
	requestHeaders         string // Access-Control-Request-Headers

	// single and multi say which maps of headers the event has. The load balancer
	// sends one and reads the same one from the answer. If neither is set,
	// nothing is known, and the answer fills both.
	single, multi bool
}

// parseRequest reads an event as far as it can be read. The request can be
// answered even if there is an error.
func parseRequest(payload []byte) (request, error) {
	if r, ok := scan(payload); ok {
		return r, nil
	}
	return decode(payload)
}

// event is the part of a load balancer's event that an answer depends on.
type event struct {
	Method string             `json:"httpMethod"`
	Path   string             `json:"path"`
	Single *headers[string]   `json:"headers"`
	Multi  *headers[[]string] `json:"multiValueHeaders"`
}

type headers[Value any] struct {
	Accept         Value `json:"accept"`
	AcceptLanguage Value `json:"accept-language"`
	Origin         Value `json:"origin"`
	RequestMethod  Value `json:"access-control-request-method"`
	RequestHeaders Value `json:"access-control-request-headers"`
}

func decode(payload []byte) (request, error) {
	var e event
	err := json.Unmarshal(payload, &e)
	r := request{method: e.Method, path: e.Path, single: e.Single != nil, multi: e.Multi != nil}
	if h := e.Single; h != nil {
		r.accept, r.acceptLanguage, r.origin = h.Accept, h.AcceptLanguage, h.Origin
		r.requestMethod, r.requestHeaders = h.RequestMethod, h.RequestHeaders
	}
	if h := e.Multi; h != nil {
		r.accept = strings.Join(h.Accept, ", ")
		r.acceptLanguage = strings.Join(h.AcceptLanguage, ", ")
		r.origin = strings.Join(h.Origin, ", ")
		r.requestMethod = strings.Join(h.RequestMethod, ", ")
		r.requestHeaders = strings.Join(h.RequestHeaders, ", ")
	}
	if !r.single && !r.multi {
		r.single, r.multi = true, true
		if err == nil {
			err = errors.New("the event has neither headers nor multiValueHeaders")
		}
	}
	return r, err
}
