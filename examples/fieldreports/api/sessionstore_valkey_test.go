//go:build valkey

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
)

// storing returns the API with its sessions in the store, for a user who has
// logged in.
func storing(t *testing.T, change func(*valkeyAddress)) (site, site) {
	db := databases["embedded, sessions in Valkey"](t)
	if change != nil {
		change(db.sessions)
	}
	s := serveAPI(t, db)
	return s, s.login("field")
}

// TestAccessString checks that the API's user may do nothing but what the API
// does. All other tests of the API with a store show that it may do that.
func TestAccessString(t *testing.T) {
	s := store(t)
	s.admin(t, "SET", "other", "x")
	for _, command := range []string{
		"GET other", "SET other y", "DEL other", "MSET session:1 x other y", "SCAN 0", "KEYS *", "RANDOMKEY", "DBSIZE", "EXISTS session:1",
		"EVAL return(1) 0", "FUNCTION LIST", "FLUSHALL", "CONFIG GET *", "INFO", "ACL LIST", "CLIENT LIST", "MONITOR", "SUBSCRIBE x",
		"PUBLISH x y", "DUMP session:1", "RESTORE session:1 0 x", "MIGRATE 127.0.0.1 1 session:1 0 1", "CLUSTER SLOTS", "CLUSTER RESET", "PERSIST session:1",
		"EXPIRE session:1 1", "RENAME session:1 session:2", "COPY session:1 session:2", "OBJECT ENCODING session:1", "SHUTDOWN", "REPLICAOF no one",
	} {
		if answer, err := s.ask(serviceUser, servicePassword, strings.Fields(command)); err == nil || !strings.HasPrefix(err.Error(), "NOPERM") {
			t.Errorf("%s: got %v (%v), want NOPERM", command, answer, err)
		}
	}
	if _, err := s.ask("default", "", []string{"GET", "session:1"}); err == nil {
		t.Error("the default user gets in")
	}
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", s.port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = conn.Write(encode([]string{"AUTH", "admin", adminPassword}))
	if answer, _ := io.ReadAll(conn); strings.Contains(string(answer), "OK") {
		t.Errorf("without TLS: got %q", answer)
	}
}

// TestStoredSessions_End checks that every key expires, contains no token, and is
// removed with the session.
func TestStoredSessions_End(t *testing.T) {
	s := store(t)
	s.admin(t, "FLUSHALL")
	_, field := storing(t, nil)
	keys := s.strings(t, "KEYS", "*")
	if len(keys) != 1 || !strings.HasPrefix(keys[0], "session:") {
		t.Fatalf("keys %q", keys)
	}
	token := strings.TrimPrefix(field.headers["Authorization"], "Bearer ")
	if value := fmt.Sprint(s.admin(t, "GET", keys[0])); strings.Contains(keys[0]+value, token) || strings.Contains(value, exampleHash) {
		t.Errorf("%s: %s holds a secret", keys[0], value)
	}
	var seconds int
	if _, err := fmt.Sscan(fmt.Sprint(s.admin(t, "TTL", keys[0])), &seconds); err != nil || time.Duration(seconds)*time.Second < sessionTime-time.Minute {
		t.Errorf("the session ends in %d s (%v), want %v", seconds, err, sessionTime)
	}
	field.want(204, "", "POST", "/api/logout", "")
	if keys := s.strings(t, "KEYS", "*"); len(keys) != 0 {
		t.Errorf("keys %q after logging out", keys)
	}
}

// TestStoredSessions_EndWithThePassword checks that a changed password, or a
// removed user, ends the sessions without access to the store.
func TestStoredSessions_EndWithThePassword(t *testing.T) {
	s, field := storing(t, nil)
	field.want(200, `"field"`, "GET", "/api/session", "")
	if _, err := s.db.writer.Exec("UPDATE users SET role = 'manager' WHERE name = 'field'"); err != nil {
		t.Fatal(err)
	}
	field.want(200, `"manager"`, "GET", "/api/session", "")
	if _, err := s.db.writer.Exec("UPDATE users SET password_hash = '' WHERE name = 'field'"); err != nil {
		t.Fatal(err)
	}
	field.want(401, "no-session", "GET", "/api/session", "")
}

// TestStoredSessions_NodeKilled checks a lost node. While the store is away
// nobody is told to log in again, since nothing is known. Once a new node is
// there, without the data of the first, everybody is. Uploads that waited
// continue afterwards.
func TestStoredSessions_NodeKilled(t *testing.T) {
	server := store(t)
	s, field := storing(t, nil)
	field.want(200, `"field"`, "GET", "/api/session", "")
	server.kill()
	for range 3 {
		field.want(503, "the store of sessions does not answer", "POST", "/api/reports", reportOf(firstID, "Pump 3"))
	}
	s.want(503, "the store of sessions does not answer", "POST", "/api/login", `{"name":"field","password":"example"}`)
	if err := server.launch(); err != nil {
		t.Fatal(err)
	}
	var status int
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if status, _, _ = field.send("POST", "/api/reports", reportOf(firstID, "Pump 3")); status == 401 {
			break
		}
		if status != 503 || time.Now().After(deadline) {
			t.Fatalf("got %d, want 503 and then 401", status)
		}
	}
	again := s.login("field")
	again.want(201, "Pump 3", "POST", "/api/reports", reportOf(firstID, "Pump 3"))
}

// TestStoredSessions_AtTheLimitOfMemory checks that no session is evicted for
// another. A user who logs in is told to try again later.
func TestStoredSessions_AtTheLimitOfMemory(t *testing.T) {
	server := store(t)
	s, field := storing(t, nil)
	server.admin(t, "CONFIG", "SET", "maxmemory", "100kb") // less than an empty server needs
	t.Cleanup(func() { server.admin(t, "CONFIG", "SET", "maxmemory", "0") })
	s.want(503, "the store of sessions does not answer", "POST", "/api/login", `{"name":"field","password":"example"}`)
	field.want(200, `"field"`, "GET", "/api/session", "")
	if got := fmt.Sprint(server.admin(t, "INFO", "stats")); !strings.Contains(got, "evicted_keys:0") {
		t.Error("keys were evicted")
	}
}

// TestStoredSessions_RenewTheirLogin checks that a connection logs in again with
// a fresh token before ElastiCache would end it, and stays usable.
func TestStoredSessions_RenewTheirLogin(t *testing.T) {
	server := store(t)
	_, field := storing(t, func(a *valkeyAddress) { a.renewAfter = 100 * time.Millisecond })
	connections, renewals := server.iam.connections.Load(), server.iam.renewals.Load()
	for deadline := time.Now().Add(20 * time.Second); server.iam.renewals.Load() < renewals+3; time.Sleep(20 * time.Millisecond) {
		field.want(200, `"field"`, "GET", "/api/session", "")
		if time.Now().After(deadline) {
			t.Fatal("no connection logs in again")
		}
	}
	if now := server.iam.connections.Load(); now != connections {
		t.Errorf("%d connections were made, want none", now-connections)
	}
}

// TestStoredSessions_WantIAM checks that nobody gets in with a signature of
// another role, for another group or of yesterday, or as a user that is not the
// API's.
func TestStoredSessions_WantIAM(t *testing.T) {
	good := valkeyAddress{group: groupID, user: serviceUser, region: region}
	for _, test := range []struct {
		name    string
		address valkeyAddress
		secret  string
		age     time.Duration
		want    string
	}{
		{"all as it should be", good, secretKey, 0, ""},
		{"another key", good, "another", 0, "the signature is"},
		{"another group", valkeyAddress{group: "other", user: serviceUser, region: region}, secretKey, 0, "want fieldreports-api at"},
		{"another region", valkeyAddress{group: groupID, user: serviceUser, region: "us-east-1"}, secretKey, 0, "the credential is"},
		{"16 minutes ago", good, secretKey, 16 * time.Minute, "signed at"},
	} {
		t.Run(test.name, func(t *testing.T) {
			provider := credentials.NewStaticCredentialsProvider(accessKey, test.secret, sessionToken)
			token, err := test.address.token(context.Background(), provider, time.Now().Add(-test.age))
			if err != nil {
				t.Fatal(err)
			}
			if err := verify(test.address.user, token, time.Now()); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	server := store(t)
	address := server.client(t)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	s, err := newValkeyStore(*address, pools{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.usable(t.Context()); err == nil || !strings.Contains(err.Error(), "WRONGPASS") {
		t.Errorf("with another key: got %v", err)
	}
}

// TestStoredSessions_VerifyTheServer checks that TLS alone is not enough: the
// certificate must be of a trusted authority.
func TestStoredSessions_VerifyTheServer(t *testing.T) {
	address := store(t).client(t)
	address.ca = newAuthority(t).file(t)
	s, err := newValkeyStore(*address, pools{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.usable(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v, want the certificate refused", err)
	}
}
