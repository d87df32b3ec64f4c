package preflight

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func (i *inspector) identity() (Finding, error) {
	out, err := i.aws.sts.GetCallerIdentity(i.ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Finding{}, err
	}
	account, arn := aws.ToString(out.Account), aws.ToString(out.Arn)
	if want := i.Env.Account; want != "" && want != account {
		return wrong("use credentials of "+want+", or correct account in the environment file", "%s, in account %s; the environment is in %s", arn, account, want)
	}
	return ok("%s, in account %s", arn, account)
}

func (i *inspector) region() (Finding, error) {
	region := i.Env.Region
	regions, err := i.aws.ec2.regions(i.ctx, region)
	if isMissing(err, "InvalidParameterValue") {
		return wrong("choose another region", "AWS knows no region %s", region)
	}
	if err != nil {
		return Finding{}, err
	}
	for _, r := range regions {
		if r.Name != region {
			continue
		}
		if r.OptInStatus == "not-opted-in" {
			return wrong("enable it: aws account enable-region --region-name "+region, "%s is not enabled in this account", region)
		}
		return ok("%s is enabled", region)
	}
	return wrong("choose another region", "AWS knows no region %s", region)
}

// oldestBootstrap is the minimum version of the bootstrap stack that the CDK CLI
// needs.
const oldestBootstrap = 6

func (i *inspector) bootstrap() (Finding, error) {
	do := fmt.Sprintf("npx cdk bootstrap aws://%s/%s", firstOf(i.Env.Account, "ACCOUNT"), i.Env.Region)
	out, err := i.aws.ssm.GetParameter(i.ctx, &ssm.GetParameterInput{Name: aws.String("/cdk-bootstrap/hnb659fds/version")})
	if isMissing(err, "ParameterNotFound") {
		return wrong(do, "the region has not been bootstrapped")
	}
	if err != nil {
		return Finding{}, err
	}
	version, err := strconv.Atoi(aws.ToString(out.Parameter.Value))
	if err != nil {
		return Finding{}, err
	}
	if version < oldestBootstrap {
		return wrong(do, "version %d, the CLI wants %d", version, oldestBootstrap)
	}
	return ok("version %d", version)
}

func firstOf(texts ...string) string {
	return texts[slices.IndexFunc(texts, func(text string) bool { return text != "" })]
}

// deployed returns the stack, nil if it does not exist.
func (i *inspector) deployed() (*cfntypes.Stack, error) {
	out, err := i.aws.cloudformation.DescribeStacks(i.ctx, &cloudformation.DescribeStacksInput{StackName: &i.Env.StackName})
	if isMissing(err, "ValidationError") && strings.Contains(err.Error(), "does not exist") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(out.Stacks) == 0 || out.Stacks[0].StackStatus == cfntypes.StackStatusReviewInProgress {
		return nil, nil // only a change set exists so far
	}
	return &out.Stacks[0], nil
}

// deployCommand returns the command for the next deploy.
func (i *inspector) deployCommand(first bool) string {
	command := "npx cdk deploy -c env=" + i.Env.Name
	if first && i.Env.DeletionProtection {
		command += " -c protection=false"
	}
	return command
}

func (i *inspector) stack() (Finding, error) {
	stack, err := i.deployed()
	if err != nil {
		return Finding{}, err
	}
	if stack == nil {
		finding, err := ok("%s does not exist: this is the first deploy", i.Env.StackName)
		finding.Do = i.deployCommand(true)
		return finding, err
	}
	switch status := string(stack.StackStatus); {
	case strings.HasSuffix(status, "_IN_PROGRESS"):
		return wrong("wait until it has ended", "%s is %s: something deploys it now", i.Env.StackName, status)
	case status == "ROLLBACK_COMPLETE" || status == "ROLLBACK_FAILED" || status == "CREATE_FAILED" || status == "DELETE_FAILED":
		return wrong("read why, then delete it and deploy again: docs/runbook.md, A broken deploy", "%s is %s: %s", i.Env.StackName, status, aws.ToString(stack.StackStatusReason))
	case status == "UPDATE_ROLLBACK_FAILED":
		return wrong("aws cloudformation continue-update-rollback --stack-name "+i.Env.StackName, "%s is %s", i.Env.StackName, status)
	default:
		return ok("%s is %s", i.Env.StackName, status)
	}
}

func (i *inspector) protection() (Finding, error) {
	stack, err := i.deployed()
	switch {
	case err != nil:
		return Finding{}, err
	case stack == nil:
		return ok("comes with the second deploy")
	case !aws.ToBool(stack.EnableTerminationProtection):
		return wrong(i.deployCommand(false), "%s is deployed without the protections that its environment file asks for", i.Env.StackName)
	}
	return ok("the stack is protected against termination")
}

// trail checks for a trail through which operators learn who changed the
// listener.
func (i *inspector) trail() (Finding, error) {
	const do = "make a trail that records management events in this region, or know that no mail says who flips by hand"
	out, err := i.aws.cloudtrail.DescribeTrails(i.ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	if err != nil {
		return Finding{}, err
	}
	silent := "there is no trail"
	for _, trail := range out.TrailList {
		name := trail.TrailARN
		status, err := i.aws.cloudtrail.GetTrailStatus(i.ctx, &cloudtrail.GetTrailStatusInput{Name: name})
		if err != nil {
			return Finding{}, err
		}
		if !aws.ToBool(status.IsLogging) {
			silent = "the trail " + aws.ToString(trail.Name) + " does not log"
			continue
		}
		selectors, err := i.aws.cloudtrail.GetEventSelectors(i.ctx, &cloudtrail.GetEventSelectorsInput{TrailName: name})
		if err != nil {
			return Finding{}, err
		}
		if recordsManagement(selectors) {
			return ok("%s records management events", aws.ToString(trail.Name))
		}
		silent = "the trail " + aws.ToString(trail.Name) + " records no management events that write"
	}
	return wrong(do, "%s", silent)
}

// recordsManagement reports whether a trail records the calls that change a
// listener.
func recordsManagement(s *cloudtrail.GetEventSelectorsOutput) bool {
	for _, selector := range s.EventSelectors {
		if aws.ToBool(selector.IncludeManagementEvents) && selector.ReadWriteType != "ReadOnly" {
			return true
		}
	}
	for _, selector := range s.AdvancedEventSelectors {
		management, reads := false, false
		for _, field := range selector.FieldSelectors {
			switch aws.ToString(field.Field) {
			case "eventCategory":
				management = slices.Contains(field.Equals, "Management")
			case "readOnly":
				reads = slices.Contains(field.Equals, "true")
			}
		}
		if management && !reads {
			return true
		}
	}
	return false
}
