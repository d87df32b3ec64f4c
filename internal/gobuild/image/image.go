// Package image packs programs into container images without a Docker engine:
// FROM scratch, for a user without privileges, with the same bytes every time.
package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// User is the numeric id of the user that programs run as, since there is no
// /etc/passwd. It is that of the distroless images.
const User = 65532

// File is a file of an image.
type File struct {
	// Path is its path from the root, without a leading slash. Required.
	Path string

	// Content is its content.
	Content []byte

	// Executable lets everyone execute it. Default: everyone may only read it.
	Executable bool
}

// Image describes a container image for ARM64 or another processor.
type Image struct {
	// Files are the files, in any order. All belong to root.
	Files []File

	// GOARCH is the processor: arm64 or amd64. Required.
	GOARCH string

	// Entrypoint is the path of the program to start, with a leading slash.
	// Required.
	Entrypoint string

	// Env are variables of the environment, as NAME=value. Default: none.
	Env []string

	// WorkingDir is the working directory of the program. Default: the root.
	WorkingDir string
}

// Build packs the image. The result depends only on the description.
func (i Image) Build() (v1.Image, error) {
	archive, err := i.archive()
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil })
	if err != nil {
		return nil, err
	}
	built, err := mutate.Append(empty.Image, mutate.Addendum{Layer: layer, History: v1.History{
		Created: epoch, CreatedBy: "noren", Comment: "FROM scratch",
	}})
	if err != nil {
		return nil, err
	}
	config, err := built.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", i.GOARCH, epoch
	config.Config = v1.Config{
		User: fmt.Sprintf("%d:%d", User, User), Entrypoint: []string{i.Entrypoint}, Env: i.Env, WorkingDir: i.WorkingDir,
	}
	return mutate.ConfigFile(built, config)
}

// epoch is the time of everything in an image.
var epoch = v1.Time{Time: time.Unix(0, 0).UTC()}

// archive returns the root file system: folders before their contents,
// independent of clock and machine.
func (i Image) archive() ([]byte, error) {
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	files := slices.Clone(i.Files)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	made := map[string]bool{".": true}
	for _, file := range files {
		if file.Path != path.Clean(file.Path) || path.IsAbs(file.Path) || strings.HasPrefix(file.Path, "..") || made[file.Path] {
			return nil, fmt.Errorf("path %q in an image: want one that is new, clean, and starts at the root without a slash", file.Path)
		}
		if err := folders(w, made, path.Dir(file.Path)); err != nil {
			return nil, err
		}
		made[file.Path] = true
		mode := int64(0o444)
		if file.Executable {
			mode = 0o555
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: file.Path, Mode: mode, Size: int64(len(file.Content)), ModTime: epoch.Time}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(file.Content); err != nil {
			return nil, err
		}
	}
	return buffer.Bytes(), w.Close()
}

// folders writes a folder and its parents, unless they have been written.
func folders(w *tar.Writer, made map[string]bool, dir string) error {
	if made[dir] {
		return nil
	}
	if err := folders(w, made, path.Dir(dir)); err != nil {
		return err
	}
	made[dir] = true
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: epoch.Time})
}

// Tag returns the tag of an image in a repository that holds several: its name
// and the hash of its content. The hash covers the uncompressed files, so it is
// the same with every release of Go.
func Tag(name string, built v1.Image) (string, error) {
	hash, err := built.ConfigName()
	return name + "-" + hash.Hex, err
}

// Unpack writes the root file system of an image into an existing folder.
func Unpack(built v1.Image, dir string) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	content := mutate.Extract(built)
	defer func() { err = errors.Join(err, content.Close()) }()
	for r := tar.NewReader(content); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag == tar.TypeDir {
			if err := root.MkdirAll(path.Clean(header.Name), header.FileInfo().Mode().Perm()); err != nil {
				return err
			}
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if err := root.WriteFile(header.Name, data, header.FileInfo().Mode().Perm()); err != nil {
			return err
		}
	}
}
