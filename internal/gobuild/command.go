package gobuild

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// kept are the settings for where modules come from and where they are stored.
// They cannot change the result, which go.sum ensures. All others (GOFLAGS,
// GOWORK, GOEXPERIMENT, GOARM64, ...) could, and take their defaults.
var kept = []string{
	"GOAUTH", "GOCACHE", "GOINSECURE", "GOMODCACHE", "GONOPROXY", "GONOSUMDB",
	"GOPATH", "GOPRIVATE", "GOPROXY", "GOSUMDB", "GOVCS",
}

// keptEnv asks the go command once for the kept settings, which may be in the
// environment or in the file that `go env -w` writes.
var keptEnv = sync.OnceValues(func() (map[string]string, error) {
	out, err := goCommand("", nil, append([]string{"env", "-json"}, kept...)...)
	if err != nil {
		return nil, err
	}
	var settings map[string]string
	if err := json.Unmarshal(out, &settings); err != nil {
		return nil, fmt.Errorf("reading go env: %w", err)
	}
	return settings, nil
})

// buildEnv returns the environment of a build: the caller's without its Go
// settings, the kept ones, and those that pin the result.
func buildEnv(goos, goarch string) ([]string, error) {
	settings, err := keptEnv()
	if err != nil {
		return nil, err
	}
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "GO") && !strings.HasPrefix(name, "CGO") {
			env = append(env, entry)
		}
	}
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	return append(env,
		"GOENV=off", "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN="+Toolchain,
		"GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0",
	), nil
}

// goCommand runs the go command in dir. A nil env means the caller's environment.
func goCommand(dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("the go command is not on PATH: install Go %s or later", strings.TrimPrefix(Toolchain, "go"))
	}
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}
