package edge

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// serverName is the Server header of the load balancer's own answers. Source:
// aws-lambda-go-api-proxy#79.
const serverName = "awselb/2.0"

// titles are the titles of statuses for which the load balancer uses another text
// than net/http: that of nginx, whose layout its pages have.
var titles = map[int]string{
	401: "Authorization Required",
	405: "Not Allowed",
	408: "Request Time-out",
	413: "Request Entity Too Large",
	414: "Request-URI Too Large",
	463: "X-Forwarded-For Too Long",
	501: "Not Implemented",
	503: "Service Temporarily Unavailable",
	504: "Gateway Time-out",
	505: "HTTP Version Not Supported",
}

func title(status int) string {
	text := or(titles[status], http.StatusText(status))
	if text == "" {
		return strconv.Itoa(status)
	}
	return strconv.Itoa(status) + " " + text
}

// page returns the body of the load balancer's own answers. Sources:
// aws-lambda-go-api-proxy#79; the Content-Length of 138 that hayashier.com saw in
// 2018, when a bgcolor was in it.
func page(status int) string { return pageSaying(status, "") }

// pageSaying returns a page with a sentence that only the preview has.
func pageSaying(status int, text string) string {
	if text != "" {
		text = "<p>" + text + "</p>\r\n"
	}
	t := title(status)
	return "<html>\r\n<head><title>" + t + "</title></head>\r\n<body>\r\n<center><h1>" + t + "</h1></center>\r\n" + text + "</body>\r\n</html>\r\n"
}

// rawPage returns the whole answer, after which the connection is closed.
func rawPage(status int) []byte {
	body := page(status)
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\nServer: %s\r\nDate: %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		title(status), serverName, time.Now().UTC().Format(http.TimeFormat), len(body), body)
}

// answer writes an answer of the load balancer itself.
func (x *exchange) answer(status int, contentType, body string) {
	h := x.w.Header()
	if namesItself(x.rules.Listener) && h.Get("Server") == "" {
		h.Set("Server", serverName)
	}
	if contentType == "" {
		h["Content-Type"] = nil // do not guess it
	} else {
		h.Set("Content-Type", contentType)
	}
	if status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	x.setHeaders(h)
	x.status = status
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead && body != "" {
		_, _ = x.w.Write([]byte(body)) // the client may be gone
	}
}

// refuse answers with the load balancer's page, for the given cause.
func (x *exchange) refuse(status int, cause string) {
	x.cause = cause
	if status == http.StatusBadRequest || status == http.StatusRequestTimeout || status == http.StatusRequestEntityTooLarge {
		x.w.Header().Set("Connection", "close")
	}
	x.answer(status, "text/html", page(status))
}
