package stacks

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapplicationautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/schemachange"
	"github.com/noren-cdk/noren/constructs/sessionstore"
	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/maintenance"
)

// api is the service and what runs beside it.
type api struct {
	cluster     awsecs.Cluster
	service     awsecs.FargateService
	targetGroup elbv2.ApplicationTargetGroup
	logs        awslogs.LogGroup
	sessions    *sessionstore.SessionStore // nil if sessions are in the database
}

// newAPI defines the Fargate service in the private subnets.
//
// The container gets these environment variables. DB_HOST, DB_PORT, DB_NAME and
// DB_USER are the database, to which it logs in with an IAM token over TLS;
// DB_READER_HOST is the reader endpoint, if there are readers. DB_CONNECTIONS is
// the number of connections that it may open to each host. With sessions.store
// valkey, SESSIONS_HOST, SESSIONS_PORT, SESSIONS_GROUP and SESSIONS_USER are the
// session store, to which it logs in with an IAM token over TLS. PORT is the port
// to listen on. CORS_ORIGINS are the origins of maintenance.corsOrigins,
// separated by commas: scripts that may read the answer during maintenance may
// read the API's. There is no password.
func newAPI(scope constructs.Construct, env environment.Environment, vpc awsec2.IVpc, database awsrds.DatabaseCluster) api {
	cluster := awsecs.NewCluster(scope, jsii.String("Cluster"), &awsecs.ClusterProps{
		Vpc:                 vpc,
		ContainerInsightsV2: awsecs.ContainerInsights_ENABLED,
	})
	adoptLogGroup(scope, "ContainerInsightsLogs", env, "/aws/ecs/containerinsights/"+*cluster.ClusterName()+"/performance")
	container := apiContainer(scope, env, database)
	if origins := env.Maintenance.CORSOrigins; len(origins) > 0 {
		(*container.Environment)["CORS_ORIGINS"] = jsii.String(strings.Join(origins, ","))
	}
	if env.Site.Domain != "" {
		(*container.Environment)["STATUS_URL"] = jsii.String("https://" + env.Site.Domain + maintenance.StatusPath)
	}
	var sessions *sessionstore.SessionStore
	if env.Sessions.Store == "valkey" {
		store := sessionstore.New(scope, "Sessions", sessionstore.Props{Vpc: vpc, NodeType: env.Sessions.NodeType, EncryptionKey: encryptionKey(scope, "Sessions", env)})
		sessions = &store
		maps.Copy(*container.Environment, map[string]*string{
			"SESSIONS_HOST": store.Host, "SESSIONS_PORT": jsii.String(strconv.Itoa(sessionstore.Port)),
			"SESSIONS_GROUP": store.GroupID, "SESSIONS_USER": store.User,
		})
	}
	logs := newLogGroup(scope, "ApiLogs", env)
	task := newTask(scope, "Api", env, container, logs)
	task.AddToTaskRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings("rds-db:connect"), Resources: &[]*string{schemachange.LoginARN(scope, apiUser)},
	}))

	service := awsecs.NewFargateService(scope, jsii.String("Service"), &awsecs.FargateServiceProps{
		Cluster:                cluster,
		TaskDefinition:         task,
		VpcSubnets:             &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS},
		AssignPublicIp:         jsii.Bool(false),
		CircuitBreaker:         &awsecs.DeploymentCircuitBreaker{Enable: jsii.Bool(true), Rollback: jsii.Bool(true)},
		MinHealthyPercent:      jsii.Number(100),
		MaxHealthyPercent:      jsii.Number(200),
		HealthCheckGracePeriod: awscdk.Duration_Seconds(jsii.Number(60)),
		PropagateTags:          awsecs.PropagatedTagSource_SERVICE,
		// There is no DesiredCount: a deploy must not undo what scaling has
		// decided.
	})
	// A task that starts before the routes to the NAT gateway exist cannot pull
	// its image, and the circuit breaker gives up after three.
	for _, subnet := range *vpc.PrivateSubnets() {
		service.Node().AddDependency(subnet.InternetConnectivityEstablished())
	}
	if sessions != nil {
		sessions.Allow(service, task.TaskRole())
	}
	database.Connections().AllowFrom(service, awsec2.Port_Tcp(jsii.Number(databasePort)), jsii.String("The API"))

	targetGroup := elbv2.NewApplicationTargetGroup(scope, jsii.String("App"), &elbv2.ApplicationTargetGroupProps{
		Vpc:        vpc,
		TargetType: elbv2.TargetType_IP,
		Protocol:   elbv2.ApplicationProtocol_HTTP,
		Port:       jsii.Number(env.API.Port),
		Targets:    &[]elbv2.IApplicationLoadBalancerTarget{service},
		HealthCheck: &elbv2.HealthCheck{
			Path:                    &env.API.HealthCheckPath,
			Interval:                awscdk.Duration_Seconds(jsii.Number(15)),
			Timeout:                 awscdk.Duration_Seconds(jsii.Number(5)),
			HealthyThresholdCount:   jsii.Number(2),
			UnhealthyThresholdCount: jsii.Number(3),
		},
		DeregistrationDelay: awscdk.Duration_Seconds(jsii.Number(30)),
	})

	return api{cluster: cluster, service: service, targetGroup: targetGroup, logs: logs, sessions: sessions}
}

// scale makes the number of tasks follow the load. It needs the load balancer,
// whose requests it counts.
//
// The minimum is the same in every mode: it must carry the first minute after
// reopening, when all queued uploads arrive at once and scaling has not reacted
// yet.
func (a api) scale(env environment.Environment) {
	scaling := a.service.AutoScaleTaskCount(&awsapplicationautoscaling.EnableScalingProps{
		MinCapacity: jsii.Number(env.API.MinTasks),
		MaxCapacity: jsii.Number(env.API.MaxTasks),
	})
	scaling.ScaleOnCpuUtilization(jsii.String("Cpu"), &awsecs.CpuUtilizationScalingProps{
		TargetUtilizationPercent: jsii.Number(60),
		ScaleInCooldown:          awscdk.Duration_Minutes(jsii.Number(5)),
		ScaleOutCooldown:         awscdk.Duration_Minutes(jsii.Number(1)),
	})
	scaling.ScaleOnRequestCount(jsii.String("Requests"), &awsecs.RequestCountScalingProps{
		TargetGroup:       a.targetGroup,
		RequestsPerTarget: jsii.Number(1000), // a minute
		ScaleInCooldown:   awscdk.Duration_Minutes(jsii.Number(5)),
		ScaleOutCooldown:  awscdk.Duration_Minutes(jsii.Number(1)),
	})
}

// apiContainer returns the API's container: the configured image or the example.
func apiContainer(scope constructs.Construct, env environment.Environment, database awsrds.DatabaseCluster) *awsecs.ContainerDefinitionOptions {
	variables := map[string]*string{
		"AWS_REGION":     &env.Region,
		"PORT":           jsii.String(strconv.Itoa(env.API.Port)),
		"DB_HOST":        database.ClusterEndpoint().Hostname(),
		"DB_CONNECTIONS": jsii.String(strconv.Itoa(env.ConnectionsPerPool())),
		"DB_PORT":        jsii.String(strconv.Itoa(databasePort)),
		"DB_NAME":        &env.Database.Name,
		"DB_USER":        jsii.String(apiUser),
	}
	if !env.DeletionProtection {
		// The setup task runs after the first deploy, which is made without
		// protection. From the protected deploy on, a release must be able to use
		// the database before it replaces another.
		variables["DB_SETUP"] = jsii.String("later")
	}
	if env.Database.Readers > 0 {
		variables["DB_READER_HOST"] = database.ClusterReadEndpoint().Hostname()
	}
	return &awsecs.ContainerDefinitionOptions{
		Image:        apiImage(scope, env),
		PortMappings: &[]*awsecs.PortMapping{{ContainerPort: jsii.Number(env.API.Port)}},
		Environment:  &variables,
	}
}

// ecrImage matches an image in Amazon ECR: account, region, repository, tag or
// digest.
var ecrImage = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([a-z0-9._/-]+?)(?::([\w.-]+)|@(sha256:[0-9a-f]{64}))?$`)

// apiImage returns the configured image or the example's, which is built on
// deploy.
func apiImage(scope constructs.Construct, env environment.Environment) awsecs.ContainerImage {
	if env.API.Image != "" {
		return registryImage(scope, "ApiRepository", env.API.Image)
	}
	return awsecs.ContainerImage_FromAsset(jsii.String("examples/fieldreports"), &awsecs.AssetImageProps{
		File:     jsii.String("api/Dockerfile"),
		Platform: awsecrassets.Platform_LINUX_ARM64(),
	})
}

// registryImage returns an image by name, which the tasks may pull if it is in
// ECR. id is the construct id of the repository.
func registryImage(scope constructs.Construct, id, name string) awsecs.ContainerImage {
	parts := ecrImage.FindStringSubmatch(name)
	if parts == nil {
		return awsecs.ContainerImage_FromRegistry(&name, nil)
	}
	repository, ok := scope.Node().TryFindChild(&id).(awsecr.IRepository)
	if !ok {
		arn := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", *awscdk.Aws_PARTITION(), parts[2], parts[1], parts[3])
		repository = awsecr.Repository_FromRepositoryAttributes(scope, &id, &awsecr.RepositoryAttributes{
			RepositoryArn: &arn, RepositoryName: &parts[3],
		})
	}
	return awsecs.ContainerImage_FromEcrRepository(repository, jsii.String(cmp.Or(parts[4], parts[5], "latest")))
}

// newTask defines a task with one container, on ARM64, with a read-only root.
func newTask(scope constructs.Construct, name string, env environment.Environment, container *awsecs.ContainerDefinitionOptions, logs awslogs.ILogGroup) awsecs.FargateTaskDefinition {
	task := awsecs.NewFargateTaskDefinition(scope, jsii.String(name+"Task"), &awsecs.FargateTaskDefinitionProps{
		Cpu:             jsii.Number(env.API.CPU),
		MemoryLimitMiB:  jsii.Number(env.API.Memory),
		RuntimePlatform: &awsecs.RuntimePlatform{CpuArchitecture: awsecs.CpuArchitecture_ARM64(), OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX()},
	})
	container.ReadonlyRootFilesystem = jsii.Bool(true)
	container.Logging = awsecs.LogDrivers_AwsLogs(&awsecs.AwsLogDriverProps{
		LogGroup:     logs,
		StreamPrefix: jsii.String("task"),
	})
	task.AddContainer(&name, container)
	return task
}

// newSetupTask defines the one-off task that creates the schema and the database
// users. It runs a command of its own in the API's image, may read the master
// secret at run time, and can safely run again.
func newSetupTask(scope constructs.Construct, env environment.Environment, vpc awsec2.IVpc, cluster awsecs.Cluster, database awsrds.DatabaseCluster) setupTask {
	container := apiContainer(scope, env, database)
	container.PortMappings = nil
	(*container.Environment)["DB_ADMIN_SECRET_ARN"] = database.Secret().SecretArn()
	(*container.Environment)["DB_API_USER"] = jsii.String(apiUser)
	(*container.Environment)["DB_SCHEMACHANGE_USER"] = jsii.String(schemaChangeUser)
	(*container.Environment)["DB_SCHEMAPLAN_USER"] = jsii.String(schemaPlanUser)
	delete(*container.Environment, "DB_USER")

	container.Command = jsii.Strings(env.API.SetupCommand...)
	logs := newLogGroup(scope, "DatabaseSetupLogs", env)
	task := newTask(scope, "DatabaseSetup", env, container, logs)
	database.Secret().GrantRead(task.TaskRole(), nil)
	if key := encryptionKey(scope, "DatabaseSetup", env); key != nil { // GrantRead does not do it for an imported key
		key.GrantDecrypt(task.TaskRole())
	}
	group := awsec2.NewSecurityGroup(scope, jsii.String("DatabaseSetupSecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:         vpc,
		Description: jsii.String("The task that makes the database users"),
	})
	database.Connections().AllowFrom(group, awsec2.Port_Tcp(jsii.Number(databasePort)), jsii.String("Makes the database users"))
	subnets := vpc.SelectSubnets(&awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS})
	return setupTask{
		command: fmt.Sprintf("AWS_PAGER= aws ecs run-task --region %s --cluster %s --task-definition %s --launch-type FARGATE"+
			" --network-configuration 'awsvpcConfiguration={subnets=[%s],securityGroups=[%s],assignPublicIp=DISABLED}'",
			env.Region, *cluster.ClusterName(), *task.TaskDefinitionArn(), *awscdk.Fn_Join(jsii.String(","), subnets.SubnetIds), *group.SecurityGroupId()),
		log: fmt.Sprintf("AWS_PAGER= aws logs tail --region %s --since 1h --follow %s", env.Region, *logs.LogGroupName()),
	}
}

// setupTask holds the AWS CLI commands that use the setup task.
type setupTask struct {
	command, log string
}
