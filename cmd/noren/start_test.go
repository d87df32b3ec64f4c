package main

import (
	osexec "os/exec"
	"slices"
	"strings"
	"testing"
)

// unlinked are the packages that the command does without, and why.
var unlinked = map[string]string{
	"github.com/aws/aws-cdk-go":             "CDK needs Node",
	"github.com/aws/jsii-runtime-go":        "CDK needs Node",
	"github.com/aws/constructs-go":          "CDK needs Node",
	"github.com/noren-cdk/noren/constructs": "CDK needs Node",
	"github.com/noren-cdk/noren/stacks":     "CDK needs Node",
}

// TestDependencies: the command needs no Node.
func TestDependencies(t *testing.T) {
	out, err := osexec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := strings.Fields(string(out))
	for _, name := range linked {
		for foreign, why := range unlinked {
			if name == foreign || strings.HasPrefix(name, foreign+"/") {
				t.Errorf("cmd/noren links %s: %s", name, why)
			}
		}
	}
	if !slices.Contains(linked, "github.com/noren-cdk/noren/internal/alb") {
		t.Error("go list does not name internal/alb, so what it leaves out says nothing")
	}
}
