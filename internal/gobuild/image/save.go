package image

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Suffix ends the names of tarballs of images. The names begin with the tag.
const Suffix = ".image.tar"

// Save writes the image into the folder, in the format of docker load, and
// returns the path. An existing file is complete, since the tag names its
// content.
func Save(dir, tag string, built v1.Image) (string, error) {
	file := filepath.Join(dir, tag+Suffix)
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	reference, err := name.NewTag("noren:" + tag)
	if err != nil {
		return "", err
	}
	tmp, err := os.CreateTemp(dir, "writing-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // after the rename it no longer exists
	if err := tmp.Close(); err != nil {
		return "", err
	}
	if err := tarball.WriteToFile(tmp.Name(), reference, built); err != nil {
		return "", fmt.Errorf("writing image %q: %w", tag, err)
	}
	if err := os.Chmod(tmp.Name(), 0o644); err != nil {
		return "", err
	}
	return file, os.Rename(tmp.Name(), file)
}
