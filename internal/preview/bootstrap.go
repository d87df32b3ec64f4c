package preview

import (
	"archive/zip"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/noren-cdk/noren/internal/gobuild"
)

// bootstrap is the program of a function for this machine: the one that is
// deployed where it runs here, and else the same package of Go compiled anew.
func (p *Preview) bootstrap(f function) (string, error) {
	code, _ := f.Properties["Code"].(map[string]any)
	key, _ := code["S3Key"].(string)
	path, err := asset(f.template, key)
	if err != nil {
		return "", err
	}
	deployed, err := p.unpack(path)
	if err != nil {
		return "", err
	}
	architecture := "amd64" // Lambda's default is x86_64
	if list, _ := f.Properties["Architectures"].([]any); len(list) == 1 && list[0] == "arm64" {
		architecture = "arm64"
	}
	if runtime.GOOS == "linux" && runtime.GOARCH == architecture {
		return deployed, nil
	}
	info, err := buildinfo.ReadFile(deployed)
	if err != nil {
		return "", fmt.Errorf("it is built for linux/%s and no program in Go, to be compiled for %s/%s", architecture, runtime.GOOS, runtime.GOARCH)
	}
	fmt.Fprintf(p.progress, "compiling %s for this machine\n", info.Path)
	output, err := gobuild.Program{Package: info.Path, GOOS: runtime.GOOS, GOARCH: runtime.GOARCH}.Build()
	if err != nil {
		return "", err
	}
	return output.Binary, nil
}

// unpack returns the bootstrap of an archive or a folder.
func (p *Preview) unpack(asset string) (string, error) {
	dir, err := p.folder(asset)
	if err != nil {
		return "", err
	}
	bootstrap := filepath.Join(dir, "bootstrap")
	if _, err := os.Stat(bootstrap); err != nil {
		return "", errors.New("its archive has no bootstrap")
	}
	return bootstrap, nil
}

// unpackAll unpacks an archive to a folder of its own, which the end removes.
func (p *Preview) unpackAll(name string) (string, error) {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", name, err)
	}
	defer archive.Close()
	dir, err := os.MkdirTemp("", "noren-preview-")
	if err != nil {
		return "", err
	}
	p.closers = append(p.closers, func() { os.RemoveAll(dir) })
	for _, file := range archive.File {
		path := filepath.Join(dir, filepath.FromSlash(file.Name))
		if file.FileInfo().IsDir() || !isBelow(path, dir) {
			continue
		}
		if err := extract(file, path); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func extract(file *zip.File, name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	from, err := file.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, file.Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}
