//go:build mysql

package ddl

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// A proxy is a network in front of a server that a test can freeze or cut.
type proxy struct {
	listener net.Listener
	server   string

	mu     sync.Mutex
	thawed *sync.Cond
	frozen bool
	conns  []net.Conn
}

// through returns the database at the other end of a proxy.
func (s *testServer) through(t *testing.T, schema string) (*Database, *proxy) {
	t.Helper()
	config := s.config(t, schema)
	folder, err := os.MkdirTemp("", "s") // a socket's name has at most 107 bytes, and a test's folder has a long name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	listener, err := net.Listen("unix", filepath.Join(folder, "s"))
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, server: config.Addr}
	p.thawed = sync.NewCond(&p.mu)
	go p.accept()
	t.Cleanup(func() { p.freeze(false); p.cut(); listener.Close() })
	config.Net, config.Addr = "unix", listener.Addr().String()
	db, err := OpenDatabase(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db, p
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.server)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		go p.copy(client, server)
		go p.copy(server, client)
	}
}

// copy passes bytes on, unless the network is frozen.
func (p *proxy) copy(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		for p.frozen {
			p.thawed.Wait()
		}
		p.mu.Unlock()
		if _, failed := to.Write(buffer[:n]); failed != nil || errors.Is(err, io.EOF) || err != nil {
			return
		}
	}
}

func (p *proxy) freeze(frozen bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = frozen
	p.thawed.Broadcast()
}

// cut closes all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		conn.Close()
	}
	p.conns = nil
}

// TestRun_EndsOnAHalfDeadNetwork checks that on a network that no longer
// transmits anything noren ends by itself, and sooner if it is asked to, and that
// the next run finds out what happened to the statement.
func TestRun_EndsOnAHalfDeadNetwork(t *testing.T) {
	onEveryServerAtOnce(t, func(t *testing.T, s *testServer) {
		for _, terminated := range []bool{false, true} {
			direct, _ := manyReports(t, s, 200_000)
			db, network := s.through(t, "ddl_run")
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			o := unrehearsed(func(Event) {})
			const file = "ALTER TABLE reports ADD middle INT, FORCE; ALTER TABLE reports ADD last INT"
			go func() {
				_, err := runText(ctx, db, file, o)
				done <- err
			}()
			await(t, "the rebuild", func() bool { return rebuilding(t, direct) })
			network.freeze(true)
			began := time.Now()
			if terminated {
				cancel()
			}
			select {
			case err := <-done:
				t.Logf("ended after %v: %v", time.Since(began), err)
				if !errors.Is(err, ErrRepeat) {
					t.Errorf("got %v, want that it may be repeated", err)
				}
			case <-time.After(35 * time.Second):
				t.Error("still there after its budget of 5 s and 30 s more")
			}
			cancel()
			network.freeze(false)
			network.cut()
			if _, err := runText(t.Context(), direct, file, o); err != nil {
				t.Errorf("run again: %v", err)
			}
		}
	})
}

// TestRun_SurvivesTimeouts checks that neither a server that quickly ends idle
// sessions and long statements, nor a lost session of the journal lets two runs
// overlap or loses one.
func TestRun_SurvivesTimeouts(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		root := s.pool(t, "")
		globals := []string{"wait_timeout", "interactive_timeout", "lock_wait_timeout"}
		if s.mariaDB() {
			globals = append(globals, "max_statement_time")
		}
		for _, name := range globals {
			old := ask[string](t, root, "SELECT @@GLOBAL."+name)
			execute(t, root, "SET GLOBAL "+name+" = 1")
			defer execute(t, s.pool(t, ""), "SET GLOBAL "+name+" = "+old)
		}
		db, _ := manyReports(t, s, 1000)
		if _, err := runText(t.Context(), db, "ALTER TABLE reports ADD c INT; UPDATE reports SET c = SLEEP(3) WHERE id = 1; ALTER TABLE reports ADD d INT", unrehearsed(func(Event) {})); err != nil {
			t.Error(err)
		}
	})
}

func TestRun_ChecksItsLockBeforeEachStatement(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for _, taken := range []bool{false, true} {
			db, root := manyReports(t, s, 200_000)
			done := start(db, "ALTER TABLE reports FORCE; ALTER TABLE reports ADD last INT", unrehearsed(func(Event) {}))
			await(t, "the rebuild", func() bool { return rebuilding(t, db) })
			j := &journal{db: db, migration: change("")}
			holder := ask[int64](t, root, "SELECT IS_USED_LOCK(?)", j.runLock())
			execute(t, root, "KILL "+itoa(holder))
			other, err := root.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if taken {
				if got := ask[int](t, other, "SELECT GET_LOCK(?, 5)", j.runLock()); got != 1 {
					t.Fatal("the lock is not free")
				}
			}
			err = <-done
			if taken != errors.Is(err, ErrRepeat) || !taken && err != nil {
				t.Errorf("the lock taken by another: %v: got %v", taken, err)
			}
			last := ask[int](t, root, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'ddl_run' AND column_name = 'last'")
			if (last == 1) == taken {
				t.Errorf("the lock taken by another: %v: the second statement was executed: %v", taken, last == 1)
			}
			end(other)
		}
	})
}

// TestRun_SaysWhatMayBeRepeated checks that errors after which a run can be
// repeated say so.
func TestRun_SaysWhatMayBeRepeated(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		t.Run("a killed session", func(t *testing.T) {
			db, root := manyReports(t, s, 200_000)
			const file = "ALTER TABLE reports FORCE"
			done := start(db, file, unrehearsed(func(Event) {}))
			await(t, "the rebuild", func() bool { return rebuilding(t, db) })
			execute(t, root, "KILL "+itoa(ask[int64](t, root, "SELECT id FROM information_schema.processlist WHERE info LIKE '/* noren%'")))
			if err := <-done; !errors.Is(err, ErrRepeat) {
				t.Errorf("got %v", err)
			}
			if _, err := runText(t.Context(), db, file, unrehearsed(func(Event) {})); err != nil {
				t.Error(err)
			}
		})
		t.Run("a locked row", func(t *testing.T) {
			db, root := manyReports(t, s, 1000)
			tx, err := root.Begin()
			if err != nil {
				t.Fatal(err)
			}
			execute(t, tx, "UPDATE sites SET name = 'held' WHERE id = 1")
			o := unrehearsed(func(Event) {})
			o.Wait = 2 * time.Second
			const file = "UPDATE sites SET name = 'new'"
			if _, err := runText(t.Context(), db, file, o); !errors.Is(err, ErrStopped) {
				t.Errorf("got %v", err)
			}
			o.Wait = time.Minute
			done := start(db, file, o)
			time.Sleep(2 * time.Second)
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Errorf("after the row is free: %v", err)
			}
		})
		t.Run("a deadlock", func(t *testing.T) {
			db, root := manyReports(t, s, 20_000)
			execute(t, root, "ALTER TABLE sites ADD n INT NOT NULL DEFAULT 0")
			tx, err := root.Begin()
			if err != nil {
				t.Fatal(err)
			}
			execute(t, tx, "UPDATE reports SET note = note WHERE id <= 500", "UPDATE sites SET n = 1 WHERE id = 3")
			o := unrehearsed(func(Event) {})
			o.Writes = Stopped // a join cannot be done in portions; the transaction represents what is left of the app
			done := start(db, "UPDATE sites s JOIN reports r ON r.site_id = s.id SET s.n = s.n + 1 WHERE r.id IN (1, 2) OR s.id < 3", o)
			time.Sleep(300 * time.Millisecond)
			_, _ = tx.Exec("UPDATE sites SET n = 2 WHERE id IN (1, 2)") // one of the two is the victim
			_ = tx.Rollback()
			if err := <-done; err != nil {
				t.Errorf("got %v, want that it is tried again", err)
			}
		})
		t.Run("a network that is cut", func(t *testing.T) {
			direct, _ := manyReports(t, s, 200_000)
			db, network := s.through(t, "ddl_run")
			const file = "ALTER TABLE reports FORCE"
			done := start(db, file, unrehearsed(func(Event) {}))
			await(t, "the rebuild", func() bool { return rebuilding(t, direct) })
			network.listener.Close()
			network.cut()
			if err := <-done; !errors.Is(err, ErrRepeat) {
				t.Errorf("got %v", err)
			}
			if _, err := runText(t.Context(), direct, file, unrehearsed(func(Event) {})); err != nil {
				t.Error(err)
			}
		})
		if !s.mariaDB() {
			t.Run("a backup lock", func(t *testing.T) {
				db, root := manyReports(t, s, 1000)
				conn, err := root.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer end(conn)
				execute(t, conn, "LOCK INSTANCE FOR BACKUP")
				o := unrehearsed(func(Event) {})
				o.Wait = 2 * time.Second
				// The plan's own tables also wait for it, so either of them may
				// stop.
				if _, err := runText(t.Context(), db, "ALTER TABLE reports ADD c INT", o); !errors.Is(err, ErrRepeat) {
					t.Errorf("got %v", err)
				}
			})
		}
	})
}
