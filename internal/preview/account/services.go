package account

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
)

func init() {
	for name, do := range map[string]func(*Account, request) (any, error){
		"ssm:GetParameter":              (*Account).getParameter,
		"ssm:GetParameters":             (*Account).getParameters,
		"ssm:PutParameter":              (*Account).putParameter,
		"secretsmanager:GetSecretValue": (*Account).getSecretValue,
		"s3:PutObject":                  (*Account).putObject,
		"s3:GetObject":                  (*Account).getObject,
		"s3:HeadObject":                 (*Account).getObject,
		"sns:Publish":                   (*Account).publish,
		"lambda:Invoke":                 (*Account).invoke,
		"ecs:DescribeClusters": func(_ *Account, q request) (any, error) {
			return map[string]any{"clusters": []any{map[string]any{"clusterArn": first(q.input["clusters"]), "status": "ACTIVE"}}, "failures": []any{}}, nil
		},
		"ecs:DescribeTaskDefinition": func(_ *Account, q request) (any, error) {
			return map[string]any{"taskDefinition": map[string]any{"taskDefinitionArn": q.text("taskDefinition"), "status": "ACTIVE"}}, nil
		},
		"iam:SimulatePrincipalPolicy":     simulatePrincipalPolicy,
		"lambda:GetFunctionConfiguration": (*Account).getFunctionConfiguration,
		"sts:GetCallerIdentity": func(*Account, request) (any, error) {
			return map[string]any{"Account": Number, "Arn": "arn:aws:iam::" + Number + ":user/preview", "UserId": "preview"}, nil
		},
		"monitoring:DescribeAlarms": func(*Account, request) (any, error) {
			return map[string]any{"MetricAlarms": []any{}, "CompositeAlarms": []any{}}, nil
		},
		"monitoring:GetMetricData": func(*Account, request) (any, error) {
			return map[string]any{"MetricDataResults": []any{}}, nil
		},
		"events:PutEvents": func(*Account, request) (any, error) {
			return map[string]any{"FailedEntryCount": 0, "Entries": []any{}}, nil
		},
		"cloudtrail:LookupEvents": func(*Account, request) (any, error) {
			return map[string]any{"Events": []any{}}, nil
		},
	} {
		operations[name] = do
	}
}

// simulatePrincipalPolicy allows everything: nothing is refused here for lack of
// rights.
func simulatePrincipalPolicy(_ *Account, q request) (any, error) {
	results := []any{}
	for _, action := range q.list("ActionNames") {
		results = append(results, map[string]any{"EvalActionName": action, "EvalDecision": "allowed"})
	}
	return map[string]any{"EvaluationResults": results, "IsTruncated": false}, nil
}

func (a *Account) parameter(name string) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	value, ok := a.parameters[name]
	if !ok {
		return nil, refuse("ParameterNotFound", "there is no parameter %s", name)
	}
	return map[string]any{"Name": name, "Value": value, "Type": "String", "Version": 1, "LastModifiedDate": float64(time.Now().Unix())}, nil
}

func (a *Account) getParameter(q request) (any, error) {
	p, err := a.parameter(q.text("Name"))
	if err != nil {
		return nil, err
	}
	return map[string]any{"Parameter": p}, nil
}

func (a *Account) getParameters(q request) (any, error) {
	names, _ := q.input["Names"].([]any)
	found, invalid := []any{}, []any{}
	for _, n := range names {
		if p, err := a.parameter(fmt.Sprint(n)); err == nil {
			found = append(found, p)
		} else {
			invalid = append(invalid, n)
		}
	}
	return map[string]any{"Parameters": found, "InvalidParameters": invalid}, nil
}

func (a *Account) putParameter(q request) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.parameters[q.text("Name")] = q.text("Value")
	return map[string]any{"Version": 2}, nil
}

func (a *Account) getSecretValue(q request) (any, error) {
	id := q.text("SecretId")
	name := id[strings.LastIndexByte(id, ':')+1:]
	if a.config.Secret == nil || a.stack.types[name] != "AWS::SecretsManager::Secret" {
		return nil, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	return map[string]any{"ARN": id, "Name": name, "SecretString": a.config.Secret(name)}, nil
}

func (a *Account) publish(q request) (any, error) {
	topic := q.form.Get("TopicArn")
	if a.config.Published != nil {
		a.config.Published(topic[strings.LastIndexByte(topic, ':')+1:], q.form.Get("Subject"), q.form.Get("Message"))
	}
	return map[string]any{"MessageId": "preview"}, nil
}

// function returns the logical id of the function in a path of Lambda's API.
func function(of string) string {
	name, _ := url.PathUnescape(path.Base(path.Dir(of)))
	name = strings.TrimPrefix(name, arn("lambda", "function:"))
	name, _, _ = strings.Cut(name, ":")
	return name
}

// first returns the first entry of a list, nil if there is none.
func first(list any) any {
	if all, _ := list.([]any); len(all) > 0 {
		return all[0]
	}
	return nil
}

func (a *Account) invoke(q request) (any, error) {
	if q.header.Get("X-Amz-Invocation-Type") == "DryRun" {
		return a.getFunctionConfiguration(q) // which refuses a missing function
	}
	if a.config.Invoke == nil {
		return nil, refuse("ResourceNotFoundException", "Function not found: %s", function(q.path))
	}
	answer, err := a.config.Invoke(context.Background(), function(q.path), q.body)
	if err != nil {
		return nil, err
	}
	return raw{answer, map[string]string{"Content-Type": "application/json"}}, nil
}

func (a *Account) getFunctionConfiguration(q request) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	all, err := a.deployed("AWS::Lambda::Function")
	if err != nil {
		return nil, err
	}
	var found any
	all.each("AWS::Lambda::Function", func(r cfn.Resource) {
		if r.LogicalID == function(q.path) {
			found = map[string]any{"FunctionName": r.LogicalID, "Environment": r.Properties["Environment"], "State": "Active", "LastUpdateStatus": "Successful"}
		}
	})
	if found == nil {
		return nil, refuse("ResourceNotFoundException", "Function not found: %s", function(q.path))
	}
	return found, nil
}
