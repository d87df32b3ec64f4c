//go:build judges

package lint

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the goldens")

// hash matches the hash of an asset's content.
var hash = regexp.MustCompile(`[0-9a-f]{64}`)

// typed matches the time at which a flag was set, which differs between syntheses
// of the same mode.
var typed = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// TestTheDiffOfTheFlip checks what cdk diff shows of closing. It compares the
// templates, since a change set would hide the change of the listener.
func TestTheDiffOfTheFlip(t *testing.T) {
	for _, environment := range []string{"dev", "prod"} {
		t.Run(environment, func(t *testing.T) {
			cmd := exec.Command("node_modules/.bin/cdk", "diff", "--method=template",
				"--template", templateOf(t, environment, "open"), "--app", "cdk.out/"+environment+"/closed")
			cmd.Env = append(os.Environ(), "NO_COLOR=1", "CI=1", "CDK_DISABLE_CLI_TELEMETRY=1", "AWS_EC2_METADATA_DISABLED=true")
			got := hash.ReplaceAll(output(t, cmd, 0), []byte("ASSET"))
			got = typed.ReplaceAll(got, []byte("WHEN IT WAS TYPED"))
			golden := "test/lint/testdata/diff." + environment + ".txt"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("not as in %s; read the difference and run make golden if it is meant (-golden +now):\n%s", golden, diff)
			}
		})
	}
}
