//go:build browser

package fieldreports_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// An office is the product as a browser sees it: the site, the API with its
// embedded database, and maintenance as a load balancer implements it.
type office struct {
	*httptest.Server
	t   *testing.T
	api http.Handler

	mu        sync.Mutex
	mode      string // open, closed or read-only
	wait      string // Retry-After
	message   string
	language  string
	announced string // maintenance.json; "" is a 404
	broken    func(r *http.Request, body []byte) int
	seen      []visit
}

// A visit is a request to the API, and its answer.
type visit struct {
	method, path string
	status       int
	body, cookie string
}

var binary = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "fieldreports-")
	if err != nil {
		return "", err
	}
	atEnd = append(atEnd, func() { _ = os.RemoveAll(folder) })
	bin := filepath.Join(folder, "fieldreports")
	output, err := exec.Command("go", "build", "-o", bin, "./api").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return bin, nil
})

// atEnd are functions to call after all tests have run.
var atEnd []func()

func TestMain(m *testing.M) {
	code := m.Run()
	for _, do := range atEnd {
		do()
	}
	os.Exit(code)
}

func openOffice(t *testing.T) *office {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(bin, "serve", "--embedded", "--port", "0")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	lines := bufio.NewScanner(stderr)
	var listening struct{ Address string }
	for listening.Address == "" && lines.Scan() {
		_ = json.Unmarshal(lines.Bytes(), &listening)
	}
	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	api, err := url.Parse("http://" + listening.Address)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, mode: "open", wait: "1", message: "Field Reports is down for maintenance.", language: "en"}
	o.api = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(api) }}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Server.Close)
	return o
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	announced := o.announced
	o.mu.Unlock()
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/"):
		o.ask(w, r)
	case r.URL.Path == "/maintenance.json" && announced == "":
		http.NotFound(w, r)
	case r.URL.Path == "/maintenance.json":
		_, _ = io.WriteString(w, announced)
	default:
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:")
		w.Header().Set("Cache-Control", "no-cache")
		http.FileServer(http.Dir("web")).ServeHTTP(w, r)
	}
}

func (o *office) ask(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	o.mu.Lock()
	refused := o.mode == "closed" || o.mode == "read-only" && r.Method != http.MethodGet
	status := 0
	if o.broken != nil && !refused {
		status = o.broken(r, body)
	}
	switch {
	case refused:
		answer.Header().Set("X-Maintenance-Mode", "on")
		answer.Header().Set("Retry-After", o.wait)
		answer.Header().Set("Content-Language", o.language)
		answer.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(answer).Encode(map[string]any{"errors": []any{map[string]any{
			"status": "503", "code": "maintenance", "detail": o.message, "meta": map[string]string{"until": "2099-12-01T04:00:00+09:00"},
		}}})
		o.mu.Unlock()
	case status != 0:
		answer.WriteHeader(status)
		o.mu.Unlock()
	default:
		o.mu.Unlock()
		o.api.ServeHTTP(answer, r)
	}
	o.mu.Lock()
	o.seen = append(o.seen, visit{r.Method, r.URL.Path, answer.Code, string(body), r.Header.Get("Cookie")})
	o.mu.Unlock()
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// set changes a setting of the office.
func (o *office) set(change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change()
}

func (o *office) flip(mode string) { o.set(func() { o.mode = mode }) }

// asked returns the requests with method and path, "" for all, after the first
// since.
func (o *office) asked(request string, since int) (found []visit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, v := range o.seen[since:] {
		if strings.HasPrefix(v.method+" "+v.path, request) {
			found = append(found, v)
		}
	}
	return found
}

func (o *office) log() string {
	var text strings.Builder
	for _, v := range o.asked("", 0) {
		fmt.Fprintln(&text, v.method, v.path, v.status, v.body)
	}
	return text.String()
}

// stored returns the titles and authors of the reports in the database, oldest
// first.
func (o *office) stored() string {
	o.t.Helper()
	answer, err := http.Post(o.URL+"/api/login", "application/json", strings.NewReader(`{"name":"manager","password":"example"}`))
	if err != nil {
		o.t.Fatal(err)
	}
	defer answer.Body.Close()
	var session struct{ Token string }
	if err := json.NewDecoder(answer.Body).Decode(&session); err != nil {
		o.t.Fatal(err)
	}
	request, _ := http.NewRequest(http.MethodGet, o.URL+"/api/reports", nil)
	request.Header.Set("Authorization", "Bearer "+session.Token)
	list, err := http.DefaultClient.Do(request)
	if err != nil {
		o.t.Fatal(err)
	}
	defer list.Body.Close()
	var all struct {
		Reports []struct{ Title, Author string }
	}
	if err := json.NewDecoder(list.Body).Decode(&all); err != nil {
		o.t.Fatal(err)
	}
	var titles []string
	for _, one := range all.Reports {
		titles = append([]string{one.Title + " by " + one.Author}, titles...)
	}
	return strings.Join(titles, ", ")
}

func (o *office) wantStored(want string) {
	o.t.Helper()
	if got := o.stored(); got != want {
		o.t.Errorf("stored is %q, want %q", got, want)
	}
}
