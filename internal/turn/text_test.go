package turn

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestText_PutKeepsEverythingElse replaces a value of generated templates in
// every layout, and checks that everything before and after it stays byte for
// byte, and that the whole has the layout of a text written with the new value.
func TestText_PutKeepsEverythingElse(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) json.RawMessage {
		return rapid.SampledFrom([]json.RawMessage{
			json.RawMessage(`"<b>&\u2028"`), json.RawMessage(`1.0e400`), json.RawMessage(`[]`), json.RawMessage(`{}`),
			json.RawMessage(`{"b":1,"a":{"Ref":"X"}}`), json.RawMessage(`[{"Type":"forward"},"x:\"y"]`), json.RawMessage(`null`),
		}).Draw(t, "value")
	})
	rapid.Check(t, func(t *rapid.T) {
		depth := rapid.IntRange(1, 5).Draw(t, "depth")
		old, replacement := value.Draw(t, "old"), value.Draw(t, "new")
		indent := rapid.SampledFrom([]string{"", " ", "  ", "\t"}).Draw(t, "indent")
		var path []string
		write := func(v json.RawMessage) []byte {
			path = nil
			for i := range depth {
				key := string(rune('a' + i))
				path = append([]string{key}, path...)
				v = json.RawMessage(`{"before":[1,{"` + key + `":":"}],"` + key + `":` + string(v) + `,"z":{}}`)
			}
			if indent == "" {
				return v
			}
			out, err := indented(v, indent)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		source, want := write(old), write(replacement)
		text, err := newText(source)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := text.at(path...); err != nil || !same(got, old) {
			t.Fatalf("at %q: got %s, %v, want %s", path, got, err, old)
		}
		got, err := text.put(replacement, path...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got.source)); diff != "" {
			t.Error(diff)
		}
	})
}

// indented formats a value as a synthesis does.
func indented(v json.RawMessage, indent string) ([]byte, error) {
	var b bytes.Buffer
	err := json.Indent(&b, v, "", indent)
	return b.Bytes(), err
}

func TestText_Absent(t *testing.T) {
	text, err := newText([]byte(`{"Resources":{"A":{"Type":"T"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range [][]string{{"Outputs"}, {"Resources", "B"}, {"Resources", "A", "Type", "x"}, {"Type"}} {
		if got, err := text.at(path...); !errors.Is(err, errAbsent) {
			t.Errorf("%q: got %s, %v", path, got, err)
		}
		if _, err := text.put(json.RawMessage(`1`), path...); !errors.Is(err, errAbsent) {
			t.Errorf("put %q: %v", path, err)
		}
	}
}

func TestNewText_NoTemplate(t *testing.T) {
	for _, source := range []string{"", "Resources: [", "a", "[]", `{"a":`, `{} {}`} {
		if _, err := newText([]byte(source)); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v", source, err)
		}
	}
}
