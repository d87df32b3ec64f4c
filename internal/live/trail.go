package live

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// CloudTrail's event history shows who changed the mode. Every account has it for
// 90 days, with or without a trail.

// TrailDelay is how late an event may come.
const TrailDelay = 15 * time.Minute

// longestDeploy is the longest time between the start of a deploy and the mode
// change it makes: changing a database instance takes half of it.
const longestDeploy = time.Hour

// maxPages limits how much of the history is read for one question, in pages of
// 50 events: the account may be busy, and AWS answers two questions a second.
const maxPages = 4

// Act is a call and who made it.
type Act struct {
	// Call is the name of the call, such as ModifyListener.
	Call string `json:"call"`

	// By is who made it, according to CloudTrail: the ARN of a user or of a
	// role's session.
	By string `json:"by"`

	// At is the time of the call.
	At time.Time `json:"at"`

	// Deploy says that CloudFormation made the call.
	Deploy bool `json:"deploy"`
}

// LastDeploy finds the last deploy of a stack, by name, that began before a turn.
// The Act is empty if the history does not have it, or not yet.
func LastDeploy(ctx context.Context, cfg aws.Config, stack string, turned time.Time) (Act, error) {
	ofStack := func(e event) bool {
		name := e.RequestParameters.StackName
		return name == stack || strings.Contains(name, ":stack/"+stack+"/")
	}
	return last(ctx, cfg, []string{"ExecuteChangeSet", "UpdateStack"}, turned.Add(-longestDeploy), turned.Add(time.Minute), ofStack)
}

// LastChange finds the last change of a listener, by ARN, since a time, whoever
// made it. The Act is empty if the history does not have it, or not yet.
func LastChange(ctx context.Context, cfg aws.Config, listener string, since time.Time) (Act, error) {
	return last(ctx, cfg, ListenerCalls, since, time.Time{}, func(e event) bool { return e.changes(listener) })
}

// LastByHand is like LastChange, but ignores deploys.
func LastByHand(ctx context.Context, cfg aws.Config, listener string, since time.Time) (Act, error) {
	return last(ctx, cfg, ListenerCalls, since, time.Time{}, func(e event) bool { return e.changes(listener) && !e.deploy() })
}

// changes reports whether the call changed the listener or one of its rules.
func (e event) changes(listener string) bool {
	rules := strings.Replace(listener, ":listener/", ":listener-rule/", 1) + "/"
	p := e.RequestParameters
	ruled := strings.HasPrefix(p.RuleArn, rules)
	for _, priority := range p.RulePriorities {
		ruled = ruled || strings.HasPrefix(priority.RuleArn, rules)
	}
	return p.ListenerArn == listener || ruled
}

// deploy reports whether CloudFormation made the call.
func (e event) deploy() bool { return e.UserIdentity.InvokedBy == "cloudformation.amazonaws.com" }

// ListenerCalls are the calls that change what a listener does.
var ListenerCalls = []string{"ModifyListener", "CreateRule", "ModifyRule", "DeleteRule", "SetRulePriorities"}

// event has the parts of a CloudTrail event that matter.
type event struct {
	ErrorCode    string
	UserIdentity struct{ Arn, PrincipalID, InvokedBy string }

	RequestParameters struct {
		StackName      string
		ListenerArn    string
		RuleArn        string
		RulePriorities []struct{ RuleArn string }
	}
}

// last returns the last successful call with one of the names, from since to
// until, that matches. A zero until means now.
func last(ctx context.Context, cfg aws.Config, calls []string, since, until time.Time, match func(event) bool) (Act, error) {
	var latest Act
	for _, call := range calls {
		act, err := newest(ctx, cfg, call, since, until, match)
		if err != nil {
			return Act{}, fmt.Errorf("asking CloudTrail for %s: %w", call, err)
		}
		if act.At.After(latest.At) {
			latest = act
		}
	}
	return latest, nil
}

// newest returns the first event that matches: CloudTrail returns the newest
// first.
func newest(ctx context.Context, cfg aws.Config, call string, since, until time.Time, match func(event) bool) (Act, error) {
	input := &cloudtrail.LookupEventsInput{
		LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: &call}},
		StartTime:        &since,
	}
	if !until.IsZero() {
		input.EndTime = &until
	}
	pages := cloudtrail.NewLookupEventsPaginator(cloudtrail.NewFromConfig(cfg), input)
	for read := 0; read < maxPages && pages.HasMorePages(); read++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return Act{}, err
		}
		for _, found := range page.Events {
			var e event
			if json.Unmarshal([]byte(aws.ToString(found.CloudTrailEvent)), &e) == nil && e.ErrorCode == "" && match(e) {
				by := cmp.Or(e.UserIdentity.Arn, e.UserIdentity.PrincipalID)
				return Act{aws.ToString(found.EventName), by, aws.ToTime(found.EventTime).UTC(), e.deploy()}, nil
			}
		}
	}
	return Act{}, nil
}
