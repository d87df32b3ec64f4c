package environment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxEnvironmentSize limits the size of a file. A commented file is some 8 KiB.
const maxEnvironmentSize = 64 << 10

// Known returns an error for a name for which dir has no file NAME.yaml.
func Known(dir, name string) error {
	names, err := environmentNames(dir)
	if err != nil {
		return fmt.Errorf("reading environments: %w", err)
	}
	if !slices.Contains(names, name) {
		return fmt.Errorf("unknown environment %q: want %s", name, alternatives(names))
	}
	return nil
}

// Load reads the environment with a name from dir/name.yaml, checks it and fills
// in the defaults. The error joins every Problem of the file, in the order of the
// file; the warnings are problems that do not keep a deploy from succeeding.
func Load(dir, name string) (env Environment, warnings []Problem, err error) {
	// Only a name that was listed is opened, so that no name leads out of dir.
	if err := Known(dir, name); err != nil {
		return Environment{}, nil, err
	}

	path := filepath.Join(dir, name+".yaml")
	source, err := readEnvironment(path)
	if err != nil {
		return Environment{}, nil, fmt.Errorf("reading environment %q: %w", name, err)
	}
	env, warnings, problems := parseEnvironment(filepath.ToSlash(path), source, time.Now())
	if len(problems) > 0 {
		return Environment{}, warnings, joinProblems(problems)
	}
	env.Name = name
	return env, warnings, nil
}

// environmentNames returns the names of the files in dir, in alphabetical order
// except that production comes last, as in the order of deploys.
func environmentNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names, production []string
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), ".yaml")
		if !ok || name == "" || strings.Contains(name, ".") || entry.IsDir() {
			continue
		}
		if strings.HasPrefix(name, "prod") {
			production = append(production, name)
		} else {
			names = append(names, name)
		}
	}
	names = append(names, production...)
	if len(names) == 0 {
		return nil, fmt.Errorf("no .yaml file in %q", dir)
	}
	return names, nil
}

func readEnvironment(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxEnvironmentSize {
		return nil, fmt.Errorf("%s is larger than %d KiB", path, maxEnvironmentSize>>10)
	}
	return os.ReadFile(path)
}

// parseEnvironment turns the bytes of a file into an environment. Problems and
// warnings are in the order of the file; env is usable only without problems.
func parseEnvironment(file string, source []byte, now time.Time) (env Environment, warnings, problems []Problem) {
	d := newDecoder(file)
	if root, ok := d.parse(source); ok {
		d.decodeRoot(root, &env)
		env.fillDefaults()
		c := checker{decoder: d, env: env}
		c.check(now)
		env.Night = c.checkWindow(now)
		warnings = c.warnings
	}
	sortProblems(warnings)
	sortProblems(d.problems)
	return env, warnings, d.problems
}

func joinProblems(problems []Problem) error {
	errs := make([]error, len(problems))
	for i, problem := range problems {
		errs[i] = problem
	}
	return errors.Join(errs...)
}
