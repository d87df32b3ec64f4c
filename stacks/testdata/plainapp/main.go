// Command plainapp defines what the product deploys to dev as one would with
// CDK alone: resources of the same types and numbers, by its own constructs,
// with Lambda functions that were compiled before. BenchmarkSynth measures the
// product against it. It takes the archives of the functions as arguments, the
// one that answers, the one that unlocks and the one that probes, and runs in
// the root of the repository.
package main

import (
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapplicationautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	origins "github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	elbv2targets "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2targets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3deployment"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsschedulertargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("plain"), &awscdk.StackProps{
		Description: jsii.String("Web and mobile product"),
		Env:         &awscdk.Environment{Region: jsii.String("us-east-1")},
		Tags:        &map[string]*string{"environment": jsii.String("dev")},
	})
	newLogGroup := func(id string) awslogs.LogGroup {
		return awslogs.NewLogGroup(stack, &id, &awslogs.LogGroupProps{
			Retention:     awslogs.RetentionDays_ONE_WEEK,
			RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		})
	}

	// Access logs.
	accessLogs := awss3.NewBucket(stack, jsii.String("AccessLogs"), &awss3.BucketProps{
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		EnforceSSL:        jsii.Bool(true),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_PREFERRED,
		LifecycleRules:    &[]*awss3.LifecycleRule{{Expiration: awscdk.Duration_Days(jsii.Number(7))}},
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY,
		AutoDeleteObjects: jsii.Bool(true),
	})

	// Network.
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{
		IpAddresses: awsec2.IpAddresses_Cidr(jsii.String("10.10.0.0/16")),
		MaxAzs:      jsii.Number(2),
		NatGateways: jsii.Number(1),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
			{Name: jsii.String("Public"), SubnetType: awsec2.SubnetType_PUBLIC},
			{Name: jsii.String("Private"), SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS},
			{Name: jsii.String("Isolated"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
		},
		FlowLogs: &map[string]*awsec2.FlowLogOptions{
			"FlowLogs": {Destination: awsec2.FlowLogDestination_ToCloudWatchLogs(newLogGroup("VpcFlowLogs"), nil)},
		},
	})
	private := &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}

	// Database.
	engine := awsrds.DatabaseClusterEngine_AuroraMysql(&awsrds.AuroraMysqlClusterEngineProps{
		Version: awsrds.AuroraMysqlEngineVersion_VER_3_10_3(),
	})
	database := awsrds.NewDatabaseCluster(stack, jsii.String("Database"), &awsrds.DatabaseClusterProps{
		Engine: engine,
		Writer: awsrds.ClusterInstance_ServerlessV2(jsii.String("Writer"), &awsrds.ServerlessV2ClusterInstanceProps{
			ParameterGroup: awsrds.NewParameterGroup(stack, jsii.String("DatabaseInstanceParameters"), &awsrds.ParameterGroupProps{
				Engine: engine,
				Parameters: &map[string]*string{
					"performance_schema": jsii.String("1"),
					"lock_wait_timeout":  jsii.String("60"),
				},
			}),
			CaCertificate:             awsrds.CaCertificate_RDS_CA_RSA2048_G1(),
			EnablePerformanceInsights: jsii.Bool(true),
			AutoMinorVersionUpgrade:   jsii.Bool(false),
			PubliclyAccessible:        jsii.Bool(false),
		}),
		ServerlessV2MinCapacity: jsii.Number(0.5),
		ServerlessV2MaxCapacity: jsii.Number(2),
		DefaultDatabaseName:     jsii.String("fieldreports"),
		Port:                    jsii.Number(3306),
		Vpc:                     vpc,
		VpcSubnets:              &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
		Credentials:             awsrds.Credentials_FromGeneratedSecret(jsii.String("admin"), nil),
		IamAuthentication:       jsii.Bool(true),
		StorageEncrypted:        jsii.Bool(true),
		ParameterGroup: awsrds.NewParameterGroup(stack, jsii.String("DatabaseClusterParameters"), &awsrds.ParameterGroupProps{
			Engine: engine,
			Parameters: &map[string]*string{
				"require_secure_transport":         jsii.String("ON"),
				"tls_version":                      jsii.String("TLSv1.2,TLSv1.3"),
				"binlog_format":                    jsii.String("ROW"),
				"innodb_online_alter_log_max_size": jsii.String("1073741824"),
				"character_set_server":             jsii.String("utf8mb4"),
				"collation_server":                 jsii.String("utf8mb4_0900_ai_ci"),
				"server_audit_logging":             jsii.String("1"),
				"server_audit_events":              jsii.String("CONNECT,QUERY_DCL,QUERY_DDL"),
				"slow_query_log":                   jsii.String("1"),
				"long_query_time":                  jsii.String("1"),
			},
		}),
		CloudwatchLogsExports:   jsii.Strings("audit", "error", "slowquery"),
		CloudwatchLogsRetention: awslogs.RetentionDays_ONE_WEEK,
		Backup: &awsrds.BackupProps{
			Retention: awscdk.Duration_Days(jsii.Number(1)),
		},
		CopyTagsToSnapshot: jsii.Bool(true),
		RemovalPolicy:      awscdk.RemovalPolicy_DESTROY,
	})

	// Service.
	cluster := awsecs.NewCluster(stack, jsii.String("Cluster"), &awsecs.ClusterProps{
		Vpc:                 vpc,
		ContainerInsightsV2: awsecs.ContainerInsights_ENABLED,
	})
	armLinux := &awsecs.RuntimePlatform{
		CpuArchitecture:       awsecs.CpuArchitecture_ARM64(),
		OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX(),
	}
	image := &awsecs.AssetImageProps{File: jsii.String("api/Dockerfile"), Platform: awsecrassets.Platform_LINUX_ARM64()}
	task := awsecs.NewFargateTaskDefinition(stack, jsii.String("ApiTask"), &awsecs.FargateTaskDefinitionProps{
		Cpu:             jsii.Number(256),
		MemoryLimitMiB:  jsii.Number(512),
		RuntimePlatform: armLinux,
	})
	task.AddContainer(jsii.String("Api"), &awsecs.ContainerDefinitionOptions{
		Image:        awsecs.ContainerImage_FromAsset(jsii.String("examples/fieldreports"), image),
		PortMappings: &[]*awsecs.PortMapping{{ContainerPort: jsii.Number(8080)}},
		Environment: &map[string]*string{
			"AWS_REGION":     stack.Region(),
			"PORT":           jsii.String("8080"),
			"DB_HOST":        database.ClusterEndpoint().Hostname(),
			"DB_READER_HOST": database.ClusterReadEndpoint().Hostname(),
			"DB_PORT":        jsii.String("3306"),
			"DB_NAME":        jsii.String("fieldreports"),
			"DB_USER":        jsii.String("api"),
		},
		ReadonlyRootFilesystem: jsii.Bool(true),
		Logging: awsecs.LogDrivers_AwsLogs(&awsecs.AwsLogDriverProps{
			LogGroup:     newLogGroup("ApiLogs"),
			StreamPrefix: jsii.String("task"),
		}),
	})
	database.GrantConnect(task.TaskRole(), jsii.String("api"))
	service := awsecs.NewFargateService(stack, jsii.String("Service"), &awsecs.FargateServiceProps{
		Cluster:                cluster,
		TaskDefinition:         task,
		VpcSubnets:             private,
		AssignPublicIp:         jsii.Bool(false),
		CircuitBreaker:         &awsecs.DeploymentCircuitBreaker{Enable: jsii.Bool(true), Rollback: jsii.Bool(true)},
		MinHealthyPercent:      jsii.Number(100),
		MaxHealthyPercent:      jsii.Number(200),
		HealthCheckGracePeriod: awscdk.Duration_Seconds(jsii.Number(60)),
		PropagateTags:          awsecs.PropagatedTagSource_SERVICE,
	})
	database.Connections().AllowDefaultPortFrom(service, jsii.String("The API"))

	// Load balancer.
	targetGroup := elbv2.NewApplicationTargetGroup(stack, jsii.String("App"), &elbv2.ApplicationTargetGroupProps{
		Vpc:      vpc,
		Protocol: elbv2.ApplicationProtocol_HTTP,
		Port:     jsii.Number(8080),
		Targets:  &[]elbv2.IApplicationLoadBalancerTarget{service},
		HealthCheck: &elbv2.HealthCheck{
			Path:                    jsii.String("/api/health"),
			Interval:                awscdk.Duration_Seconds(jsii.Number(15)),
			Timeout:                 awscdk.Duration_Seconds(jsii.Number(5)),
			HealthyThresholdCount:   jsii.Number(2),
			UnhealthyThresholdCount: jsii.Number(3),
		},
		DeregistrationDelay: awscdk.Duration_Seconds(jsii.Number(30)),
	})
	alb := elbv2.NewApplicationLoadBalancer(stack, jsii.String("Alb"), &elbv2.ApplicationLoadBalancerProps{
		Vpc:                     vpc,
		VpcSubnets:              private,
		DropInvalidHeaderFields: jsii.Bool(true),
	})
	alb.LogAccessLogs(accessLogs, jsii.String("alb"))
	alb.Connections().AllowFrom(awsec2.Peer_PrefixList(jsii.String("pl-3b927c52")), awsec2.Port_Tcp(jsii.Number(80)), jsii.String("CloudFront VPC origin"))
	listener := alb.AddListener(jsii.String("Listener"), &elbv2.BaseApplicationListenerProps{
		Port:          jsii.Number(80),
		Open:          jsii.Bool(false),
		DefaultAction: elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{targetGroup}, nil),
	})
	scaling := service.AutoScaleTaskCount(&awsapplicationautoscaling.EnableScalingProps{
		MinCapacity: jsii.Number(1),
		MaxCapacity: jsii.Number(2),
	})
	scaling.ScaleOnCpuUtilization(jsii.String("Cpu"), &awsecs.CpuUtilizationScalingProps{
		TargetUtilizationPercent: jsii.Number(60),
		ScaleInCooldown:          awscdk.Duration_Minutes(jsii.Number(5)),
		ScaleOutCooldown:         awscdk.Duration_Minutes(jsii.Number(1)),
	})
	scaling.ScaleOnRequestCount(jsii.String("Requests"), &awsecs.RequestCountScalingProps{
		TargetGroup:       targetGroup,
		RequestsPerTarget: jsii.Number(1000),
		ScaleInCooldown:   awscdk.Duration_Minutes(jsii.Number(5)),
		ScaleOutCooldown:  awscdk.Duration_Minutes(jsii.Number(1)),
	})

	// What answers during maintenance, and what is let through.
	newFunction := func(id, archive string, environment map[string]*string) (awslambda.Function, awsiam.Role) {
		logGroup := newLogGroup(id + "Logs")
		role := awsiam.NewRole(stack, jsii.String(id+"Role"), &awsiam.RoleProps{
			AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		})
		logGroup.GrantWrite(role)
		function := awslambda.NewFunction(stack, &id, &awslambda.FunctionProps{
			Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
			Architecture: awslambda.Architecture_ARM_64(),
			Handler:      jsii.String("bootstrap"),
			Code:         awslambda.Code_FromAsset(&archive, nil),
			Environment:  &environment,
			MemorySize:   jsii.Number(128),
			Timeout:      awscdk.Duration_Seconds(jsii.Number(10)),
			Role:         role,
			LogGroup:     logGroup,
		})
		return function, role
	}
	newGroup := func(id string, function awslambda.Function) elbv2.ApplicationTargetGroup {
		return elbv2.NewApplicationTargetGroup(stack, &id, &elbv2.ApplicationTargetGroupProps{
			TargetType: elbv2.TargetType_LAMBDA,
			Targets:    &[]elbv2.IApplicationLoadBalancerTarget{elbv2targets.NewLambdaTarget(function)},
		})
	}
	responder, _ := newFunction("Responder", os.Args[1], map[string]*string{
		"MESSAGE": jsii.String("Field Reports (dev) is down for maintenance."),
	})
	maintenance := newGroup("ResponderTargetGroup", responder)
	bypass := awssecretsmanager.NewSecret(stack, jsii.String("BypassSecret"), &awssecretsmanager.SecretProps{
		Description: jsii.String("Lets operators use the application during maintenance"),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			PasswordLength:     jsii.Number(32),
			ExcludePunctuation: jsii.Bool(true),
		},
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	unlocker, _ := newFunction("Unlocker", os.Args[2], map[string]*string{"SECRET_ARN": bypass.SecretArn()})
	unlock := newGroup("UnlockerTargetGroup", unlocker)
	bypass.GrantRead(unlocker, nil)
	read := elbv2.ListenerCondition_HttpRequestMethods(jsii.Strings("GET", "HEAD"))
	write := elbv2.ListenerCondition_HttpRequestMethods(jsii.Strings("POST"))
	cookie := "*maintenance-bypass=" + *bypass.SecretValue().UnsafeUnwrap() + "*"
	forward := func(id string, priority int, to elbv2.ApplicationTargetGroup, conditions ...elbv2.ListenerCondition) {
		listener.AddAction(&id, &elbv2.AddApplicationActionProps{
			Priority:   jsii.Number(priority),
			Conditions: &conditions,
			Action:     elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{to}, nil),
		})
	}
	forward("Write", 100, targetGroup, write, elbv2.ListenerCondition_PathPatterns(jsii.Strings("/api/login")))
	forward("Read", 101, targetGroup, read, elbv2.ListenerCondition_PathPatterns(jsii.Strings("/api/templates", "/api/reports")))
	forward("ReadBelow", 102, targetGroup, read, elbv2.ListenerCondition_PathPatterns(jsii.Strings("/api/templates/*", "/api/files/*", "/api/reports/*")))
	forward("Health", 103, targetGroup, read, elbv2.ListenerCondition_PathPatterns(jsii.Strings("/api/health")))
	forward("BypassCookie", 104, targetGroup, elbv2.ListenerCondition_HttpHeader(jsii.String("Cookie"), jsii.Strings(cookie)))
	forward("Unlock", 105, unlock, elbv2.ListenerCondition_PathPatterns(jsii.Strings("/api/maintenance/unlock")))

	// Site.
	site := awss3.NewBucket(stack, jsii.String("Site"), &awss3.BucketProps{
		Encryption:             awss3.BucketEncryption_S3_MANAGED,
		BlockPublicAccess:      awss3.BlockPublicAccess_BLOCK_ALL(),
		EnforceSSL:             jsii.Bool(true),
		ServerAccessLogsBucket: accessLogs,
		ServerAccessLogsPrefix: jsii.String("site/"),
		RemovalPolicy:          awscdk.RemovalPolicy_DESTROY,
		AutoDeleteObjects:      jsii.Bool(true),
	})
	yes := jsii.Bool(true)
	headers := awscloudfront.NewResponseHeadersPolicy(stack, jsii.String("SecurityHeaders"), &awscloudfront.ResponseHeadersPolicyProps{
		SecurityHeadersBehavior: &awscloudfront.ResponseSecurityHeadersBehavior{
			ContentSecurityPolicy: &awscloudfront.ResponseHeadersContentSecurityPolicy{ContentSecurityPolicy: jsii.String("default-src 'self'"), Override: yes},
			ContentTypeOptions:    &awscloudfront.ResponseHeadersContentTypeOptions{Override: yes},
			FrameOptions:          &awscloudfront.ResponseHeadersFrameOptions{FrameOption: awscloudfront.HeadersFrameOption_DENY, Override: yes},
			ReferrerPolicy: &awscloudfront.ResponseHeadersReferrerPolicy{
				ReferrerPolicy: awscloudfront.HeadersReferrerPolicy_STRICT_ORIGIN_WHEN_CROSS_ORIGIN, Override: yes,
			},
			StrictTransportSecurity: &awscloudfront.ResponseHeadersStrictTransportSecurity{
				AccessControlMaxAge: awscdk.Duration_Days(jsii.Number(365)), Override: yes,
			},
		},
	})
	var errorResponses []*awscloudfront.ErrorResponse
	for _, status := range []int{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504} {
		errorResponses = append(errorResponses, &awscloudfront.ErrorResponse{
			HttpStatus: jsii.Number(status),
			Ttl:        awscdk.Duration_Seconds(jsii.Number(0)),
		})
	}
	distribution := awscloudfront.NewDistribution(stack, jsii.String("Distribution"), &awscloudfront.DistributionProps{
		DefaultRootObject: jsii.String("index.html"),
		DefaultBehavior: &awscloudfront.BehaviorOptions{
			Origin:                origins.S3BucketOrigin_WithOriginAccessControl(site, nil),
			ViewerProtocolPolicy:  awscloudfront.ViewerProtocolPolicy_REDIRECT_TO_HTTPS,
			ResponseHeadersPolicy: headers,
			FunctionAssociations: &[]*awscloudfront.FunctionAssociation{{
				EventType: awscloudfront.FunctionEventType_VIEWER_REQUEST,
				Function: awscloudfront.NewFunction(stack, jsii.String("SpaRouter"), &awscloudfront.FunctionProps{
					Code: awscloudfront.FunctionCode_FromFile(&awscloudfront.FileCodeOptions{FilePath: jsii.String("stacks/spa_router.js")}),
				}),
			}},
		},
		AdditionalBehaviors: &map[string]*awscloudfront.BehaviorOptions{
			"/api/*": {
				Origin: origins.VpcOrigin_WithApplicationLoadBalancer(alb, &origins.VpcOriginWithEndpointProps{
					HttpPort:       jsii.Number(80),
					ProtocolPolicy: awscloudfront.OriginProtocolPolicy_HTTP_ONLY,
				}),
				ViewerProtocolPolicy: awscloudfront.ViewerProtocolPolicy_HTTPS_ONLY,
				AllowedMethods:       awscloudfront.AllowedMethods_ALLOW_ALL(),
				CachePolicy:          awscloudfront.CachePolicy_CACHING_DISABLED(),
				OriginRequestPolicy:  awscloudfront.OriginRequestPolicy_ALL_VIEWER_EXCEPT_HOST_HEADER(),
			},
		},
		ErrorResponses: &errorResponses,
		LogBucket:      accessLogs,
		LogFilePrefix:  jsii.String("cloudfront/"),
		HttpVersion:    awscloudfront.HttpVersion_HTTP2_AND_3,
	})
	awss3deployment.NewBucketDeployment(stack, jsii.String("FirstPage"), &awss3deployment.BucketDeploymentProps{
		DestinationBucket: site,
		Sources:           &[]awss3deployment.ISource{awss3deployment.Source_Asset(jsii.String("examples/fieldreports/web"), nil)},
		Prune:             jsii.Bool(false),
		CacheControl:      &[]awss3deployment.CacheControl{awss3deployment.CacheControl_NoCache()},
		LogGroup:          newLogGroup("FirstPageLogs"),
	})

	// Alarms.
	alarmKey := awskms.NewKey(stack, jsii.String("AlarmKey"), &awskms.KeyProps{
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY,
	})
	cloudWatch := awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)
	alarmKey.GrantEncryptDecrypt(cloudWatch)
	topic := awssns.NewTopic(stack, jsii.String("Alarms"), &awssns.TopicProps{MasterKey: alarmKey, EnforceSSL: jsii.Bool(true)})
	topic.GrantPublish(cloudWatch)
	minute := &awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(1))}
	action := awscloudwatchactions.NewSnsAction(topic)
	newAlarm := func(id string, metric awscloudwatch.IMetric) awscloudwatch.Alarm {
		return awscloudwatch.NewAlarm(stack, &id, &awscloudwatch.AlarmProps{
			Metric:             metric,
			Threshold:          jsii.Number(1),
			ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			EvaluationPeriods:  jsii.Number(3),
			TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
		})
	}
	alarm := func(id string, metric awscloudwatch.IMetric) awscloudwatch.Alarm {
		alarm := newAlarm(id, metric)
		alarm.AddAlarmAction(action)
		alarm.AddOkAction(action)
		return alarm
	}
	prober, proberRole := newFunction("Prober", os.Args[3], map[string]*string{"LISTENER": listener.ListenerArn()})
	proberRole.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings("elasticloadbalancing:DescribeListeners"), Resources: jsii.Strings("*"),
	}))
	awsscheduler.NewSchedule(stack, jsii.String("Schedule"), &awsscheduler.ScheduleProps{
		Schedule: awsscheduler.ScheduleExpression_Rate(awscdk.Duration_Minutes(jsii.Number(1))),
		Target:   awsschedulertargets.NewLambdaInvoke(prober, nil),
	})
	mode := awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String("Shop"), MetricName: jsii.String("Mode"),
		DimensionsMap: &map[string]*string{"FunctionName": prober.FunctionName()},
	})
	maintained := alarm("Maintained", mode)
	for _, id := range []string{"Closed", "Forgotten", "Overdue", "Drift", "Unknown"} {
		alarm(id, mode)
	}
	alarm("ProberErrors", prober.MetricErrors(minute))
	alarm("ResponderErrors", responder.MetricErrors(minute))
	alarm("ResponderThrottles", responder.MetricThrottles(minute))
	alarm("AllowedErrors", targetGroup.Metrics().HttpCodeTarget(elbv2.HttpCodeTarget_TARGET_5XX_COUNT, minute))
	alarm("NoTask", targetGroup.Metrics().HealthyHostCount(minute))
	alarm("AlbErrors", alb.Metrics().HttpCodeElb(elbv2.HttpCodeElb_ELB_5XX_COUNT, minute))
	alarm("DatabaseStorage", database.Metric(jsii.String("FreeLocalStorage"), minute))
	for id, metric := range map[string]awscloudwatch.IMetric{
		"AppErrors":           targetGroup.Metrics().HttpCodeTarget(elbv2.HttpCodeTarget_TARGET_5XX_COUNT, minute),
		"AppLatency":          targetGroup.Metrics().TargetResponseTime(minute),
		"AppUnhealthy":        targetGroup.Metrics().UnhealthyHostCount(minute),
		"TasksMissing":        service.MetricCpuUtilization(minute),
		"DatabaseCpu":         database.MetricCPUUtilization(minute),
		"DatabaseConnections": database.MetricDatabaseConnections(minute),
		"DatabaseDeadlocks":   database.MetricDeadlocks(minute),
		"DatabaseLag":         database.Metric(jsii.String("AuroraReplicaLagMaximum"), minute),
	} {
		composite := awscloudwatch.NewCompositeAlarm(stack, &id, &awscloudwatch.CompositeAlarmProps{
			AlarmRule:         awscloudwatch.AlarmRule_FromAlarm(newAlarm(id+"Symptom", metric), awscloudwatch.AlarmState_ALARM),
			ActionsSuppressor: maintained,
		})
		composite.AddAlarmAction(action)
		composite.AddOkAction(action)
	}
	changes := awsevents.NewRule(stack, jsii.String("ListenerChanges"), &awsevents.RuleProps{
		EventPattern: &awsevents.EventPattern{Source: jsii.Strings("aws.elasticloadbalancing")},
	})
	changes.AddTarget(awseventstargets.NewSnsTopic(topic, nil))
	rows := []*[]awscloudwatch.IWidget{}
	for _, row := range [][][]awscloudwatch.IMetric{
		{{mode}, {mode}, {mode, mode}},
		{
			{targetGroup.Metrics().RequestCount(minute)},
			{targetGroup.Metrics().HttpCodeTarget(elbv2.HttpCodeTarget_TARGET_5XX_COUNT, minute), alb.Metrics().HttpCodeElb(elbv2.HttpCodeElb_ELB_5XX_COUNT, minute)},
			{targetGroup.Metrics().TargetResponseTime(minute), targetGroup.Metrics().TargetResponseTime(minute)},
			{targetGroup.Metrics().HealthyHostCount(minute), targetGroup.Metrics().UnhealthyHostCount(minute), service.MetricCpuUtilization(minute)},
		},
		{{responder.MetricInvocations(minute)}, {responder.MetricInvocations(minute)}, {responder.MetricErrors(minute), responder.MetricThrottles(minute), responder.MetricDuration(minute)}},
		{
			{database.MetricCPUUtilization(minute), database.Metric(jsii.String("ACUUtilization"), minute)},
			{database.MetricDatabaseConnections(minute)},
			{database.Metric(jsii.String("FreeLocalStorage"), minute)},
			{database.MetricDeadlocks(minute), database.Metric(jsii.String("AuroraReplicaLagMaximum"), minute)},
		},
	} {
		widgets := []awscloudwatch.IWidget{}
		for _, metrics := range row {
			widgets = append(widgets, awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{Left: &metrics}))
		}
		heading := awscloudwatch.NewTextWidget(&awscloudwatch.TextWidgetProps{Markdown: jsii.String("## Question")})
		rows = append(rows, &[]awscloudwatch.IWidget{heading}, &widgets)
	}
	awscloudwatch.NewDashboard(stack, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{Widgets: &rows})

	// The one-off task that makes the database users.
	setup := awsecs.NewFargateTaskDefinition(stack, jsii.String("DatabaseSetupTask"), &awsecs.FargateTaskDefinitionProps{
		Cpu:             jsii.Number(256),
		MemoryLimitMiB:  jsii.Number(512),
		RuntimePlatform: armLinux,
	})
	setup.AddContainer(jsii.String("DatabaseSetup"), &awsecs.ContainerDefinitionOptions{
		Image:   awsecs.ContainerImage_FromAsset(jsii.String("examples/fieldreports"), image),
		Command: jsii.Strings("migrate"),
		Environment: &map[string]*string{
			"AWS_REGION":           stack.Region(),
			"PORT":                 jsii.String("8080"),
			"DB_HOST":              database.ClusterEndpoint().Hostname(),
			"DB_READER_HOST":       database.ClusterReadEndpoint().Hostname(),
			"DB_PORT":              jsii.String("3306"),
			"DB_NAME":              jsii.String("fieldreports"),
			"DB_ADMIN_SECRET_ARN":  database.Secret().SecretArn(),
			"DB_API_USER":          jsii.String("api"),
			"DB_SCHEMACHANGE_USER": jsii.String("schemachange"),
		},
		ReadonlyRootFilesystem: jsii.Bool(true),
		Logging: awsecs.LogDrivers_AwsLogs(&awsecs.AwsLogDriverProps{
			LogGroup:     newLogGroup("DatabaseSetupLogs"),
			StreamPrefix: jsii.String("task"),
		}),
	})
	database.Secret().GrantRead(setup.TaskRole(), nil)
	setupGroup := awsec2.NewSecurityGroup(stack, jsii.String("DatabaseSetupSecurityGroup"), &awsec2.SecurityGroupProps{Vpc: vpc})
	database.Connections().AllowDefaultPortFrom(setupGroup, jsii.String("Makes the database users"))

	change := awsecs.NewFargateTaskDefinition(stack, jsii.String("SchemaChangeTask"), &awsecs.FargateTaskDefinitionProps{
		Cpu:             jsii.Number(256),
		MemoryLimitMiB:  jsii.Number(512),
		RuntimePlatform: armLinux,
	})
	change.AddContainer(jsii.String("noren"), &awsecs.ContainerDefinitionOptions{
		Image:   awsecs.ContainerImage_FromAsset(jsii.String("examples/fieldreports"), image),
		Command: jsii.Strings("ddl", "--help"),
		Environment: &map[string]*string{
			"DB_HOST": database.ClusterEndpoint().Hostname(),
			"DB_NAME": jsii.String("fieldreports"),
			"DB_USER": jsii.String("schemachange"),
		},
		ReadonlyRootFilesystem: jsii.Bool(true),
		Logging: awsecs.LogDrivers_AwsLogs(&awsecs.AwsLogDriverProps{
			LogGroup:     newLogGroup("SchemaChangeLogs"),
			StreamPrefix: jsii.String("task"),
		}),
	})
	database.GrantConnect(change.TaskRole(), jsii.String("schemachange"))
	changeGroup := awsec2.NewSecurityGroup(stack, jsii.String("SchemaChangeSecurityGroup"), &awsec2.SecurityGroupProps{Vpc: vpc})
	database.Connections().AllowDefaultPortFrom(changeGroup, jsii.String("Changes the schema"))

	output := func(id string, value *string) {
		awscdk.NewCfnOutput(stack, &id, &awscdk.CfnOutputProps{Value: value})
	}
	output("SiteUrl", jsii.String("https://"+*distribution.DistributionDomainName()))
	output("SiteBucketName", site.BucketName())
	output("DistributionId", distribution.DistributionId())
	output("ClusterName", cluster.ClusterName())
	output("ServiceName", service.ServiceName())
	output("DatabaseEndpoint", database.ClusterEndpoint().Hostname())
	output("DatabaseSetupTaskArn", setup.TaskDefinitionArn())
	output("ListenerArn", listener.ListenerArn())
	output("MaintenanceTargetGroupArn", maintenance.TargetGroupArn())
	app.Synth(nil)
}
