// Command release makes the archives of a release: noren for six platforms, and
// their checksums. The same commit gives the same bytes, wherever and whenever it
// is built with the same version of Go.
package main

import (
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// platforms are the platforms of a release.
var platforms = []string{"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64"}

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// run runs the command. It writes the checksums to stdout.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(stderr)
	r := release{pkg: "./cmd/noren", progress: stderr}
	flags.StringVar(&r.out, "out", "cdk.out/release", "the `folder` of the archives, which is emptied")
	only := flags.String("platforms", strings.Join(platforms, ","), "`platforms` to build for, separated by commas")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	r.platforms = strings.Split(*only, ",")
	for _, p := range r.platforms {
		if !slices.Contains(platforms, p) {
			return fmt.Errorf("unknown platform %q: want some of %s", p, strings.Join(platforms, ", "))
		}
	}
	sums, err := r.make(ctx)
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, sums)
	return err
}

// A release is what to build and where to put it.
type release struct {
	pkg       string // the program
	out       string
	platforms []string
	progress  io.Writer
}

// make builds and packs the program for each platform, and returns the content of
// checksums.txt.
func (r release) make(ctx context.Context) (string, error) {
	if err := os.RemoveAll(r.out); err != nil {
		return "", err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp("", "noren-release-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	var sums strings.Builder
	for _, platform := range r.platforms {
		fmt.Fprintln(r.progress, "building for", platform)
		binary, err := r.build(ctx, work, platform)
		if err != nil {
			return "", err
		}
		name, sum, err := r.pack(binary, platform)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sum, name)
	}
	return sums.String(), os.WriteFile(filepath.Join(r.out, "checksums.txt"), []byte(sums.String()), 0o644)
}

// build compiles the program. The result contains nothing about the machine; its
// version is that of the commit, which Go reads from the tags.
func (r release) build(ctx context.Context, work, platform string) (string, error) {
	system, architecture, _ := strings.Cut(platform, "/")
	binary := filepath.Join(work, system, architecture, "noren")
	if system == "windows" {
		binary += ".exe"
	}
	build := exec.CommandContext(ctx, "go", "build", "-mod=readonly", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", binary, r.pkg)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOOS="+system, "GOARCH="+architecture, "GOAMD64=v1", "GOARM64=v8.0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building for %s: %w\n%s", platform, err, output)
	}
	return binary, nil
}

// pack writes the archive of a program.
func (r release) pack(binary, platform string) (name string, sum []byte, err error) {
	version, at, err := built(binary)
	if err != nil {
		return "", nil, err
	}
	files := []file{{filepath.Base(binary), binary, 0o755}, {"LICENSE", "LICENSE", 0o644}, {"CHANGELOG.md", "CHANGELOG.md", 0o644}}
	name = fmt.Sprintf("noren_%s_%s", version, strings.ReplaceAll(platform, "/", "_"))
	write := writeTar
	if strings.HasPrefix(platform, "windows/") {
		name, write = name+".zip", writeZip
	} else {
		name += ".tar.gz"
	}
	archive, err := os.Create(filepath.Join(r.out, name))
	if err != nil {
		return "", nil, err
	}
	defer archive.Close()
	hash := sha256.New()
	if err := write(io.MultiWriter(archive, hash), files, at); err != nil {
		return "", nil, fmt.Errorf("packing %s: %w", name, err)
	}
	return name, hash.Sum(nil), archive.Close()
}

// built returns the version of a program, and the time of its commit.
func built(binary string) (version string, at time.Time, err error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return "", time.Time{}, err
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			at, err = time.Parse(time.RFC3339, s.Value)
		}
	}
	if err != nil || at.IsZero() || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "", time.Time{}, fmt.Errorf("%s does not say of which commit it is: build it in a git checkout", filepath.Base(binary))
	}
	return info.Main.Version, at.UTC(), nil
}
