// Package lambdaruntime runs the program of a Lambda function on this machine,
// behind Lambda's own Runtime API: any bootstrap for provided.al2023, in any
// language, the same binary that is deployed if it is built for this processor.
//
// As in Lambda, there is one process for each invocation in progress, up to the
// function's concurrency; a process that has answered is reused, and one that
// crashed or took too long is replaced. Unlike in Lambda, a process is not frozen
// between invocations, it sees this machine's files, and it gets no credentials,
// neither a role's nor the developer's.
package lambdaruntime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// Limits and defaults of Lambda. Source: the Lambda developer guide, quotas
// and function configuration.
const (
	// MaxPayload is the maximum size, in bytes, of the request and of the
	// response of a synchronous invocation.
	MaxPayload = 6<<20 + 100

	// InitTimeout is how long a process may take until it asks for its first
	// invocation.
	InitTimeout = 10 * time.Second

	defaultTimeout     = 3 * time.Second
	defaultMemory      = 128
	defaultConcurrency = 1000
)

// Config describes a function. Zero values are Lambda's defaults.
type Config struct {
	// Bootstrap is the path of the executable. Required.
	Bootstrap string

	// Root is a folder that the process sees as the root of all files, such as
	// the root file system of a container image. It contains Bootstrap and Dir,
	// and the process runs as User. Linux only. Default: this machine's files.
	Root string

	// User is the numeric id of the image's user, not 0. Required with Root.
	User int

	// Args are its arguments. Lambda gives none. Default: none.
	Args []string

	// Dir is the working directory, Lambda's /var/task. Default: the folder of
	// Bootstrap.
	Dir string

	// Environment are the function's variables, as in its template. Nothing of
	// this process's own environment is passed on. The variables through which
	// the function finds the Runtime API cannot be set.
	Environment map[string]string

	// Memory is what a process may use, in MB. A process that uses more is killed
	// (on Linux; elsewhere the limit is not enforced). Default: 128.
	Memory int

	// Timeout is how long an invocation may take; after that, its process is
	// killed. Default: 3 seconds.
	Timeout time.Duration

	// Concurrency is the maximum number of invocations in progress: the
	// function's reserved concurrency, or what the account has left. Others are
	// throttled; -1 throttles all. Default: 1000, an account's quota.
	Concurrency int

	// FunctionName is the name that the function is told. Default: "function".
	FunctionName string

	// Region is the region that the function is told. Default: "us-east-1".
	Region string

	// Log receives what processes write to stdout and stderr, in whole lines.
	// Default: nil, it is discarded.
	Log io.Writer
}

func (c Config) validate() error {
	var errs []error
	if (c.Root == "") != (c.User == 0) {
		errs = append(errs, errors.New("Root and User go together"))
	}
	if info, err := os.Stat(filepath.Join(c.Root, c.Bootstrap)); err != nil {
		errs = append(errs, fmt.Errorf("Bootstrap: %w", err))
	} else if !info.Mode().IsRegular() || runtime.GOOS != "windows" && info.Mode()&0o111 == 0 {
		errs = append(errs, fmt.Errorf("Bootstrap %q is not an executable file", c.Bootstrap))
	}
	if c.Memory < 0 {
		errs = append(errs, fmt.Errorf("Memory is %d MB, want 1 or more, or 0 for %d", c.Memory, defaultMemory))
	}
	if c.Timeout < 0 {
		errs = append(errs, fmt.Errorf("Timeout is %v, want more than 0, or 0 for %v", c.Timeout, defaultTimeout))
	}
	if c.Concurrency < -1 {
		errs = append(errs, fmt.Errorf("Concurrency is %d, want -1 for none, 0 for %d, or more", c.Concurrency, defaultConcurrency))
	}
	return errors.Join(append(errs, c.validateEnvironment())...)
}

func (c *Config) setDefaults() error {
	var err error
	if c.Bootstrap, err = filepath.Abs(c.Bootstrap); err != nil {
		return err
	}
	if c.Dir == "" {
		c.Dir = filepath.Dir(c.Bootstrap)
	}
	if c.Memory == 0 {
		c.Memory = defaultMemory
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Concurrency == 0 {
		c.Concurrency = defaultConcurrency
	}
	if c.FunctionName == "" {
		c.FunctionName = "function"
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	return nil
}

// Function is a function that can be invoked. It is safe for concurrent use.
type Function struct {
	config  Config
	log     *lineWriter
	done    chan struct{} // closed by Close
	running sync.WaitGroup
	pool    pool
}

// New returns a function. It starts no process before the first invocation.
func New(config Config) (*Function, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("lambda function %q: %w", config.FunctionName, err)
	}
	if err := config.setDefaults(); err != nil {
		return nil, fmt.Errorf("lambda function %q: %w", config.FunctionName, err)
	}
	f := &Function{
		config: config,
		log:    &lineWriter{w: config.Log},
		done:   make(chan struct{}),
	}
	f.pool.function, f.pool.patience = f, 250*time.Millisecond
	f.running.Add(1)
	go f.watchMemory()
	return f, nil
}

// Invoke runs the function on a payload and returns its answer.
//
// Its error is [ErrThrottled], [ErrClosed], a [*TimeoutError], a [*CrashError], a
// [*FunctionError], a [*TooLargeError], or that of ctx. As in Lambda, an
// invocation continues if its caller goes away.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(payload) > MaxPayload {
		return nil, &TooLargeError{What: "request", Size: len(payload)}
	}
	inv := newInvocation(payload)
	if err := f.pool.submit(inv); err != nil {
		return nil, err
	}
	select {
	case r := <-inv.result:
		return r.payload, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends all processes and everything they have started, and returns when
// they are gone. Invocations in progress fail with [ErrClosed].
func (f *Function) Close() {
	f.pool.close()
	f.running.Wait()
}
