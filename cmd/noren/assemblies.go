package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/maintenance"
)

// loadAssemblies reads the templates that make synth wrote for an environment,
// one for each mode: open and closed, and read-only if it exists.
func (f templateFlags) loadAssemblies() ([]source, error) {
	env := f.env
	var sources []source
	for _, mode := range maintenance.Modes() {
		dir := filepath.Join("cdk.out", env, string(mode))
		_, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) && mode == maintenance.ReadOnly {
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			if err := knownEnvironment(env); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("no templates in %s: run \"make synth ENV=%s\", or name a template", dir, env)
		}
		s, err := f.loadOne(dir)
		if err != nil {
			return nil, err
		}
		s.mode = string(mode)
		sources = append(sources, s)
	}
	return sources, f.known(sources)
}

// knownEnvironment fails if there are environment files here, but none with that
// name.
func knownEnvironment(env string) error {
	if files, err := filepath.Glob("environments/*.yaml"); err != nil || len(files) == 0 {
		return err
	}
	return environment.Known("environments", env)
}

// load reads templates, each from a file or an assembly folder. Without paths, it
// reads those of the environment.
func (f templateFlags) load(paths []string) ([]source, error) {
	if len(f.live) > 0 {
		live, err := f.loadLive()
		if err != nil || len(paths) == 0 {
			return []source{live}, err
		}
		sources, err := f.loadAll(paths)
		return append(sources, live), err
	}
	return f.loadAll(paths)
}

func (f templateFlags) loadAll(paths []string) ([]source, error) {
	if len(paths) == 0 {
		return f.loadAssemblies()
	}
	var sources []source
	for _, path := range paths {
		s, err := f.loadOne(path)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	nameApart(sources)
	return sources, f.known(sources)
}

// nameApart names templates after their folders if their file names are equal.
func nameApart(sources []source) {
	seen := map[string]bool{}
	for _, s := range sources {
		if seen[s.mode] {
			for i := range sources {
				sources[i].mode = filepath.Base(filepath.Dir(sources[i].file))
			}
			break
		}
		seen[s.mode] = true
	}
	seen = map[string]bool{}
	for i := range sources {
		if seen[sources[i].mode] {
			sources[i].mode = sources[i].file
		}
		seen[sources[i].mode] = true
	}
}
