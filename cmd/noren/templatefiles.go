package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/term"
)

// source is what was read from a path: a template, or an assembly whose templates
// are joined.
type source struct {
	mode string // open, read-only or closed; otherwise a name to identify it
	file string
	data []byte // the template as written, if only one has listeners

	parts  []part
	unread []string // nested stacks whose templates are not here
	*alb.Template
}

// part is a template file.
type part struct {
	alb.Stack
	file string
	data []byte
}

// placed returns the file of a resource, with line and column if known, and its
// logical id there.
func (s source) placed(logicalID, property string) (where, id string) {
	stack, id, line, column := s.Place(logicalID, property)
	file := s.file
	if i := slices.IndexFunc(s.parts, func(p part) bool { return p.Name == stack }); i >= 0 {
		file = s.parts[i].file
	}
	return placed(file, line, column), id
}

// eachFault calls f for everything that could not be read, and says where it is.
func (s source) eachFault(f func(where string, fault cfn.Fault)) {
	if len(s.parts) == 0 {
		for _, fault := range s.Faults {
			f(s.file, fault)
		}
	}
	for _, p := range s.parts {
		for _, fault := range p.Faults {
			f(placed(p.file, fault.Line, fault.Column), fault)
		}
	}
}

// placed returns a file and, if known, a position in it.
func placed(file string, line, column int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d:%d", file, line, column)
}

// loadOne reads a template file or an assembly folder with listeners or listener
// rules, including nested stacks whose templates are there.
func (f templateFlags) loadOne(path string) (source, error) {
	s, err := f.readPath(path)
	if err != nil {
		return source{}, err
	}
	if len(s.Listeners) == 0 {
		return source{}, fmt.Errorf("%s: no listener and no listener rule of an application load balancer in %s", path, term.Plural(len(s.parts), "template"))
	}
	return s, nil
}

// readPath reads all templates of a path as one.
func (f templateFlags) readPath(path string) (source, error) {
	files, err := templateFiles(path)
	if err != nil {
		return source{}, err
	}
	s := source{mode: filepath.Base(path), file: path}
	nested := map[string]bool{} // files of nested stacks
	alone := map[string]part{}
	for _, file := range files {
		p, err := f.readPart(file, nil)
		if err != nil {
			return source{}, err
		}
		alone[file] = p
		for _, n := range p.Nested() {
			if child := nestedFile(file, n); child != "" && child != file {
				nested[child] = true
			}
		}
	}
	for _, file := range files {
		if p := alone[file]; !nested[file] {
			p.Name = unique(s.parts, stem(file))
			if err := f.addPart(&s, p, []string{file}); err != nil {
				return source{}, err
			}
		}
	}
	var stacks []alb.Stack
	var found []part
	for _, p := range s.parts {
		stacks = append(stacks, p.Stack)
		if len(p.Listeners) > 0 {
			found = append(found, p)
		}
	}
	if len(found) == 1 {
		s.mode, s.file, s.data = stem(found[0].file), found[0].file, found[0].data
	}
	s.Template = alb.Join(stacks)
	return s, nil
}

// addPart adds a template and those of its nested stacks; open are the files that
// contain it.
func (f templateFlags) addPart(s *source, p part, open []string) error {
	s.parts = append(s.parts, p)
	for _, n := range p.Nested() {
		file := nestedFile(p.file, n)
		if file == "" || slices.Contains(open, file) {
			s.unread = append(s.unread, nestedText(p.file, n))
			continue
		}
		child, err := f.readPart(file, n.Bound(p.Name))
		if err != nil {
			return err
		}
		child.Name, child.Parent, child.LogicalID, child.If = unique(s.parts, p.Name+"."+n.LogicalID), p.Name, n.LogicalID, n.If
		if err := f.addPart(s, child, append(slices.Clone(open), file)); err != nil {
			return err
		}
	}
	return nil
}

// readPart reads a template; bound are the texts that a parent gives its
// parameters.
func (f templateFlags) readPart(file string, bound map[string]string) (part, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return part{}, err
	}
	options := f.options()
	options.Bound = bound
	template, err := alb.ReadPart(bytes.NewReader(data), options)
	if err != nil {
		return part{}, fmt.Errorf("reading template %q: %w", file, err)
	}
	return part{Stack: alb.Stack{Template: template}, file: file, data: data}, nil
}

// stem returns a file's name without the suffix of templates.
func stem(file string) string {
	name := filepath.Base(file)
	return strings.TrimSuffix(strings.TrimSuffix(name, filepath.Ext(name)), ".template")
}

// unique returns a name that none of the parts has.
func unique(parts []part, name string) string {
	taken := func(name string) bool { return slices.ContainsFunc(parts, func(p part) bool { return p.Name == name }) }
	for i, first := 2, name; taken(name); i++ {
		name = fmt.Sprintf("%s-%d", first, i)
	}
	return name
}

// nestedText returns the name of a nested stack for people.
func nestedText(parent string, n cfn.Nested) string {
	return fmt.Sprintf("nested stack %s of %s (%s)", n.LogicalID, parent, n.Template)
}

// nestedFile returns the file of a nested stack's template, "" if it does not
// exist: CDK and "aws cloudformation package" name it, and CDK's list of assets
// maps hashes to files.
func nestedFile(parent string, n cfn.Nested) string {
	dir := filepath.Dir(parent)
	is := func(name string) string {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); name == "" || err != nil || !info.Mode().IsRegular() {
			return ""
		}
		return file
	}
	if !strings.Contains(n.Template, "://") {
		return is(n.Template)
	}
	lists, _ := filepath.Glob(filepath.Join(dir, "*.assets.json"))
	for _, list := range lists {
		var assets struct {
			Files map[string]struct{ Source struct{ Path string } }
		}
		if data, err := os.ReadFile(list); err != nil || json.Unmarshal(data, &assets) != nil {
			continue
		}
		for hash, asset := range assets.Files {
			if strings.Contains(n.Template, hash) {
				return is(asset.Source.Path)
			}
		}
	}
	return ""
}

// templateFiles returns the templates of an assembly folder, or path itself if it
// is a file.
func templateFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if failed := new(fs.PathError); errors.As(err, &failed) {
		return nil, fmt.Errorf("reading template %q: %w", path, failed.Err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	for _, pattern := range []string{"*.template.json", "*.template.yaml", "*.template.yml", "*.template"} {
		found, err := filepath.Glob(filepath.Join(path, pattern))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	nested, err := filepath.Glob(filepath.Join(path, "assembly-*")) // of Stages
	if err != nil {
		return nil, err
	}
	for _, dir := range nested {
		more, err := templateFiles(dir)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no *.template.json, which cdk synth --output writes, and no *.template.yaml", path)
	}
	return files, nil
}

// extent is what was read for an answer.
type extent struct {
	Mode      string   `json:"mode"`
	Templates int      `json:"templates"`
	NotRead   []string `json:"notRead"` // nested stacks
}

func (s source) extent() extent {
	return extent{s.mode, len(s.parts), append([]string{}, s.unread...)}
}

// extentText says what was read of all sources.
func extentText(sources []source) string {
	templates := 0
	var unread []string
	for _, s := range sources {
		templates += len(s.parts)
		for _, name := range s.unread {
			if !slices.Contains(unread, name) {
				unread = append(unread, name)
			}
		}
	}
	var texts []string
	if templates > 0 {
		texts = append(texts, "read "+term.Plural(templates, "template"))
	}
	if slices.ContainsFunc(sources, func(s source) bool { return len(s.parts) == 0 }) {
		texts = append(texts, "read what the AWS CLI printed")
	}
	if len(unread) > 0 {
		texts = append(texts, "not read: "+strings.Join(unread, ", "))
	}
	return strings.Join(texts, "; ")
}

// writeExtent writes what was read as the last line of an answer.
func writeExtent(out term.Terminal, sources []source) {
	fmt.Fprintln(out)
	for _, line := range term.Wrap(extentText(sources), out.Width) {
		fmt.Fprintln(out, out.In(term.Dim, line))
	}
}
