// Package schemachange is the one-off Fargate task that changes the database's
// schema with noren ddl while the application keeps reading.
package schemachange

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Props configures a SchemaChange.
type Props struct {
	// Vpc has private subnets, in which the task runs. Required.
	Vpc awsec2.IVpc

	// Cluster is where the task runs. Required.
	Cluster awsecs.ICluster

	// Database is what it changes. Required. It needs IAM authentication, and
	// User has to exist.
	Database awsrds.DatabaseCluster

	// DatabaseName is the schema that is changed. Required.
	DatabaseName string

	// User logs in with an IAM token. Default: schemachange.
	User string

	// Changes is the folder of .sql files and their rehearsals, which the image
	// holds as /changes. Required, but with Image.
	Changes string

	// Image holds noren as its entry point, the changes, and at
	// /etc/ssl/certs/rds-global-bundle.pem Amazon's certificates for RDS, for
	// ARM64. Default: built on deploy, which needs a Docker engine.
	Image awsecs.ContainerImage

	// LogRetention is how long the log is kept. Default: one month.
	LogRetention awslogs.RetentionDays
}

// SchemaChange is a task definition and what is needed to run it.
type SchemaChange struct {
	// Task runs noren ddl. Its command is given when it is run.
	Task awsecs.FargateTaskDefinition

	// SecurityGroup is the task's; the database admits it.
	SecurityGroup awsec2.SecurityGroup

	// LogGroup receives what noren says.
	LogGroup awslogs.LogGroup

	// RunCommand is the AWS CLI command that runs a change, CHANGE to be replaced
	// by the name of a file without .sql. It holds tokens: make it an output.
	RunCommand string
}

// New defines a SchemaChange in scope. It panics if props are invalid.
func New(scope constructs.Construct, id string, props Props) SchemaChange {
	path := *scope.Node().Path() + "/" + id
	if err := props.validate(); err != nil {
		panic(fmt.Errorf("schemachange %s: %w", path, err))
	}
	image := props.Image
	if image == nil {
		dir, err := buildContext(props.Changes)
		if err != nil {
			panic(fmt.Errorf("schemachange %s: %w", path, err))
		}
		defer os.RemoveAll(dir) // staged with the container, below
		image = imageOf(dir)
	}

	this := constructs.NewConstruct(scope, &id)
	user := cmp.Or(props.User, "schemachange")
	logs := awslogs.NewLogGroup(this, jsii.String("Logs"), &awslogs.LogGroupProps{
		Retention:     cmp.Or(props.LogRetention, awslogs.RetentionDays_ONE_MONTH),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	task := awsecs.NewFargateTaskDefinition(this, jsii.String("Task"), &awsecs.FargateTaskDefinitionProps{
		Cpu:             jsii.Number(256),
		MemoryLimitMiB:  jsii.Number(512),
		RuntimePlatform: &awsecs.RuntimePlatform{CpuArchitecture: awsecs.CpuArchitecture_ARM64(), OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX()},
	})
	task.AddContainer(jsii.String("noren"), &awsecs.ContainerDefinitionOptions{
		Image:   image,
		Command: jsii.Strings("ddl", "--help"), // without a change it does nothing
		Environment: &map[string]*string{
			"AWS_REGION": awscdk.Stack_Of(this).Region(),
			"DB_HOST":    props.Database.ClusterEndpoint().Hostname(),
			"DB_PORT":    awscdk.Token_AsString(props.Database.ClusterEndpoint().Port(), nil),
			"DB_NAME":    &props.DatabaseName,
			"DB_USER":    &user,
			"DB_TLS_CA":  jsii.String("/etc/ssl/certs/rds-global-bundle.pem"),
		},
		ReadonlyRootFilesystem: jsii.Bool(true),
		// SIGTERM ends the ALTER and leaves a clean journal; that takes a moment.
		StopTimeout: awscdk.Duration_Seconds(jsii.Number(120)),
		Logging:     awsecs.LogDrivers_AwsLogs(&awsecs.AwsLogDriverProps{LogGroup: logs, StreamPrefix: jsii.String("task")}),
	})
	props.Database.GrantConnect(task.TaskRole(), &user)

	group := awsec2.NewSecurityGroup(this, jsii.String("SecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:         props.Vpc,
		Description: jsii.String("The task that changes the schema of the database"),
	})
	props.Database.Connections().AllowDefaultPortFrom(group, jsii.String("Changes the schema"))
	return SchemaChange{Task: task, SecurityGroup: group, LogGroup: logs, RunCommand: runCommand(this, props, task, group)}
}

// runCommand is the AWS CLI command that runs a change in the private subnets.
func runCommand(this constructs.Construct, props Props, task awsecs.FargateTaskDefinition, group awsec2.SecurityGroup) string {
	subnets := props.Vpc.SelectSubnets(&awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS})
	const command = `{"containerOverrides":[{"name":"noren","command":["ddl","run","/changes/CHANGE.sql","--rehearsal","/changes/CHANGE.rehearsal.json","--writes","stopped"]}]}`
	return fmt.Sprintf("AWS_PAGER= aws ecs run-task --region %s --cluster %s --task-definition %s --launch-type FARGATE"+
		" --network-configuration 'awsvpcConfiguration={subnets=[%s],securityGroups=[%s],assignPublicIp=DISABLED}' --overrides '%s'",
		*awscdk.Stack_Of(this).Region(), *props.Cluster.ClusterName(), *task.TaskDefinitionArn(),
		*awscdk.Fn_Join(jsii.String(","), subnets.SubnetIds), *group.SecurityGroupId(), command)
}

func (p Props) validate() error {
	var errs []error
	for _, required := range []struct {
		name    string
		missing bool
	}{
		{"Vpc", p.Vpc == nil}, {"Cluster", p.Cluster == nil}, {"Database", p.Database == nil}, {"DatabaseName", p.DatabaseName == ""},
	} {
		if required.missing {
			errs = append(errs, fmt.Errorf("%s is required", required.name))
		}
	}
	switch {
	case p.Image != nil && p.Changes != "":
		errs = append(errs, errors.New("Changes are in the image that noren builds: give either Changes or Image"))
	case p.Image == nil && p.Changes == "":
		errs = append(errs, errors.New("Changes is required, the folder of .sql files, or an Image that holds them"))
	}
	if strings.ContainsAny(p.User, "'\"` ") {
		errs = append(errs, fmt.Errorf("User must be a plain MySQL user name, got %q", p.User))
	}
	return errors.Join(errs...)
}
