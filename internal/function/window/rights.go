package window

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/noren-cdk/noren/internal/turn"
	night "github.com/noren-cdk/noren/internal/window"
)

// needs returns what the state machine needs to run a schema change.
func needs(p night.Payload, task *ecstypes.TaskDefinition) ([]turn.Need, error) {
	cluster, err := arn.Parse(p.Cluster)
	if err != nil {
		return nil, fmt.Errorf("the ARN of the cluster %q: %w", p.Cluster, err)
	}
	in := func(service, resource string) string {
		cluster := cluster
		cluster.Service, cluster.Resource = service, resource
		return cluster.String()
	}
	all := []turn.Need{
		{Actions: []string{"ecs:RunTask"}, Resource: p.Task},
		// A task has no name before it runs.
		{Actions: []string{"ecs:DescribeTasks", "ecs:StopTask"}, Resource: in("ecs", "task/"+strings.TrimPrefix(cluster.Resource, "cluster/")+"/0")},
		{Actions: []string{"events:PutTargets", "events:PutRule", "events:DescribeRule"}, Resource: in("events", "rule/StepFunctionsGetEventsForECSTaskRule")},
	}
	for _, role := range []*string{task.TaskRoleArn, task.ExecutionRoleArn} {
		if role != nil {
			all = append(all, turn.Need{Actions: []string{"iam:PassRole"}, Resource: *role})
		}
	}
	for i := range all {
		all[i].Context = map[string]string{"ecs:cluster": p.Cluster, "iam:PassedToService": "ecs-tasks.amazonaws.com"}
	}
	return all, nil
}

// allowed makes IAM simulate what a role is about to do. The error says what the
// role lacks, or that IAM could not be asked. undecided is what a simulation
// cannot tell, which does not stop a night.
func (f *Function) allowed(ctx context.Context, role string, needs []turn.Need) (undecided []string, err error) {
	api := iam.NewFromConfig(f.Config)
	var errs []error
	for _, need := range needs {
		results, err := f.simulate(ctx, api, role, need)
		if err != nil {
			return nil, errors.Join(append(errs, fmt.Errorf("what %s may do is not known: %w", role, err))...)
		}
		for _, action := range need.Actions {
			result, found := results[strings.ToLower(action)]
			doubt := doubtOf(result, action)
			switch {
			case !found:
				errs = append(errs, fmt.Errorf("whether %s may do %s on %s is not known: IAM does not say", role, action, need.Resource))
			case result.EvalDecision == types.PolicyEvaluationDecisionTypeAllowed:
			case doubt != "":
				undecided = append(undecided, fmt.Sprintf("whether %s may do %s on %s is not known: %s", role, action, need.Resource, doubt))
			default:
				errs = append(errs, fmt.Errorf("%s lacks %s on %s: %s", role, action, need.Resource, result.EvalDecision))
			}
		}
	}
	return undecided, errors.Join(errs...)
}

// simulate makes IAM simulate the actions of one need. The results are keyed by
// action, in lower case.
func (f *Function) simulate(ctx context.Context, api *iam.Client, role string, need turn.Need) (map[string]types.EvaluationResult, error) {
	entries := []types.ContextEntry{contextEntry("aws:RequestedRegion", f.Config.Region)}
	for _, key := range slices.Sorted(maps.Keys(need.Context)) {
		entries = append(entries, contextEntry(key, need.Context[key]))
	}
	results := map[string]types.EvaluationResult{}
	pages := iam.NewSimulatePrincipalPolicyPaginator(api, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &role, ActionNames: need.Actions, ResourceArns: []string{need.Resource}, ContextEntries: entries,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.EvaluationResults {
			results[strings.ToLower(aws.ToString(r.EvalActionName))] = r
		}
	}
	return results, nil
}

func contextEntry(key, value string) types.ContextEntry {
	return types.ContextEntry{ContextKeyName: &key, ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{value}}
}

// doubtOf says why a denial may be wrong: the simulation denies what a policy of
// the organization allows under conditions that it does not evaluate, and what
// depends on keys that only a real request has.
func doubtOf(r types.EvaluationResult, action string) string {
	if d := r.OrganizationsDecisionDetail; d != nil && !d.AllowedByOrganizations {
		return "a policy of the organization denies it, as far as a simulation follows its conditions"
	}
	missing := slices.Clone(r.MissingContextValues)
	for _, of := range r.ResourceSpecificResults {
		missing = append(missing, of.MissingContextValues...)
	}
	// The turning role may set no layers, and the request has none.
	missing = slices.DeleteFunc(missing, func(key string) bool {
		return strings.EqualFold(key, "lambda:Layer") && action != "lambda:UpdateFunctionConfiguration"
	})
	if len(missing) == 0 {
		return ""
	}
	return "it depends on " + strings.Join(missing, ", ")
}
