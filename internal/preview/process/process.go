// Package process starts programs that do not outlive this one, whatever ends it.
package process

import (
	"os/exec"
	"runtime"
	"sync"
)

// Start starts a program as the leader of a new process group, which a Ctrl-C in
// the terminal does not reach. On Linux, the program is killed when this one
// ends; elsewhere, it continues if this one is killed.
func Start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = attributes(cmd.SysProcAttr)
	s := start{cmd, make(chan error, 1)}
	starter() <- s
	return <-s.err
}

type start struct {
	cmd *exec.Cmd
	err chan error
}

// starter starts programs, all from one thread that is never released: on Linux,
// a program is told to die with the thread that started it, not with the process.
var starter = sync.OnceValue(func() chan<- start {
	starts := make(chan start)
	go func() {
		runtime.LockOSThread()
		for s := range starts {
			s.err <- s.cmd.Start()
		}
	}()
	return starts
})
