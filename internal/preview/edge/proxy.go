package edge

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// proxy forwards the request to an HTTP target, and its answer back, streaming
// both.
func (x *exchange) proxy(settings *alb.TargetGroup) {
	ctx, cancel := context.WithCancel(x.r.Context())
	defer cancel()
	dog := newWatchdog(x.mode.idle, func(dog *watchdog) {
		if dog.stalled.Load() {
			x.endReading()
		}
		cancel()
	})
	defer dog.stop()
	out, body := x.outgoing(ctx, dog)
	resp, err := x.listener.alb.transport.of(settings.ProtocolVersion).RoundTrip(out)
	if err != nil {
		x.refuseFor(err, dog, body)
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		dog.stop()
		x.upgrade(resp)
		return
	}
	x.copyHead(resp)
	x.copyBody(resp, dog)
	x.copyTrailer(resp)
}

const causeStalled = "the client sent no data for the idle timeout"

// endReading interrupts reading of the body.
func (x *exchange) endReading() {
	_ = http.NewResponseController(x.w).SetReadDeadline(time.Now())
}

// outgoing returns the request for the target.
func (x *exchange) outgoing(ctx context.Context, dog *watchdog) (*http.Request, *upload) {
	r := x.r
	out := &http.Request{
		Method:        r.Method,
		URL:           x.targetURL(),
		Header:        x.targetHeaders(),
		Host:          x.hostForTarget(),
		ContentLength: r.ContentLength,
		Trailer:       r.Trailer, // filled in when the body has been read
	}
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = nil // do not add one
	}
	if isWebSocket(r.Header) {
		out.Header["Connection"] = []string{"Upgrade"}
		out.Header["Upgrade"] = r.Header["Upgrade"]
	}
	if r.ContentLength == 0 {
		return out.WithContext(ctx), nil
	}
	// Without this, net/http reads the rest of the body before it answers.
	_ = http.NewResponseController(x.w).EnableFullDuplex() // HTTP/2 always is
	body := &upload{ReadCloser: r.Body, dog: dog}
	out.Body = body
	return out.WithContext(ctx), body
}

// targetURL returns the URL with path and query as they were sent.
func (x *exchange) targetURL() *url.URL {
	u := &url.URL{Scheme: x.target.url.Scheme, Host: x.target.url.Host}
	if !strings.HasPrefix(x.path, "//") {
		u.Opaque = x.path
		return u
	}
	// An opaque part must not begin with two slashes.
	path, query, _ := strings.Cut(x.path, "?")
	u.RawPath, u.RawQuery = path, query
	var err error
	if u.Path, err = url.PathUnescape(path); err != nil {
		u.Path = path
	}
	return u
}

// refuseFor answers for a target that did not answer.
func (x *exchange) refuseFor(err error, dog *watchdog, body *upload) {
	var timeout net.Error
	switch {
	case dog.stalled.Load():
		x.refuse(http.StatusRequestTimeout, causeStalled)
	case dog.expired.Load():
		x.refuse(http.StatusGatewayTimeout, "the target did not answer within the idle timeout")
	case x.r.Context().Err() != nil, body != nil && body.failed.Load():
		x.clientGone()
	case errors.As(err, &timeout) && timeout.Timeout():
		x.refuse(http.StatusGatewayTimeout, "the target did not accept a connection in time")
	default:
		x.refuse(http.StatusBadGateway, "the target did not answer as it should: "+err.Error())
	}
}

// copyHead forwards the status and the headers.
func (x *exchange) copyHead(resp *http.Response) {
	h := x.w.Header()
	for name, values := range resp.Header {
		if !isHopByHop(name) {
			h[name] = values
		}
	}
	for _, name := range named(resp.Header["Connection"]) {
		delete(h, name)
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // do not guess it
	}
	for name := range resp.Trailer {
		h.Add("Trailer", name)
	}
	x.setHeaders(h)
	x.status = resp.StatusCode
	x.w.WriteHeader(resp.StatusCode)
}

var buffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// copyBody forwards what the target sends, each piece at once.
func (x *exchange) copyBody(resp *http.Response, dog *watchdog) {
	if resp.ContentLength == 0 || resp.Body == http.NoBody {
		return
	}
	if resp.ContentLength < 0 {
		x.flush() // the client must see the head before the first piece
	}
	buffer := buffers.Get().(*[32 << 10]byte)
	defer buffers.Put(buffer)
	rest := resp.ContentLength
	for {
		n, err := resp.Body.Read(buffer[:])
		dog.pat()
		if n > 0 {
			if _, err := x.w.Write(buffer[:n]); err != nil {
				x.abort("the client closed the connection")
			}
			if rest -= int64(n); rest != 0 && err == nil {
				x.flush()
			}
		}
		switch {
		case err == io.EOF:
			return
		case err != nil && x.r.Context().Err() != nil:
			x.abort("the client closed the connection")
		case err != nil && dog.expired.Load():
			x.abort("the target sent nothing for the idle timeout")
		case err != nil:
			x.abort("the target ended its answer early: " + err.Error())
		}
	}
}

func (x *exchange) flush() {
	if f, ok := x.w.(http.Flusher); ok {
		f.Flush()
	}
}

// abort ends an answer that has begun, so that the client sees that it is
// incomplete.
func (x *exchange) abort(cause string) {
	x.cause = cause
	panic(http.ErrAbortHandler)
}

// copyTrailer forwards the trailers. Whether ALB does so over HTTP/1.1 is not
// documented; gRPC needs it.
func (x *exchange) copyTrailer(resp *http.Response) {
	for name, values := range resp.Trailer {
		x.w.Header()[http.TrailerPrefix+name] = values
	}
}
