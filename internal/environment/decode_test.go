package environment

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/term"
)

// sample has a key of every type that an environment has.
type sample struct {
	Text    string            `yaml:"text,required" want:"some text"`
	Digits  string            `yaml:"digits,scalar"`
	Choice  string            `yaml:"choice,scalar" oneof:"false,true,maybe"`
	Yes     bool              `yaml:"yes"`
	Count   int               `yaml:"count" range:"0,15"`
	Size    int64             `yaml:"size" oneof:"1,2,3"`
	Ratio   float64           `yaml:"ratio" range:"0,256"`
	Wait    time.Duration     `yaml:"wait" range:"1s,24h"`
	Section sampleSection     `yaml:"section"`
	Names   []string          `yaml:"names"`
	Said    map[string]string `yaml:"said"`
	Ignored string            `yaml:"-"`
}

type sampleSection struct {
	Until time.Time `yaml:"until"`
	Must  int       `yaml:"must,required" range:"1,2"`
}

func decodeSample(source string) (got sample, problems []Problem) {
	d := newDecoder("x.yaml")
	if root, ok := d.parse([]byte(source)); ok {
		d.decode(root, "", reflect.ValueOf(&got).Elem(), "")
	}
	sortProblems(d.problems)
	return got, d.problems
}

func TestDecode(t *testing.T) {
	until := time.Date(2026, 12, 1, 4, 0, 0, 0, time.FixedZone("", 9*60*60))
	full := sample{
		Text: "a: b", Digits: "012345678901", Choice: "true", Yes: true, Count: 15, Size: 3, Ratio: 0.5, Wait: 90 * time.Second,
		Section: sampleSection{Until: until, Must: 1},
		Names:   []string{"GET /x", "#"},
		Said:    map[string]string{"en": "two\nlines", "zh-Hant": "維護中"},
	}
	for name, source := range map[string]string{
		"blocks": "\ufeff---\n# first\n" + `
text: "a: b" # with a comment
digits: 012345678901
choice: true
yes: true
count: 15
size: 3
ratio: 0.5
wait: 1m30s
section:
  until: 2026-12-01T04:00:00+09:00
  must: 1
names:
- GET /x
- '#'
said:
  en: |
    two
    lines
  zh-Hant: 維護中
`,
		"flow": `{text: "a: b", "digits": "012345678901", choice: "true", yes: true, count: 15, size: 3, ratio: 0.5, wait: 1m30s,
  section: {until: "2026-12-01T04:00:00+09:00", must: 1}, names: ["GET /x", "#"], said: {en: "two\nlines", zh-Hant: 維護中}}`,
		"nothing where something may be": `
text: "a: b"
digits: 012345678901
choice: TRUE
yes: true
count: 15
size: 3
ratio: 0.5
wait: 1m30s
section: {until: 2026-12-01T04:00:00+09:00, must: 1}
names: ["GET /x", "#"]
said: {en: "two\nlines", zh-Hant: 維護中}
`,
		"line breaks of Windows": strings.ReplaceAll(`text: "a: b"
digits: 012345678901
choice: true
yes: true
count: 15
size: 3
ratio: 0.5
wait: 1m30s
section: {until: 2026-12-01T04:00:00+09:00, must: 1}
names: ["GET /x", "#"]
said: {en: "two\nlines", zh-Hant: 維護中}
`, "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := decodeSample(source)
			if len(problems) > 0 {
				t.Fatal(joinProblems(problems))
			}
			if diff := cmp.Diff(full, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestDecodeLeavesOutKeysWithoutValue(t *testing.T) {
	got, problems := decodeSample("text: x\nsection: {must: 2, until: ~}\ncount:\nnames: null\nsaid:\n")
	if len(problems) > 0 {
		t.Fatal(joinProblems(problems))
	}
	if diff := cmp.Diff(sample{Text: "x", Section: sampleSection{Must: 2}}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestDecodeProblems(t *testing.T) {
	const keys = "want one of text, digits, choice, yes, count, size, ratio, wait, section, names or said"
	const plain = "environments use none of YAML's anchors, aliases, merge keys and tags"
	for _, test := range []struct {
		name   string
		source string // after the required keys, on line 1
		want   string
	}{
		{"text for a whole number", `count: two`, `2:1: count: want a whole number from 0 to 15, got "two"`},
		{"quoted whole number", `count: "2"`, `2:1: count: want a whole number from 0 to 15, got "2"`},
		{"fraction for a whole number", `count: 2.5`, `2:1: count: want a whole number from 0 to 15, got 2.5`},
		{"whole number over its range", `count: 16`, `2:1: count: want a whole number from 0 to 15, got 16`},
		{"whole number under its range", `count: -1`, `2:1: count: want a whole number from 0 to 15, got -1`},
		{"whole number over 64 bits", `count: 99999999999999999999`, `2:1: count: want a whole number from 0 to 15, got "99999999999999999999"`},
		{"octal number", `count: 010`, `2:1: count: want a whole number from 0 to 15, got 010`},
		{"hexadecimal number", `count: 0xf`, `2:1: count: want a whole number from 0 to 15, got 0xf`},
		{"number with underscores", `count: 1_0`, `2:1: count: want a whole number from 0 to 15, got 1_0`},
		{"number with a unit", `size: 1GiB`, `2:1: size: want 1, 2 or 3, got "1GiB"`},
		{"number that is not a choice", `size: 4`, `2:1: size: want 1, 2 or 3, got 4`},
		{"infinity", `ratio: .inf`, `2:1: ratio: want a number from 0 to 256, got .inf`},
		{"no number", `ratio: .nan`, `2:1: ratio: want a number from 0 to 256, got .nan`},
		{"number over its range", `ratio: 256.5`, `2:1: ratio: want a number from 0 to 256, got 256.5`},
		{"YAML 1.1 boolean", `yes: on`, `2:1: yes: want true or false, got "on"`},
		{"boolean as a number", `yes: 1`, `2:1: yes: want true or false, got 1`},
		{"text that is not a choice", `choice: ture`, `2:1: choice: want false, true or maybe, got "ture"`},
		{"number for text", `names: [x, 5]`, `2:12: names[1]: want text, got 5`},
		{"boolean for text", `names: [no, true]`, `2:13: names[1]: want text, got true`},
		{"nothing in a list", "names:\n  - x\n  -\n", `4:4: names[1]: want text, got nothing`},
		{"text for a list", `names: x`, `2:1: names: want a list, each text, got "x"`},
		{"mapping for a list", `names: {a: b}`, `2:1: names: want a list, each text, got a mapping`},
		{"list for a mapping", `said: [a]`, `2:1: said: want a mapping to text, got a list`},
		{"list in a mapping", "said:\n  en: [a]\n", `3:3: said.en: want text, got a list`},
		{"list for text", `digits: [a]`, `2:1: digits: want text, got a list`},
		{"fraction for digits", `digits: 1.5`, `2:1: digits: want text, got 1.5`},
		{"long text for a number", "count: " + strings.Repeat("長", 100), `2:1: count: want a whole number from 0 to 15, got "` + strings.Repeat("長", 20) + `"...`},
		{"duration without unit", `wait: 600`, `2:1: wait: want whole seconds, minutes or hours from 1s to 24h, such as 10m, got 600`},
		{"duration with a fraction of a second", `wait: 1.5s`, `2:1: wait: want whole seconds, minutes or hours from 1s to 24h, such as 10m, got "1.5s"`},
		{"duration over its range", `wait: 25h`, `2:1: wait: want whole seconds, minutes or hours from 1s to 24h, such as 10m, got "25h"`},

		{"unknown key", `foo: 1`, `2:1: foo: unknown key: ` + keys},
		{"misspelt key", `coutn: 1`, `2:1: coutn: unknown key: did you mean count? ` + keys},
		{"key in another case", `Count: 1`, `2:1: Count: unknown key: did you mean count? ` + keys},
		{"key of a field that is not a key", `Ignored: 1`, `2:1: Ignored: unknown key: ` + keys},
		{"key that is a number", `1: 1`, `2:1: 1: unknown key: ` + keys},
		{"key over lines", `"a\nb\x1b": 1`, `2:1: "a\nb\x1b": unknown key: ` + keys},
		{"key with a dot", `said.en: x`, `2:1: "said.en": unknown key: ` + keys},
		{"duplicate key", "count: 1\ncount: two\ncount: 3\n", "3:1: count: given twice: it is on line 2 already\nx.yaml:4:1: count: given twice: it is on line 2 already"},
		{"duplicate key in a mapping of text", "said:\n  en: a\n  en: b\n", `4:3: said.en: given twice: it is on line 3 already`},
		{"two problems", "count: two\nsaid: 5\n", `2:1: count: want a whole number from 0 to 15, got "two"` + "\n" + `x.yaml:3:1: said: want a mapping to text, got 5`},

		{"anchor", `digits: &a x`, `2:1: digits: want the value itself, got an anchor: ` + plain},
		{"alias", `digits: *a`, `2:1: digits: want the value itself, got an alias: ` + plain},
		{"tag", `digits: !!str 5`, `2:1: digits: want the value itself, got a tag: ` + plain},
		{"anchor in a list", "names:\n- x\n- &a y\n", `4:3: names[1]: want the value itself, got an anchor: ` + plain},
		{"merge key", `<<: {count: 1}`, `2:1: want plain keys, got a merge key: ` + plain},

		{"tab for indentation", "said:\n\ten: x\n", `3:1: not valid YAML: found character '\t' that cannot start any token`},
		{"unclosed list", "names: [x\ncount: 1\n", `3:1: not valid YAML: ',' or ']' must be specified`},
		{"unclosed quote", `digits: "x`, `2:9: not valid YAML: could not find end character of double-quoted text`},
		{"key within a value", "digits: a: b\n", `2:9: not valid YAML: mapping value is not allowed in this context`},
		{"second document", "---\ncount: 1\n", `3:1: a second document: want one environment in a file`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := decodeSample("text: x\n" + test.source + "\nsection: {must: 1}\n")
			got := ""
			if len(problems) > 0 {
				got = strings.TrimPrefix(joinProblems(problems).Error(), "x.yaml:")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestDecodeManyBracketsSideBySide(t *testing.T) {
	got, problems := decodeSample("text: x\nsection: {must: 1}\nsaid: {}\nnames: [" + strings.Repeat("{}, ", 2*maxBrackets) + "]\n")
	if len(problems) != 2*maxBrackets || len(got.Names) != 2*maxBrackets {
		t.Errorf("got %d problems, the first %v", len(problems), problems[0])
	}
}

func TestDecodeMissing(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"no section", "text: x\n", "1:1: section.must: missing: want a whole number from 1 to 2"},
		{"empty section", "text: x\nsection: {}\n", "2:1: section.must: missing: want a whole number from 1 to 2"},
		{"key without value", "text: x\nsection:\n  must:\n", "3:3: section.must: missing: want a whole number from 1 to 2"},
		{"empty text", "text: ''\nsection: {must: 1}\n", "1:1: text: missing: want some text"},
		{"misspelt key, reported once", "text: x\nsection:\n  mist: 1\n", "3:3: section.mist: unknown key: did you mean must? want one of until or must"},
		{"section that is text, reported once", "text: x\nsection: y\n", `2:1: section: want a mapping of until or must, got "y"`},
		{"all", "{}", "1:1: text: missing: want some text\nx.yaml:1:1: section.must: missing: want a whole number from 1 to 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := decodeSample(test.source)
			got := ""
			if len(problems) > 0 {
				got = strings.TrimPrefix(joinProblems(problems).Error(), "x.yaml:")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestDecodeNotAnEnvironment(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"empty file", "", "1:1: empty: want the keys of an environment"},
		{"only comments", "# a\n# b\n", "1:1: empty: want the keys of an environment"},
		{"only a document mark", "---\n", "1:1: empty: want the keys of an environment"},
		{"text", "dev\n", `1:1: want the keys of an environment, got "dev"`},
		{"list", "\n- dev\n", `2:1: want the keys of an environment, got a list`},
		{"anchor", "&a {}\n", "1:1: want the value itself, got an anchor: environments use none of YAML's anchors, aliases, merge keys and tags"},
		{"directive", "%YAML 1.1\n---\na: 1\n", "1:1: want no %YAML or %TAG directive"},
		{"brackets without end", strings.Repeat("[", maxEnvironmentSize), "1:101: want at most 100 brackets within each other"},
		{"not UTF-8", "a: \xff\n", "1:1: not UTF-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, problems := parseEnvironment("x.yaml", []byte(test.source), time.Now())
			if got, want := fmt.Sprint(problems), "[x.yaml:"+test.want+"]"; got != want {
				t.Errorf("\ngot  %s\nwant %s", got, want)
			}
		})
	}
}

func TestManyProblemsTakeLinearTime(t *testing.T) {
	source := "maintenance: {allow: [" + strings.Repeat("5,", maxEnvironmentSize/2-20) + "]}"
	start := time.Now()
	_, _, problems := parseEnvironment("x.yaml", []byte(source), start)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("%d problems took %v", len(problems), took)
	}
}

func TestNearest(t *testing.T) {
	for misspelt, want := range map[string]string{
		"reader":     "readers",
		"READERS":    "readers",
		"raeders":    "readers",
		"nmae":       "name",
		"x":          "",
		"":           "",
		"completely": "",
	} {
		if got := term.Nearest(misspelt, []string{"name", "readers", "backupDays"}); got != want {
			t.Errorf("%q: got %q, want %q", misspelt, got, want)
		}
	}
}

// FuzzDecodeEnvironment checks that no file makes the reader panic or hang, and
// that every problem is one line with a place in the file.
func FuzzDecodeEnvironment(f *testing.F) {
	f.Add([]byte(valid))
	for _, source := range []string{
		"", "{}", "a: &a [*a]", "<<: *x", "? [a]: b", "!!map {a: 1}", "- - - a", "'", "\"\\x", "a: |2\n  b", "%TAG ! x\n---\n", "{{a: b}: c}",
		"network: {cidr: 10.0.0.0/33, availabilityZones: [~, {}]}", "maintenance: {message: {en: ~, '': x}, until: 1}", "a:\r\n\t- b", "\ufeff# x",
	} {
		f.Add([]byte(source))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		if len(source) > maxEnvironmentSize {
			return
		}
		lines := strings.Count(string(source), "\n") + strings.Count(string(source), "\r") + 1
		env, warnings, problems := parseEnvironment("x.yaml", source, time.Unix(1_800_000_000, 0))
		for _, problem := range append(warnings, problems...) {
			if problem.Line < 1 || problem.Line > lines || problem.Column < 1 || problem.Text == "" {
				t.Errorf("%+v in %d lines", problem, lines)
			}
			if strings.ContainsAny(problem.Error(), "\n\r\x1b") {
				t.Errorf("not a line: %q", problem.Error())
			}
		}
		if len(problems) == 0 && (env.StackName == "" || !env.Network.CIDR.IsValid()) {
			t.Errorf("accepted without what is required: %+v", env)
		}
	})
}
