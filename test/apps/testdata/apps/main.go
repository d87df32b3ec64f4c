// Command apps synthesizes CDK apps that import the construct, each as an
// assembly for each mode and one without the construct: apps OUT NAME...
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
)

var (
	s = jsii.String
	n = func(f float64) *float64 { return jsii.Number(f) }
)

// cases are the apps by name.
var cases = map[string]func(in lab){}

// lab is where an app is defined.
type lab struct {
	app     awscdk.App
	without bool // the construct
}

// turn defines the construct, with read-only prepared, in the mode that was set,
// with flags under a name if one is given.
func (in lab) turn(scope constructs.Construct, id string, props maintenancemode.Props, name ...string) maintenancemode.MaintenanceMode {
	if in.without {
		return maintenancemode.MaintenanceMode{}
	}
	flags, err := maintenancemode.ReadFlags(in.app, name...)
	if err != nil {
		panic(err)
	}
	props.ReadOnly = true
	return maintenancemode.New(scope, id, flags.Apply(props))
}

func main() {
	maintenancemode.Compile()
	if os.Args[1] == "run" { // like an importer's own program
		os.Exit(maintenancemode.Run(func(app awscdk.App) error {
			cases[os.Args[2]](lab{app: app})
			return nil
		}))
	}
	defer jsii.Close()
	for _, name := range os.Args[2:] {
		if cases[name] == nil {
			fmt.Fprintf(os.Stderr, "no app %q\n", name)
			os.Exit(2)
		}
		for _, mode := range []string{"without", "false", "read-only", "true"} {
			out := filepath.Join(os.Args[1], name, mode)
			if err := synth(name, mode, out); err != nil {
				if err := os.WriteFile(out+".err", []byte(err.Error()), 0o644); err != nil {
					panic(err)
				}
			}
		}
	}
}

// synth synthesizes an app into a folder. The error is what CDK or the construct
// reports.
func synth(name, mode, out string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	context := map[string]any{"aws:cdk:enable-path-metadata": true} // as the CDK CLI sets it
	if mode != "without" {
		context["maintenance"] = mode
		context["shop-maintenance"] = mode
	}
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &out, Context: &context, AnalyticsReporting: jsii.Bool(false)})
	cases[name](lab{app: app, without: mode == "without"})
	app.Synth(nil)
	return nil
}

func newStack(app constructs.Construct, id string) awscdk.Stack {
	return awscdk.NewStack(app, &id, nil)
}

func newVpc(scope constructs.Construct) awsec2.Vpc {
	return awsec2.NewVpc(scope, s("Vpc"), &awsec2.VpcProps{MaxAzs: n(2), NatGateways: n(0)})
}

func newALB(scope constructs.Construct, id string, vpc awsec2.IVpc) elbv2.ApplicationLoadBalancer {
	return elbv2.NewApplicationLoadBalancer(scope, &id, &elbv2.ApplicationLoadBalancerProps{Vpc: vpc, InternetFacing: jsii.Bool(true)})
}

func newTG(scope constructs.Construct, id string, vpc awsec2.IVpc) elbv2.ApplicationTargetGroup {
	return elbv2.NewApplicationTargetGroup(scope, &id, &elbv2.ApplicationTargetGroupProps{
		Vpc: vpc, Port: n(8080), Protocol: elbv2.ApplicationProtocol_HTTP, TargetType: elbv2.TargetType_IP,
		HealthCheck: &elbv2.HealthCheck{Path: s("/healthz")},
	})
}

func forward(tg ...elbv2.IApplicationTargetGroup) elbv2.ListenerAction {
	return elbv2.ListenerAction_Forward(&tg, nil)
}

func newService(scope constructs.Construct, id string, vpc awsec2.IVpc) awsecs.FargateService {
	cluster := awsecs.NewCluster(scope, s(id+"Cluster"), &awsecs.ClusterProps{Vpc: vpc})
	task := awsecs.NewFargateTaskDefinition(scope, s(id+"Task"), nil)
	task.AddContainer(s("web"), &awsecs.ContainerDefinitionOptions{
		Image:        awsecs.ContainerImage_FromRegistry(s("nginx"), nil),
		PortMappings: &[]*awsecs.PortMapping{{ContainerPort: n(8080)}},
	})
	return awsecs.NewFargateService(scope, &id, &awsecs.FargateServiceProps{Cluster: cluster, TaskDefinition: task, AssignPublicIp: jsii.Bool(true)})
}
