package schemachange

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Commands are the steps of a change, in order, as shell commands of the AWS CLI.
// Replace CHANGE by the name of a file without .sql. They contain tokens: make
// them stack outputs.
type Commands struct {
	// Plan starts the task that plans, as the user without the right to write.
	Plan string

	// Clone makes a clone of the database with the same instance class, and waits
	// for it.
	Clone string

	// Rehearse starts the task that rehearses on the clone.
	Rehearse string

	// Rehearsal downloads the result of the rehearsal into the folder of changes,
	// as CHANGE.rehearsal.json.
	Rehearsal string

	// RemoveClone removes the clone.
	RemoveClone string

	// Check starts the task that says whether the change would run as it was
	// rehearsed, and changes nothing.
	Check string

	// Run starts the task that runs the change.
	Run string

	// Upgrade starts the task that plans the upgrade of the database to another
	// major version. Replace VERSION.
	Upgrade string

	// Log shows the log of the tasks.
	Log string
}

// commands returns the commands of a task.
func commands(this constructs.Construct, props Props, task awsecs.FargateTaskDefinition, subnets *[]*string, group awsec2.SecurityGroup, logGroup string) Commands {
	region := *awscdk.Stack_Of(this).Region()
	// start returns the command that starts the task. The override is JSON in
	// single quotes of the shell.
	start := func(environment string, arguments ...string) string {
		for i, argument := range arguments {
			arguments[i] = `"` + argument + `"`
		}
		return fmt.Sprintf("AWS_PAGER= aws ecs run-task --region %s --cluster %s --task-definition %s --launch-type FARGATE"+
			" --network-configuration 'awsvpcConfiguration={subnets=[%s],securityGroups=[%s],assignPublicIp=DISABLED}'"+
			` --overrides '{"containerOverrides":[{"name":"noren","command":[%s]%s}]}'`,
			region, *props.Cluster.ClusterName(), *task.TaskDefinitionArn(),
			*awscdk.Fn_Join(jsii.String(","), subnets), *group.SecurityGroupId(), strings.Join(arguments, ","), environment)
	}
	c := cloneOf(this, props.Database)
	folder := props.Changes
	if folder == "" {
		folder = "."
	}
	endpoint := fmt.Sprintf(`$(aws rds describe-db-clusters --region %s --db-cluster-identifier %s --query "DBClusters[0].Endpoint" --output text)`, region, c.name)
	return Commands{
		Plan:  start("", "ddl", "plan", "/changes/CHANGE.sql", "--writes", "stopped"),
		Clone: c.make(region),
		Rehearse: start(`,"environment":[{"name":"REHEARSE_DB_HOST","value":"'"`+endpoint+`"'"}]`,
			"ddl", "rehearse", "/changes/CHANGE.sql", "--writes", "stopped", "--out", "-", "--class", c.class),
		Rehearsal: fmt.Sprintf(`aws logs filter-log-events --region %s --log-group-name %s --filter-pattern '{ ($.name = "CHANGE.sql") && ($.hash = "*") }'`+
			" --query 'sort_by(events,&timestamp)[-1].message' --output text >%s/CHANGE.rehearsal.json", region, logGroup, folder),
		RemoveClone: c.remove(region),
		Check:       start("", "ddl", "run", "--check", "/changes/CHANGE.sql", "--writes", "stopped"),
		Run:         start("", "ddl", "run", "/changes/CHANGE.sql", "--rehearsal", "/changes/CHANGE.rehearsal.json", "--writes", "stopped"),
		Upgrade:     start("", "ddl", "upgrade", "plan", "--to", "VERSION"),
		Log:         fmt.Sprintf("AWS_PAGER= aws logs tail --region %s --since 1h --follow %s", region, logGroup),
	}
}

// A clone copies everything about a cluster that a rehearsal measures: the
// instance class, the parameters, who can reach it and how one logs in.
type clone struct {
	name       string
	source     string
	subnets    string
	groups     string
	parameters string // of the cluster
	instance   string // parameters of the instance
	class      string
	engine     string
}

func cloneOf(this constructs.Construct, database awsrds.DatabaseCluster) clone {
	cluster := database.Node().DefaultChild().(awsrds.CfnDBCluster)
	c := clone{
		name:   *awscdk.Stack_Of(this).StackName() + "-rehearsal",
		source: *database.ClusterIdentifier(), engine: "aurora-mysql", class: "db.serverless",
		groups: *awscdk.Fn_Join(jsii.String(" "), cluster.VpcSecurityGroupIds()),
	}
	if cluster.DbSubnetGroupName() != nil {
		c.subnets = *cluster.DbSubnetGroupName()
	}
	if cluster.DbClusterParameterGroupName() != nil {
		c.parameters = *cluster.DbClusterParameterGroupName()
	}
	for _, child := range *database.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		instance, ok := child.(awsrds.CfnDBInstance)
		if !ok {
			continue
		}
		if instance.DbInstanceClass() != nil {
			c.class = *instance.DbInstanceClass()
		}
		if instance.DbParameterGroupName() != nil {
			c.instance = *instance.DbParameterGroupName()
		}
		break // the writer
	}
	return c
}

// make returns the command that makes the clone and waits for it.
func (c clone) make(region string) string {
	option := func(name, value string) string {
		if value == "" {
			return ""
		}
		return " --" + name + " " + value
	}
	serverless := ""
	if c.class == "db.serverless" { // with the capacity that the product has at that time
		serverless = fmt.Sprintf(` --serverless-v2-scaling-configuration "$(aws rds describe-db-clusters --region %s --db-cluster-identifier %s`+
			` --query "DBClusters[0].ServerlessV2ScalingConfiguration.join('',['MinCapacity=',to_string(MinCapacity),',MaxCapacity=',to_string(MaxCapacity)])" --output text)"`, region, c.source)
	}
	return fmt.Sprintf("AWS_PAGER= aws rds restore-db-cluster-to-point-in-time --region %s --restore-type copy-on-write --use-latest-restorable-time --source-db-cluster-identifier %s --db-cluster-identifier %s%s%s%s --enable-iam-database-authentication%s"+
		" && AWS_PAGER= aws rds create-db-instance --region %[1]s --db-cluster-identifier %[3]s --db-instance-identifier %[3]s-1 --engine %[8]s --db-instance-class %[9]s%[10]s"+
		" && AWS_PAGER= aws rds wait db-instance-available --region %[1]s --db-instance-identifier %[3]s-1",
		region, c.source, c.name, option("db-subnet-group-name", c.subnets), option("vpc-security-group-ids", c.groups), option("db-cluster-parameter-group-name", c.parameters), serverless,
		c.engine, c.class, option("db-parameter-group-name", c.instance))
}

// remove returns the command that removes the clone.
func (c clone) remove(region string) string {
	return fmt.Sprintf("AWS_PAGER= aws rds delete-db-instance --region %s --db-instance-identifier %s-1 && AWS_PAGER= aws rds delete-db-cluster --region %[1]s --db-cluster-identifier %[2]s --skip-final-snapshot", region, c.name)
}
