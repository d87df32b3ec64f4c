package maintenancemode_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// importer is another team's CDK app.
const importer = `package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	flags, err := maintenancemode.ReadFlags(app)
	if err != nil {
		panic(err)
	}
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{MaxAzs: jsii.Number(2)})
	alb := elbv2.NewApplicationLoadBalancer(stack, jsii.String("Alb"), &elbv2.ApplicationLoadBalancerProps{Vpc: vpc})
	shop := elbv2.NewApplicationTargetGroup(stack, jsii.String("ShopGroup"), &elbv2.ApplicationTargetGroupProps{
		Vpc: vpc, Port: jsii.Number(80), TargetType: elbv2.TargetType_IP,
	})
	listener := alb.AddListener(jsii.String("Http"), &elbv2.BaseApplicationListenerProps{
		Port: jsii.Number(80), DefaultAction: elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{shop}, nil),
	})
	maintenancemode.New(stack, "Maintenance", flags.Apply(maintenancemode.Props{
		Listener: listener, AppTargetGroup: shop, Allow: []string{"GET /cart/{id}"},
	}))
	app.Synth(nil)
}
`

// TestAnotherModuleCanUseTheConstruct makes a module outside the tree that
// replaces this one, tidies it (which drops what only a Lambda's main package
// needs), and synthesizes its app in two modes.
func TestAnotherModuleCanUseTheConstruct(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	pins, err := exec.Command("go", "list", "-m", "-f", "{{.Path}} {{.Version}}",
		"github.com/aws/aws-cdk-go/awscdk/v2", "github.com/aws/constructs-go/constructs/v10", "github.com/aws/jsii-runtime-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	goMod := "module example.com/shop\n\ngo 1.26.0\n\nrequire (\n\tgithub.com/noren-cdk/noren v0.0.0\n\t" +
		strings.ReplaceAll(strings.TrimSpace(string(pins)), "\n", "\n\t") + "\n)\n\nreplace github.com/noren-cdk/noren => " + root + "\n"
	for name, content := range map[string]string{"go.mod": goMod, "main.go": importer} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(env []string, name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	run(nil, "go", "mod", "tidy")
	run(nil, "go", "build", "-o", "shop", ".")

	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", strings.TrimSpace(string(goCache))) // it would move too
	t.Setenv("XDG_CACHE_HOME", t.TempDir())                 // so that the functions are built from here
	targets := map[string]string{}
	for _, mode := range []string{"false", "true"} {
		run([]string{"CDK_OUTDIR=" + mode, `CDK_CONTEXT_JSON={"maintenance":"` + mode + `"}`}, filepath.Join(dir, "shop"))
		data, err := os.ReadFile(filepath.Join(dir, mode, "Shop.template.json"))
		if err != nil {
			t.Fatal(err)
		}
		var synthesized template
		if err := json.Unmarshal(data, &synthesized); err != nil {
			t.Fatal(err)
		}
		for _, r := range synthesized.Resources {
			if r.Type == "AWS::ElasticLoadBalancingV2::Listener" {
				actions, _ := json.Marshal(r.Properties["DefaultActions"])
				targets[mode] = string(actions)
			}
		}
	}
	if !strings.Contains(targets["false"], "ShopGroup") || !strings.Contains(targets["true"], "MaintenanceTargetGroup") {
		t.Errorf("default actions: %v", targets)
	}
}
