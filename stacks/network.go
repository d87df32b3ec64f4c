package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/environment"
)

// newVpc defines the network: in each zone a public subnet for the load balancer
// and NAT, a private one for the service, and an isolated one for the database.
// Rejected and accepted connections are logged.
func newVpc(scope constructs.Construct, env environment.Environment) awsec2.Vpc {
	subnet := func(name string, kind awsec2.SubnetType) *awsec2.SubnetConfiguration {
		return &awsec2.SubnetConfiguration{Name: &name, SubnetType: kind}
	}
	return awsec2.NewVpc(scope, jsii.String("Vpc"), &awsec2.VpcProps{
		IpAddresses:       awsec2.IpAddresses_Cidr(jsii.String(env.Network.CIDR.String())),
		AvailabilityZones: zones(env),
		NatGateways:       jsii.Number(env.Network.NATGateways),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
			subnet("Public", awsec2.SubnetType_PUBLIC),
			subnet("Private", awsec2.SubnetType_PRIVATE_WITH_EGRESS),
			subnet("Isolated", awsec2.SubnetType_PRIVATE_ISOLATED),
		},
		FlowLogs: &map[string]*awsec2.FlowLogOptions{
			"FlowLogs": {Destination: awsec2.FlowLogDestination_ToCloudWatchLogs(newLogGroup(scope, "VpcFlowLogs", env), nil)},
		},
	})
}

// zones returns the configured zones or the first two of the region. The latter
// are references that CloudFormation resolves: a lookup at synthesis would need
// credentials and leave a file behind.
func zones(env environment.Environment) *[]*string {
	if len(env.Network.AvailabilityZones) > 0 {
		return jsii.Strings(env.Network.AvailabilityZones...)
	}
	all := awscdk.Fn_GetAzs(nil)
	return &[]*string{awscdk.Fn_Select(jsii.Number(0), all), awscdk.Fn_Select(jsii.Number(1), all)}
}

// knowZones answers CDK's question for the zones of a concrete account, which CDK
// asks whatever the VPC is given, and compares with it.
func knowZones(stack awscdk.Stack, env environment.Environment) {
	known := []any{env.Region + "a", env.Region + "b"}
	if configured := env.Network.AvailabilityZones; len(configured) > 0 {
		known = nil
		for _, zone := range configured {
			known = append(known, zone)
		}
	}
	stack.Node().SetContext(jsii.String("availability-zones:account="+env.Account+":region="+env.Region), known)
}
