package replay

import (
	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/replay/accesslog"
)

// request returns an entry as the rules saw it, as far as the log tells.
func request(e *accesslog.Entry, host, target string, header map[string][]string) alb.Request {
	return alb.Request{
		Method:         e.Method,
		Target:         target,
		Host:           host,
		Header:         header,
		HeadersUnknown: true,
		Source:         e.Client.Addr(),
		Proto:          e.Proto,
	}
}
