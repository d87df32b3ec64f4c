package preflight

// before are the checks before a deploy, in the order in which their results are
// read.
var before = []check{
	{"AWS CLI", nil, nil, (*inspector).awsCLI},
	{"Docker builder", nil, buildsImages, (*inspector).dockerBuilder},
	{"Node", nil, nil, (*inspector).node},
	{"GitHub environments", nil, nil, (*inspector).gitHub},

	{"identity", []string{"sts:GetCallerIdentity"}, nil, (*inspector).identity},
	{"region", []string{"ec2:DescribeRegions"}, nil, (*inspector).region},
	{"bootstrap", []string{"ssm:GetParameter"}, nil, (*inspector).bootstrap},
	{"stack", []string{"cloudformation:DescribeStacks"}, nil, (*inspector).stack},
	{"protection", []string{"cloudformation:DescribeStacks"}, protected, (*inspector).protection},
	{"CloudTrail trail", []string{"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors"}, nil, (*inspector).trail},

	{"zones", []string{"ec2:DescribeAvailabilityZones"}, nil, (*inspector).zones},
	{"zone ids", []string{"ec2:DescribeAvailabilityZones"}, nil, (*inspector).zoneIDs},
	{"prefix list", []string{"ec2:DescribeManagedPrefixLists"}, internal, (*inspector).prefixList},
	{"rules of a security group", []string{"ec2:DescribeManagedPrefixLists", "servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"}, internal, (*inspector).securityGroupRules},
	{"VPCs", []string{"ec2:DescribeVpcs", "servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"}, nil, (*inspector).vpcs},
	{"elastic addresses", []string{"ec2:DescribeAddresses", "servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"}, nil, (*inspector).addresses},

	{"engine version", []string{"rds:DescribeDBEngineVersions"}, nil, (*inspector).engineVersion},
	{"instance class", []string{"rds:DescribeOrderableDBInstanceOptions"}, nil, (*inspector).instanceClass},
	{"cluster parameters", []string{"rds:DescribeEngineDefaultClusterParameters"}, nil, (*inspector).clusterParameters},
	{"instance parameters", []string{"rds:DescribeEngineDefaultParameters"}, nil, (*inspector).instanceParameters},
	{"database quotas", []string{"rds:DescribeAccountAttributes"}, nil, (*inspector).databaseQuotas},

	{"Fargate quota", []string{"servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"}, nil, (*inspector).fargateQuota},
	{"Lambda concurrency", []string{"lambda:GetAccountSettings"}, nil, (*inspector).lambdaConcurrency},
	{"API image", []string{"ecr:DescribeImages"}, apiInECR, (*inspector).apiImage},
	{"schema change image", []string{"ecr:DescribeImages"}, schemaChangeInECR, (*inspector).schemaChangeImage},

	{"CloudFront", []string{"cloudfront:ListDistributions", "servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"}, nil, (*inspector).distributions},
	{"VPC origins", []string{"cloudfront:ListVpcOrigins"}, internal, (*inspector).vpcOrigins},
	{"site alias", []string{"cloudfront:ListDistributions"}, siteDomain, (*inspector).siteAlias},
	{"site certificate", []string{"acm:DescribeCertificate"}, siteDomain, (*inspector).siteCertificate},
	{"API certificate", []string{"acm:DescribeCertificate"}, apiDomain, (*inspector).apiCertificate},
	{"hosted zone", []string{"route53:GetHostedZone"}, hostedZone, (*inspector).hostedZone},
	{"DNS records", []string{"route53:ListResourceRecordSets", "cloudformation:DescribeStacks"}, hostedZone, (*inspector).records},
	{"site web ACL", []string{"wafv2:GetWebACL"}, siteACL, (*inspector).siteWebACL},
	{"API web ACL", []string{"wafv2:GetWebACL"}, apiACL, (*inspector).apiWebACL},
}

func internal(i *inspector) bool   { return i.Env.API.Domain == "" }
func apiDomain(i *inspector) bool  { return i.Env.API.Domain != "" }
func siteDomain(i *inspector) bool { return i.Env.Site.Domain != "" }
func hostedZone(i *inspector) bool { return i.Env.HostedZone.ID != "" }
func protected(i *inspector) bool  { return i.Env.DeletionProtection }
func siteACL(i *inspector) bool    { return i.Env.WebACL.Site != "" }
func apiACL(i *inspector) bool     { return i.Env.WebACL.API != "" }

// after are the checks of what has been deployed.
var after = []check{
	{"stack", []string{"cloudformation:DescribeStacks"}, nil, (*inspector).deployedStack},
	{"outputs", []string{"cloudformation:DescribeStacks"}, nil, (*inspector).outputs},
	{"protection", []string{"cloudformation:DescribeStacks"}, protected, (*inspector).protection},
	{"service", []string{"ecs:DescribeServices"}, nil, (*inspector).service},
	{"scaling", []string{"application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingActivities"}, nil, (*inspector).scalingActivities},
	{"site", nil, nil, (*inspector).site},
	{"API health", nil, nil, (*inspector).apiHealth},
	{"database log-in by token", nil, nil, (*inspector).login},
	{"listener rules", []string{"cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources", "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules", "ssm:GetParameters", "cloudtrail:LookupEvents"}, nil, (*inspector).rules},
	{"metrics", []string{"cloudwatch:DescribeAlarms", "cloudwatch:ListMetrics"}, nil, (*inspector).metrics},
	{"alarms", []string{"cloudwatch:DescribeAlarms"}, nil, (*inspector).alarms},
	{"alarm mail", []string{"cloudformation:ListStackResources", "sns:ListSubscriptionsByTopic"}, alarmEmail, (*inspector).subscription},
}

func alarmEmail(i *inspector) bool { return i.Env.AlarmEmail != "" }
