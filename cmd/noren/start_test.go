package main

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// unlinked are the packages that the command does without, and why. What a
// package prepares before main runs, every verb pays for, and noren --version
// must not take more than 3 times as long as an empty program. GODEBUG=inittrace=1
// shows what a package does there, BenchmarkStart what it costs.
var unlinked = map[string]string{
	"github.com/aws/aws-cdk-go":             "CDK needs Node",
	"github.com/aws/jsii-runtime-go":        "CDK needs Node",
	"github.com/aws/constructs-go":          "CDK needs Node",
	"github.com/noren-cdk/noren/constructs": "CDK needs Node",
	"github.com/noren-cdk/noren/stacks":     "CDK needs Node",

	// Each in times of an empty program.
	"github.com/aws/aws-sdk-go-v2/config":                 "1: it links the clients of sts, sso, ssooidc and signin; take internal/awsclient",
	"github.com/aws/aws-sdk-go-v2/service/sts":            "part of config's; internal/awsclient assumes a role by itself",
	"github.com/aws/aws-sdk-go-v2/service/sso":            "part of config's; internal/awsclient has the AWS CLI do it",
	"github.com/aws/aws-sdk-go-v2/service/ssooidc":        "part of config's; internal/awsclient has the AWS CLI do it",
	"github.com/aws/aws-sdk-go-v2/service/signin":         "part of config's; internal/awsclient has the AWS CLI do it",
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager": "0.4: its schemas; take awsclient.Call",
	"github.com/aws/aws-sdk-go-v2/service/ssm":            "2.7: its schemas; take awsclient.Call",
	"github.com/dop251/goja":                              "1: a JavaScript engine; put it into a program of its own, which the verb starts",
}

// TestDependencies: the command starts at once and needs no Node.
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
	if !slices.Contains(linked, "github.com/noren-cdk/noren/internal/awsclient") {
		t.Error("go list does not name internal/awsclient, so what it leaves out says nothing")
	}
}

// BenchmarkStart is noren --version beside an empty program: the metric
// "x-empty" says how many times longer it takes, 3 at most, in a binary without
// C, as the image of a schema change and the README have it. "x-empty-plain" is
// that of a plain go build, which links the C library where there is a C
// compiler: about once the empty program more, for the dynamic linker.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	empty := filepath.Join(dir, "empty.go")
	if err := os.WriteFile(empty, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	build := func(name, source string, env ...string) string {
		binary := filepath.Join(dir, name)
		command := osexec.Command("go", "build", "-o", binary, source)
		command.Env = append(os.Environ(), env...)
		if out, err := command.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		return binary
	}
	binaries := []string{build("empty", empty), build("noren", ".", "CGO_ENABLED=0"), build("noren-plain", ".")}
	best := []time.Duration{time.Hour, time.Hour, time.Hour}
	for b.Loop() {
		for i, binary := range binaries {
			start := time.Now()
			if err := osexec.Command(binary, "--version").Run(); err != nil {
				b.Fatal(err)
			}
			best[i] = min(best[i], time.Since(start))
		}
	}
	b.ReportMetric(float64(best[1])/float64(best[0]), "x-empty")
	b.ReportMetric(float64(best[2])/float64(best[0]), "x-empty-plain")
	b.ReportMetric(float64(best[1].Microseconds())/1000, "noren-ms")
	b.ReportMetric(float64(best[0].Microseconds())/1000, "empty-ms")
}
