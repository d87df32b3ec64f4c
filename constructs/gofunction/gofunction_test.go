package gofunction_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/testing/tempdir"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/noren-cdk/noren/constructs/gofunction"
	"github.com/noren-cdk/noren/internal/gobuild/image"
)

// TestMain starts one jsii kernel for the package and closes it once.
func TestMain(m *testing.M) {
	tempdir.Use()
	os.Setenv("CDK_VALIDATION", "false") // make synth validates; here it costs seconds
	jsii.Close()                         // drop the client made at init, so Node starts with this environment
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

const responder = "github.com/noren-cdk/noren/lambda/responder"

// synth returns the resources of a stack with one function, by type.
func synth(t *testing.T, assembly string, props gofunction.Props) (resources map[string]map[string]any, err error) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(assembly)})
	stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
	if props.Package == gofunction.Image {
		props.Repository = awsecr.Repository_FromRepositoryName(stack, jsii.String("Repository"), jsii.String("functions"))
	}
	gofunction.New(stack, "Fn", props)
	data, err := json.Marshal(app.Synth(nil).GetStackArtifact(stack.ArtifactId()).Template())
	if err != nil {
		return nil, err
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	if err := json.Unmarshal(data, &template); err != nil {
		return nil, err
	}
	resources = map[string]map[string]any{}
	for _, r := range template.Resources {
		resources[r.Type] = r.Properties
	}
	return resources, nil
}

func TestAFunctionHasWhatItNeedsAndNoMore(t *testing.T) {
	resources, err := synth(t, t.TempDir(), gofunction.Props{
		Program: responder, Description: "Answers.", Environment: map[string]string{"A": "1"}, ReservedConcurrency: 5,
	})
	if err != nil {
		t.Fatal(err)
	}
	function := resources["AWS::Lambda::Function"]
	for property, want := range map[string]any{
		"Runtime": "provided.al2023", "MemorySize": 128.0, "Timeout": 3.0, "ReservedConcurrentExecutions": 5.0,
		"Architectures": []any{"arm64"}, "Environment": map[string]any{"Variables": map[string]any{"A": "1"}}, "VpcConfig": nil,
	} {
		if got := function[property]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", property, got, want)
		}
	}
	if got := resources["AWS::Logs::LogGroup"]["RetentionInDays"]; got != 30.0 {
		t.Errorf("log kept %v days, want 30", got)
	}
	if got := resources["AWS::IAM::Role"]["ManagedPolicyArns"]; got != nil {
		t.Errorf("role has the managed policies %v", got)
	}
	policy, _ := json.Marshal(resources["AWS::IAM::Policy"]["PolicyDocument"])
	if !strings.Contains(string(policy), `"Action":["logs:CreateLogStream","logs:PutLogEvents"]`) || strings.Contains(string(policy), `"Resource":"*"`) {
		t.Errorf("policy %s, want to write its own log alone", policy)
	}
}

// TestGoFunction_AsAnImage checks that the function refers to the image in the
// assembly.
func TestGoFunction_AsAnImage(t *testing.T) {
	assembly := t.TempDir()
	resources, err := synth(t, assembly, gofunction.Props{
		Program: responder, Package: gofunction.Image, Files: map[string][]byte{"page.html": []byte("page")}, Description: "Answers.",
	})
	if err != nil {
		t.Fatal(err)
	}
	images, err := filepath.Glob(filepath.Join(assembly, "responder-*.image.tar"))
	if err != nil || len(images) != 1 {
		t.Fatalf("images %q (%v)", images, err)
	}
	function := resources["AWS::Lambda::Function"]
	code, _ := json.Marshal(function["Code"])
	if tag := strings.TrimSuffix(filepath.Base(images[0]), ".image.tar"); !strings.Contains(string(code), "/functions:"+tag+`"`) {
		t.Errorf("code %s, want the image %s", code, tag)
	}
	if function["PackageType"] != "Image" || function["Runtime"] != nil || function["Handler"] != nil || !reflect.DeepEqual(function["Architectures"], []any{"arm64"}) {
		t.Errorf("function %v", function)
	}
	file, err := tarball.ImageFromPath(images[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := image.Unpack(file, root); err != nil {
		t.Fatal(err)
	}
	if page, err := os.ReadFile(filepath.Join(root, "var/task/page.html")); err != nil || string(page) != "page" {
		t.Errorf("the image holds %q (%v)", page, err)
	}
}

func TestWrongProps(t *testing.T) {
	tests := []struct {
		name  string
		props gofunction.Props
		want  string
	}{
		{"nothing given", gofunction.Props{}, "gofunction Stack/Fn: Program is required\nDescription is required"},
		{"no such package", gofunction.Props{Program: responder + "/none", Description: "x"}, "gofunction Stack/Fn: building " + responder + "/none for linux/arm64: "},
		{"too little memory", gofunction.Props{Program: responder, Description: "x", MemorySize: 64}, "MemorySize must be 128 to 10240 MiB, got 64"},
		{"a fraction of a second", gofunction.Props{Program: responder, Description: "x", Timeout: 1500 * time.Millisecond}, "Timeout must be whole seconds up to 15m, got 1.5s"},
		{"an unknown package", gofunction.Props{Program: responder, Package: "Layer", Description: "x"}, `unknown Package "Layer": want Zip or Image`},
		{"negative concurrency", gofunction.Props{Program: responder, Description: "x", ReservedConcurrency: -1}, "ReservedConcurrency must not be negative, got -1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := synth(t, t.TempDir(), test.props); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
