//go:build valkey

package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The values that the stand-in for IAM accepts.
const (
	accessKey    = "AKIDEXAMPLE"
	secretKey    = "secret-of-the-tests"
	sessionToken = "token/of+the=role"
	region       = "eu-west-1"
	groupID      = "fieldreports-sessions"
	serviceUser  = "fieldreports-api"
)

// An iamStandIn is a proxy between the API and the server. It verifies log-ins as
// ElastiCache does, and logs in at the server with a password instead. It lets a
// replica, which logs in as the admin, through.
type iamStandIn struct {
	listener net.Listener
	server   *valkeyServer

	connections atomic.Int32 // made so far
	renewals    atomic.Int32 // log-ins on connections that were already logged in

	mu      sync.Mutex
	refused []string
}

func startIAM(server *valkeyServer, certificate, key string) (*iamStandIn, error) {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		return nil, err
	}
	s := &iamStandIn{listener: listener, server: server}
	atEnd = append(atEnd, func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			go s.serve(conn)
		}
	}()
	return s, nil
}

func (s *iamStandIn) address() string { return s.listener.Addr().String() }

// serve copies commands to the server, except log-ins, and copies all answers
// back.
func (s *iamStandIn) serve(client net.Conn) {
	defer client.Close()
	server, err := tls.Dial("tcp", net.JoinHostPort("127.0.0.1", s.server.port), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(client, server)
		client.Close()
	}()
	in := false
	for reader := bufio.NewReader(client); ; {
		words, err := decode(reader)
		list, ok := words.([]any)
		if err != nil || !ok {
			return
		}
		var command []string
		for _, word := range list {
			command = append(command, fmt.Sprint(word))
		}
		if at := slices.IndexFunc(command, func(word string) bool { return strings.EqualFold(word, "AUTH") }); at >= 0 && len(command) > at+2 && command[at+1] != "admin" {
			if err := verify(command[at+1], command[at+2], time.Now()); err != nil {
				s.mu.Lock()
				s.refused = append(s.refused, err.Error())
				s.mu.Unlock()
				_, _ = client.Write([]byte("-WRONGPASS " + err.Error() + "\r\n"))
				continue
			}
			if in {
				s.renewals.Add(1)
			}
			in = true
			command[at+2] = servicePassword
		}
		if _, err := server.Write(encode(command)); err != nil {
			return
		}
	}
}

// verify checks a log-in token: its subject, its age and its signature. Source:
// the documentation of Signature Version 4.
func verify(user, token string, now time.Time) error {
	host, query, _ := strings.Cut(token, "/?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return err
	}
	for name, want := range map[string]string{
		"Action": "connect", "User": user, "X-Amz-Expires": "900", "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
		"X-Amz-SignedHeaders": "host", "X-Amz-Security-Token": sessionToken,
	} {
		if got := values.Get(name); got != want {
			return fmt.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if host != groupID || user != serviceUser {
		return fmt.Errorf("%s at %s: want %s at %s", user, host, serviceUser, groupID)
	}
	signed, err := time.Parse("20060102T150405Z", values.Get("X-Amz-Date"))
	if err != nil || now.Sub(signed) > 15*time.Minute || signed.Sub(now) > time.Minute {
		return fmt.Errorf("signed at %q (%v)", values.Get("X-Amz-Date"), err)
	}
	scope := signed.Format("20060102") + "/" + region + "/elasticache/aws4_request"
	if got := values.Get("X-Amz-Credential"); got != accessKey+"/"+scope {
		return fmt.Errorf("the credential is %q", got)
	}
	signature := values.Get("X-Amz-Signature")
	values.Del("X-Amz-Signature")
	canonical := strings.Join([]string{"GET", "/", strings.ReplaceAll(values.Encode(), "+", "%20"), "host:" + host + "\n", "host", sum("")}, "\n")
	mac := []byte("AWS4" + secretKey)
	for _, part := range append(strings.Split(scope, "/"), "AWS4-HMAC-SHA256\n"+signed.Format("20060102T150405Z")+"\n"+scope+"\n"+sum(canonical)) {
		h := hmac.New(sha256.New, mac)
		h.Write([]byte(part))
		mac = h.Sum(nil)
	}
	if want := hex.EncodeToString(mac); signature != want {
		return fmt.Errorf("the signature is %q, want %q", signature, want)
	}
	return nil
}

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}
