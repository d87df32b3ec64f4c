// Package gobuild compiles the Go program of a Lambda function to the same bytes
// every time: in any directory, on any machine, from any importing module. A
// function whose bytes changed with the machine would show up in every diff, next
// to the one line that opens or closes the product.
//
// A program is built inside its own module, with that module's go.sum, so that an
// importer's `go mod tidy`, which drops what only a main package needs, does not
// break it and an importer's newer dependencies do not change it.
package gobuild

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Toolchain is the Go release that compiles every program. Another release would
// give other bytes. The go command downloads this one if it is missing.
const Toolchain = "go1.26.8"

// flags are the flags of every build. Without symbols and a build id, the binary
// is small and does not name the machine.
var flags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}

// Program is a main package.
type Program struct {
	// Package is the import path of the main package. Required. It is looked
	// up from the working directory, as `go build` would.
	Package string

	// GOARCH is the processor: arm64 or amd64. Required.
	GOARCH string

	// GOOS is the operating system: linux, or that of a machine on which the
	// program is tried. Default: linux.
	GOOS string

	// Dir is a folder of the module that holds Package. Default: the working
	// directory.
	Dir string

	// Tags are build tags, separated by commas. Default: only those of every
	// build.
	Tags string
}

// Output is a compiled program. Its files belong to a cache and must not be
// changed.
type Output struct {
	// Binary is the path of the program, named bootstrap as the runtime
	// provided.al2023 requires.
	Binary string

	// Zip is the path of an archive that contains only the program.
	Zip string

	// Hash identifies the program: the SHA-256 of its bytes in hexadecimal.
	// Unlike the archive's bytes, it does not depend on the Go release that runs
	// this package, whose compression may differ.
	Hash string
}

// Build compiles the program, or finds it in the cache.
func (p Program) Build() (Output, error) {
	if p.GOOS == "" {
		p.GOOS = "linux"
	}
	dir, err := p.build()
	if err != nil {
		return Output{}, fmt.Errorf("building %s for %s/%s: %w", p.Package, p.GOOS, p.GOARCH, err)
	}
	out := Output{Binary: filepath.Join(dir, "bootstrap"), Zip: filepath.Join(dir, "bootstrap.zip")}
	h := sha256.New()
	if err := copyFile(h, out.Binary); err != nil {
		return Output{}, err
	}
	out.Hash = hex.EncodeToString(h.Sum(nil))
	return out, nil
}

// build returns the cache entry with the binary and its archive. It makes the
// entry if there is none for exactly these sources.
func (p Program) build() (string, error) {
	if p.GOARCH != "arm64" && p.GOARCH != "amd64" {
		return "", fmt.Errorf("unknown GOARCH %q: want arm64 or amd64", p.GOARCH)
	}
	module, err := p.moduleDir()
	if err != nil {
		return "", err
	}
	env, err := buildEnv(p.GOOS, p.GOARCH)
	if err != nil {
		return "", err
	}
	key, err := p.key(module, env)
	if err != nil {
		return "", err
	}
	entry := filepath.Join(cacheDir(), key)
	if hit(entry) {
		return entry, nil
	}
	prune(cacheDir(), time.Now())
	start := time.Now()
	if err := p.compile(module, env, entry); err != nil {
		return "", err
	}
	fmt.Fprintf(os.Stderr, "compiled %s for %s/%s in %.1fs\n", p.Package, p.GOOS, p.GOARCH, time.Since(start).Seconds())
	return entry, nil
}

// compile fills a temporary folder and moves it into place, so that a partial
// entry is never visible.
func (p Program) compile(module string, env []string, entry string) error {
	parent := filepath.Dir(entry)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(parent, "building-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	binary := filepath.Join(tmp, "bootstrap")
	args := append([]string{"build", "-mod=readonly", "-o", binary, p.tags()}, flags...)
	if _, err := goCommand(module, env, append(args, p.Package)...); err != nil {
		return err
	}
	if err := writeZip(filepath.Join(tmp, "bootstrap.zip"), binary, nil); err != nil {
		return err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	if err := os.Rename(tmp, entry); err != nil && !hit(entry) { // another process was faster, with the same bytes
		return err
	}
	return nil
}

// tags returns the flag with the build tags. The tag of every build leaves out
// the RPC of the retired go1.x runtime.
func (p Program) tags() string { return strings.TrimSuffix("-tags=lambda.norpc,"+p.Tags, ",") }

// moduleDir finds the folder of the module that contains the package. It uses the
// caller's own settings, so that a replace or a workspace is respected.
func (p Program) moduleDir() (string, error) {
	out, err := goCommand(p.Dir, nil, "list", "-mod=readonly", "-find", "-f", "{{with .Module}}{{.Dir}}{{end}}", "--", p.Package)
	if err != nil {
		return "", err
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return "", errors.New("the package is in no module")
	}
	return dir, nil
}

// copyFile appends the content of the file to w.
func copyFile(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
