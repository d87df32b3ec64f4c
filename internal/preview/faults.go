package preview

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// faults are faults in front of the application: what it does wrong for a while.
type faults struct {
	mu     sync.Mutex
	status int // its answer, 0 for the application's own answers
	reset  bool
	delay  time.Duration
}

func (f *faults) set(change func(*faults)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// text describes the fault; empty if there is none.
func (f *faults) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := ""
	switch {
	case f.reset:
		text = "resets connections"
	case f.status != 0:
		text = "answers " + strconv.Itoa(f.status)
	}
	if f.delay > 0 {
		if text != "" {
			text += ", "
		}
		text += "takes " + f.delay.String() + " longer"
	}
	return text
}

// before serves an application's address with the faults in front of it.
func (f *faults) before(address string) (*http.Server, string, error) {
	to, err := url.Parse(address)
	if err != nil {
		return nil, "", err
	}
	listener, err := listenAt(0)
	if err != nil {
		return nil, "", err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
			for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port"} {
				r.Out.Header[name] = r.In.Header[name]
			}
		},
		ErrorLog: quiet,
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			panic(http.ErrAbortHandler) // as if the application itself were gone
		},
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, ErrorLog: quiet, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		status, reset, delay := f.status, f.reset, f.delay
		f.mu.Unlock()
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
		}
		switch {
		case reset:
			panic(http.ErrAbortHandler)
		case status != 0:
			http.Error(w, http.StatusText(status), status)
		default:
			proxy.ServeHTTP(w, r)
		}
	})}
	go func() { _ = server.Serve(listener) }() // until it is closed
	return server, "http://" + listener.Addr().String(), nil
}
