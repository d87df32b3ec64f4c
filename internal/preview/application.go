package preview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/preview/process"
)

// application is the example, which runs in its own process.
type application struct {
	address string
	command *exec.Cmd
	last    *tail
	ended   chan struct{} // closed when the process has ended
	why     error
	closing sync.Once
	wanted  atomic.Bool // false once it should end
	dir     string
}

// startExample compiles and starts the example's API and waits until it answers.
func (p *Preview) startExample(ctx context.Context) (*application, error) {
	dir, err := os.MkdirTemp("", "noren-preview-")
	if err != nil {
		return nil, err
	}
	a := &application{dir: dir, ended: make(chan struct{}), last: &tail{}}
	if err := p.launch(ctx, a); err != nil {
		a.close()
		return nil, fmt.Errorf("the example's API: %w", err)
	}
	a.wanted.Store(true)
	go func() {
		if <-a.ended; a.wanted.Load() {
			fmt.Fprintf(p.progress, "the example's API has ended (%v), and requests to it get a 502:\n%s\n", a.why, a.last)
		}
	}()
	return a, nil
}

func (p *Preview) launch(ctx context.Context, a *application) error {
	binary := filepath.Join(a.dir, "fieldreports")
	fmt.Fprintln(p.progress, "compiling the example's API, with a database in its process (the first time this fetches and compiles for a minute or more)")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./api")
	build.Dir = p.config.Example
	if out, err := build.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("go build: %w\n%s", err, bytes.TrimSpace(out))
	}
	listener, err := listenAt(0) // a free port, which the process opens a moment later
	if err != nil {
		return err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	a.address = "http://127.0.0.1:" + strconv.Itoa(port)
	from := []string{"--embedded"}
	if p.config.DSN != "" {
		if err := p.openDatabase(ctx, binary); err != nil {
			return err
		}
		from = []string{"--dsn", p.database}
	}
	a.command = exec.Command(binary, append([]string{"serve", "--bind", "127.0.0.1"}, from...)...)
	a.command.Env = append(os.Environ(), "PORT="+strconv.Itoa(port))
	for name, value := range p.containerVariables() {
		a.command.Env = append(a.command.Env, name+"="+value)
	}
	a.command.Stderr = io.MultiWriter(p.log, a.last)
	if err := a.start(); err != nil {
		return err
	}
	return a.ready(ctx)
}

// start starts the process, and records how it ends.
func (a *application) start() error {
	if err := process.Start(a.command); err != nil {
		a.command = nil
		return err
	}
	go func() {
		a.why = a.command.Wait()
		close(a.ended)
	}()
	return nil
}

// containerVariables returns the variables that the template gives the
// application's container, with this machine's addresses, without its port and
// its database.
func (p *Preview) containerVariables() map[string]string {
	variables := map[string]string{}
	if p.Site != "" {
		variables["CORS_ORIGINS"] = p.Site
	}
	for _, t := range p.sources {
		tasks, err := p.resources(t, "AWS::ECS::TaskDefinition")
		if err != nil {
			continue // an unreadable template has been refused
		}
		for _, task := range tasks {
			containers, _ := task.Properties["ContainerDefinitions"].([]any)
			for _, c := range containers {
				container, _ := c.(map[string]any)
				environment, _ := container["Environment"].([]any)
				for _, e := range environment {
					variable, _ := e.(map[string]any)
					name, _ := variable["Name"].(string)
					value, _ := variable["Value"].(string)
					if name == "CORS_ORIGINS" && !cfn.IsOpaque(value) {
						variables[name] = p.addresses.localize(value)
					}
				}
			}
		}
	}
	return variables
}

// ready waits until the application answers.
func (a *application) ready(ctx context.Context) error {
	deadline := time.After(time.Minute)
	for {
		answer, err := http.Get(a.address + "/api/health")
		if err == nil {
			_ = answer.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.ended:
			return fmt.Errorf("it ended: %w\n%s", a.why, a.last)
		case <-deadline:
			return errors.New("it does not answer")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// close asks the process to end, and kills it with everything that it has started
// after some seconds.
func (a *application) close() {
	a.closing.Do(func() {
		a.wanted.Store(false)
		if a.command != nil && a.command.Process != nil {
			_ = a.command.Process.Signal(syscall.SIGTERM)
			select {
			case <-a.ended:
			case <-time.After(3 * time.Second):
			}
			process.Kill(a.command.Process)
			<-a.ended
		}
		os.RemoveAll(a.dir)
	})
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, text...)
	t.text = t.text[max(0, len(t.text)-2000):]
	return len(text), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}

// exampleLogin says who may log in to the example with its embedded database.
const exampleLogin = "manager or field, password example"

// Login says who may log in to the example. It is empty if the example does not
// run.
func (p *Preview) Login() string {
	if p.app == nil && !p.config.ExampleLater {
		return ""
	}
	return exampleLogin
}
