package preview

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCombineAndSeparate(t *testing.T) {
	template := func(action string) map[string]any {
		return map[string]any{
			"Description": "a shop", "Parameters": map[string]any{},
			"Resources": map[string]any{
				"Listener": map[string]any{"Type": "Listener", "Properties": map[string]any{"Action": action}},
				"Vpc":      map[string]any{"Type": "Vpc", "Properties": map[string]any{"Cidr": "10.0.0.0/16"}},
			},
			"Outputs": map[string]any{"Mode": map[string]any{"Value": action}},
		}
	}
	want := map[string]map[string]any{"open": template("app"), "read-only": template("app"), "closed": template("responder")}
	for _, all := range want {
		delete(all, "Parameters") // a section without entries does not count
	}
	file, err := Combine(want)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Combine(want)
	if err != nil || !bytes.Equal(file, again) {
		t.Errorf("the same templates give another file (%v)", err)
	}
	got, err := Separate(file)
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v: %s", err, cmp.Diff(want, got))
	}
	if _, err := Separate([]byte("{}")); err == nil {
		t.Error("what is not combined is read")
	}
}

// TestExampleLater checks that, with the example started later, the rest is
// served at once, and that the application is handed over once it runs, and
// outlives the preview.
func TestExampleLater(t *testing.T) {
	p := run(t, Config{Templates: templates(t, ""), Example: t.TempDir(), ExampleLater: true}) // this does not compile
	if got := fetch(t, p.API+"/"); got[:3] != "503" {
		t.Errorf("without an application: got %s, want 503", got)
	}
	if address, end := p.TakeApplication(t.Context()); address != "" {
		end()
		t.Errorf("an application that does not compile runs at %s", address)
	}
}
