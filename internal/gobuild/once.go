package gobuild

import (
	"os"
	"sync"
)

// compiled holds the results of Once, by package and working directory.
var compiled sync.Map

// Once compiles a program, by import path, for ARM64, once per process: even
// finding that nothing has changed takes the go command a tenth of a second.
func Once(pkg string) (Output, error) {
	dir, err := os.Getwd()
	if err != nil {
		return Output{}, err
	}
	build, _ := compiled.LoadOrStore([2]string{dir, pkg}, sync.OnceValues(Program{Package: pkg, GOARCH: "arm64"}.Build))
	return build.(func() (Output, error))()
}
