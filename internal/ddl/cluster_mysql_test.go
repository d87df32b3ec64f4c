//go:build mysql

package ddl

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// freePort returns an unused port of this machine.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// own starts a separate server for the test, with options.
func (s *testServer) own(t *testing.T, options ...string) *testServer {
	t.Helper()
	dsn, stop, err := s.start(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return &testServer{name: s.name, dsn: dsn}
}

// TestPlan_RefusesClustersOfWriters checks that a node of a cluster in which all
// nodes accept writes is refused, with the reason.
func TestPlan_RefusesClustersOfWriters(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		if s.start == nil {
			return
		}
		port := freePort(t)
		var node *testServer
		want := "is a node of a Galera cluster"
		if s.mariaDB() {
			node = s.own(t, "--wsrep-on=ON", "--wsrep-provider=/usr/lib/galera/libgalera_smm.so", "--wsrep-cluster-address=gcomm://", "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
				"--wsrep-node-address=127.0.0.1", fmt.Sprintf("--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:%d", port))
		} else {
			want = "is a member of Group Replication"
			node = s.own(t, "--skip-networking=0", "--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", freePort(t)), "--log-bin", "--server-id=1", "--gtid-mode=ON", "--enforce-gtid-consistency=ON")
			root := node.pool(t, "")
			execute(t, root, "INSTALL PLUGIN group_replication SONAME 'group_replication.so'", "SET GLOBAL group_replication_group_name = '11111111-2222-3333-4444-555555555555'",
				fmt.Sprintf("SET GLOBAL group_replication_local_address = '127.0.0.1:%d'", port), "SET GLOBAL group_replication_ip_allowlist = '127.0.0.1'", "SET GLOBAL group_replication_bootstrap_group = ON", "START GROUP_REPLICATION")
		}
		root := node.pool(t, "")
		execute(t, root, "CREATE DATABASE ddl_cluster", "CREATE TABLE ddl_cluster.t (id INT PRIMARY KEY)")
		db := node.reopen(t, "ddl_cluster")
		_, err := planText(t.Context(), db, "ALTER TABLE t ADD c INT", PlanOptions{Writes: Live, Policy: Any})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
		if _, err := runText(t.Context(), db, "ALTER TABLE t ADD c INT", unrehearsed(func(Event) {})); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("run: got %v, want %q in it", err, want)
		}
	})
}

// TestRun_WaitsForReplicas checks that plan says what a replica will do, and that
// run waits for it.
func TestRun_WaitsForReplicas(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		if s.start == nil {
			return
		}
		port := freePort(t)
		source := s.own(t, "--skip-networking=0", "--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", port), "--log-bin=binlog", "--server-id=1")
		replica := s.own(t, "--server-id=2")
		there, root := replica.pool(t, ""), source.pool(t, "")
		execute(t, root, "CREATE USER repl@'127.0.0.1' IDENTIFIED BY 'repl'", "GRANT REPLICATION SLAVE ON *.* TO repl@'127.0.0.1'")
		if s.mariaDB() {
			execute(t, there, fmt.Sprintf("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = %d, MASTER_USER = 'repl', MASTER_PASSWORD = 'repl', MASTER_DELAY = 3", port), "START SLAVE")
		} else {
			execute(t, there, fmt.Sprintf("CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = %d, SOURCE_USER = 'repl', SOURCE_PASSWORD = 'repl', SOURCE_DELAY = 3, GET_SOURCE_PUBLIC_KEY = 1", port), "START REPLICA")
		}
		db, _ := manyReports(t, source, 1000)
		execute(t, there, "CREATE DATABASE IF NOT EXISTS seen")
		behind := replica.reopen(t, "seen")
		await(t, "replication", func() bool {
			lag, replicates, err := behind.lag(t.Context())
			return err == nil && replicates && lag == 0
		})
		plan, err := planText(t.Context(), db, "ALTER TABLE reports FORCE", PlanOptions{Writes: Live, Policy: Any})
		if err != nil || !strings.Contains(strings.Join(plan.Steps[0].Notes, "\n"), "one replica reads the binary log") {
			t.Errorf("got %v and %q, want it to say what the replica will do", err, plan.Steps[0].Notes)
		}
		var seen events
		o := unrehearsed(seen.report)
		o.Replicas, o.MaxLag = []*Database{behind}, time.Second
		if _, err := runText(t.Context(), db, "ALTER TABLE reports ADD c INT; UPDATE sites SET name = SLEEP(1.5) WHERE id = 1; UPDATE sites SET name = 'x'; ALTER TABLE reports FORCE", o); err != nil {
			t.Error(err)
		}
		waited := false
		for _, e := range seen.of(EventNote) {
			waited = waited || strings.Contains(e.Text, "waiting for the replicas")
		}
		if lag, _, err := behind.lag(t.Context()); !waited || err != nil {
			t.Errorf("it did not wait for the replica, which is %v behind (%v): %v", lag, err, seen.of(EventNote))
		}
		stop := map[bool]string{true: "STOP SLAVE", false: "STOP REPLICA"}[s.mariaDB()]
		execute(t, there, stop)
		o.Wait = time.Second
		if _, err := Run(t.Context(), db, changeNamed("second", "ALTER TABLE reports ADD d INT"), o); !errors.Is(err, ErrRepeat) || !strings.Contains(err.Error(), "does not replicate") {
			t.Errorf("got %v, want it to stop, because the replica does not replicate", err)
		}
	})
}
