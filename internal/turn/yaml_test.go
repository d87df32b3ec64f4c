package turn

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/maintenance"
)

// inYAML returns a template in YAML as the CDK CLI writes it, in its order.
func inYAML(t *testing.T, template string) string {
	t.Helper()
	data, err := yaml.JSONToYAML([]byte(template))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestTurn_YAML checks that a template in YAML is turned like the same one in
// JSON, and that every line outside the changed values stays.
func TestTurn_YAML(t *testing.T) {
	wish := func(mode maintenance.Mode) Wish {
		return Wish{Mode: mode, Message: "Zurück um \"vier\": #1", Typed: now}
	}
	for _, from := range maintenance.Modes() {
		for _, to := range maintenance.Modes() {
			want, err := Turn([]byte(shop(t, from)), "", wish(to))
			if err != nil {
				t.Fatal(err)
			}
			before := "# of the shop\n" + inYAML(t, shop(t, from))
			for name, source := range map[string]string{"LF": before, "CRLF": strings.ReplaceAll(before, "\n", "\r\n")} {
				got, err := Turn([]byte(source), "", wish(to))
				if err != nil {
					t.Fatalf("%s to %s, %s: %v", from, to, name, err)
				}
				data, err := cfn.JSON(got.Template)
				if err != nil || !same(data, want.Template) || strings.Join(got.Changed, " ") != strings.Join(want.Changed, " ") {
					t.Errorf("%s to %s, %s: %v, changed %q\n%s", from, to, name, err, got.Changed, got.Template)
				}
				for _, line := range []string{"# of the shop", "Port: 443", "Type: Custom::NorenReopenGuard"} {
					if !strings.Contains(string(got.Template), line) {
						t.Errorf("%s to %s, %s: no %q in\n%s", from, to, name, line, got.Template)
					}
				}
				if strings.Contains(source, "\r") != strings.Contains(string(got.Template), "\r") {
					t.Errorf("%s to %s, %s: other ends of lines", from, to, name)
				}
			}
		}
	}
}

func TestYAML_Put(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"a scalar", "A:\n  B: x\n  C: y\n", "A:\n  B: {\"v\":1}\n  C: y\n"},
		{"a scalar with a comment", "A:\n  B: x # old\n  C: y # kept\n", "A:\n  B: {\"v\":1}\n  C: y # kept\n"},
		{"a list", "A:\n  B:\n    - x: 1\n      y: 2\n    - z\n  C: y\n", "A:\n  B: {\"v\":1}\n  C: y\n"},
		{"a list at the depth of its key", "A:\n  B:\n  - x: 1\n  - z\n  C: y\n", "A:\n  B: {\"v\":1}\n  C: y\n"},
		{"a block of text", "A:\n  B: |\n    one\n\n    two\n\n  C: y\n", "A:\n  B: {\"v\":1}\n\n  C: y\n"},
		{"at the end", "A:\n  C: y\n  B:\n    x: 1\n", "A:\n  C: y\n  B: {\"v\":1}\n"},
		{"at the end, without an end of line", "A:\n  C: y\n  B: x", "A:\n  C: y\n  B: {\"v\":1}"},
		{"a flow list over lines", "A:\n  B: [x,\n    y]\n  C: y\n", "A:\n  B: {\"v\":1}\n  C: y\n"},
		{"a quoted key", "A:\n  \"B\": x\n  C: y\n", "A:\n  \"B\": {\"v\":1}\n  C: y\n"},
		{"an intrinsic function", "A:\n  B: !Sub\n    - ${x}\n    - x: 1\n  C: y\n", "A:\n  B: {\"v\":1}\n  C: y\n"},
		{"a flow mapping", "A: {B: x, C: y}\n", ""},
		{"an anchor that others use", "A:\n  B: &b x\n  C: *b\n", ""},
		{"absent", "A:\n  C: y\n", ""},
	} {
		y, err := newYAMLText([]byte(test.source))
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		got, err := y.put(json.RawMessage(`{"v":1}`), "A", "B")
		switch {
		case test.want == "" && err == nil:
			t.Errorf("%s: got %q, want an error", test.name, got.source)
		case test.want != "" && (err != nil || string(got.source) != test.want):
			t.Errorf("%s: got %+v, %v, want %q", test.name, got, err, test.want)
		}
	}
}
