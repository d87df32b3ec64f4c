package cloudfront

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/dop251/goja"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Function is a CloudFront function: JavaScript that changes a request or an
// answer.
type Function struct {
	LogicalID string

	program *goja.Program
	idle    sync.Pool // of *instance
}

// instance is a function that one caller at a time may run.
type instance struct {
	runtime                   *goja.Runtime
	handler, parse, stringify goja.Callable
}

// longest limits how long a function may run. CloudFront's limits are fractions
// of a millisecond on its own machines; here, a function must only end.
const longest = time.Second

func (r *reader) function(association node) *Function {
	arn := association.field("FunctionARN").text()
	resource, ok := r.named(arn, "AWS::CloudFront::Function")
	if !ok {
		r.without("%s: the function %s is not in the template: it is not run", association.id, cfn.Display(arn))
		return nil
	}
	f, err := newFunction(resource.LogicalID, r.properties(resource).field("FunctionCode").text())
	if err != nil {
		r.without("%s: it is not run: %v", resource.LogicalID, err)
		return nil
	}
	return f
}

func newFunction(logicalID, code string) (*Function, error) {
	program, err := goja.Compile(logicalID+".js", code, false)
	if err != nil {
		return nil, err
	}
	return &Function{LogicalID: logicalID, program: program}, nil
}

func (f *Function) start() (*instance, error) {
	i := &instance{runtime: goja.New()}
	console := i.runtime.NewObject()
	for _, name := range []string{"log", "error", "warn", "info"} {
		if err := console.Set(name, func(goja.FunctionCall) goja.Value { return goja.Undefined() }); err != nil {
			return nil, err
		}
	}
	if err := i.runtime.Set("console", console); err != nil {
		return nil, err
	}
	require := func(name string) (goja.Value, error) {
		return nil, fmt.Errorf("the module %q is not here", name)
	}
	if err := i.runtime.Set("require", require); err != nil {
		return nil, err
	}
	if _, err := i.runtime.RunProgram(f.program); err != nil {
		return nil, err
	}
	for name, callable := range map[string]*goja.Callable{"handler": &i.handler, "JSON.parse": &i.parse, "JSON.stringify": &i.stringify} {
		value, err := i.runtime.RunString(name) // a handler declared with const is found as well
		if err != nil {
			return nil, err
		}
		var ok bool
		if *callable, ok = goja.AssertFunction(value); !ok {
			return nil, fmt.Errorf("%s is not a function", name)
		}
	}
	return i, nil
}

// call calls the handler with an event in JSON and returns its result in JSON.
func (f *Function) call(event string) (result string, err error) {
	i, _ := f.idle.Get().(*instance)
	if i == nil {
		if i, err = f.start(); err != nil {
			return "", err
		}
	}
	alarm := time.AfterFunc(longest, func() { i.runtime.Interrupt("it runs too long") })
	result, err = i.call(event)
	if alarm.Stop() && err == nil {
		f.idle.Put(i) // an instance that failed or was stopped is not reused
	}
	return result, err
}

func (i *instance) call(event string) (string, error) {
	argument, err := i.parse(goja.Undefined(), i.runtime.ToValue(event))
	if err != nil {
		return "", err
	}
	value, err := i.handler(goja.Undefined(), argument)
	if err != nil {
		return "", err
	}
	if promise, ok := value.Export().(*goja.Promise); ok {
		switch value = promise.Result(); promise.State() {
		case goja.PromiseStateRejected:
			return "", fmt.Errorf("rejected with %v", value)
		case goja.PromiseStatePending:
			return "", errors.New("waits for ever")
		}
	}
	text, err := i.stringify(goja.Undefined(), value)
	if err != nil {
		return "", err
	}
	if goja.IsUndefined(text) || goja.IsNull(value) {
		return "", errors.New("returned nothing")
	}
	return text.String(), nil
}

// Request runs the function on a viewer's request. It returns the request with
// which to continue, or the answer that the function gives instead. It does not
// change r.
func (f *Function) Request(r *http.Request, v Viewer) (*http.Request, *Answer, error) {
	event := newEvent(r, v, "viewer-request")
	result, err := f.run(event)
	switch {
	case err != nil:
		return nil, nil, err
	case result.StatusCode != 0:
		answer, err := result.answer()
		return nil, answer, f.named(err)
	}
	next, err := result.request(r, event.Request)
	return next, nil, f.named(err)
}

// Response runs the function on the answer to a request, without its body, which
// stays unchanged unless the function gives another.
func (f *Function) Response(r *http.Request, v Viewer, status int, header http.Header) (*Answer, error) {
	event := newEvent(r, v, "viewer-response")
	event.Response = newEventResponse(status, header)
	result, err := f.run(event)
	if err != nil {
		return nil, err
	}
	answer, err := result.answer()
	return answer, f.named(err)
}

func (f *Function) named(err error) error {
	if err != nil {
		return fmt.Errorf("function %s: %w", f.LogicalID, err)
	}
	return nil
}
