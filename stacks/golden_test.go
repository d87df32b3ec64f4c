package stacks

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/maintenance"
)

var update = flag.Bool("update", false, "write the goldens anew")

// hash matches what stands for the content of an asset.
var hash = regexp.MustCompile(`[0-9a-f]{64}`)

func TestGoldens(t *testing.T) {
	for file, mode := range map[string]maintenance.Mode{
		"dev.open.json":        maintenance.Open,
		"dev.closed.json": maintenance.Closed,
	} {
		t.Run(file, func(t *testing.T) {
			var out bytes.Buffer
			encoder := json.NewEncoder(&out)
			encoder.SetEscapeHTML(false)
			encoder.SetIndent("", "  ")
			if err := encoder.Encode(synthesized(t, "dev", mode).template); err != nil {
				t.Fatal(err)
			}
			got := hash.ReplaceAll(out.Bytes(), []byte("ASSET"))
			golden := "stacks/testdata/" + file
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(remembered(golden))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("not as in %s; read the difference and run make golden if it is meant (-golden +now):\n%s", golden, diff)
			}
		})
	}
}
