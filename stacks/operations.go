package stacks

import (
	"fmt"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/internal/live"
)

// operations tells the operators what breaks and who changed the mode. None of it
// depends on the mode: the probe's metric suppresses what planned maintenance
// must not page anyone for.
//
// docs/runbook.md says what each alarm means; a test checks its table against
// this code.
type operations struct {
	scope       constructs.Construct
	env         environment.Environment
	maintenance maintenancemode.MaintenanceMode
	topic       awssns.Topic
	topics      []awssns.ITopic // that exist outside the stack
	chats       []awssns.ITopic // of chat channels that exist outside the stack
	actions     []awscloudwatch.IAlarmAction
	alarms      []interfacesawscloudwatch.IAlarmRef // that notify someone, for the dashboard
}

// addOperations adds the topic, all alarms and the dashboard.
func addOperations(scope constructs.Construct, env environment.Environment, lb loadBalancer, api api, database awsrds.DatabaseCluster, maintenance maintenancemode.MaintenanceMode) awssns.Topic {
	topic := newAlarmTopic(scope, env)
	o := &operations{scope: scope, env: env, maintenance: maintenance, topic: topic, topics: topicsOf(scope, "AlarmTopic", env.AlarmTopics), chats: topicsOf(scope, "ChatTopic", env.ChatTopics)}
	for _, told := range slices.Concat([]awssns.ITopic{topic}, o.topics, o.chats) {
		o.actions = append(o.actions, awscloudwatchactions.NewSnsAction(told))
	}
	for _, alarm := range slices.Concat(maintenance.ModeAlarms, maintenance.Alarms) {
		o.tell(alarm)
	}
	o.addAppAlarms(api)
	o.addReleaseAlarm(lb.alb, api)
	o.addLoadBalancerAlarms(lb.alb)
	o.addDatabaseAlarms(database)
	if store := api.sessions; store != nil {
		for _, alarm := range []awscloudwatch.Alarm{store.EvictionsAlarm, store.MemoryAlarm, store.ConnectionsAlarm, store.FailoverAlarm} {
			o.tell(alarm)
		}
	}
	o.addChangeNotice(lb.listener)
	o.addDatabaseNotice(database)
	o.addDashboard(lb.alb, api, database)
	return topic
}

// newAlarmTopic defines the topic that alarms go to, with a key of its own:
// CloudWatch and EventBridge may not use the AWS managed key for SNS.
func newAlarmTopic(scope constructs.Construct, env environment.Environment) awssns.Topic {
	key := awskms.NewKey(scope, jsii.String("AlarmKey"), &awskms.KeyProps{
		Description:       jsii.String("Encrypts the alarm topic"),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY,
	})
	inAccount := &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()}}
	key.GrantEncryptDecrypt(awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), &awsiam.ServicePrincipalOpts{Conditions: inAccount}))
	// EventBridge supports no source condition in the key policy of an encrypted
	// topic; the topic's own policy has it.
	key.GrantEncryptDecrypt(awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil))
	topic := awssns.NewTopic(scope, jsii.String("Alarms"), &awssns.TopicProps{
		MasterKey:  key,
		EnforceSSL: jsii.Bool(true),
	})
	topic.GrantPublish(awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), &awsiam.ServicePrincipalOpts{Conditions: inAccount}))
	if env.AlarmEmail != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&env.AlarmEmail, nil))
	}
	return topic
}

// topicsOf returns topics that exist outside the stack. Their policies are not
// ours.
func topicsOf(scope constructs.Construct, id string, arns []string) []awssns.ITopic {
	var topics []awssns.ITopic
	for i, arn := range arns {
		topics = append(topics, awssns.Topic_FromTopicArn(scope, jsii.String(fmt.Sprintf("%s%d", id, i+1)), &arn))
	}
	return topics
}

// notice is the target of a rule: a topic, with a message. CDK's own target lets
// the rules of every account publish.
type notice struct {
	topic   awssns.ITopic
	message awsevents.RuleTargetInput
}

// Bind implements awsevents.IRuleTarget.
func (n *notice) Bind(interfacesawsevents.IRuleRef, *string) *awsevents.RuleTargetConfig {
	return &awsevents.RuleTargetConfig{Arn: n.topic.TopicArn(), Input: n.message, TargetResource: n.topic}
}

// publishes makes the topics the targets of a rule, and lets this rule publish to
// the stack's own topic. Chats show a notice only in their own format.
func (o *operations) publishes(rule awsevents.Rule, message string) {
	for _, topic := range slices.Concat([]awssns.ITopic{o.topic}, o.topics) {
		rule.AddTarget(&notice{topic, awsevents.RuleTargetInput_FromText(&message)})
	}
	for _, topic := range o.chats {
		rule.AddTarget(&notice{topic, awsevents.RuleTargetInput_FromObject(map[string]any{
			"version": "1.0", "source": "custom", "content": map[string]any{"title": o.env.StackName, "description": message},
		})})
	}
	o.topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{o.topic.TopicArn()},
		Conditions: &map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": rule.RuleArn()}},
	}))
}

// addDatabaseNotice notifies the topic of failures and failovers of the database,
// which RDS reports within a minute.
func (o *operations) addDatabaseNotice(database awsrds.DatabaseCluster) {
	of := append([]*string{database.ClusterIdentifier()}, *database.InstanceIdentifiers()...)
	rule := awsevents.NewRule(o.scope, jsii.String("DatabaseEvents"), &awsevents.RuleProps{
		Description: jsii.String("Failures and failovers of the database"),
		EventPattern: &awsevents.EventPattern{
			Source:     jsii.Strings("aws.rds"),
			DetailType: jsii.Strings("RDS DB Cluster Event", "RDS DB Instance Event"),
			Detail: &map[string]any{
				"SourceIdentifier": of,
				"EventCategories":  []string{"availability", "failover", "failure", "low storage", "recovery"},
			},
		},
	})
	field := func(path string) *string { return awsevents.EventField_FromPath(&path) }
	o.publishes(rule, fmt.Sprintf("%s: %s at %s: %s",
		o.env.StackName, *field("$.detail.SourceIdentifier"), *field("$.detail.Date"), *field("$.detail.Message")))
}

// addChangeNotice notifies the topic of who changed the listener, when and how: a
// deploy, through CloudFormation's role, or a person. EventBridge sees such calls
// only in an account with a trail that records management events.
func (o *operations) addChangeNotice(listener elbv2.IApplicationListener) {
	parts := awscdk.Fn_Split(jsii.String(":listener/"), listener.ListenerArn(), jsii.Number(2))
	rules := []map[string]*string{{"prefix": awscdk.Fn_Join(jsii.String(""), &[]*string{
		(*parts)[0], jsii.String(":listener-rule/"), (*parts)[1], jsii.String("/"),
	})}}
	rule := awsevents.NewRule(o.scope, jsii.String("ListenerChanges"), &awsevents.RuleProps{
		Description: jsii.String("Who changed the listener of the maintenance mode"),
		EventPattern: &awsevents.EventPattern{
			Source:     jsii.Strings("aws.elasticloadbalancing"),
			DetailType: jsii.Strings("AWS API Call via CloudTrail"),
			Detail: &map[string]any{
				"eventSource": []string{"elasticloadbalancing.amazonaws.com"},
				"eventName":   live.ListenerCalls,
				"errorCode":   []map[string]bool{{"exists": false}}, // a refused call changes nothing
				"$or": []map[string]any{
					{"requestParameters": map[string]any{"listenerArn": []*string{listener.ListenerArn()}}},
					{"requestParameters": map[string]any{"ruleArn": rules}},
					{"requestParameters": map[string]any{"rulePriorities": map[string]any{"ruleArn": rules}}},
				},
			},
		},
	})
	field := func(path string) *string { return awsevents.EventField_FromPath(&path) }
	o.publishes(rule, fmt.Sprintf("%s: %s on the listener at %s, by %s from %s (%s). Which mode it is in now: noren status -c env=%s",
		o.env.StackName, *field("$.detail.eventName"), *field("$.detail.eventTime"), *field("$.detail.userIdentity.arn"),
		*field("$.detail.sourceIPAddress"), *field("$.detail.userAgent"), o.env.Name))
}
