package cfn

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestYAML checks that what CloudFormation accepts in YAML is read as in JSON.
func TestYAML(t *testing.T) {
	for _, test := range []struct{ name, yaml, json string }{
		{"scalars", "a: 1\nb: 010\nc: 1.50\nd: true\ne: yes\nf: 'yes'\ng: text with spaces\nh: \"\\u00e4\"\ni: ~\nj:\nk: 012345678901\nl: 2010-09-09",
			`{"a": 1, "b": "010", "c": 1.50, "d": true, "e": true, "f": "yes", "g": "text with spaces", "h": "ä", "i": null, "j": null, "k": "012345678901", "l": "2010-09-09"}`},
		{"blocks", "a: |\n  one\n  two\nb: >-\n  one\n  two\nc: - x", ""},
		{"literal", "a: |\n  one\n  two\nb: >-\n  one\n  two\n", `{"a": "one\ntwo\n", "b": "one two"}`},
		{"lists", "a: [1, b, {c: d}]\nb:\n- x\n-   - y\n    - z\nc: []", `{"a": [1, "b", {"c": "d"}], "b": ["x", ["y", "z"]], "c": []}`},
		{"short forms", "a: !Ref B\nb: !GetAtt C.Outputs.D\nc: !GetAtt [C, D]\nd: !Sub '${A}-x'\ne: !If [C, !Ref A, !Ref AWS::NoValue]\nf: !Condition C\ng: !Join\n  - ','\n  - - a\n    - !Ref B\nh: !Equals [a, b]\ni: !FindInMap [A, !Ref 'AWS::Region', c]",
			`{"a": {"Ref": "B"}, "b": {"Fn::GetAtt": ["C", "Outputs.D"]}, "c": {"Fn::GetAtt": ["C", "D"]}, "d": {"Fn::Sub": "${A}-x"},
			"e": {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]}, "f": {"Condition": "C"}, "g": {"Fn::Join": [",", ["a", {"Ref": "B"}]]},
			"h": {"Fn::Equals": ["a", "b"]}, "i": {"Fn::FindInMap": ["A", {"Ref": "AWS::Region"}, "c"]}}`},
		{"nested short forms", "a:\n  Fn::Base64: !Sub |\n    x ${A}\nb: !Select\n  - 0\n  - !Split [',', !ImportValue x]\nc: !Sub\n  - '${a}'\n  - a: !Ref B",
			`{"a": {"Fn::Base64": {"Fn::Sub": "x ${A}\n"}}, "b": {"Fn::Select": [0, {"Fn::Split": [",", {"Fn::ImportValue": "x"}]}]}, "c": {"Fn::Sub": ["${a}", {"a": {"Ref": "B"}}]}}`},
		{"anchors", "a: &x {p: 1, q: 2}\nb: *x\nc:\n  <<: *x\n  q: 3\nd: [&y !Ref Z, *y]", `{"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 2}, "c": {"p": 1, "q": 3}, "d": [{"Ref": "Z"}, {"Ref": "Z"}]}`},
		{"tags of YAML", "a: !!str 5\nb: !!int 5", `{"a": "5", "b": 5}`},
		{"comments and a start", "%YAML 1.1\n---\n# hello\na: b # not c\n...\n", `{"a": "b"}`},
		{"a byte order mark", "\ufeffa: b", `{"a": "b"}`},
		{"a tab after a colon", "a:\tb", `{"a": "b"}`},
		{"line ends of Windows", "a: b\r\nc:\r\n  - d\r\n", `{"a": "b", "c": ["d"]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := JSON([]byte(test.yaml))
			if test.json == "" {
				if err == nil {
					t.Errorf("read as %s, want an error", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded(t, test.json), decoded(t, string(got))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := Decode([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestTwice checks that a key that is there twice is refused: it is not known
// which value counts.
func TestTwice(t *testing.T) {
	for text, want := range map[string]string{
		`{"Resources": {"A": {"Type": "x"}}, "Outputs": {"A": {"Value": "\\\"A\": "}}}`: "",
		`{"Resources": {"A": {"L": [{"K": 1}, {"K": 2}, "K", "K"]}}}`:                   "",
		"{\"Resources\": {},\n \"Resources\": {}}":                                      `line 2, column 2: key "Resources" is there twice`,
		`{"Resources": {"A": {"Type": "x", "\u0054ype": "y"}}}`:                         `key "Type" is there twice`,
		`{"Resources": {"A": {"P": [{"Action": "a", "Action" : "*"}]}}}`:                `key "Action" is there twice`,
	} {
		_, err := JSON([]byte(text))
		if got := fmt.Sprint(err); want == "" && err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// TestYAMLFaults: what is wrong, and where.
func TestYAMLFaults(t *testing.T) {
	for _, test := range []struct{ yaml, want string }{
		{"a: b\n c: d", "line "},
		{"a: 1\na: 2", "line 2, column 1"},
		{"a: !Foo_Bar x", "line 1, column 4: unknown tag !Foo_Bar"},
		{"a: *nowhere", `line 1, column 4: unknown anchor "nowhere"`},
		{"a: &x [*x]", `anchor "x" holds itself`},
		{"a: !GetAtt Alone", `!GetAtt "Alone": want a resource and an attribute`},
		{"- a", "want a mapping with Resources"},
		{"a: b\n---\nc: d", "a second document begins"},
		{"a: " + strings.Repeat("[", 2000) + strings.Repeat("]", 2000), "more than 1000 levels deep"},
		{"? [a, b]\n: c", "want a text as key"},
		{"a: \xff", "not UTF-8"},
		{bomb(), "its aliases grow"},
		{"", "it is empty"},
	} {
		if _, err := JSON([]byte(test.yaml)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.40q: got %v, want %q", test.yaml, err, test.want)
		}
	}
}

// bomb returns a YAML document that would grow to 10^9 values.
func bomb() string {
	var b strings.Builder
	fmt.Fprintln(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return b.String()
}

// TestGetTemplate checks that the output of "aws cloudformation get-template" is
// read as the template.
func TestGetTemplate(t *testing.T) {
	const template = `{"Resources": {"A": {"Type": "T"}}}`
	text, err := json.Marshal("Resources:\n  A:\n    Type: T\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{
		`{"TemplateBody": ` + template + `, "StagesAvailable": ["Original", "Processed"]}`,
		`{"TemplateBody": ` + string(text) + `}`,
		"StagesAvailable:\n- Original\nTemplateBody: |\n  Resources:\n    A:\n      Type: T\n",
		template,
		`{"Resources": {"A": {"Type": "T"}}, "Metadata": "\"TemplateBody\""}`,
	} {
		got, err := JSON([]byte(printed))
		if err != nil {
			t.Errorf("%s: %v", printed, err)
			continue
		}
		var doc struct{ Resources any }
		if err := Decode(got, &doc); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]any{"A": map[string]any{"Type": "T"}}, doc.Resources); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", printed, diff)
		}
	}
}

// TestPosition checks that a fault is reported with its line and column.
func TestPosition(t *testing.T) {
	const inYAML = `Resources:
  A:
    Type: T
    Properties:
      List:
        - One: 1
        - One: !Ref
`
	const inJSON = `{
  "Resources": {
    "Z": {"x": ["{"]},
    "A": {"Type": "T", "Properties": {
      "List": [{"One": 1},
        {"One": {"Ref": null}}]
    }}
  }
}`
	for _, test := range []struct {
		template string
		at       string
		want     [2]int
	}{
		{inYAML, "List[1].One", [2]int{7, 11}},
		{inYAML, "List[0]", [2]int{6, 11}},
		{inYAML, "", [2]int{2, 3}},
		{inJSON, "List[1].One", [2]int{6, 10}},
		{inJSON, "List[1].One.Nowhere", [2]int{6, 10}},
		{inJSON, "List", [2]int{5, 7}},
		{inJSON, "", [2]int{4, 5}},
	} {
		template, err := Read(strings.NewReader(test.template), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if line, column := template.Position("A", test.at); [2]int{line, column} != test.want {
			t.Errorf("%s: line %d, column %d; want %v", test.at, line, column, test.want)
		}
	}
}

func FuzzYAML(f *testing.F) {
	f.Add("Resources:\n  A: {Type: T, Properties: {B: !Ref C}}\n")
	f.Add("a: &x [1]\nb: *x\n<<: {c: !Sub '${d}'}\n")
	f.Add("a0: &a0 [x, x]\na1: &a1 [*a0, *a0]\na2: [*a1, *a1]\n")
	f.Add("Resources:\r\n  - |\r\n    x\r\n  - >-\r\n    y\r\n")
	f.Add("? [a]\n: b\n--- # c\n...\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := JSON([]byte(text))
		inJSON := strings.HasPrefix(strings.TrimLeft(strings.TrimPrefix(text, "\ufeff"), " \t\r\n"), "{")
		if err == nil && !inJSON && !json.Valid(got) {
			t.Errorf("%q: not JSON: %s", text, got)
		}
	})
}
