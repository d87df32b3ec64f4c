package stacks

import (
	"regexp"
	"strings"
)

// nist are the accepted findings of cdk-nag's pack for NIST 800-53: the rule, the
// end of the path where it is found, and the reason. Unlike those of AwsSolutions
// they are decided by kind, since the pack finds the same in every function, role
// and log group.
var nist = []struct{ rule, of, reason string }{
	{"LambdaInsideVPC", "/Function/Resource|Custom::CDKBucketDeployment[0-9A-F]+/Resource", "They call AWS only, and have to answer when the product's network is what is broken."},
	{"LambdaConcurrency", "/Function/Resource|Custom::CDKBucketDeployment[0-9A-F]+/Resource", "A new account has a concurrency of 10 and can reserve none; the function that answers has reservedConcurrency."},
	{"LambdaDLQ", "/Function/Resource|Custom::CDKBucketDeployment[0-9A-F]+/Resource", "Nobody would read a queue. The load balancer calls synchronously; CloudFormation waits for the answer and fails without; the scheduler calls again a minute later; a mode event that is lost leaves an announcement behind, and the 503 is what clients go by."},
	{"IAMNoInlinePolicy", "Policy/Resource", "CDK writes a policy into the one role that has it, with which it goes; nothing else can attach it."},
	{"CloudWatchLogGroupEncrypted", "Logs/Resource", "CloudWatch encrypts with a key of its own; logs hold neither paths nor secrets. EncryptionKey of the construct is for accounts that want their own."},
	{"SecretsManagerUsingKMSKey", "Secret[0-9]*/Resource", "Encrypted with the account's key for Secrets Manager; no other account reads it. EncryptionKey of the construct is for accounts that want their own."},
	{"SecretsManagerRotationEnabled", "/Database/Secret/Resource", "Rotated by scripts/rotate.sh: RDS, which could rotate it, refuses to replicate from a cluster whose password it manages."},
	{"SecretsManagerRotationEnabled", "/BypassSecret1/Resource", "Listener rules hold the value: it is rotated by a deploy with another secretVersion, never behind their back."},
	{"CloudWatchAlarmAction", "(Symptom|ReleaseErrors)/Resource", "A part of a composite alarm, or what a deployment of ECS watches: that one acts."},
	{"RDSEnhancedMonitoringEnabled", "/Database/(Writer|Reader[0-9]+)/Resource", "Performance of Serverless v2 shows in ACUUtilization and the instance's own metrics, on which the alarms are."},
	{"RDSInBackupPlan", "/Database/(Writer|Reader[0-9]+)/Resource", "Aurora backs up the cluster continuously, for backupDays, restorable to the second."},
	{"RDSInstanceDeletionProtectionEnabled", "/Database/Resource", "An environment without deletionProtection is made to be thrown away."},
	{"RDSLoggingEnabled[LogExport::general]", "/Database/Resource", "The general log has every statement with its values, which are what people have entered."},
	{"S3BucketReplicationEnabled", "/(AccessLogs|Site)/Resource", "The site is built from its repository, and access logs are kept for a time only."},
	{"S3BucketVersioningEnabled", "/AccessLogs/Resource", "Logs are written once, under a name of their own, and expire."},
	{"S3DefaultEncryptionKMS", "/AccessLogs/Resource", "Load balancers write access logs into no bucket with another encryption than SSE-S3."},
	{"S3DefaultEncryptionKMS", "/Site/Resource", "Everybody may read the site."},
	{"ALBHttpToHttpsRedirection", "/Alb/Listener/Resource", "An internal listener, which only CloudFront reaches, by a VPC origin inside AWS's network."},
	{"ELBv2ACMCertificateRequired", "/Alb/Listener/Resource", "An internal listener, which only CloudFront reaches, by a VPC origin inside AWS's network."},
	{"ELBv2ACMCertificateRequired", "/Alb/Redirect80To443/Resource", "It redirects to 443 and serves nothing."},
	{"ALBWAFEnabled", "/Alb/Resource", "A web ACL is the account's, given as webAcl.api, or made by webAcl.create: it costs money."},
	{"ELBDeletionProtectionEnabled", "/Alb/Resource", "An environment without deletionProtection is made to be thrown away."},
	{"EC2RestrictedCommonPorts", "/Database/SecurityGroup/from .*", "cdk-nag cannot read the port, which is the cluster's; the source is a security group of the stack."},
	{"EC2RestrictedSSH", "/Database/SecurityGroup/from .*", "cdk-nag cannot read the port, which is the cluster's; the source is a security group of the stack."},
	{"VPCNoUnrestrictedRouteToIGW", "/Vpc/PublicSubnet[0-9]/DefaultRoute", "The load balancer and the NAT gateways are in public subnets; tasks and database are not."},
	{"VPCSubnetAutoAssignPublicIpDisabled", "/Vpc/PublicSubnet[0-9]/Subnet", "Only the load balancer and the NAT gateways are in public subnets, and both need such an address."},
}

// decision returns the index of the decision about a finding, -1 if there is
// none.
func decision(finding string) int {
	_, finding, _ = strings.Cut(finding, "/") // the stack's name
	for i, d := range nist {
		rule := "NIST.800.53.R5-" + d.rule
		for _, found := range []string{rule, "CdkNagValidationFailure[" + rule + "]"} {
			if path, ok := strings.CutSuffix(finding, " "+found); ok && regexp.MustCompile("("+d.of+")$").MatchString("/"+path) {
				return i
			}
		}
	}
	return -1
}
