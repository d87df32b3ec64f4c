package accesslog

import "github.com/noren-cdk/noren/internal/alb"

// Host returns the Host header that the client most likely sent. The log shows
// the host and always the listener's port: see [alb.URL.SentHost].
func (e *Entry) Host() string { return alb.SplitURL(e.URL).SentHost() }

// Address returns the listener's port, Host and RequestTarget, all at once.
func (e *Entry) Address() (port, host, target string) {
	u := alb.SplitURL(e.URL)
	return u.Port, u.SentHost(), u.RequestTarget()
}

// Port returns the listener's port, "" if the URL has none.
func (e *Entry) Port() string { return alb.SplitURL(e.URL).Port }

// RequestTarget returns the undecoded path and query that the client sent.
func (e *Entry) RequestTarget() string { return alb.SplitURL(e.URL).RequestTarget() }
