//go:build preview

package preview

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/internal/testing/mysqld"
)

// everyDone is done when everything that every has begun has ended.
var everyDone sync.WaitGroup

// every repeats do until ctx ends, at random times, so that the same things do
// not always coincide.
func every(ctx context.Context, interval time.Duration, do func(n int)) {
	everyDone.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-time.After(interval/2 + rand.N(interval)):
				do(n)
			}
		}
	})
}

type binaries struct{ api, mobile string }

// compile builds the example's programs, the API as in its image.
func compile(t *testing.T) binaries {
	t.Helper()
	folder := t.TempDir()
	b := binaries{filepath.Join(folder, "fieldreports"), filepath.Join(folder, "mobile")}
	run(t, "go", "build", "-C", "../../examples/fieldreports", "-tags", "image", "-o", b.api, "./api")
	run(t, "go", "build", "-C", "../../examples/fieldreports", "-o", b.mobile, "./mobile")
	return b
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if output, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, output)
	}
}

// startProduct runs the part of dev that is in front of the API. It changes only
// two things in the templates: how long clients are told to wait, in seconds, and
// the planned end. For each of ends there is a mode "closed until" with its
// number.
func startProduct(t *testing.T, api, retryAfter string, ends ...time.Time) *preview.Preview {
	t.Helper()
	config := preview.Config{Apps: map[string]string{"": api}, Mode: "open"}
	for _, mode := range []string{"open", "read-only", "closed"} {
		config.Templates = append(config.Templates, preview.Template{Mode: mode, File: template(t, filepath.Join("..", "..", "cdk.out", "dev", mode), retryAfter, "")})
	}
	for i, end := range ends {
		file := template(t, filepath.Join("..", "..", "cdk.out", "dev", "closed"), retryAfter, end.Format(time.RFC3339))
		config.Templates = append(config.Templates, preview.Template{Mode: fmt.Sprint("closed until ", i), File: file})
	}
	p, err := preview.Start(t.Context(), config, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// template returns the template of an assembly with another Retry-After and
// another planned end, with the assets beside it.
func template(t *testing.T, assembly, retryAfter, until string) string {
	t.Helper()
	entries, err := os.ReadDir(assembly)
	if err != nil {
		t.Fatalf("%v: make preview-test synthesizes", err)
	}
	folder := t.TempDir()
	file := ""
	for _, entry := range entries {
		original, err := filepath.Abs(filepath.Join(assembly, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(entry.Name(), ".template.json") {
			if err := os.Symlink(original, filepath.Join(folder, entry.Name())); err != nil {
				t.Fatal(err)
			}
			continue
		}
		content, err := os.ReadFile(original)
		if err != nil {
			t.Fatal(err)
		}
		for old, other := range map[string]string{
			`"MAINTENANCE_RETRY_AFTER": "60"`: `"MAINTENANCE_RETRY_AFTER": "` + retryAfter + `"`,
			`"MAINTENANCE_UNTIL": ""`:         `"MAINTENANCE_UNTIL": "` + until + `"`,
		} {
			if !bytes.Contains(content, []byte(old)) {
				t.Fatalf("%s does not have %s", original, old)
			}
			content = bytes.ReplaceAll(content, []byte(old), []byte(other))
		}
		file = filepath.Join(folder, entry.Name())
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// A service is the example's API, which is killed and restarted at the same
// address.
type service struct {
	bin  string
	args []string // the database
	note func(string, ...any)

	address  string
	command  *exec.Cmd
	absences []absence
	gone     time.Time
}

// An absence is a time without API, from before it ended until after it returned.
type absence struct{ from, to time.Time }

func (s *service) start(t *testing.T) {
	if s.address == "" {
		s.address = freeAddress(t)
	}
	host, port, _ := net.SplitHostPort(strings.TrimPrefix(s.address, "http://"))
	s.command = exec.Command(s.bin, append([]string{"serve", "--bind", host, "--port", port}, s.args...)...)
	s.command.Stderr = os.Stderr
	if !testing.Verbose() {
		s.command.Stderr = nil
	}
	if err := s.command.Start(); err != nil {
		t.Error(err)
		return
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if answer, err := http.Get(s.address + "/api/health"); err == nil {
			answer.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Error("the API does not answer")
			return
		}
	}
	if !s.gone.IsZero() {
		s.absences = append(s.absences, absence{s.gone, time.Now()})
		s.note("the API is back")
		return
	}
	t.Cleanup(func() { s.end(t, syscall.SIGTERM) })
}

// kill kills the API at once, with everything in flight.
func (s *service) kill(t *testing.T) {
	s.note("killing the API")
	s.end(t, syscall.SIGKILL)
}

// stop asks the API to end, which it does once the requests in flight are done.
func (s *service) stop(t *testing.T) {
	s.note("stopping the API")
	s.end(t, syscall.SIGTERM)
}

func (s *service) end(t *testing.T, signal syscall.Signal) {
	if s.command == nil {
		return // already stopped
	}
	s.gone = time.Now()
	if err := s.command.Process.Signal(signal); err != nil {
		t.Errorf("the API ended by itself: %v", err)
	}
	_ = s.command.Wait()
	s.command = nil
}

// freeAddress returns an address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return "http://" + listener.Addr().String()
}

func get(t *testing.T, url, token string) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}

// A server is a MariaDB of the system, on a socket in a temporary folder.
type server struct {
	dsn  string // with the schema of the product
	pool *sql.DB
}

func startDatabase(t *testing.T) server {
	t.Helper()
	return startServer(t, programOf(t, "MariaDB"))
}

// programOf returns a server program of this machine: a MySQL or a MariaDB.
func programOf(t *testing.T, name string) mysqld.Program {
	t.Helper()
	for _, p := range mysqld.Programs() {
		if strings.HasPrefix(p.Name, name+"-") {
			return p
		}
	}
	t.Fatal(map[string]string{"MySQL": "no MySQL: set NOREN_MYSQLD=$(scripts/mysql.sh)", "MariaDB": "no mariadbd on PATH: install mariadb-server"}[name])
	return mysqld.Program{}
}

func startServer(t *testing.T, program mysqld.Program) server {
	t.Helper()
	process, err := mysqld.New(program.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Stop)
	s := server{dsn: process.DSN + "fieldreports"}
	if s.pool, err = sql.Open("mysql", s.dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.pool.Close() })
	return s
}
