package responder

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const contract = "../../../docs/client-contract.md"

// TestContractShowsRealAnswers compares the examples in the client contract with
// the golden answers.
func TestContractShowsRealAnswers(t *testing.T) {
	document, err := os.ReadFile(contract)
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)<!-- answer: ([a-z-]+) -->\n```http\n(.*?)```\n")
	found := example.FindAllSubmatch(document, -1)
	if len(found) < 6 {
		t.Fatalf("%d examples in %s, want at least 6", len(found), contract)
	}
	for _, match := range found {
		name := string(match[1])
		golden, err := os.ReadFile(filepath.Join("testdata", "answers", name+".http"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(golden), string(match[2])); diff != "" && !*update {
			t.Errorf("%s shows another answer than %s (-golden +shown):\n%s", contract, name, diff)
		}
	}
	if *update {
		updated := example.ReplaceAllFunc(document, func(shown []byte) []byte {
			name := string(example.FindSubmatch(shown)[1])
			golden, _ := os.ReadFile(filepath.Join("testdata", "answers", name+".http"))
			return []byte("<!-- answer: " + name + " -->\n```http\n" + string(golden) + "```\n")
		})
		if err := os.WriteFile(contract, updated, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
