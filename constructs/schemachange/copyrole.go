package schemachange

import (
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/ddl/bluegreen"
)

// newCopyRole defines the role for changes of a copy. Only the task may assume
// it, and noren assumes it only for those verbs: plan, rehearse and run have no
// rights to RDS.
func newCopyRole(this constructs.Construct, task awsecs.FargateTaskDefinition, database awsrds.DatabaseCluster) awsiam.Role {
	role := awsiam.NewRole(this, jsii.String("CopyRole"), &awsiam.RoleProps{
		Description: jsii.String("With it noren changes a copy of the database and switches over to it"),
		AssumedBy:   task.TaskRole(),
	})
	stack := awscdk.Stack_Of(this)
	for _, right := range bluegreen.Rights(databaseNames(database)...) {
		var resources []*string
		for _, resource := range right.Resources {
			kind, name, found := strings.Cut(resource, ":")
			if !found {
				resources = append(resources, &resource)
				continue
			}
			resources = append(resources, stack.FormatArn(&awscdk.ArnComponents{
				Service: jsii.String("rds"), Resource: &kind, ResourceName: &name, ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
			}))
		}
		role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings(right.Actions...), Resources: &resources}))
	}
	task.AddToTaskRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings("sts:AssumeRole"), Resources: &[]*string{role.RoleArn()}}))
	return role
}

// databaseNames returns the prefixes of the names of a database's cluster and
// instances: the names that the app gives them or, where CloudFormation names
// them, the name of the stack. RDS names are lower case.
func databaseNames(database awsrds.DatabaseCluster) []string {
	stackName := *awscdk.Stack_Of(database).StackName()
	if *awscdk.Token_IsUnresolved(stackName) {
		stackName = "" // of a nested stack: any name
	} else {
		stackName = strings.ToLower(stackName) + "-"
	}
	var names []string
	add := func(given *string) {
		name := stackName
		if given != nil && !*awscdk.Token_IsUnresolved(given) {
			name = strings.ToLower(*given)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, child := range *database.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		switch part := child.(type) {
		case awsrds.CfnDBCluster:
			add(part.DbClusterIdentifier())
		case awsrds.CfnDBInstance:
			add(part.DbInstanceIdentifier())
		}
	}
	return names
}
