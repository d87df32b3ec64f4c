package diff

import (
	"fmt"
	"slices"
	"strings"
)

// replacing are, by resource type, the properties that cannot be changed in
// place: CloudFormation makes a new resource. One with a ? behind it does so for
// some values, and * stands for all. Of a type that is not here, nothing is
// known. Source: "Update requires" in the CloudFormation template reference.
var replacing = map[string]string{
	"AWS::ApplicationAutoScaling::ScalableTarget": "ResourceId ScalableDimension ServiceNamespace",
	"AWS::ApplicationAutoScaling::ScalingPolicy":  "PolicyName ResourceId ScalableDimension ScalingTargetId ServiceNamespace",
	"AWS::CloudFront::Distribution":               "",
	"AWS::CloudFront::Function":                   "Name",
	"AWS::CloudFront::OriginAccessControl":        "",
	"AWS::CloudFront::ResponseHeadersPolicy":      "",
	"AWS::CloudWatch::Alarm":                      "AlarmName",
	"AWS::DynamoDB::Table":                        "ImportSourceSpecification KeySchema LocalSecondaryIndexes TableName",
	"AWS::EC2::EIP":                               "Domain NetworkBorderGroup",
	"AWS::EC2::FlowLog":                           "*",
	"AWS::EC2::InternetGateway":                   "",
	"AWS::EC2::NatGateway":                        "AllocationId ConnectivityType PrivateIpAddress SubnetId",
	"AWS::EC2::Route":                             "CarrierGatewayId? DestinationCidrBlock DestinationIpv6CidrBlock DestinationPrefixListId RouteTableId",
	"AWS::EC2::RouteTable":                        "VpcId",
	"AWS::EC2::SecurityGroup":                     "GroupDescription GroupName VpcId",
	"AWS::EC2::SecurityGroupEgress":               "CidrIp CidrIpv6 DestinationPrefixListId DestinationSecurityGroupId FromPort GroupId IpProtocol ToPort",
	"AWS::EC2::SecurityGroupIngress":              "CidrIp CidrIpv6 FromPort GroupId GroupName IpProtocol SourcePrefixListId SourceSecurityGroupId SourceSecurityGroupName SourceSecurityGroupOwnerId ToPort",
	"AWS::EC2::Subnet":                            "AvailabilityZone AvailabilityZoneId CidrBlock Ipv6Native OutpostArn VpcId",
	"AWS::EC2::SubnetRouteTableAssociation":       "RouteTableId? SubnetId",
	"AWS::EC2::VPC":                               "CidrBlock InstanceTenancy? Ipv4IpamPoolId Ipv4NetmaskLength",
	"AWS::EC2::VPCGatewayAttachment":              "VpcId",
	"AWS::ECR::Repository":                        "EncryptionConfiguration RepositoryName",
	"AWS::ECS::Cluster":                           "ClusterName",
	"AWS::ECS::Service":                           "Cluster DeploymentController? LaunchType Role SchedulingStrategy ServiceName",
	"AWS::EFS::FileSystem":                        "AvailabilityZoneName Encrypted KmsKeyId PerformanceMode",
	"AWS::IAM::Policy":                            "PolicyName?",
	"AWS::IAM::Role":                              "Path RoleName",
	"AWS::KMS::Key":                               "KeySpec? KeyUsage? MultiRegion? Origin?",
	"AWS::Lambda::Function":                       "FunctionName PackageType",
	"AWS::Lambda::LayerVersion":                   "*",
	"AWS::Lambda::Permission":                     "*",
	"AWS::Logs::LogGroup":                         "LogGroupName",
	"AWS::RDS::DBCluster":                         "AvailabilityZones ClusterScalabilityType DBClusterIdentifier DBSubnetGroupName DatabaseName Engine? EngineMode GlobalClusterIdentifier? KmsKeyId MasterUsername PubliclyAccessible RestoreToTime RestoreType SnapshotIdentifier SourceDBClusterIdentifier SourceRegion StorageEncrypted UseLatestRestorableTime",
	"AWS::RDS::DBClusterParameterGroup":           "DBClusterParameterGroupName Description Family",
	"AWS::RDS::DBInstance":                        "AvailabilityZone? CharacterSetName CustomIAMInstanceProfile DBClusterIdentifier DBClusterSnapshotIdentifier? DBInstanceIdentifier DBName DBSnapshotIdentifier? DBSubnetGroupName Engine? KmsKeyId MasterUsername NcharCharacterSetName Port SourceDBInstanceIdentifier? SourceRegion StorageEncrypted StorageType? Timezone",
	"AWS::RDS::DBParameterGroup":                  "DBParameterGroupName Description Family",
	"AWS::RDS::DBSubnetGroup":                     "DBSubnetGroupName",
	"AWS::Route53::RecordSet":                     "HostedZoneId HostedZoneName Name",
	"AWS::S3::Bucket":                             "BucketName ObjectLockEnabled?",
	"AWS::S3::BucketPolicy":                       "Bucket",
	"AWS::SNS::Subscription":                      "Endpoint Protocol TopicArn",
	"AWS::SNS::Topic":                             "FifoTopic TopicName",
	"AWS::SNS::TopicPolicy":                       "",
	"AWS::SQS::Queue":                             "FifoQueue QueueName",
	"AWS::SecretsManager::Secret":                 "Name",
	typeListener:                                  "LoadBalancerArn",
	typeListenerRule:                              "ListenerArn",
	typeLoadBalancer:                              "Name Scheme Type",
	typeTargetGroup:                               "IpAddressType Name Port Protocol ProtocolVersion TargetType VpcId",
	"AWS::ECS::TaskDefinition":                    "ContainerDefinitions Cpu EphemeralStorage ExecutionRoleArn Family InferenceAccelerators IpcMode Memory NetworkMode PidMode PlacementConstraints ProxyConfiguration RequiresCompatibilities RuntimePlatform TaskRoleArn Volumes",
}

// Types that belong to load balancers.
const (
	typeListener     = "AWS::ElasticLoadBalancingV2::Listener"
	typeListenerRule = "AWS::ElasticLoadBalancingV2::ListenerRule"
	typeLoadBalancer = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	typeTargetGroup  = "AWS::ElasticLoadBalancingV2::TargetGroup"
	typeGuard        = "Custom::NorenReopenGuard"
)

// holdsData are the types whose resources hold what a deploy cannot make again.
var holdsData = map[string]bool{
	"AWS::Backup::BackupVault":           true,
	"AWS::Cognito::UserPool":             true,
	"AWS::DocDB::DBCluster":              true,
	"AWS::DynamoDB::GlobalTable":         true,
	"AWS::DynamoDB::Table":               true,
	"AWS::EC2::Volume":                   true,
	"AWS::ECR::Repository":               true,
	"AWS::EFS::FileSystem":               true,
	"AWS::ElastiCache::ReplicationGroup": true,
	"AWS::ElastiCache::ServerlessCache":  true,
	"AWS::KMS::Key":                      true,
	"AWS::Kinesis::Stream":               true,
	"AWS::Logs::LogGroup":                true,
	"AWS::Neptune::DBCluster":            true,
	"AWS::OpenSearchService::Domain":     true,
	"AWS::RDS::DBCluster":                true,
	"AWS::RDS::DBInstance":               true,
	"AWS::S3::Bucket":                    true,
	"AWS::SQS::Queue":                    true,
	"AWS::SecretsManager::Secret":        true,
}

// fateOf is what happens to a resource of which something changes, and why.
func fateOf(before, after resource, changes []Property) (Fate, string) {
	if before.Type != after.Type {
		return MaybeReplaced, "CloudFormation refuses to change the type under one logical id"
	}
	fate, why := Changed, ""
	for _, change := range changes {
		top := change.top()
		if strings.HasPrefix(top, "(") {
			continue // an attribute
		}
		f, w := fateOfProperty(after.Type, top)
		if f == Replaced {
			return f, w
		}
		if f == MaybeReplaced {
			fate, why = f, w
		}
	}
	return fate, why
}

func fateOfProperty(resourceType, property string) (Fate, string) {
	list, known := replacing[resourceType]
	properties := strings.Fields(list)
	switch {
	case resourceType == typeGuard:
		return Changed, ""
	case strings.HasPrefix(resourceType, "Custom::"), resourceType == "AWS::CloudFormation::CustomResource":
		return MaybeReplaced, "its provider decides"
	case !known:
		return MaybeReplaced, fmt.Sprintf("which properties of %s replace it is not known here", resourceType)
	case slices.Contains(properties, property) || slices.Contains(properties, "*"):
		return Replaced, property + " cannot be changed in place"
	case slices.Contains(properties, property+"?"):
		return MaybeReplaced, property + " cannot always be changed in place"
	}
	return Changed, ""
}

// spread adds what replacements bring with them: a resource that refers to a
// replaced one in a property that cannot be changed in place is replaced too.
func spread(changed []Resource, next map[string]resource) []Resource {
	at := map[string]int{}
	for i, r := range changed {
		at[r.LogicalID] = i
	}
	for i := 0; i < len(changed); i++ {
		if changed[i].Fate != Replaced {
			continue
		}
		for _, id := range sortedIDs(next) {
			fate, property := next[id].dependsOn(changed[i].LogicalID)
			if j, ok := at[id]; ok && (changed[j].Fate != Changed || fate != Replaced) || fate != Replaced {
				continue
			}
			why := fmt.Sprintf("%s refers to %s, which is replaced", property, changed[i].LogicalID)
			if j, ok := at[id]; ok {
				changed[j].Fate, changed[j].Why = Replaced, why
				if j < i {
					i = j - 1 // look again at what refers to it
					break
				}
				continue
			}
			at[id] = len(changed)
			r := next[id]
			changed = append(changed, Resource{LogicalID: id, Path: r.path(), Type: r.Type, Fate: Replaced, Data: holdsData[r.Type], Why: why, Changes: []Property{}})
		}
	}
	return changed
}

// dependsOn is what a replacement of another resource, with a new name, does to
// this one, and by which property.
func (r resource) dependsOn(id string) (Fate, string) {
	for _, property := range sortedIDs(r.Properties) {
		if refersTo(r.Properties[property], id) {
			if fate, _ := fateOfProperty(r.Type, property); fate == Replaced {
				return fate, property
			}
		}
	}
	return Changed, ""
}
