package edge

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// transports are the HTTP transports to targets.
type transports struct {
	http1, http2 *http.Transport
}

// connectTimeout is how long a target may take to accept a connection; after
// that, the answer is 504. Source: UG23 troubleshooting.
const connectTimeout = 10 * time.Second

// maxResponseHeader limits the headers of an answer; if they are larger, the
// answer is 502. Source: UG23 limits.
const maxResponseHeader = 32 << 10

func newTransports() *transports {
	one := func(protocols ...func(*http.Protocols, bool)) *http.Transport {
		t := &http.Transport{
			DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
			DisableCompression:     true,
			MaxIdleConnsPerHost:    1024,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: maxResponseHeader,
			TLSClientConfig:        unverified(),
			Protocols:              new(http.Protocols),
		}
		for _, set := range protocols {
			set(t.Protocols, true)
		}
		return t
	}
	return &transports{
		http1: one((*http.Protocols).SetHTTP1),
		http2: one((*http.Protocols).SetHTTP2, (*http.Protocols).SetUnencryptedHTTP2),
	}
}

// unverified accepts any certificate of a target, as the load balancer does.
// Source: UG23 load-balancer-target-groups.
func unverified() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// of returns the transport for a target group's protocol version.
func (t *transports) of(version string) *http.Transport {
	if version == "HTTP2" || version == "GRPC" {
		return t.http2
	}
	return t.http1
}

func (t *transports) close() {
	t.http1.CloseIdleConnections()
	t.http2.CloseIdleConnections()
}
