package window

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/noren-cdk/noren/internal/turn"
	night "github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

// preflight reports every reason why the night must not begin. It changes
// nothing: it makes the change set that would close, and deletes it.
func (f *Function) preflight(ctx context.Context, p night.Payload) (string, error) {
	if err := f.inTime(p); err != nil {
		return "", err // the rest does not apply at another time
	}
	s, err := f.look(ctx)
	if err == nil {
		err = s.Agrees(maintenance.Open)
	}
	if err != nil {
		err = fmt.Errorf("the product is not open everywhere: %w", err)
	}
	running, runErr := f.canRun(ctx, p)
	turning, turnErr := f.canTurn(ctx, p)
	err = errors.Join(err, f.quiet(ctx), f.asPlanned(ctx), runErr, f.canCall(ctx, f.Settings.Announcement), f.canCall(ctx, f.Settings.Monitors), turnErr)
	if err != nil {
		return "", fmt.Errorf("the night does not begin, and the product is as it was: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	said := []string{"in time, open, no alarm, as planned", "the change set that closes changes the switch and nothing else"}
	if p.Task != "" {
		said = append(said, "the cluster and the task of the schema changes are active")
	}
	undecided := slices.Concat(running, turning)
	if len(undecided) == 0 {
		said = append(said, "the roles have the rights for that, as far as IAM simulates them")
	}
	return strings.Join(append(said, undecided...), "; "), nil
}

// canTurn reports why the product could not be closed, or not be opened again. It
// makes the change set that closes, and deletes it. undecided are rights that are
// not known.
func (f *Function) canTurn(ctx context.Context, p night.Payload) (undecided []string, err error) {
	o := f.operation()
	plan, err := o.Prepare(ctx, turn.Wish{Mode: p.Mode, Until: p.End, Typed: f.Now()})
	if err == nil {
		var needs []turn.Need
		needs, err = o.Needs(ctx, plan)
		err = errors.Join(err, o.Discard(ctx, plan))
		if err == nil {
			undecided, err = f.allowed(ctx, f.Settings.Role, needs)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the product could not be closed: %w", err)
	}
	return undecided, nil
}

// inTime reports a night that begins at another time than planned, or under
// another name, which is how a second one would begin.
func (f *Function) inTime(p night.Payload) error {
	started, err := time.Parse(time.RFC3339, p.Started)
	now := f.Now()
	switch {
	case err != nil:
		return fmt.Errorf("when the execution was started is not known: %w", err)
	case p.Input != p.Window:
		return fmt.Errorf("the execution was started for the window %q, and this is %s", p.Input, p.Window)
	case !strings.HasSuffix(p.Execution, ":"+p.Window):
		return fmt.Errorf("the execution is %q, want one of the name %s, so that there is one only", p.Execution, p.Window)
	case started.Before(p.Earliest):
		return fmt.Errorf("it was started at %s, before the window: want %s at the earliest", started.UTC().Format(time.RFC3339), p.Earliest.Format(time.RFC3339))
	case started.After(p.Latest):
		return fmt.Errorf("it was started at %s, want %s at the latest: a night that cannot begin in time does not begin", started.UTC().Format(time.RFC3339), p.Latest.Format(time.RFC3339))
	}
	if late := tooLate(p, now); late != "" {
		return errors.New(late)
	}
	return nil
}

// canRun reports why the task of the schema changes could not be started, as far
// as can be told without starting it. undecided are rights that are not known.
func (f *Function) canRun(ctx context.Context, p night.Payload) (undecided []string, err error) {
	if p.Task == "" {
		return nil, nil
	}
	api := ecs.NewFromConfig(f.Config)
	var errs []error
	clusters, err := api.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: []string{p.Cluster}})
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("whether the cluster of the schema changes is there is not known: %w", err))
	case len(clusters.Clusters) != 1 || aws.ToString(clusters.Clusters[0].Status) != "ACTIVE":
		errs = append(errs, fmt.Errorf("the cluster of the schema changes, %s, is not active", p.Cluster))
	}
	task, err := api.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &p.Task})
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("whether the task of the schema changes is there is not known: %w", err))
	case task.TaskDefinition == nil || task.TaskDefinition.Status != ecstypes.TaskDefinitionStatusActive:
		errs = append(errs, fmt.Errorf("the task of the schema changes, %s, is not active", p.Task))
	default:
		var all []turn.Need
		if all, err = needs(p, task.TaskDefinition); err == nil {
			undecided, err = f.allowed(ctx, p.Role, all)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("the schema changes could not be run: %w", err))
		}
	}
	return undecided, errors.Join(errs...)
}

// canCall reports why a function could not be called. It does not call it.
func (f *Function) canCall(ctx context.Context, function string) error {
	if function == "" {
		return nil
	}
	_, err := lambda.NewFromConfig(f.Config).Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, InvocationType: lambdatypes.InvocationTypeDryRun})
	if err != nil {
		return fmt.Errorf("%s could not be called: %w", function, err)
	}
	return nil
}

// quiet reports alarms of the stack.
func (f *Function) quiet(ctx context.Context) error {
	prefix := f.Settings.Stack + "-"
	var names []string
	pages := cloudwatch.NewDescribeAlarmsPaginator(cloudwatch.NewFromConfig(f.Config), &cloudwatch.DescribeAlarmsInput{
		StateValue: cwtypes.StateValueAlarm, AlarmNamePrefix: &prefix,
		AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm, cwtypes.AlarmTypeCompositeAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("whether there is an alarm is not known: %w", err)
		}
		for _, a := range page.MetricAlarms {
			names = append(names, aws.ToString(a.AlarmName))
		}
		for _, a := range page.CompositeAlarms {
			names = append(names, aws.ToString(a.AlarmName))
		}
	}
	if len(names) > 0 {
		return fmt.Errorf("there is an alarm: %s", strings.Join(names, ", "))
	}
	return nil
}

// asPlanned reports a deploy since the plan was recorded.
func (f *Function) asPlanned(ctx context.Context) error {
	kept, err := ssm.NewFromConfig(f.Config).GetParameter(ctx, &ssm.GetParameterInput{Name: &f.Settings.Planned})
	if err != nil {
		return fmt.Errorf("what was planned is not known: %w", err)
	}
	planned := aws.ToString(kept.Parameter.Value)
	if planned == night.NotPlanned {
		return nil
	}
	out, err := cloudformation.NewFromConfig(f.Config).GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &f.Settings.Stack, TemplateStage: types.TemplateStageOriginal})
	if err != nil {
		return fmt.Errorf("what is deployed is not known: %w", err)
	}
	if now := night.Digest([]byte(aws.ToString(out.TemplateBody))); now != planned {
		return fmt.Errorf("something was deployed, or the mode was turned, since the plan was recorded (%.12s, now %.12s): look, and record it again with noren window plan --record %s", planned, now, f.Settings.Options)
	}
	return nil
}
