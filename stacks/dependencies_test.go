package stacks

import (
	"os/exec"
	"strings"
	"testing"
)

// TestOnlyStacksAndConstructsKnowCDK keeps the command line, the engine and the
// Lambda functions small and free of Node.
func TestOnlyStacksAndConstructsKnowCDK(t *testing.T) {
	const module = "github.com/noren-cdk/noren"
	out, err := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}} {{range .Imports}}{{.}} {{end}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for line := range strings.Lines(string(out)) {
		pkg, imports, _ := strings.Cut(line, " ")
		if pkg != module && !strings.HasPrefix(pkg, module+"/") {
			continue
		}
		cdk := strings.Contains(imports, "github.com/aws/aws-cdk-go/") || strings.Contains(imports, "github.com/aws/jsii-runtime-go")
		may := pkg == module || pkg == module+"/stacks" || strings.HasPrefix(pkg, module+"/constructs/")
		if cdk && !may {
			t.Errorf("%s imports CDK", pkg)
		}
		if cdk {
			known++
		}
		for _, imported := range strings.Fields(imports) {
			if strings.HasPrefix(imported, module+"/cmd") || strings.HasPrefix(imported, module+"/examples") {
				t.Errorf("%s imports %s", pkg, imported)
			}
			if !may && (imported == module+"/stacks" || strings.HasPrefix(imported, module+"/constructs")) {
				t.Errorf("%s imports %s, and CDK with it", pkg, imported)
			}
		}
	}
	if known < 4 {
		t.Errorf("found %d packages that import CDK, there are more: is this test looking at the module?", known)
	}
}
