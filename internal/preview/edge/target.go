package edge

import (
	"context"
	"errors"
	"fmt"
	"net/url"
)

// Target is a target that is registered with a target group: URLs, or a function.
type Target struct {
	// URLs are the addresses of the application, such as "http://127.0.0.1:8080",
	// for a target group of instances or IP addresses. They have no path. Like
	// the load balancer, the ALB does not verify https certificates.
	URLs []string

	// Function is the function, for a target group of type lambda.
	Function Invoker
}

// Invoker is a Lambda function, such as a lambdaruntime.Function.
type Invoker interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// urls returns the validated addresses.
func (t Target) urls() ([]*url.URL, error) {
	var urls []*url.URL
	for _, text := range t.URLs {
		u, err := url.Parse(text)
		switch {
		case err != nil:
			return nil, err
		case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
			return nil, fmt.Errorf("URL %q: want http://HOST:PORT or https://HOST:PORT", text)
		case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
			return nil, fmt.Errorf("URL %q: want a scheme, a host and a port only: a load balancer adds no path", text)
		}
		urls = append(urls, u)
	}
	return urls, nil
}

func (t Target) validate(kind string) error {
	switch {
	case kind == "lambda" && (t.Function == nil || len(t.URLs) > 0):
		return errors.New("its type is lambda: want a Function and no URLs")
	case kind != "lambda" && t.Function != nil:
		return fmt.Errorf("its type is %s: want URLs and no Function", kind)
	}
	return nil
}
