package edge

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
)

// newServer returns a server for a listener, with unencrypted HTTP/2 for clients
// that start with it, such as those of gRPC.
func newServer(l *Listener) *http.Server {
	idle := l.alb.current.Load().idle
	s := &http.Server{
		Handler:           l,
		ReadHeaderTimeout: idle,
		IdleTimeout:       idle,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that disconnect
	}
	s.Protocols = new(http.Protocols)
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	return s
}

// pageListener returns connections on which the answers that net/http makes to
// malformed requests, before any handler, become the load balancer's.
type pageListener struct{ net.Listener }

func (l *pageListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &pageConn{Conn: c}, nil
}

type pageConn struct{ net.Conn }

// How net/http begins and ends the head of such an answer. Answers of handlers
// have a Date.
var (
	refusalStart = []byte("HTTP/1.1 ")
	refusalHead  = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")
)

func (c *pageConn) Write(b []byte) (int, error) {
	if len(b) > 512 || !bytes.HasPrefix(b, refusalStart) || !bytes.Contains(b, refusalHead) || len(b) < 12 {
		return c.Conn.Write(b)
	}
	status, err := strconv.Atoi(string(b[9:12]))
	if err != nil {
		return c.Conn.Write(b)
	}
	if status == http.StatusRequestHeaderFieldsTooLarge {
		status = http.StatusBadRequest // see alb.MaxHeaders
	}
	if _, err := c.Conn.Write(rawPage(status)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// CloseWrite lets net/http close a connection so that the client still reads the
// answer.
func (c *pageConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
