// Package sessionstore defines a store that holds only sessions: an ElastiCache
// replication group for Valkey, apart from the database whose tables a schema
// change alters. Its contents may be lost; people then log in again.
package sessionstore

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticache"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// access lists what the service may do: the commands that it uses, on keys that
// begin with "session:". The example's tests run under the same text.
//
//go:embed access.txt
var access string

// Port is the TCP port of the store.
const Port = 6379

// Props configures a SessionStore.
type Props struct {
	// Vpc is the network. Required.
	Vpc awsec2.IVpc

	// Subnets hold the nodes, in at least two zones. Default: the isolated
	// subnets.
	Subnets *awsec2.SubnetSelection

	// NodeType is the size of a node, such as cache.t4g.small, which has 1.37 GiB.
	// A session takes about 300 bytes. Default: cache.t4g.small.
	NodeType string

	// Replicas is the number of replicas, 1 to 5, in zones other than the
	// primary's. One of them takes over if the primary fails. Default: 1.
	Replicas int

	// SnapshotDays is how long daily snapshots are kept, in days, 1 to 35.
	// Default: 1.
	SnapshotDays int

	// EncryptionKey encrypts the password of the disabled user. The role that
	// deploys must be able to decrypt with it. Default: a key of AWS.
	EncryptionKey awskms.IKey
}

// SessionStore has the resources that New defined.
type SessionStore struct {
	// Group is the replication group: cluster mode with one shard.
	Group awselasticache.CfnReplicationGroup

	// GroupID and User are the names for which a service signs its login token.
	GroupID, User *string

	// Host is the address at which clients find the nodes, over TLS only.
	Host *string

	// SecurityGroup is the security group of the nodes.
	SecurityGroup awsec2.SecurityGroup

	// EvictionsAlarm goes off if a session was removed for lack of memory, which
	// the parameter group forbids.
	EvictionsAlarm awscloudwatch.Alarm

	// MemoryAlarm goes off at 70 % of a node's memory. At 100 % no one can log
	// in.
	MemoryAlarm awscloudwatch.Alarm

	// ConnectionsAlarm goes off at 1000 connections to a node. A task needs only
	// a few, so the service leaks them.
	ConnectionsAlarm awscloudwatch.Alarm

	// FailoverAlarm goes off when a replica has taken over.
	FailoverAlarm awscloudwatch.Alarm
}

// New defines a SessionStore in scope. It panics if props are invalid.
func New(scope constructs.Construct, id string, props Props) SessionStore {
	if err := props.validate(); err != nil {
		panic(fmt.Errorf("sessionstore %s/%s: %w", *scope.Node().Path(), id, err))
	}
	this := constructs.NewConstruct(scope, &id)
	subnets := props.Subnets
	if subnets == nil {
		subnets = &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}
	}
	var subnetIDs []any
	for _, id := range *props.Vpc.SelectSubnets(subnets).SubnetIds {
		subnetIDs = append(subnetIDs, id)
	}
	subnetGroup := awselasticache.NewCfnSubnetGroup(this, jsii.String("Subnets"), &awselasticache.CfnSubnetGroupProps{
		Description: jsii.String("Where the sessions are"),
		SubnetIds:   &subnetIDs,
	})
	parameters := awselasticache.NewCfnParameterGroup(this, jsii.String("Parameters"), &awselasticache.CfnParameterGroupProps{
		CacheParameterGroupFamily: jsii.String("valkey8"),
		Description:               jsii.String("Cluster mode; no session makes room for another"),
		Properties:                map[string]string{"cluster-enabled": "yes", "maxmemory-policy": "noeviction"},
	})
	s := SessionStore{
		SecurityGroup: awsec2.NewSecurityGroup(this, jsii.String("SecurityGroup"), &awsec2.SecurityGroupProps{
			Vpc: props.Vpc, Description: jsii.String("The store of sessions"), AllowAllOutbound: jsii.Bool(false),
		}),
		// IAM needs the names, which must be in lower case.
		GroupID: physicalName(this, "store"),
		User:    physicalName(this, "service"),
	}
	s.Group = awselasticache.NewCfnReplicationGroup(this, jsii.String("Group"), &awselasticache.CfnReplicationGroupProps{
		ReplicationGroupId:          s.GroupID,
		ReplicationGroupDescription: jsii.String("Sessions, which may be lost: people log in again"),
		Engine:                      jsii.String("valkey"),
		EngineVersion:               jsii.String("8.0"),
		CacheNodeType:               jsii.String(cmp.Or(props.NodeType, "cache.t4g.small")),
		NumNodeGroups:               jsii.Number(1),
		ReplicasPerNodeGroup:        jsii.Number(props.replicas()),
		AutomaticFailoverEnabled:    true,
		MultiAzEnabled:              true,
		TransitEncryptionEnabled:    true,
		TransitEncryptionMode:       jsii.String("required"),
		AtRestEncryptionEnabled:     true,
		AutoMinorVersionUpgrade:     true,
		Port:                        jsii.Number(Port),
		CacheParameterGroupName:     parameters.Ref(),
		CacheSubnetGroupName:        subnetGroup.Ref(),
		SecurityGroupIds:            &[]*string{s.SecurityGroup.SecurityGroupId()},
		SnapshotRetentionLimit:      jsii.Number(cmp.Or(props.SnapshotDays, 1)),
		UserGroupIds:                &[]*string{s.userGroup(this, props.EncryptionKey).Ref()},
	})
	s.Host = s.Group.AttrConfigurationEndPointAddress()
	s.addAlarms(this, props.replicas()+1)
	return s
}

// userGroup defines who may log in: only the service, with IAM tokens. The user
// default, which clients without a user name get, is disabled. It has a password
// that no one knows, since a Valkey user without a password is not allowed.
func (s SessionStore) userGroup(this constructs.Construct, key awskms.IKey) awselasticache.CfnUserGroup {
	service := awselasticache.NewCfnUser(this, jsii.String("User"), &awselasticache.CfnUserProps{
		Engine: jsii.String("valkey"), UserId: s.User, UserName: s.User, // IAM requires both to be the same
		AccessString:       jsii.String(strings.TrimSpace(access)),
		AuthenticationMode: map[string]string{"Type": "iam"},
	})
	secret := awssecretsmanager.NewSecret(this, jsii.String("DefaultPassword"), &awssecretsmanager.SecretProps{
		Description:          jsii.String("Of a user who is off, and never read"),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{PasswordLength: jsii.Number(64), ExcludePunctuation: jsii.Bool(true)},
		EncryptionKey:        key,
		RemovalPolicy:        awscdk.RemovalPolicy_DESTROY,
	})
	off := awselasticache.NewCfnUser(this, jsii.String("DefaultUser"), &awselasticache.CfnUserProps{
		Engine: jsii.String("valkey"), UserId: physicalName(this, "default"), UserName: jsii.String("default"),
		AccessString:       jsii.String("off resetchannels -@all"),
		AuthenticationMode: map[string]any{"Type": "password", "Passwords": []*string{secret.SecretValue().UnsafeUnwrap()}},
	})
	return awselasticache.NewCfnUserGroup(this, jsii.String("Users"), &awselasticache.CfnUserGroupProps{
		Engine: jsii.String("valkey"), UserGroupId: physicalName(this, "users"),
		UserIds: &[]*string{off.Ref(), service.Ref()},
	})
}

// Allow lets a service reach the store and log in to it.
func (s SessionStore) Allow(service awsec2.IConnectable, role awsiam.IGrantable) {
	s.SecurityGroup.Connections().AllowFrom(service, awsec2.Port_Tcp(jsii.Number(Port)), jsii.String("The service"))
	stack := awscdk.Stack_Of(s.Group)
	arn := func(resource string, name *string) *string {
		return stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("elasticache"), Resource: &resource, ResourceName: name, ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
		})
	}
	role.GrantPrincipal().AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings("elasticache:Connect"),
		Resources: &[]*string{arn("replicationgroup", s.GroupID), arn("user", s.User)},
	}))
}

// physicalName returns an AWS name of at most 40 lower-case letters, digits and
// hyphens.
func physicalName(this constructs.Construct, part string) *string {
	name := awscdk.Names_UniqueResourceName(this, &awscdk.UniqueResourceNameOptions{
		MaxLength: jsii.Number(39 - float64(len(part))), Separator: jsii.String("-"), AllowedSpecialCharacters: jsii.String("-"),
	})
	return jsii.String(strings.ToLower(*name) + "-" + part)
}

var nodeType = regexp.MustCompile(`^cache\.[a-z0-9]+\.[a-z0-9]+$`)

func (p Props) replicas() int { return cmp.Or(p.Replicas, 1) }

func (p Props) validate() error {
	var errs []error
	if p.Vpc == nil {
		errs = append(errs, errors.New("Vpc is required"))
	}
	if p.NodeType != "" && !nodeType.MatchString(p.NodeType) {
		errs = append(errs, fmt.Errorf("NodeType must be one such as cache.t4g.small, got %q", p.NodeType))
	}
	if p.replicas() < 1 || p.replicas() > 5 {
		errs = append(errs, fmt.Errorf("Replicas must be 1 to 5, got %d", p.Replicas))
	}
	if p.SnapshotDays < 0 || p.SnapshotDays > 35 {
		errs = append(errs, fmt.Errorf("SnapshotDays must be 1 to 35, got %d", p.SnapshotDays))
	}
	return errors.Join(errs...)
}
