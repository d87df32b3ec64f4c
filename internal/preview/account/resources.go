package account

import (
	"bytes"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// arn returns an ARN of a resource in the account.
func arn(service, rest string) string {
	return "arn:aws:" + service + ":" + Region + ":" + Number + ":" + rest
}

// physical returns the name of a resource in its service, and its ARN.
func physical(kind, id, balancer, listener string) (name, amazon string) {
	const number = "/0000000000000001"
	switch kind {
	case "AWS::ElasticLoadBalancingV2::LoadBalancer":
		name = arn("elasticloadbalancing", "loadbalancer/app/"+id+number)
	case "AWS::ElasticLoadBalancingV2::Listener":
		name = arn("elasticloadbalancing", "listener/app/"+balancer+number+"/"+id)
	case "AWS::ElasticLoadBalancingV2::ListenerRule":
		name = arn("elasticloadbalancing", "listener-rule/app/"+balancer+number+"/"+listener+"/"+id)
	case "AWS::ElasticLoadBalancingV2::TargetGroup":
		name = arn("elasticloadbalancing", "targetgroup/"+id+number)
	case "AWS::SecretsManager::Secret":
		name = arn("secretsmanager", "secret:"+id)
	case "AWS::SNS::Topic":
		name = arn("sns", id)
	case "AWS::StepFunctions::StateMachine":
		name = arn("states", "stateMachine:"+id)
	case "AWS::ECS::TaskDefinition":
		name = arn("ecs", "task-definition/"+id+":1")
	case "AWS::Lambda::Function":
		return id, arn("lambda", "function:"+id)
	case "AWS::Lambda::Version", "AWS::Lambda::Alias":
		name = arn("lambda", "function:"+id)
	case "AWS::IAM::Role":
		return id, "arn:aws:iam::" + Number + ":role/" + id
	case "AWS::ECS::Cluster":
		return id, arn("ecs", "cluster/"+id)
	case "AWS::S3::Bucket":
		return BucketName(id), "arn:aws:s3:::" + BucketName(id)
	case "AWS::Events::Rule":
		return id, arn("events", "rule/"+id)
	default:
		return id, ""
	}
	return name, name
}

// BucketName returns the name of a bucket, by its logical id, in lower case.
func BucketName(id string) string { return strings.ToLower(id) }

// resources are some of the deployed template's resources, with texts resolved
// for the account.
type resources []cfn.Resource

func (all resources) each(kind string, do func(cfn.Resource)) {
	for _, r := range all {
		if r.Type == kind {
			do(r)
		}
	}
}

// deployed returns the deployed resources of some types.
func (a *Account) deployed(types ...string) (resources, error) {
	return cfn.Resources(bytes.NewReader(a.stack.template), a.Options(), types...)
}

// pseudo returns the values of parameters, including pseudo parameters.
func (a *Account) pseudo() map[string]string {
	values := map[string]string{
		"AWS::Region": Region, "AWS::AccountId": Number, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
		"AWS::StackName": a.config.Stack, "AWS::StackId": a.StackID(),
	}
	for name, value := range a.config.Parameters {
		values[name] = value
	}
	return values
}

// reveal returns the value of a secret that a template resolves.
func (a *Account) reveal(name string) (string, bool) {
	id, ok := strings.CutPrefix(name, "<secret ")
	if !ok || a.config.Secret == nil {
		return "", false
	}
	id = strings.TrimSuffix(id, ">")
	return a.config.Secret(id[strings.LastIndexByte(id, ':')+1:]), true // the part after the last colon of an ARN
}

// Options returns the options with which the stack's template is read.
func (a *Account) Options() cfn.Options {
	return cfn.Options{Parameters: a.pseudo(), Values: a.stack.values, Reveal: a.reveal}
}
