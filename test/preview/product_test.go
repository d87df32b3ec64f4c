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

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/preview"
)

// everyDone is done when all that every has begun has ended.
var everyDone sync.WaitGroup

// every does something again and again until ctx ends, at times that are random,
// lest the same things always meet.
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

// compile builds the example's programs: the API as its image has it.
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

// startProduct runs what dev has before the API. The only things changed in the
// templates are how long clients are told to wait, in seconds, and the planned end:
// there is a mode "closed until" for each of ends, with its number.
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

// template is that of an assembly with another Retry-After and another planned
// end, and the assets beside it.
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

// A service is the example's API, which is killed and started again at the same
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

// An absence is a time without API, from before its end to after its return.
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

// kill ends the API at once, with everything that is in flight.
func (s *service) kill(t *testing.T) {
	s.note("killing the API")
	s.end(t, syscall.SIGKILL)
}

// stop asks the API to end, which it does after what is in flight.
func (s *service) stop(t *testing.T) {
	s.note("stopping the API")
	s.end(t, syscall.SIGTERM)
}

func (s *service) end(t *testing.T, signal syscall.Signal) {
	if s.command == nil {
		return // stopped before
	}
	s.gone = time.Now()
	if err := s.command.Process.Signal(signal); err != nil {
		t.Errorf("the API ended by itself: %v", err)
	}
	_ = s.command.Wait()
	s.command = nil
}

// freeAddress is an address at which nothing listens.
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

// A server is a MariaDB of the system's, on a socket in a temporary folder.
type server struct {
	dsn  string // with the schema of the product
	pool *sql.DB
}

func startDatabase(t *testing.T) server {
	t.Helper()
	program, err := exec.LookPath("mariadbd")
	if err != nil {
		t.Fatal("no mariadbd on PATH: install mariadb-server")
	}
	folder, err := os.MkdirTemp("", "noren-test-") // a path that is short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	temporary := filepath.Join(folder, "tmp") // which servers must not share
	if err := os.Mkdir(temporary, 0o700); err != nil {
		t.Fatal(err)
	}
	data := []string{"--no-defaults", "--datadir=" + filepath.Join(folder, "data"), "--tmpdir=" + temporary}
	run(t, "mariadb-install-db", append(data, "--auth-root-authentication-method=normal", "--skip-test-db")...)
	socket := filepath.Join(folder, "s")
	options := append(data, "--skip-networking", "--socket="+socket, "--pid-file="+filepath.Join(folder, "pid"))
	if os.Getuid() == 0 {
		options = append(options, "--user=root")
	}
	var log bytes.Buffer
	command := exec.Command(program, options...)
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
	_ = mysql.SetLogger(&mysql.NopLogger{}) // while nobody listens yet
	dsn := fmt.Sprintf("root@unix(%s)/", socket)
	pool, err := sql.Open("mysql", dsn+"fieldreports")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		root, err := sql.Open("mysql", dsn)
		if err != nil {
			t.Fatal(err)
		}
		err = root.Ping()
		root.Close()
		if err == nil {
			return server{dsn + "fieldreports", pool}
		}
		if time.Now().After(deadline) {
			t.Fatalf("mariadbd: %v\n%s", err, log.String())
		}
	}
}
