// Package stacks defines the product: a web and mobile application on CloudFront, S3,
// an Application Load Balancer, ECS Fargate and Aurora MySQL, with a maintenance
// mode.
package stacks

import (
	"cmp"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/constructs/schemachange"
	"github.com/noren-cdk/noren/internal/environment"
)

// Stack is the product in one environment.
type Stack struct {
	// Stack is the CloudFormation stack.
	Stack awscdk.Stack

	// Maintenance is the switch.
	Maintenance maintenancemode.MaintenanceMode
}

// Build defines the stack of the environment in app. It panics, with the
// construct's path first, if the environment cannot be built.
func Build(app constructs.Construct, env environment.Environment, flags maintenancemode.Flags) Stack {
	stack := awscdk.NewStack(app, &env.StackName, &awscdk.StackProps{
		Description:           jsii.String("Web and mobile product with a maintenance mode (" + env.Name + ")"),
		Env:                   &awscdk.Environment{Account: optional(env.Account), Region: &env.Region},
		TerminationProtection: &env.DeletionProtection,
		Tags:                  &map[string]*string{"environment": &env.Name},
	})
	knowZones(stack, env)
	logs := newAccessLogs(stack, env)
	vpc := newVpc(stack, env)
	database := newDatabase(stack, env, vpc)
	api := newAPI(stack, env, vpc, database)
	lb := newLoadBalancer(stack, env, vpc, logs, api.targetGroup)
	api.scale(env)
	site := newSite(stack, env, logs, lb.alb)
	maintenance := newMaintenance(stack, env, flags, lb.listener, api.targetGroup, site)
	awaitEmptying(maintenance.Announcement, site.bucket)
	addRecords(stack, env, lb, site)
	topic := addOperations(stack, env, lb, api, database, maintenance)
	setup := newSetupTask(stack, env, vpc, api.cluster, database)
	change := newSchemaChange(stack, env, vpc, api.cluster, database)
	siteURL := "https://" + cmp.Or(env.Site.Domain, *site.distribution.DistributionDomainName())
	addWindow(stack, env, maintenance, topic, api.cluster, change, apiURL(env, siteURL))
	adoptHandlers(stack, env)

	output(stack, "SiteUrl", "The web application", siteURL)
	if env.API.Domain != "" {
		output(stack, "ApiUrl", "The API, for the mobile app", "https://"+env.API.Domain+"/api/")
	}
	output(stack, "SiteBucketName", "Where the web application is uploaded to", *site.bucket.BucketName())
	output(stack, "DistributionId", "To invalidate after an upload", *site.distribution.DistributionId())
	output(stack, "ClusterName", "ECS cluster", *api.cluster.ClusterName())
	output(stack, "ServiceName", "ECS service of the API", *api.service.ServiceName())
	output(stack, "DatabaseEndpoint", "Aurora writer", *database.ClusterEndpoint().Hostname())
	output(stack, "DatabaseSetupCommand", "Starts the task that makes the schema and the database users; run it once after the first deploy, again does no harm", setup.command)
	output(stack, "DatabaseSetupLog", "Shows what that task did", setup.log)
	outputSchemaChange(stack, change.Commands)
	outputLogs(stack, env, api, maintenance)
	output(stack, "EmergencyCloseCommand", "Closes at once, without CloudFormation; the allowlist stays open", maintenance.EmergencyClose)
	output(stack, "EmergencyOpenCommand", "Opens at once, without CloudFormation", maintenance.EmergencyOpen)
	if summary := maintenance.Guard.Summary; summary != nil {
		output(stack, "MaintenanceGuard", "What the guard against reopening by accident saw when the mode was last deployed", *summary)
	}
	return Stack{Stack: stack, Maintenance: maintenance}
}

// outputLogs adds outputs with the commands that show the logs mentioned in the
// runbook.
func outputLogs(scope constructs.Construct, env environment.Environment, api api, maintenance maintenancemode.MaintenanceMode) {
	show := func(id string, group awslogs.ILogGroup) {
		output(scope, id, "Shows what was logged in the last quarter of an hour, and follows it",
			fmt.Sprintf("AWS_PAGER= aws logs tail --region %s --since 15m --follow %s", env.Region, *group.LogGroupName()))
	}
	show("ApiLog", api.logs)
	show("ResponderLog", maintenance.LogGroup)
	show("ProbeLog", maintenance.ProbeLogGroup)
	if maintenance.Monitors != nil {
		show("MonitorsLog", maintenance.MonitorsLogGroup)
		output(scope, "MonitorsFunction", "Keeps outside monitors quiet while the product is closed", *maintenance.Monitors.FunctionName())
	}
}

// outputSchemaChange adds outputs with the steps of a schema change, as
// docs/schema-changes.md explains them.
func outputSchemaChange(scope constructs.Construct, steps schemachange.Commands) {
	change := "; put the name of the change, without .sql, in the place of CHANGE"
	output(scope, "SchemaChangePlanCommand", "Starts the task that plans a schema change"+change, steps.Plan)
	output(scope, "SchemaChangeCloneCommand", "Makes a clone of the database to rehearse on, and waits for it", steps.Clone)
	output(scope, "SchemaChangeRehearseCommand", "Starts the task that rehearses a schema change on the clone"+change, steps.Rehearse)
	output(scope, "SchemaChangeRehearsalCommand", "Fetches what the rehearsal measured into the folder of changes"+change, steps.Rehearsal)
	output(scope, "SchemaChangeRemoveCloneCommand", "Removes the clone", steps.RemoveClone)
	output(scope, "SchemaChangeCheckCommand", "Starts the task that says whether a schema change would still run as it was rehearsed, at any time"+change, steps.Check)
	output(scope, "SchemaChangeCommand", "Starts the task that runs a schema change"+change, steps.Run)
	output(scope, "UpgradePlanCommand", "Starts the task that plans the upgrade of the database to another major version; put the version in the place of VERSION", steps.Upgrade)
	output(scope, "SchemaChangeLog", "Shows what those tasks say", steps.Log)
}

// apiURL returns the public URL of the API, without a path. Without a domain of
// its own, it is the site's.
func apiURL(env environment.Environment, siteURL string) string {
	if env.API.Domain == "" {
		return siteURL
	}
	return "https://" + env.API.Domain
}

func output(scope constructs.Construct, id, description, value string) {
	awscdk.NewCfnOutput(scope, &id, &awscdk.CfnOutputProps{Description: &description, Value: &value})
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
