package live_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/testing/awsstub"
)

const listenerOfTrail = "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/alb/1/2"

var now = time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)

// event returns a CloudTrail event by a user, so many minutes ago.
func event(call, by string, ago int, parameters string) string {
	return fmt.Sprintf(`{"EventName": %q, "EventTime": %d, "CloudTrailEvent": %q}`, call, now.Add(-time.Duration(ago)*time.Minute).Unix(),
		fmt.Sprintf(`{"userIdentity": {"arn": %q}, "requestParameters": %s}`, by, parameters))
}

// answer answers each call's lookup with pages of events.
func answer(aws *awsstub.AWS, pages map[string][]string) {
	asked := map[string]int{}
	aws.AnswerBy("LookupEvents", func(r awsstub.Request) string {
		for call, events := range pages {
			if !strings.Contains(r.Body, `"AttributeValue":"`+call+`"`) {
				continue
			}
			n := asked[call]
			asked[call]++
			token := ""
			if n+1 < len(events) {
				token = `, "NextToken": "more"`
			}
			return `{"Events": [` + events[min(n, len(events)-1)] + `]` + token + `}`
		}
		return `{"Events": []}`
	})
}

func TestTrail_TheLastChangeOfTheListener(t *testing.T) {
	rule := strings.Replace(listenerOfTrail, ":listener/", ":listener-rule/", 1) + "/3"
	mine, other := fmt.Sprintf(`{"listenerArn": %q}`, listenerOfTrail), `{"listenerArn": "arn:other"}`
	for _, test := range []struct {
		name  string
		pages map[string][]string
		want  string
	}{
		{"nothing", nil, ""},
		{"the newest of all calls", map[string][]string{
			"ModifyListener": {event("ModifyListener", "early", 30, mine)}, "ModifyRule": {event("ModifyRule", "late", 3, fmt.Sprintf(`{"ruleArn": %q}`, rule))},
		}, "late"},
		{"priorities", map[string][]string{"SetRulePriorities": {event("SetRulePriorities", "ko", 3, fmt.Sprintf(`{"rulePriorities": [{"ruleArn": %q, "priority": 7}]}`, rule))}}, "ko"},
		{"on a later page, after another listener's", map[string][]string{"ModifyListener": {event("ModifyListener", "x", 1, other), event("ModifyListener", "ko", 2, mine)}}, "ko"},
		{"not further than four pages", map[string][]string{"ModifyListener": {
			event("ModifyListener", "x", 1, other), event("ModifyListener", "x", 1, other), event("ModifyListener", "x", 1, other), event("ModifyListener", "x", 1, other), event("ModifyListener", "ko", 2, mine),
		}}, ""},
		{"a call that was refused changed nothing", map[string][]string{"ModifyListener": {
			strings.Replace(event("ModifyListener", "refused", 1, mine), `{\"userIdentity`, `{\"errorCode\": \"AccessDenied\", \"userIdentity`, 1) + "," + event("ModifyListener", "ko", 2, mine),
		}}, "ko"},
		{"what cannot be read is left out", map[string][]string{"ModifyListener": {event("ModifyListener", "x", 1, `"no object"`) + "," + event("ModifyListener", "ko", 2, mine)}}, "ko"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stub := awsstub.New(t)
			answer(stub, test.pages)
			act, err := live.LastChange(t.Context(), stub.Config(t), listenerOfTrail, now.Add(-time.Hour))
			if err != nil || act.By != test.want {
				t.Errorf("got %+v, %v; want %q", act, err, test.want)
			}
		})
	}
}

func TestADeployIsLookedForBeforeTheTurn(t *testing.T) {
	stub := awsstub.New(t)
	answer(stub, map[string][]string{"ExecuteChangeSet": {event("ExecuteChangeSet", "ko", 3, `{"stackName": "shop"}`)}})
	act, err := live.LastDeploy(t.Context(), stub.Config(t), "shop", now)
	if err != nil || act.By != "ko" || act.Call != "ExecuteChangeSet" || !act.At.Equal(now.Add(-3*time.Minute)) {
		t.Errorf("got %+v, %v", act, err)
	}
	want := fmt.Sprintf(`"EndTime":%d`, now.Add(time.Minute).Unix())
	for _, call := range stub.Calls("LookupEvents") {
		if !strings.Contains(call.Body, want) || !strings.Contains(call.Body, fmt.Sprintf(`"StartTime":%d`, now.Add(-time.Hour).Unix())) {
			t.Errorf("asked %s", call.Body)
		}
	}
}

func TestARefusalIsAnError(t *testing.T) {
	stub := awsstub.New(t)
	stub.Answer("LookupEvents", awsstub.Refuse("AccessDeniedException", "no LookupEvents"))
	if act, err := live.LastByHand(t.Context(), stub.Config(t), listenerOfTrail, now); err == nil || !strings.Contains(err.Error(), "asking CloudTrail for ModifyListener") || !strings.Contains(err.Error(), "no LookupEvents") {
		t.Errorf("got %+v, %v", act, err)
	}
}
