package lambdaruntime

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/noren-cdk/noren/internal/preview/process"
)

// instance is a process and its own Runtime API, so that it is known whose
// requests are whose.
type instance struct {
	function *Function
	next     chan *invocation // given to the process when it asks

	// Protected by the pool's lock.
	phase   phase
	current *invocation
	timer   *time.Timer
	cause   error // why the process was ended
	process *os.Process
}

// take gives an invocation to an idle process, or to one that asks.
func (i *instance) take(inv *invocation) {
	i.phase, i.current = busy, inv
	timeout := i.function.config.Timeout
	i.timer = time.AfterFunc(timeout, func() {
		i.endIfBusy(inv, &TimeoutError{timeout})
	})
	i.next <- inv
}

// finish ends the invocation of a process.
func (i *instance) finish(r result) {
	i.timer.Stop()
	i.current.result <- r
	i.current = nil
}

// linger records that a process has no invocation and does not ask for one. It
// may take as long as an invocation until it does.
func (i *instance) linger(phase phase) {
	i.phase = phase
	timeout := i.function.config.Timeout
	var timer *time.Timer
	timer = time.AfterFunc(timeout, func() {
		p := &i.function.pool
		p.mu.Lock()
		defer p.mu.Unlock()
		if i.timer == timer && (i.phase == finishing || i.phase == lingering) {
			i.end(&TimeoutError{timeout})
		}
	})
	i.timer = timer
}

// endIfBusy ends a process if it still has the invocation.
func (i *instance) endIfBusy(inv *invocation, cause error) {
	p := &i.function.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.phase == busy && i.current == inv {
		i.end(cause)
	}
}

// end ends the process, with the cause with which its invocation fails. The pool
// is locked.
func (i *instance) end(cause error) {
	if i.cause == nil {
		i.cause = cause
	}
	if i.process != nil {
		process.Kill(i.process)
	}
}

// run starts the process, serves it, and returns when both have ended.
func (i *instance) run() {
	defer i.function.running.Done()
	err := i.serve()
	p := &i.function.pool
	p.mu.Lock()
	init, cause := i.phase == starting, i.cause
	p.mu.Unlock()
	var crash *CrashError
	switch {
	case cause != nil:
		err = cause
	case errors.As(err, &crash):
		crash.Init = init
	}
	p.gone(i, err)
}

// serve serves the process, and returns how it ended.
func (i *instance) serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return &CrashError{Reason: err.Error()}
	}
	server := &http.Server{Handler: i.api()}
	served := make(chan struct{})
	go func() {
		_ = server.Serve(listener) // it ends with the process
		close(served)
	}()
	defer func() {
		server.Close()
		<-served
	}()
	output, input, err := os.Pipe()
	if err != nil {
		return &CrashError{Reason: err.Error()}
	}
	logged := make(chan struct{})
	go func() {
		i.function.log.copy(output)
		close(logged)
	}()
	cmd, err := i.start(listener.Addr().String(), input)
	input.Close()
	if err == nil {
		deadline := time.AfterFunc(InitTimeout, i.endIfStarting)
		err = cmd.Wait()
		deadline.Stop()
		process.Kill(cmd.Process) // what it started and left behind
	}
	_ = output.SetReadDeadline(time.Now().Add(time.Second)) // in case another process still holds it
	<-logged
	output.Close()
	if err == nil {
		return &CrashError{Reason: "exit status 0"}
	}
	return &CrashError{Reason: err.Error()}
}

func (i *instance) endIfStarting() {
	p := &i.function.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.phase == starting {
		i.end(&CrashError{Init: true, Reason: fmt.Sprintf("it did not ask for an invocation within %v", InitTimeout)})
	}
}

// start starts the process, unless it is already being ended.
func (i *instance) start(runtimeAPI string, output *os.File) (*exec.Cmd, error) {
	c := i.function.config
	now := time.Now().UTC()
	cmd := &exec.Cmd{
		Path:   c.Bootstrap,
		Args:   append([]string{c.Bootstrap}, c.Args...),
		Dir:    c.Dir,
		Env:    c.environment(runtimeAPI, now.Format("2006/01/02/")+"[$LATEST]"+newRequestID()),
		Stdout: output,
		Stderr: output,
	}
	if c.Root != "" {
		if err := process.Confine(cmd, c.Root, c.User); err != nil {
			return nil, err
		}
	}
	if err := process.Start(cmd); err != nil {
		return nil, err
	}
	p := &i.function.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	i.process = cmd.Process
	if i.cause != nil {
		process.Kill(cmd.Process)
	}
	return cmd, nil
}

// watchMemory ends processes that use more memory than the function has.
func (f *Function) watchMemory() {
	defer f.running.Done()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-f.done:
			return
		case <-tick.C:
		}
		for _, i := range f.pool.busyInstances() {
			i.endIfTooLarge()
		}
	}
}

func (i *instance) endIfTooLarge() {
	p := &i.function.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.phase != busy || i.process == nil {
		return
	}
	if used := residentMB(i.process.Pid); used > i.function.config.Memory {
		i.end(&CrashError{OutOfMemory: true, Reason: fmt.Sprintf("it used %d MB of memory, the function has %d", used, i.function.config.Memory)})
	}
}

// lineWriter writes whole lines, from several processes.
type lineWriter struct {
	mu sync.Mutex
	w  interface{ Write([]byte) (int, error) }
}

func (l *lineWriter) copy(from *os.File) {
	r := bufio.NewReader(from)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 0 {
			if line[len(line)-1] != '\n' {
				line = append(line, '\n')
			}
			l.mu.Lock()
			_, _ = l.w.Write(line) // a failing log is no reason to stop
			l.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}
