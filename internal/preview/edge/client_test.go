package edge

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
)

// client is a cheap HTTP client, so that measurements and load concern the
// server: one connection, prepared requests, answers with a Content-Length.
type client struct {
	conn net.Conn
	r    *bufio.Reader
}

func dial(t testing.TB, address string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return &client{conn, bufio.NewReader(conn)}
}

// do sends a request and returns the status, whether the answer has the marker
// of maintenance, and the body.
func (c *client) do(request []byte) (status int, marked bool, body string, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, false, "", err
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return 0, false, "", err
	}
	if len(line) < 12 {
		return 0, false, "", fmt.Errorf("status line %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, false, "", err
	}
	length := -1
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, false, "", err
		}
		if len(line) <= 2 {
			break
		}
		switch line[0] {
		case 'C':
			if value, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
				if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
					return 0, false, "", err
				}
			}
		case 'X':
			marked = marked || strings.HasPrefix(string(line), "X-Maintenance-Mode: on")
		}
	}
	if length < 0 {
		return 0, false, "", fmt.Errorf("an answer of %d without Content-Length", status)
	}
	text := make([]byte, length)
	_, err = io.ReadFull(c.r, text)
	return status, marked, string(text), err
}
