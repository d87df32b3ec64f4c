//go:build valkey

package main

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The tests with the build tag valkey run a valkey-server or redis-server from
// PATH, configured as ElastiCache does: only TLS, cluster mode, users with access
// strings. A stand-in for IAM is in front of it. The tests fail if there is no
// server.

func init() {
	databases["embedded, sessions in Valkey"] = func(t *testing.T) database {
		db := databases["embedded"](t)
		db.sessions = store(t).client(t)
		return db
	}
	expireStored = func(t *testing.T) {
		for _, key := range store(t).strings(t, "KEYS", "session:*") {
			store(t).admin(t, "PEXPIRE", key, "1")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// adminPassword is the password of a user who may do anything, and
// servicePassword is what the stand-in logs in with for clients that it has
// verified.
const (
	adminPassword   = "admin-of-the-tests"
	servicePassword = "what-iam-stands-for"
)

// A valkeyServer is a node, or a cluster once it leads one.
type valkeyServer struct {
	program, folder, port, bus string
	authority                  authority
	iam                        *iamStandIn

	mu      sync.Mutex
	command *exec.Cmd
}

var theStore struct {
	sync.Once
	*valkeyServer
	err error
}

// store returns the server that tests share.
func store(t *testing.T) *valkeyServer {
	t.Helper()
	theStore.Do(func() {
		if theStore.valkeyServer, theStore.err = newNode(t, newAuthority(t)); theStore.err == nil {
			theStore.err = theStore.launch()
		}
	})
	if theStore.err != nil {
		t.Fatal(theStore.err)
	}
	return theStore.valkeyServer
}

// accessString returns the access string that the stack gives to the API's user.
func accessString() (string, error) {
	text, err := os.ReadFile("../../../constructs/sessionstore/access.txt")
	return strings.TrimSpace(string(text)), err
}

// newNode returns a node that is not yet running, with a certificate of an
// authority.
func newNode(t *testing.T, by authority) (*valkeyServer, error) {
	program := ""
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
		}
	}
	if program == "" {
		return nil, fmt.Errorf("no server: install valkey-server or redis-server")
	}
	folder, err := os.MkdirTemp("", "fieldreports-valkey-")
	if err != nil {
		return nil, err
	}
	atEnd = append(atEnd, func() { os.RemoveAll(folder) })
	s := &valkeyServer{program: program, folder: folder, authority: by}
	access, err := accessString()
	if err != nil {
		return nil, err
	}
	certificate, privateKey := s.authority.files(t, folder)
	if s.iam, err = startIAM(s, certificate, privateKey); err != nil {
		return nil, err
	}
	for _, port := range []*string{&s.port, &s.bus} {
		if *port, err = freePort(); err != nil {
			return nil, err
		}
	}
	_, announced, _ := net.SplitHostPort(s.iam.address())
	config := strings.Join([]string{
		"bind 127.0.0.1", "port 0", "tls-port " + s.port, "tls-cluster yes", "cluster-enabled yes", "tls-auth-clients no",
		"tls-cert-file " + certificate, "tls-key-file " + privateKey, "tls-ca-cert-file " + filepath.Join(folder, "ca.crt"),
		"cluster-announce-ip 127.0.0.1", "cluster-announce-tls-port " + announced, "cluster-port " + s.bus, "cluster-node-timeout 1000",
		"tls-replication yes", "masteruser admin", "masterauth " + adminPassword,
		"dir " + folder, "save \"\"", "maxmemory-policy noeviction", "aclfile " + filepath.Join(folder, "users"),
	}, "\n")
	users := "user default off\nuser admin on >" + adminPassword + " ~* &* +@all\nuser " + serviceUser + " >" + servicePassword + " " + access + "\n"
	for name, content := range map[string]string{"config": config, "users": users} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	atEnd = append([]func(){s.kill}, atEnd...)
	return s, nil
}

// files writes the authority's certificate, and a certificate for 127.0.0.1 with
// its key.
func (a authority) files(t *testing.T, folder string) (certificate, key string) {
	pair := a.server(t, "127.0.0.1", time.Now().Add(time.Hour))
	private, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.crt":     {Type: "CERTIFICATE", Bytes: a.certificate.Raw},
		"server.crt": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		"server.key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "server.crt"), filepath.Join(folder, "server.key")
}

// launch starts the server with nothing in it, as a cluster of its own.
func (s *valkeyServer) launch() error {
	if err := s.start(); err != nil {
		return err
	}
	if _, err := s.ask("admin", adminPassword, []string{"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}); err != nil {
		return err
	}
	return s.until("cluster_state:ok", "CLUSTER", "INFO")
}

// start starts the server with nothing in it.
func (s *valkeyServer) start() error {
	_ = os.Remove(filepath.Join(s.folder, "nodes.conf"))
	log, err := os.Create(filepath.Join(s.folder, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(s.program, filepath.Join(s.folder, "config"))
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return err
	}
	s.mu.Lock()
	s.command = command
	s.mu.Unlock()
	return s.until("PONG", "PING")
}

// until repeats an admin's command until it returns the wanted answer.
func (s *valkeyServer) until(want string, command ...string) error {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		answer, err := s.ask("admin", adminPassword, command)
		if err == nil && strings.Contains(fmt.Sprint(answer), want) {
			return nil
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.folder, "log"))
			return fmt.Errorf("%v: got %v (%v), want %q\n%s", command, answer, err, want, log)
		}
	}
}

// kill kills the server, like a node that is lost.
func (s *valkeyServer) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.command != nil {
		_ = s.command.Process.Kill()
		_ = s.command.Wait()
		s.command = nil
	}
}

// runs reports whether the server has been started and not killed.
func (s *valkeyServer) runs() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.command != nil
}

// client returns the address and the login with which the API uses the store.
func (s *valkeyServer) client(t *testing.T) *valkeyAddress {
	t.Helper()
	return s.clientAt(t, s.iam.address())
}

// clientAt is client for a store at another address.
func (s *valkeyServer) clientAt(t *testing.T, found string) *valkeyAddress {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", accessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secretKey)
	t.Setenv("AWS_SESSION_TOKEN", sessionToken)
	host, port, _ := net.SplitHostPort(found)
	address, err := valkeyFrom(environment(
		"SESSIONS_HOST="+host, "SESSIONS_PORT="+port, "SESSIONS_GROUP="+groupID, "SESSIONS_USER="+serviceUser, "AWS_REGION="+region,
		"SESSIONS_TLS_CA="+filepath.Join(s.folder, "ca.crt")))
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// admin sends a command as the user who may do anything.
func (s *valkeyServer) admin(t *testing.T, command ...string) any {
	t.Helper()
	answer, err := s.ask("admin", adminPassword, command)
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	return answer
}

// strings returns the answer to an admin's command that returns a list.
func (s *valkeyServer) strings(t *testing.T, command ...string) (all []string) {
	t.Helper()
	list, _ := s.admin(t, command...).([]any)
	for _, item := range list {
		all = append(all, fmt.Sprint(item))
	}
	return all
}

// ask sends commands on a new connection, and returns the last answer.
func (s *valkeyServer) ask(user, password string, commands ...[]string) (any, error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Second}, "tcp", net.JoinHostPort("127.0.0.1", s.port), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	reader := bufio.NewReader(conn)
	var answer any
	for _, command := range append([][]string{{"AUTH", user, password}}, commands...) {
		if _, err := conn.Write(encode(command)); err != nil {
			return nil, err
		}
		if answer, err = decode(reader); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// encode and decode implement version 2 of the server's protocol.

func encode(command []string) []byte {
	var text strings.Builder
	fmt.Fprintf(&text, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&text, "$%d\r\n%s\r\n", len(word), word)
	}
	return []byte(text.String())
}

func decode(r *bufio.Reader) (any, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, rest := line[0], strings.TrimSuffix(line[1:], "\r\n")
	n, _ := strconv.Atoi(rest)
	switch kind {
	case '-':
		return nil, fmt.Errorf("%s", rest)
	case '$':
		if n < 0 {
			return nil, nil
		}
		text := make([]byte, n+2)
		if _, err := readFull(r, text); err != nil {
			return nil, err
		}
		return string(text[:n]), nil
	case '*':
		var list []any
		for range n {
			item, err := decode(r)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		return list, nil
	}
	return rest, nil
}

func readFull(r *bufio.Reader, text []byte) (n int, err error) {
	for n < len(text) && err == nil {
		var read int
		read, err = r.Read(text[n:])
		n += read
	}
	return n, err
}

func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return cmp.Or(port, "0"), err
}
