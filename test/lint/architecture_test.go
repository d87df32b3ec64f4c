package lint

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/noren-cdk/noren"
	// mapOfTheHouse is the page against which these tests check the tree.
	mapOfTheHouse = "docs/architecture.md"
	// mostRooms is the maximum number of folders directly under internal.
	mostRooms = 15
)

// goPackage is what these tests need from `go list -json`.
type goPackage struct {
	ImportPath string
	Dir        string
	Imports    []string
}

// TestLayers reads the layers from docs/architecture.md, top to bottom, and
// checks that every package is in one and imports only packages of the same line
// or of lines above it.
func TestLayers(t *testing.T) {
	root := repository(t)
	layers := layersOf(t, root)
	layer := func(importPath string) int {
		name := strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
		best, length := -1, -1
		for i, patterns := range layers {
			for _, p := range patterns {
				if matches(p, name) && len(p) > length {
					best, length = i, len(p)
				}
			}
		}
		return best
	}
	seen := 0
	for _, p := range packages(t, root) {
		from := layer(p.ImportPath)
		if from < 0 {
			t.Errorf("%s is in no layer of %s", p.ImportPath, mapOfTheHouse)
			continue
		}
		for _, imported := range p.Imports {
			switch to := layer(imported); {
			case imported != module && !strings.HasPrefix(imported, module+"/"):
			case strings.HasPrefix(imported, module+"/cmd/") || strings.HasPrefix(imported, module+"/examples/"):
				t.Errorf("%s imports %s: nothing imports cmd or examples", p.ImportPath, imported)
			case to > from:
				t.Errorf("%s (layer %d) imports %s (layer %d)", p.ImportPath, from+1, imported, to+1)
			default:
				seen++
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d imports within the module were looked at", seen)
	}
}

// TestOnlyConstructsAndStacksKnowCDK keeps the command line, the engine and the
// Lambda functions free of Node.
func TestOnlyConstructsAndStacksKnowCDK(t *testing.T) {
	users := 0
	for _, p := range packages(t, repository(t)) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, imported := range p.Imports {
			if !strings.HasPrefix(imported, "github.com/aws/aws-cdk-go/") && !strings.HasPrefix(imported, "github.com/aws/jsii-runtime-go") {
				continue
			}
			users++
			if top, _, _ := strings.Cut(name, "/"); name != "" && top != "stacks" && top != "constructs" && !strings.Contains(name, "/testdata/") {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
		}
	}
	if users == 0 {
		t.Error("nothing imports CDK: the test looks for the wrong path")
	}
}

// TestFirstLookCompilesFast checks that the program of make preview has no large
// package that its first page does not need: the page appears only after every
// package has been compiled.
func TestFirstLookCompilesFast(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "./cmd/firstlook")
	cmd.Dir = repository(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps: %v", err)
	}
	const sdk = "github.com/aws/aws-sdk-go-v2/"
	needed := sdk + "service/secretsmanager" // by the function that gives staff the cookie
	found := false
	for p := range strings.Lines(string(out)) {
		p = strings.TrimSpace(p)
		switch {
		case strings.HasPrefix(p, needed):
			found = true
		case strings.HasPrefix(p, sdk+"service/"), strings.HasPrefix(p, sdk+"config"), strings.HasPrefix(p, sdk+"credentials"),
			strings.HasPrefix(p, "github.com/aws/aws-cdk-go/"), strings.HasPrefix(p, "github.com/dolthub/"), strings.HasPrefix(p, module+"/internal/live"):
			t.Errorf("cmd/firstlook compiles %s", p)
		}
	}
	if !found {
		t.Errorf("cmd/firstlook does not import %s: this test looks for the wrong paths", needed)
	}
}

// TestPublicSignaturesNameNoInternalTypes checks that an importer of a public
// package can name every type in its exported declarations.
func TestPublicSignaturesNameNoInternalTypes(t *testing.T) {
	root := repository(t)
	looked := 0
	for _, folder := range []string{"maintenance", "constructs"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			internal := map[string]bool{}
			for _, i := range f.Imports {
				from := strings.Trim(i.Path.Value, `"`)
				if !strings.HasPrefix(from, module+"/internal/") {
					continue
				}
				name := path.Base(from)
				if i.Name != nil {
					name = i.Name.Name
				}
				internal[name] = true
			}
			exported(f, func(n ast.Node) {
				looked++
				ast.Inspect(n, func(n ast.Node) bool {
					if s, ok := n.(*ast.SelectorExpr); ok {
						if x, ok := s.X.(*ast.Ident); ok && internal[x.Name] {
							t.Errorf("%s: an exported declaration names %s.%s, which importers cannot", set.Position(s.Pos()), x.Name, s.Sel.Name)
						}
					}
					return true
				})
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked < 20 {
		t.Errorf("only %d exported declarations were looked at", looked)
	}
}

// exported calls visit with what importers see of the exported declarations of f:
// types, signatures and the exported fields of structs, but no bodies.
func exported(f *ast.File, visit func(ast.Node)) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || receiverIsExported(d.Recv)) {
				visit(d.Type)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					if !s.Name.IsExported() {
						continue
					}
					fields, ok := s.Type.(*ast.StructType)
					if !ok {
						visit(s.Type)
						continue
					}
					for _, field := range fields.Fields.List {
						if len(field.Names) == 0 || slices.ContainsFunc(field.Names, (*ast.Ident).IsExported) {
							visit(field.Type)
						}
					}
				case *ast.ValueSpec:
					if s.Type != nil && slices.ContainsFunc(s.Names, (*ast.Ident).IsExported) {
						visit(s.Type)
					}
				}
			}
		}
	}
}

func receiverIsExported(list *ast.FieldList) bool {
	t := list.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	name, ok := t.(*ast.Ident)
	return ok && name.IsExported()
}

// TestRooms checks that there are few folders directly under internal, and that
// the map names each.
func TestRooms(t *testing.T) {
	root := repository(t)
	entries, err := os.ReadDir(filepath.Join(root, "internal"))
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, root, mapOfTheHouse)
	rooms := 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		rooms++
		if !strings.Contains(text, "`internal/"+e.Name()) {
			t.Errorf("%s does not say what internal/%s is", mapOfTheHouse, e.Name())
		}
	}
	if rooms == 0 || rooms > mostRooms {
		t.Errorf("internal has %d folders, want 1 to %d", rooms, mostRooms)
	}
}

// changeLimit returns how many places a typical change may touch by hand. An
// environment key has a field, a check, and its place in three files.
func changeLimit(change string) int {
	if strings.HasPrefix(change, "add an environment key") {
		return 5
	}
	return 4
}

var place = regexp.MustCompile("`([^`]+)`")

// TestPlacesToChange checks that the table "Where do I change ..." names existing
// places, and few of them for each change.
func TestPlacesToChange(t *testing.T) {
	root := repository(t)
	_, table, found := strings.Cut(read(t, root, mapOfTheHouse), "## Where do I change")
	if !found {
		t.Fatalf("%s has no section on where to change what", mapOfTheHouse)
	}
	table, _, _ = strings.Cut(table, "\n## ")
	rows := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) < 2 || strings.HasPrefix(strings.TrimSpace(cells[0]), "---") || strings.TrimSpace(cells[1]) == "places" {
			continue
		}
		rows++
		change := strings.TrimSpace(cells[0])
		places := place.FindAllStringSubmatch(cells[1], -1)
		if len(places) == 0 || len(places) > changeLimit(change) {
			t.Errorf("%s: %d places, want 1 to %d", change, len(places), changeLimit(change))
		}
		for _, p := range places {
			if found, err := filepath.Glob(filepath.Join(root, p[1])); err != nil || len(found) == 0 {
				t.Errorf("%s: there is no %s", change, p[1])
			}
		}
	}
	if rows < 14 {
		t.Errorf("the table has %d rows, want at least 14", rows)
	}
}

// layersOf reads the block after "## Layers": each line is a layer, its packages
// separated by spaces, with /... for all packages below.
func layersOf(t *testing.T, root string) [][]string {
	t.Helper()
	_, text, found := strings.Cut(read(t, root, mapOfTheHouse), "\n## Layers\n")
	if !found {
		t.Fatalf("%s has no section Layers", mapOfTheHouse)
	}
	_, text, _ = strings.Cut(text, "```\n")
	text, _, found = strings.Cut(text, "\n```")
	if !found {
		t.Fatalf("the section Layers of %s has no block", mapOfTheHouse)
	}
	var layers [][]string
	for line := range strings.Lines(text) {
		layers = append(layers, strings.Fields(line))
	}
	if len(layers) < 5 {
		t.Fatalf("%s has %d layers, want at least 5", mapOfTheHouse, len(layers))
	}
	return layers
}

// matches reports whether the pattern matches the package, whose name is relative
// to the root of the module. The root itself is ".".
func matches(pattern, name string) bool {
	if name == "" {
		name = "."
	}
	below, all := strings.CutSuffix(pattern, "/...")
	return name == below || all && strings.HasPrefix(name, below+"/")
}

func packages(t *testing.T, root string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func read(t *testing.T, root, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// repository returns the folder of the module.
func repository(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	return strings.TrimSpace(string(out))
}
