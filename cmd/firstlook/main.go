// Command firstlook is what make preview starts on a fresh checkout: it serves the
// product of dev from templates that come with it, while noren is compiled and the
// checkout synthesized, and then gives way to noren preview. It is a separate
// program because it compiles in a fraction of noren's time.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/internal/preview/process"
	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/maintenance"
)

// dev contains the templates of dev in every mode. A test of the stack writes
// them, and checks that they equal a synthesis except for the hashes of assets.
//
//go:embed dev.json.gz
var dev []byte

const example = "examples/fieldreports"

func main() {
	preview.RunFunction(os.Args[1:], nil)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "firstlook:", err)
		os.Exit(1)
	}
}

// errReady ends the first look when its successor is ready.
var errReady = errors.New("the product of this checkout is there")

func run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "noren-firstlook-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	templates, err := unpack(folder)
	if err != nil {
		return err
	}
	product, err := preview.Start(ctx, preview.Config{
		Templates: templates, Example: example, ExampleLater: true, Site: filepath.Join(example, "web"),
		SitePort: preview.Port{Number: 8080}, APIPort: preview.Port{Number: 8081}, ControlPort: preview.Port{Number: 8082},
	}, os.Stderr)
	if err != nil {
		return err
	}
	defer product.Close()
	keys, err := term.ReadKeys(os.Stdin)
	if err != nil {
		return err
	}
	defer keys.Close()
	session := preview.NewSession(product, term.New(os.Stdout), keys.Terminal())
	session.Greet()

	looking, done := context.WithCancelCause(ctx)
	defer done(nil)
	var app string
	end := func() {}
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		app, end = product.TakeApplication(looking) // the compiler is its own until then
		if looking.Err() == nil && follow(looking) {
			done(errReady)
		}
	}()
	if err := session.Follow(looking, keys); err != nil {
		done(nil)
		<-ready
		end()
		return err
	}
	done(nil)
	<-ready
	defer end()
	if !errors.Is(context.Cause(looking), errReady) {
		return nil
	}
	mode := product.Mode()
	keys.Close()
	product.Close()
	fmt.Fprintln(os.Stderr, "switching over to the product of this checkout; log in as before:", product.Login())
	next := exec.CommandContext(ctx, filepath.Join("bin", "noren"), arguments(mode, app)...)
	next.Stdin, next.Stdout, next.Stderr = os.Stdin, os.Stdout, os.Stderr
	next.Cancel = func() error { return next.Process.Signal(syscall.SIGTERM) } // and it ends
	if err := next.Run(); ctx.Err() == nil {
		return err
	}
	return nil
}

// arguments returns the arguments of the noren that takes over.
func arguments(mode, app string) []string {
	args := []string{"preview", "--env", "dev"}
	switch mode {
	case string(maintenance.Closed):
		args = append(args, "--closed")
	case string(maintenance.ReadOnly):
		args = append(args, "--read-only")
	}
	if app != "" {
		args = append(args, "--app", app)
	}
	return args
}

// unpack writes the templates into folder.
func unpack(folder string) ([]preview.Template, error) {
	all, err := preview.Separate(dev)
	if err != nil {
		return nil, err
	}
	var templates []preview.Template
	for _, mode := range maintenance.Modes() {
		text, err := json.Marshal(all[string(mode)])
		if err != nil {
			return nil, err
		}
		file := filepath.Join(folder, string(mode)+".template.json")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return nil, err
		}
		templates = append(templates, preview.Template{Mode: string(mode), File: file})
	}
	return templates, nil
}

// follow builds the successor, and reports whether it is ready. Its output goes
// to a file, and to the terminal if an attempt fails.
func follow(ctx context.Context) bool {
	const log = "cdk.out/firstlook.log"
	fmt.Fprintln(os.Stderr, "compiling noren and synthesizing this checkout, which takes several minutes; the preview runs meanwhile. See", log)
	if err := os.MkdirAll(filepath.Dir(log), 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	file, err := os.Create(log)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	defer file.Close()
	var said bytes.Buffer
	command := exec.Command("nice", "make", "--no-print-directory", "firstlook-follows", "ENV=dev")
	command.Stdout, command.Stderr = file, io.MultiWriter(file, &said)
	if err := process.Start(command); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	ended := make(chan struct{})
	go func() { err = command.Wait(); close(ended) }()
	select {
	case <-ctx.Done():
		process.Kill(command.Process) // with the compilers that it has started
		<-ended
		return false
	case <-ended:
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "this checkout cannot be previewed, and what is shown stays as it is: %v\n%s\n", err, bytes.TrimSpace(said.Bytes()))
	}
	return err == nil
}
