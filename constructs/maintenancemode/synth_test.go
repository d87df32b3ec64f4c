package maintenancemode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/testing/tempdir"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// TestMain starts one jsii kernel for the package and closes it once.
func TestMain(m *testing.M) {
	tempdir.Use()
	os.Setenv("CDK_VALIDATION", "false") // make synth validates; here it costs seconds
	dir, err := os.MkdirTemp("", "maintenancemode")
	if err != nil {
		panic(err)
	}
	outdir = dir
	jsii.Close() // drop the client made at init, so Node starts with this environment
	code := m.Run()
	jsii.Close()
	os.RemoveAll(outdir)
	os.Exit(code)
}

// outdir is the folder of the assemblies, one after the other.
var outdir string

// product is an app: a load balancer whose listener forwards to one
// target group.
type product struct {
	stack    awscdk.Stack
	alb      elbv2.ApplicationLoadBalancer
	listener elbv2.ApplicationListener
	app      elbv2.ApplicationTargetGroup
	vpc      awsec2.IVpc
}

// new defines the construct with the product's listener and target group.
func (p product) new(props maintenancemode.Props) maintenancemode.MaintenanceMode {
	props.Listener, props.AppTargetGroup = p.listener, p.app
	return maintenancemode.New(p.stack, "Maintenance", props)
}

func (p product) targetGroup(id string) elbv2.ApplicationTargetGroup {
	return elbv2.NewApplicationTargetGroup(p.stack, &id, &elbv2.ApplicationTargetGroupProps{
		Vpc: p.vpc, Port: jsii.Number(8080), Protocol: elbv2.ApplicationProtocol_HTTP, TargetType: elbv2.TargetType_IP,
		HealthCheck: &elbv2.HealthCheck{Path: jsii.String("/api/health")},
	})
}

// template is a synthesized template as data.
type template struct {
	Resources map[string]resource
	report    string // what CDK's validation of the template reports
}

type resource struct {
	Type       string
	Properties map[string]any
	DependsOn  any
}

var bypassSecret = regexp.MustCompile("MaintenanceBypassSecret[0-9A-F]+")

// secrets returns the bypass secrets that the resource refers to.
func (r resource) secrets() []string {
	data, err := json.Marshal(r.Properties)
	if err != nil {
		return nil
	}
	return bypassSecret.FindAllString(string(data), -1)
}

// synth synthesizes an app in which define has defined something on a product. It
// returns the errors of CDK and of the construct.
func synth(define func(product)) (t template, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	// The functions' programs need not be copied: no test reads them.
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &outdir, Context: &map[string]any{"aws:cdk:disable-asset-staging": true}})
	defer func() {
		report, _ := os.ReadFile(filepath.Join(*app.Outdir(), "validation-report.json")) // absent if there is nothing to report
		t.report = string(report)
		os.RemoveAll(*app.Outdir())
	}()
	stack := awscdk.NewStack(app, jsii.String("Product"), nil)
	p := product{stack: stack}
	p.vpc = awsec2.Vpc_FromVpcAttributes(stack, jsii.String("Vpc"), &awsec2.VpcAttributes{
		VpcId:             jsii.String("vpc-1"),
		AvailabilityZones: jsii.Strings("us-east-1a", "us-east-1b"),
		PublicSubnetIds:   jsii.Strings("subnet-1", "subnet-2"),
	})
	p.alb = elbv2.NewApplicationLoadBalancer(stack, jsii.String("Alb"), &elbv2.ApplicationLoadBalancerProps{Vpc: p.vpc})
	p.app = p.targetGroup("App")
	p.listener = p.alb.AddListener(jsii.String("Listener"), &elbv2.BaseApplicationListenerProps{
		Port: jsii.Number(80), DefaultAction: elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{p.app}, nil),
	})
	define(p)
	data, err := json.Marshal(app.Synth(nil).GetStackArtifact(stack.ArtifactId()).Template())
	if err != nil {
		return template{}, err
	}
	return t, json.Unmarshal(data, &t)
}

func mustSynth(t *testing.T, define func(product)) template {
	t.Helper()
	out, err := synth(define)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// route returns where the template's only listener sends a request: app, for the
// product's own target group, responder, or the status that the load balancer
// answers.
func (t template) route(tb testing.TB, request alb.Request) string {
	tb.Helper()
	return t.routeOn(tb, t.listener(tb), request)
}

// request returns a request such as "GET /", for the host that the tests use.
func request(text string) alb.Request {
	method, target, _ := strings.Cut(text, " ")
	return alb.Request{Method: method, Target: target, Host: "app.example.com"}
}

// routeOn is like route, for one of several listeners.
func (t template) routeOn(tb testing.TB, listener *alb.Listener, request alb.Request) string {
	tb.Helper()
	decision := listener.Route(&request)
	if decision.Status != 0 {
		return fmt.Sprint(decision.Status)
	}
	targets := decision.Targets()
	if len(targets) != 1 {
		tb.Fatalf("%s %s goes to %d targets", request.Method, request.Target, len(targets))
	}
	id := targets[0].Group.LogicalID
	switch group := t.Resources[id]; {
	case group.Properties["TargetType"] == "lambda" && strings.HasPrefix(id, "MaintenanceUnlock"):
		return "unlock"
	case group.Properties["TargetType"] == "lambda":
		return "responder"
	case group.Properties["HealthCheckPath"] == "/api/health" && strings.HasPrefix(id, "App"):
		return "app"
	}
	return id
}

// secret is the value that the tests give the bypass secret.
const secret = "k3Yk3Yk3Yk3Yk3Yk3Yk3Yk3Yk3Yk3Y42"

// listener returns the only listener.
func (t template) listener(tb testing.TB) *alb.Listener {
	tb.Helper()
	listeners := t.listeners(tb)
	if len(listeners) != 1 {
		tb.Fatalf("%d listeners, want 1", len(listeners))
	}
	return listeners[0]
}

func (t template) listeners(tb testing.TB) []*alb.Listener {
	tb.Helper()
	data, err := json.Marshal(t)
	if err != nil {
		tb.Fatal(err)
	}
	read, err := alb.Read(bytes.NewReader(data), cfn.Options{Reveal: func(string) (string, bool) { return secret, true }})
	if err != nil {
		tb.Fatal(err)
	}
	return read.Listeners
}
