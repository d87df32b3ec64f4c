// Command images builds the container images of the product without a Docker
// engine: into tarballs, or into a registry.
//
//	go run ./cmd/images -out cdk.out/images
//	go run ./cmd/images -registry 111111111111.dkr.ecr.us-east-1.amazonaws.com/noren api schemachange
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/noren-cdk/noren/internal/gobuild/image"
)

const usage = `Usage: go run ./cmd/images -out DIR | -registry HOST/REPOSITORY [flags] [NAME...]

Builds container images without a Docker engine, the same for the same sources,
and prints of each what it is called, its digest, and the bytes of its layers.
api.image and schemaChange.image of the environment file take what a registry
calls it. Without a NAME all are built: %s.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); errors.Is(err, flag.ErrHelp) {
		return
	} else if err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	out, registry, assembly string
	sources                 sources
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("images", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.out, "out", "", "the `folder` that gets a tarball of each image, as docker load reads it")
	flags.StringVar(&o.registry, "registry", "", "the `repository` that gets the images, each under a tag of its own; one in Amazon ECR must be there, and is logged in to with the credentials of AWS")
	flags.StringVar(&o.assembly, "assembly", "", "a `folder` that was synthesized: the images of its functions, and no others unless named")
	flags.StringVar(&o.sources.rds, "rds-certificates", "", "the `file` of Amazon's certificates for RDS (default: fetched from "+rdsURL+")")
	flags.StringVar(&o.sources.changes, "changes", "examples/fieldreports/schemachanges", "the `folder` of the schema changes")
	flags.StringVar(&o.sources.goarch, "arch", "arm64", "the `processor`: arm64, which the stack wants, or amd64")
	flags.Usage = func() {
		fmt.Fprintf(stderr, usage, strings.Join(slices.Sorted(maps.Keys(builders)), ", "))
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if (o.out == "") == (o.registry == "") {
		return errors.New("want either -out or -registry")
	}
	images, err := o.images(ctx, flags.Args())
	if err != nil {
		return err
	}
	for _, tag := range slices.Sorted(maps.Keys(images)) {
		where, err := o.put(ctx, tag, images[tag])
		if err != nil {
			return err
		}
		digest, err := images[tag].Digest()
		if err != nil {
			return err
		}
		size, err := layerSize(images[tag])
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s %s %d\n", where, digest, size)
	}
	return nil
}

// images returns the requested images, by tag.
func (o options) images(ctx context.Context, names []string) (map[string]v1.Image, error) {
	images := map[string]v1.Image{}
	if o.assembly != "" {
		files, err := filepath.Glob(filepath.Join(o.assembly, "*"+image.Suffix))
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("no function of the assembly %q is an image", o.assembly)
		}
		for _, file := range files {
			built, err := tarball.ImageFromPath(file, nil)
			if err != nil {
				return nil, fmt.Errorf("reading image %q: %w", file, err)
			}
			images[strings.TrimSuffix(filepath.Base(file), image.Suffix)] = built
		}
	} else if len(names) == 0 {
		names = slices.Sorted(maps.Keys(builders))
	}
	for _, name := range names {
		build, ok := builders[name]
		if !ok {
			return nil, fmt.Errorf("unknown image %q: want %s", name, strings.Join(slices.Sorted(maps.Keys(builders)), ", "))
		}
		built, err := build(ctx, o.sources)
		if err != nil {
			return nil, fmt.Errorf("image %q: %w", name, err)
		}
		tag, err := image.Tag(name, built)
		if err != nil {
			return nil, err
		}
		images[tag] = built
	}
	return images, nil
}

// put writes the image to its destination, and returns its name there.
func (o options) put(ctx context.Context, tag string, built v1.Image) (string, error) {
	if o.registry != "" {
		reference, err := name.NewTag(o.registry + ":" + tag)
		if err != nil {
			return "", err
		}
		err = remote.Write(reference, built, remote.WithContext(ctx), remote.WithAuthFromKeychain(keychain{ctx}))
		return reference.Name(), err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return "", err
	}
	return image.Save(o.out, tag, built)
}

// layerSize returns the number of bytes that a registry stores and a task
// fetches.
func layerSize(built v1.Image) (int64, error) {
	layers, err := built.Layers()
	var total int64
	for _, layer := range layers {
		size, sizeErr := layer.Size()
		total, err = total+size, errors.Join(err, sizeErr)
	}
	return total, err
}
