package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A migrationFile is a migration and where it was read.
type migrationFile struct {
	sqltext.Migration
	path string // "-" for stdin
}

// beside returns a file that belongs to the migration: NAME.rehearsal.json.
func (f migrationFile) beside(suffix string) string {
	if f.path == "-" {
		return strings.TrimPrefix(suffix, ".")
	}
	return strings.TrimSuffix(f.path, ".sql") + suffix
}

// readMigrations reads a file, stdin for "-", or the .sql files of a folder in
// the order of their numbers.
func readMigrations(stdin io.Reader, path, direction string) (files []migrationFile, folder bool, err error) {
	if path != "-" {
		info, err := os.Stat(path)
		if err != nil {
			return nil, false, fmt.Errorf("reading the migration: %w", err)
		}
		folder = info.IsDir()
	}
	if !folder {
		file, err := readMigration(stdin, path, nameOf(path), direction)
		return []migrationFile{file}, false, err
	}
	if direction == string(sqltext.Down) {
		return nil, true, errors.New("a folder has no way back: name the file")
	}
	var names []string
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(name, ".sql") {
			relative, _ := filepath.Rel(path, name)
			names = append(names, filepath.ToSlash(relative))
		}
		return err
	})
	if err != nil {
		return nil, true, fmt.Errorf("reading the folder: %w", err)
	}
	slices.SortFunc(names, inOrder)
	for _, name := range names {
		if sqltext.WayBack(name) {
			continue
		}
		file, err := readMigration(stdin, filepath.Join(path, name), name, direction)
		if err != nil {
			return nil, true, err
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, true, fmt.Errorf("there is no .sql file in the folder %q", path)
	}
	return files, true, nil
}

// nameOf returns the name of a migration that is given as a file. If tools make a
// folder for each migration, it includes the folder.
func nameOf(path string) string {
	name := filepath.Base(path)
	switch strings.ToLower(name) {
	case "up.sql", "down.sql", "migration.sql": // of Diesel and of Prisma
		if whole, err := filepath.Abs(path); err == nil {
			return filepath.Base(filepath.Dir(whole)) + "/" + name
		}
	}
	return name
}

func readMigration(stdin io.Reader, path, name, direction string) (migrationFile, error) {
	file := migrationFile{Migration: sqltext.Migration{Name: name, Direction: sqltext.Direction(direction)}, path: path}
	if path == "-" {
		text, err := io.ReadAll(stdin)
		file.Text = string(text)
		return file, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return file, fmt.Errorf("reading the migration: %w", err)
	}
	file.Text = string(text)
	return file, nil
}

// inOrder compares the names of migrations as their tools do: by the numbers in
// them, with Flyway's repeatable migrations last.
func inOrder(a, b string) int {
	if ra, rb := strings.HasPrefix(a, "R__"), strings.HasPrefix(b, "R__"); ra != rb {
		if ra {
			return 1
		}
		return -1
	}
	for a != "" && b != "" {
		na, nb := leadingDigits(a), leadingDigits(b)
		if na > 0 && nb > 0 {
			x, y := strings.TrimLeft(a[:na], "0"), strings.TrimLeft(b[:nb], "0")
			if c := cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)); c != 0 {
				return c
			}
			a, b = a[na:], b[nb:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// migrations returns the migrations of files.
func migrations(files []migrationFile) []sqltext.Migration {
	var all []sqltext.Migration
	for _, f := range files {
		all = append(all, f.Migration)
	}
	return all
}

// leftOf returns the files that are not done according to the journal.
func leftOf(files []migrationFile, entries []ddl.Entry) []migrationFile {
	return slices.DeleteFunc(slices.Clone(files), func(f migrationFile) bool { return ddl.ProgressOf(f.Migration, entries) == ddl.Done })
}
