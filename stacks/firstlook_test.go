package stacks

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/maintenance"
)

// TestGoldens_FirstLook checks that the templates that cmd/firstlook shows on a
// fresh checkout are those of dev in every mode, apart from the hashes of assets.
// They include the construct paths, which the CDK CLI requests and by which the
// preview names what it shows.
func TestGoldens_FirstLook(t *testing.T) {
	want := map[string]map[string]any{}
	context := cdkContext()
	context["aws:cdk:enable-path-metadata"] = true
	for _, mode := range maintenance.Modes() {
		made, err := synthIn(context, loadEnvironment(t, "dev"), maintenancemode.Flags{Mode: &mode})
		if err != nil {
			t.Fatal(err)
		}
		text := hash.ReplaceAll(made.data, bytes.Repeat([]byte("0"), 64))
		var template map[string]any
		if err := json.Unmarshal(text, &template); err != nil {
			t.Fatal(err)
		}
		want[string(mode)] = template
	}
	name := remembered("cmd/firstlook/dev.json.gz")
	if *update {
		file, err := preview.Combine(want)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	got, err := preview.Separate(file)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(got, want) {
		t.Errorf("%s is not what is synthesized: run make golden if the change is meant", name)
	}
}
