package edge

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
)

// maxLambdaBody is the maximum size, in bytes, of a request's body for a Lambda
// target, and of its JSON answer. Source: UG23 lambda-functions.
const maxLambdaBody = 1 << 20

// invoke sends the request to a function. The error reasons are those of the
// access log. Source: UGnow load-balancer-access-logs.
func (x *exchange) invoke(settings *alb.TargetGroup) {
	if isWebSocket(x.r.Header) {
		x.refuse(http.StatusBadRequest, "LambdaWebsocketNotSupported")
		return
	}
	body, stalled, err := x.readBody(maxLambdaBody + 1)
	switch {
	case stalled:
		x.refuse(http.StatusRequestTimeout, causeStalled)
		return
	case err != nil:
		x.clientGone()
	case len(body) > maxLambdaBody:
		x.refuse(http.StatusRequestEntityTooLarge, "LambdaRequestTooLarge: the body has more than 1 MB")
		return
	}
	event, err := x.lambdaEvent(body, settings.MultiValueHeaders())
	if err != nil {
		x.refuse(http.StatusBadRequest, "LambdaBadRequest: "+err.Error())
		return
	}
	payload, err := x.target.function.Invoke(x.r.Context(), event)
	if err != nil {
		x.refuseLambda(err)
		return
	}
	if len(payload) > maxLambdaBody {
		x.refuse(http.StatusBadGateway, "LambdaResponseTooLarge: the answer has more than 1 MB")
		return
	}
	answer, err := readLambdaAnswer(payload, settings.MultiValueHeaders())
	if err != nil {
		x.refuse(http.StatusBadGateway, "LambdaInvalidResponse: "+err.Error())
		return
	}
	x.writeLambda(answer)
}

// readBody reads up to limit bytes of the body. stalled reports that the client
// sent nothing for the idle timeout.
func (x *exchange) readBody(limit int64) (body []byte, stalled bool, err error) {
	if x.r.ContentLength == 0 {
		return nil, false, nil
	}
	dog := newWatchdog(x.mode.idle, func(*watchdog) { x.endReading() })
	defer dog.stop()
	body, err = io.ReadAll(io.LimitReader(&upload{ReadCloser: x.r.Body, dog: dog}, limit))
	return body, err != nil && dog.stalled.Load(), err
}

func (x *exchange) refuseLambda(err error) {
	var tooLarge *lambdaruntime.TooLargeError
	var network net.Error
	switch {
	case x.r.Context().Err() != nil && errors.Is(err, context.Canceled):
		x.clientGone()
	case errors.Is(err, lambdaruntime.ErrThrottled):
		x.refuse(http.StatusBadGateway, "LambdaThrottling: "+err.Error())
	case errors.As(err, &tooLarge):
		x.refuse(http.StatusBadGateway, "LambdaResponseTooLarge: "+err.Error())
	case errors.As(err, &network) && network.Timeout():
		x.refuse(http.StatusGatewayTimeout, "LambdaConnectionTimeout: "+err.Error())
	default:
		x.refuse(http.StatusBadGateway, "LambdaUnhandled: "+err.Error())
	}
}

func (x *exchange) writeLambda(answer lambdaAnswer) {
	h := x.w.Header()
	for _, field := range answer.headers {
		if name := http.CanonicalHeaderKey(field.name); !isHopByHop(name) && name != "Content-Length" {
			h.Add(name, field.value)
		}
	}
	contentType := h.Get("Content-Type")
	x.answer(answer.status, contentType, string(answer.body))
}

// textual reports whether the event has a body as plain text: all others are
// base64. Source: UG23 lambda-functions.
func textual(h http.Header) bool {
	if h.Get("Content-Encoding") != "" {
		return false
	}
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	switch kind {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}
