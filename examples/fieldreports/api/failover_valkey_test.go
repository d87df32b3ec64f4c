//go:build valkey

package main

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// pairOfNodes returns a primary and its replica, as ElastiCache has them: one
// shard in two zones.
func pairOfNodes(t *testing.T) (primary, replica *valkeyServer) {
	t.Helper()
	by := newAuthority(t)
	var nodes [2]*valkeyServer
	for i := range nodes {
		node, err := newNode(t, by)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(node.kill)
		nodes[i] = node
	}
	if err := nodes[0].launch(); err != nil {
		t.Fatal(err)
	}
	nodes[1].replicate(t, nodes[0])
	return nodes[0], nodes[1]
}

// replicate starts the node as a replica, and waits until it is in sync.
func (s *valkeyServer) replicate(t *testing.T, primary *valkeyServer) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprint(primary.admin(t, "CLUSTER", "MYID"))
	s.admin(t, "CLUSTER", "MEET", "127.0.0.1", primary.port, primary.bus)
	for _, wait := range []struct{ want, of, about string }{
		{id, "CLUSTER", "NODES"}, // the nodes know each other
		{"cluster_state:ok", "CLUSTER", "INFO"},
		{"master_link_status:up", "INFO", "replication"},
	} {
		if err := s.until(wait.want, wait.of, wait.about); err != nil {
			t.Fatal(err)
		}
		if wait.about == "INFO" {
			s.admin(t, "CLUSTER", "REPLICATE", id)
		}
	}
}

// endpointOf returns the address at which a group of nodes is found, whichever of
// them are running. It is like ElastiCache's configuration endpoint, which is a
// name.
func endpointOf(t *testing.T, nodes ...*valkeyServer) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				for _, node := range nodes {
					if !node.runs() {
						continue
					}
					if server, err := net.Dial("tcp", node.iam.address()); err == nil {
						defer server.Close()
						go func() { _, _ = io.Copy(client, server) }()
						_, _ = io.Copy(server, client)
					}
					return
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// promote makes the replica of a lost primary the primary, as ElastiCache does: a
// single shard has no majority that could do it.
func (s *valkeyServer) promote(t *testing.T) {
	t.Helper()
	s.admin(t, "CLUSTER", "FAILOVER", "TAKEOVER")
	if err := s.until("role:master", "INFO", "replication"); err != nil {
		t.Fatal(err)
	}
}

// TestStoredSessions_Failover checks a failover after the primary is lost. Until
// the replica takes over nobody is told to log in again; afterwards only those
// are whose session had not reached the replica. The API is not restarted.
func TestStoredSessions_Failover(t *testing.T) {
	primary, replica := pairOfNodes(t)
	db := databases["embedded"](t)
	db.sessions = primary.clientAt(t, endpointOf(t, primary, replica))
	s := serveAPI(t, db)
	kept := s.login("field")
	if err := replica.until("session:", "KEYS", "*"); err != nil {
		t.Fatal(err)
	}

	// From here on the replica receives nothing more.
	replica.admin(t, "CONFIG", "SET", "masterauth", "another")
	replica.admin(t, "CLIENT", "KILL", "TYPE", "master")
	if err := replica.until("master_link_status:down", "INFO", "replication"); err != nil {
		t.Fatal(err)
	}
	lost := s.login("field")
	lost.want(200, `"field"`, "GET", "/api/session", "")
	if keys := replica.strings(t, "KEYS", "*"); len(keys) != 1 {
		t.Fatalf("the replica has %q, want the first session alone", keys)
	}

	primary.kill()
	for range 3 {
		started := time.Now()
		kept.want(503, "the store of sessions does not answer", "POST", "/api/reports", reportOf(firstID, "Pump 3"))
		if took := time.Since(started); took > storeTime+2*time.Second {
			t.Errorf("the answer took %v, want at most about %v", took, storeTime)
		}
	}
	s.want(503, "the store of sessions does not answer", "POST", "/api/login", `{"name":"field","password":"example"}`)

	replica.promote(t)
	promoted := time.Now()
	for status := 0; status != 201; {
		status, _, _ = kept.send("POST", "/api/reports", reportOf(firstID, "Pump 3"))
		if status != 503 && status != 201 || time.Since(promoted) > 20*time.Second {
			t.Fatalf("%v after the promotion: got %d, want 503 and then 201", time.Since(promoted), status)
		}
	}
	t.Logf("the first upload was stored %v after the promotion", time.Since(promoted).Round(time.Millisecond))
	lost.want(401, "no-session", "GET", "/api/session", "")
	s.login("field").want(200, `"field"`, "GET", "/api/session", "")
	kept.want(200, `"field"`, "GET", "/api/session", "")
}

// TestStoredSessions_PlannedFailover checks a failover for maintenance of the
// store. No session is lost while people use theirs all the time.
func TestStoredSessions_PlannedFailover(t *testing.T) {
	primary, replica := pairOfNodes(t)
	db := databases["embedded"](t)
	db.sessions = primary.clientAt(t, endpointOf(t, primary, replica))
	field := serveAPI(t, db).login("field")
	if err := replica.until("session:", "KEYS", "*"); err != nil {
		t.Fatal(err)
	}
	replica.admin(t, "CLUSTER", "FAILOVER")
	answers := map[int]int{}
	for began := time.Now(); time.Since(began) < 3*time.Second; {
		status, _, _ := field.send("GET", "/api/session", "")
		answers[status]++
	}
	if err := replica.until("role:master", "INFO", "replication"); err != nil {
		t.Fatal(err)
	}
	t.Logf("answers by status: %v", answers)
	for status, n := range answers {
		if status != 200 && status != 503 || answers[200] < n {
			t.Errorf("%d answers with status %d: want 200, and 503 at most for a moment", n, status)
		}
	}
	primary.kill() // the API has followed: it no longer needs the first node
	field.want(200, `"field"`, "GET", "/api/session", "")
}
