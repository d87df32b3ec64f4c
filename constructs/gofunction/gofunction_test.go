package gofunction_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/gofunction"
)

// TestMain starts one jsii kernel for the package and closes it once.
func TestMain(m *testing.M) {
	os.Setenv("CDK_VALIDATION", "false") // make synth validates; here it costs seconds
	jsii.Close()                         // drop the client made at init, so Node starts with this environment
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

const responder = "github.com/noren-cdk/noren/lambda/responder"

// synth returns the resources of a stack with one function, by type.
func synth(t *testing.T, props gofunction.Props) (resources map[string]map[string]any, err error) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir())})
	stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
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
	resources, err := synth(t, gofunction.Props{
		Package: responder, Description: "Answers.", Environment: map[string]string{"A": "1"}, ReservedConcurrency: 5,
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

func TestWrongProps(t *testing.T) {
	tests := []struct {
		name  string
		props gofunction.Props
		want  string
	}{
		{"nothing given", gofunction.Props{}, "gofunction Stack/Fn: Package is required\nDescription is required"},
		{"no such package", gofunction.Props{Package: responder + "/none", Description: "x"}, "gofunction Stack/Fn: building " + responder + "/none for linux/arm64: "},
		{"too little memory", gofunction.Props{Package: responder, Description: "x", MemorySize: 64}, "MemorySize must be 128 to 10240 MiB, got 64"},
		{"a fraction of a second", gofunction.Props{Package: responder, Description: "x", Timeout: 1500 * time.Millisecond}, "Timeout must be whole seconds up to 15m, got 1.5s"},
		{"negative concurrency", gofunction.Props{Package: responder, Description: "x", ReservedConcurrency: -1}, "ReservedConcurrency must not be negative, got -1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := synth(t, test.props); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
