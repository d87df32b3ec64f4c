package announcement

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/noren-cdk/noren/maintenance"
)

const docs = "../../../docs/"

// TestSchema checks every kind of document, and some that are invalid, against
// the schema in docs.
func TestSchema(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(docs + "maintenance.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(value)
	}
	night := maintenance.Announcement{From: noon, Until: noon.Add(time.Hour), Message: map[string]string{"en": "Soon."}}
	before := New().Announced(night, "")
	during := before.Turned(maintenance.ReadOnly, noon, noon.Add(time.Hour))
	after := during.Turned(maintenance.Open, noon.Add(time.Minute), time.Time{})
	seen := []Status{}
	for _, d := range []Document{New(), before, during, after, New().Announced(maintenance.Announcement{From: noon}, "n"), after.Announced(maintenance.Announcement{}, "")} {
		d.UpdatedAt = noon
		text, err := Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(string(text)); err != nil {
			t.Errorf("%s%v", text, err)
		}
		seen = append(seen, d.Status)
	}
	if slices.Sort(seen); !slices.Equal(slices.Compact(seen), []Status{Completed, InProgress, None, Scheduled}) {
		t.Errorf("only %v was held against the schema", seen)
	}
	for _, text := range []string{
		`{}`, `[]`, `{"version":2,"status":"none","mode":"open","updatedAt":"2026-11-27T12:00:00Z","pollAfter":60}`,
		`{"version":1,"status":"over","mode":"open","updatedAt":"2026-11-27T12:00:00Z","pollAfter":60}`,
		`{"version":1,"status":"none","mode":"maintenance","updatedAt":"2026-11-27T12:00:00Z","pollAfter":60}`,
		`{"version":1,"status":"none","mode":"open","updatedAt":"noon","pollAfter":60}`,
		`{"version":1,"status":"scheduled","mode":"open","message":{"en":"a"},"updatedAt":"2026-11-27T12:00:00Z","pollAfter":60}`,
	} {
		if valid(text) == nil {
			t.Errorf("the schema takes %s", text)
		}
	}
	page, err := os.ReadFile(docs + "announcement.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(page)
	if example == nil || valid(string(example[1])) != nil {
		t.Errorf("the example of announcement.md is not a document: %s", example)
	}
}

// TestSchema_HasEveryField checks that the schema describes exactly the fields of
// the document.
func TestSchema_HasEveryField(t *testing.T) {
	text, err := os.ReadFile(docs + "maintenance.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties map[string]struct{ Description string }
	}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&schema); err != nil {
		t.Fatal(err)
	}
	document := reflect.TypeFor[Document]()
	for i := range document.NumField() {
		name, _, _ := strings.Cut(document.Field(i).Tag.Get("json"), ",")
		if schema.Properties[name].Description == "" {
			t.Errorf("the schema does not describe %s", name)
		}
		delete(schema.Properties, name)
	}
	for name := range schema.Properties {
		t.Errorf("no document has %s", name)
	}
}
