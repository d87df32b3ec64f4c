package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/preview"
)

func TestPreviewRefuses(t *testing.T) {
	inAssemblies(t, "open", "closed")
	for _, tt := range []struct {
		name, args, want string
	}{
		{"no example and no app", "preview", "no examples/fieldreports here: name the address of your application with --app http://127.0.0.1:3000"},
		{"a template and no app", "preview --template cdk.out/dev/open", "there is no application: name the address of one with --app http://127.0.0.1:3000"},
		{"a mode without template", "preview --read-only --app http://127.0.0.1:1", `there is no template of the mode "read-only", only of open, closed`},
		{"two modes", "preview --read-only --closed", "[closed read-only] were all set"},
		{"no folder", "preview --site none --app http://127.0.0.1:1", `--site "none" is not a folder`},
		{"no assemblies", "preview --env prod", `no templates in cdk.out/prod/open`},
		{"two apps", "preview --app http://127.0.0.1:1 --app http://127.0.0.1:2", "that target group has been given an app already"},
		{"no script", "preview --app http://127.0.0.1:1 --script none.yaml", "open none.yaml: no such file or directory"},
		{"a script that is none", "preview --app http://127.0.0.1:1 --script cdk.out/dev/open/manifest.json", `reading script "cdk.out/dev/open/manifest.json": the script has no steps`},
		{"no function of that name", "preview --app http://127.0.0.1:1 --function Quotes=.", `no template has a function "Quotes": want one of `},
		{"a function without program", "preview --app http://127.0.0.1:1 --function Quotes", `--function "Quotes": want LOGICALID=ZIP or LOGICALID=FOLDER`},
		{"a function's program that is not there", "preview --app http://127.0.0.1:1 --function Quotes=none", `--function Quotes: "none" is neither an archive nor a folder`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, _, stderr := noren(strings.Fields(tt.args)...)
			if code != 1 || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit code %d, stderr %q, want %q", code, stderr, tt.want)
			}
		})
	}
}

// TestPreview_PlaysAScript plays a script without a terminal, and checks that the
// preview reports what happens in lines of JSON, writes the last one before it
// ends, and ends by itself.
func TestPreview_PlaysAScript(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(app.Close)
	inAssemblies(t)
	if err := os.WriteFile("night.yaml", []byte("steps:\n  - {at: 10ms, mode: closed}\n  - {at: 20ms, fail: 500, for: 10ms}\n  - {at: 50ms, mode: open}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := noren("preview", "--script", "night.yaml", "--json", "--app", app.URL, "--site-port", "0", "--api-port", "0", "--control-port", "0")
	if code != 0 || stderr != "" {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	var got []string
	for line := range strings.Lines(stdout) {
		var e preview.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if e.Event == "ready" && (e.API == "" || e.Control == "" || len(e.Modes) != 3) {
			t.Errorf("ready says %s", line)
		}
		got = append(got, strings.TrimSpace(e.Event+" "+e.Mode+" "+e.Fault))
	}
	if want := "ready open, mode closed, fault closed answers 500, fault closed, mode open"; strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

// installed builds the command as it is released, without cgo, and puts it alone
// into an empty folder.
func installed(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "noren")
	build := osexec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// TestPreview_InAnEmptyFolder checks that an installed binary previews a template
// without Go, Node and a checkout. noren's own functions answer; any other
// function runs if its program is given, and is reported if not.
func TestPreview_InAnEmptyFolder(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the app") }))
	t.Cleanup(app.Close)
	binary := installed(t)
	template, err := filepath.Abs("testdata/shop.json")
	if err != nil {
		t.Fatal(err)
	}
	quotes := t.TempDir()
	build := osexec.Command("go", "build", "-o", filepath.Join(quotes, "bootstrap"), "./testdata/quotes")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, tt := range []struct {
		name  string
		flags []string
		path  string
		want  []string
	}{
		{"the responder", nil, "/cart", []string{"503", `"detail":"The shop is closed."`, "X-Maintenance-Mode: on"}},
		{"the unlock page", nil, "/unlock", []string{"200", "<form"}},
		{"the app", nil, "/login", []string{"200", "the app"}},
		{"a function without program", nil, "/quotes", []string{"501", "The function Quotes would have answered", "its runtime is nodejs22.x", "--function Quotes=FOLDER"}},
		{"a function with program", []string{"--function", "Quotes=" + quotes}, "/quotes", []string{"200", "a quote"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			empty := t.TempDir()
			command := osexec.Command(binary, append([]string{"preview", "--template", template, "--app", app.URL, "--api-port", "0", "--control-port", "0"}, tt.flags...)...)
			command.Dir, command.Env = empty, []string{"PATH=", "HOME=" + empty, "TMPDIR=" + t.TempDir()}
			screen, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			var problems strings.Builder
			command.Stderr = &problems
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = command.Process.Signal(os.Interrupt)
				_, _ = io.Copy(io.Discard, screen)
				if err := command.Wait(); err != nil {
					t.Errorf("it ends with %v: %s", err, problems.String())
				}
				if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
					t.Errorf("it left %v, %v", left, err)
				}
			}()
			api := ""
			for lines := bufio.NewScanner(screen); api == "" && lines.Scan(); {
				if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == "API" {
					api = fields[1]
				}
			}
			got := ""
			for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
				answer, err := http.Get(api + tt.path)
				if err != nil {
					t.Fatalf("%v: %s", err, problems.String())
				}
				body, _ := io.ReadAll(answer.Body)
				_ = answer.Body.Close()
				var head strings.Builder
				_ = answer.Header.Write(&head)
				got = fmt.Sprintf("%d\n%s\n%s", answer.StatusCode, head.String(), body)
				missing := false
				for _, want := range tt.want {
					missing = missing || !strings.Contains(got, want)
				}
				if !missing {
					return
				}
			}
			t.Errorf("GET %s: %s\nwant %q\n%s", tt.path, got, tt.want, problems.String())
		})
	}
}
