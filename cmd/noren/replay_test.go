package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/replay"
	"github.com/noren-cdk/noren/internal/replay/accesslog"
)

// visit is a series of calls by a client, and the number of clients that make it.
type visit struct {
	clients int
	agent   string
	calls   []string // METHOD PATH STATUS RULE
}

// day is a small day of Field Reports.
var day = []visit{
	{24, "FieldReports/4.2 (iPhone; iOS 19.1)", []string{
		"GET /api/me 200 0", "POST /api/login 200 100", "GET /api/templates 200 101", "GET /api/templates/17 200 102", "POST /api/reports 201 0",
		"PUT /api/reports/018f2b6e-7a3c-7cc1-9d2e-4f5a6b7c8d9e/photos/1 204 0",
	}},
	{9, "FieldReports/4.1 (Linux; Android 16)", []string{
		"POST /api/devices 201 0", "GET /api/me 200 0", "GET /api/reports/01JD2V9Z3W8Q4K6M5N7P0R1S2T 200 105", "POST /api/reports 201 0",
	}},
	{31, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", []string{
		"GET /api/reports?page=1 200 0", "GET /api/reports/4711 200 0", "DELETE /api/reports/4712 204 0",
	}},
	{1, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", []string{"GET /api/admin 200 185"}},
	{3, "Mozilla/5.0 (compatible; ExampleBot/2.1)", []string{"GET /.env 404 0", "GET /wp-login.php 404 0"}},
	{2, "curl/8.11.0", []string{"GET /api/health 200 190"}},
}

// writeDay writes the logs of the day into a new folder, in two files, with some
// invalid lines, and the templates where make synth puts them. It changes to the
// folder.
func writeDay(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, mode := range []string{"open", "closed"} {
		template, err := os.ReadFile(filepath.Join("..", "..", "internal", "replay", "testdata", mode+".template.json"))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, "cdk.out", "dev", mode, "fieldreports-dev.template.json"), template)
	}
	lines := dayLines(t)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	fmt.Fprintln(w, strings.Join(lines[:100], "\n"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "logs", "20", "1.log.gz"), zipped.Bytes())
	plain := append([]string{"Enable AccessLog for ELB: fieldreports at 2026-11-19T00:00:00Z"}, lines[100:]...)
	plain = append(plain, "", lines[0][:120])
	writeFile(t, filepath.Join(dir, "logs", "20", "2.log"), []byte(strings.Join(plain, "\n")))
	writeFile(t, filepath.Join(dir, "logs", "20", "notes.txt"), []byte("not a log"))
	t.Chdir(dir)
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func dayLines(t *testing.T) []string {
	t.Helper()
	at := time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)
	var lines []string
	client := 0
	for _, v := range day {
		for range v.clients {
			client++
			for _, call := range v.calls {
				at = at.Add(3 * time.Second)
				var method, path string
				e := accesslog.Entry{
					Type: "h2", Time: at, Created: at, LoadBalancer: "app/fieldreports/1f2e3d4c5b6a7988",
					Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(client)}), 40000),
					Target: netip.MustParseAddrPort("10.20.1.17:8080"), Proto: "HTTP/2.0", UserAgent: v.agent, Actions: "forward",
				}
				if _, err := fmt.Sscan(call, &method, &path, &e.Status, &e.Rule); err != nil {
					t.Fatal(err)
				}
				e.Method, e.URL = method, "https://api.example.com:443"+path
				lines = append(lines, e.String())
			}
		}
	}
	return lines
}

// runReplay runs the command line in process.
func runReplay(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = exec(context.Background(), append([]string{"replay"}, args...), strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

var forPhones = []string{"--assume", "X-Client: ios", "--when-agent", "FieldReports/*", "--assume", "X-Client:"}

func TestReplayForPeople(t *testing.T) {
	golden, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	writeDay(t)
	tests := []struct {
		name    string
		columns string
		args    []string
	}{
		{"narrow", "56", []string{"logs"}},
		{"wide", "120", append([]string{"logs"}, forPhones...)},
		{"since", "120", []string{"logs", "--since", "2026-11-20", "--top", "3"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("COLUMNS", test.columns)
			code, stdout, stderr := runReplay(t, "", test.args...)
			if code != 0 || stderr != "" {
				t.Errorf("exit code %d, %s", code, stderr)
			}
			if strings.Contains(stdout, "\x1b") {
				t.Error("what is not a terminal got colours")
			}
			file := filepath.Join(golden, "replay-"+test.name+".golden")
			if *update {
				writeFile(t, file, []byte(stdout))
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), stdout); diff != "" {
				t.Errorf("not as in %s; read the difference and run make golden if it is meant (-golden +now):\n%s", filepath.Base(file), diff)
			}
		})
	}
}

func TestReplayAsJSON(t *testing.T) {
	writeDay(t)
	code, stdout, stderr := runReplay(t, "", append([]string{"logs", "--json"}, forPhones...)...)
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	var report struct {
		replay.Report
		Read []extent
	}
	decoder := json.NewDecoder(strings.NewReader(stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&report); err != nil {
		t.Fatal(err)
	}
	if len(report.Read) != 2 || report.Read[1].Mode != "closed" || report.Read[1].Templates != 1 {
		t.Errorf("read %+v, want 1 template of each mode", report.Read)
	}
	want := replay.Counts{Requests: 282, Allowed: 24*3 + 9 + 2, Refused: 24*3 + 9*3 + 31*3 + 1 + 6}
	if report.Requests != want {
		t.Errorf("got %+v, want %+v", report.Requests, want)
	}
	if strings.Contains(stdout, "null") {
		t.Error("a list is null")
	}
}

func TestReplayReadsStdin(t *testing.T) {
	writeDay(t)
	lines := strings.Join(dayLines(t), "\n")
	code, stdout, stderr := runReplay(t, lines, "-")
	if code != 0 || stderr != "" || !strings.HasPrefix(stdout, "282 requests, 2026-11-20 06:00:03 to 06:14:06 UTC\n") {
		t.Errorf("exit code %d, %s\n%s", code, stderr, stdout)
	}
}

func TestReplayExitCodes(t *testing.T) {
	writeDay(t)
	writeFile(t, "empty.log", nil)
	writeFile(t, "prose.log", []byte("hello\nworld\n"))
	data, err := os.ReadFile("logs/20/1.log.gz")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, "cut.log.gz", data[:len(data)-100])
	other := strings.Replace(dayLines(t)[0], `"-" "-" 0 2026`, `"-" "-" 100 2026`, 1)
	writeFile(t, "other.log", []byte(other))
	writeFile(t, "none.template.json", []byte(`{"Resources": {}}`))
	tests := []struct {
		name string
		args []string
		code int
		want string // in stderr
	}{
		{"no log", nil, 1, "want access logs"},
		{"a log that is not there", []string{"x.log"}, 1, "x.log: no such file"},
		{"an empty log", []string{"empty.log"}, 1, "the logs are empty"},
		{"no log at all", []string{"prose.log"}, 1, `no entry of an access log in 2 lines: prose.log:1: the line ends after field 1`},
		{"a download cut off", []string{"cut.log.gz"}, 1, `reading "cut.log.gz": unexpected EOF after line`},
		{"no assembly", []string{"--env", "staging", "logs"}, 1, `make synth ENV=staging`},
		{"no listener", []string{"--open", "none.template.json", "--closed", "none.template.json", "logs"}, 1, "none.template.json: no listener"},
		{"a time", []string{"--since", "yesterday", "logs"}, 1, `--since "yesterday": want a time such as`},
		{"a header", []string{"--assume", "X-Client", "logs"}, 1, `"X-Client": want a header, as in "X-Client: ios"`},
		{"an agent of nothing", []string{"--when-agent", "a", "logs"}, 1, `want an --assume before it`},
		{"another rule, of some time", []string{"other.log"}, 0, ""},
		{"another rule, before", []string{"--since", "2026-11-21", "other.log"}, 0, ""},
		{"another rule, since", []string{"--since", "2026-11-20", "other.log"}, 3, "since 2026-11-20 00:00:00 UTC the load balancer chose other rules than the template for 1 request"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, _, stderr := runReplay(t, "", test.args...)
			if code != test.code || !strings.Contains(stderr, test.want) || test.want == "" && stderr != "" {
				t.Errorf("got exit code %d, %q; want %d, %q", code, stderr, test.code, test.want)
			}
			if strings.Contains(stderr, "goroutine") || strings.Count(stderr, "\n") > 1 {
				t.Errorf("more than a line: %s", stderr)
			}
		})
	}
}

// terminating sends this process a SIGTERM when it is read, and then returns
// nothing.
type terminating struct{ io.Reader }

func (t terminating) Read(b []byte) (int, error) {
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		return 0, err
	}
	return t.Reader.Read(b)
}

func TestReplayIsInterrupted(t *testing.T) {
	writeDay(t)
	survived := make(chan os.Signal, 1) // the test itself, if nothing else listens
	signal.Notify(survived, syscall.SIGTERM)
	defer signal.Stop(survived)
	stdin, w := io.Pipe() // nothing ever comes
	unnoticed := time.AfterFunc(10*time.Second, func() { _ = w.Close() })
	defer unnoticed.Stop()
	var stdout, stderr bytes.Buffer
	code := exec(t.Context(), []string{"replay", "-"}, terminating{stdin}, &stdout, &stderr)
	if code != 1 || stdout.Len() > 0 || stderr.String() != "noren: interrupted\n" {
		t.Errorf("got exit code %d, %s, %s", code, stdout.String(), stderr.String())
	}
}

func TestReadProgress(t *testing.T) {
	var out bytes.Buffer
	p := &readProgress{out: &out, total: 200, done: 50}
	p.show(1234)
	p.end()
	if got, want := out.String(), "\r\x1b[K[#####...............]  25 %  1,234 lines\r\x1b[K"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if newReadProgress(&out, nil) != nil {
		t.Error("what is not a terminal gets progress")
	}
}
