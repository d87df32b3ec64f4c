package turn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/smithy-go"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// fakeBalancer is a load balancer that does as it is told.
type fakeBalancer struct {
	calls []string
	fail  func(arn string) error
	mode  maintenance.Mode // as the last call left it
}

func (b *fakeBalancer) call(arn, to string) error {
	b.calls = append(b.calls, arn+" to "+to)
	if b.fail != nil {
		if err := b.fail(arn); err != nil {
			return err
		}
	}
	if arn == "arn:listener" {
		b.mode = maintenance.Closed
		if to == "arn:app" {
			b.mode = maintenance.Open
		}
	}
	return nil
}

func (b *fakeBalancer) ModifyListener(_ context.Context, in *elbv2.ModifyListenerInput, _ ...func(*elbv2.Options)) (*elbv2.ModifyListenerOutput, error) {
	return &elbv2.ModifyListenerOutput{}, b.call(*in.ListenerArn, aws.ToString(in.DefaultActions[len(in.DefaultActions)-1].TargetGroupArn))
}

func (b *fakeBalancer) ModifyRule(_ context.Context, in *elbv2.ModifyRuleInput, _ ...func(*elbv2.Options)) (*elbv2.ModifyRuleOutput, error) {
	to := ""
	if len(in.Actions) > 0 {
		to = aws.ToString(in.Actions[0].TargetGroupArn)
	}
	if in.Conditions != nil {
		text, _ := json.Marshal(in.Conditions[0].SourceIpConfig)
		to += " if " + string(text)
	}
	return &elbv2.ModifyRuleOutput{}, b.call(*in.RuleArn, to)
}

const forward = `[{\"TargetGroupArn\":{\"Ref\":\"%s\"},\"Type\":\"forward\"}]`

// emergency returns an Emergency for a shop with real actions.
func emergency(t *testing.T, mode maintenance.Mode) (*Emergency, *fakeStack, *fakeBalancer, map[string]live.ByHand) {
	t.Helper()
	f := withRole(t, mode)
	for from, to := range map[string]string{
		`[\"responder\"]`: fmt.Sprintf(forward, "Answers"), `[\"app\"]`: fmt.Sprintf(forward, "App"),
		"[\n     \"responder\"\n    ]": strings.ReplaceAll(fmt.Sprintf(forward, "Answers"), `\`, ""),
		"[\n     \"app\"\n    ]":       strings.ReplaceAll(fmt.Sprintf(forward, "App"), `\`, ""),
	} {
		f.template = strings.ReplaceAll(f.template, from, to)
	}
	f.resources["Answers"] = "arn:answers"
	b := &fakeBalancer{mode: mode}
	noted := map[string]live.ByHand{}
	return &Emergency{
		Operation: operation(f), LoadBalancer: b, By: "arn:aws:sts::1:assumed-role/ops/ada", Why: "stuck",
		Note: func(_ context.Context, parameter string, turn live.ByHand) error {
			noted[parameter] = turn
			return nil
		},
		Seen: func(context.Context) (maintenance.Mode, error) { return b.mode, nil },
		Now:  func() time.Time { return now },
	}, f, b, noted
}

// turnNow turns without CloudFormation.
func turnNow(t *testing.T, e *Emergency, mode maintenance.Mode) (Outcome, error) {
	t.Helper()
	plan, err := e.Plan(t.Context(), mode)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	return e.Turn(ctx, plan)
}

// TestEmergency_Order checks that calls that refuse come first and calls that
// open last; what is closed to all requests closes before what is closed to
// reads, and opens after it.
func TestEmergency_Order(t *testing.T) {
	for _, test := range []struct {
		from, to maintenance.Mode
		want     []string
	}{
		{maintenance.Open, maintenance.Closed, []string{"arn:listener to arn:answers", "arn:reads to arn:answers"}},
		{maintenance.Open, maintenance.ReadOnly, []string{"arn:listener to arn:answers", "arn:reads to arn:app"}},
		{maintenance.Closed, maintenance.ReadOnly, []string{"arn:listener to arn:answers", "arn:reads to arn:app"}},
		{maintenance.Closed, maintenance.Open, []string{"arn:reads to arn:app", "arn:listener to arn:app"}},
	} {
		e, _, b, noted := emergency(t, test.from)
		b.mode = ""
		e.Seen = func(context.Context) (maintenance.Mode, error) { return test.to, nil }
		outcome, err := turnNow(t, e, test.to)
		if err != nil || !slices.Equal(b.calls, test.want) {
			t.Errorf("%s to %s: got %q, %v, want %q", test.from, test.to, b.calls, err, test.want)
		}
		want := live.ByHand{Mode: test.to, At: now, By: e.By, Why: "stuck", Locked: true}
		if !outcome.Locked || !outcome.Recorded || noted["CFN-ByHand"] != want || len(outcome.Problems) > 0 {
			t.Errorf("%s to %s: got %+v, noted %+v", test.from, test.to, outcome, noted)
		}
	}
}

// TestEmergency_AnyStack checks that it closes whatever state the stack is in.
func TestEmergency_AnyStack(t *testing.T) {
	for _, status := range types.StackStatus("").Values() {
		if strings.HasSuffix(string(status), "_IN_PROGRESS") {
			continue
		}
		e, f, b, _ := emergency(t, maintenance.Open)
		f.status = status
		if _, err := turnNow(t, e, maintenance.Closed); err != nil || b.mode != maintenance.Closed {
			t.Errorf("%s: %s, %v", status, b.mode, err)
		}
	}
}

// TestEmergency_NestedStack checks that --now closes and opens a switch in a nested
// stack, for which a change set is refused, and leaves no lock behind.
func TestEmergency_NestedStack(t *testing.T) {
	e, f, b, _ := emergency(t, maintenance.Open)
	f.parent = "arn:aws:cloudformation:eu-central-1:111111111111:stack/shop-all/2"
	if _, err := turnNow(t, e, maintenance.Closed); err != nil || b.mode != maintenance.Closed || !strings.Contains(f.policy, "Deny") {
		t.Errorf("closing: %q, %v, policy %s", b.mode, err, f.policy)
	}
	if _, err := turnNow(t, e, maintenance.Open); err != nil || b.mode != maintenance.Open || strings.Contains(f.policy, "Deny") {
		t.Errorf("opening: %q, %v, policy %s", b.mode, err, f.policy)
	}
}

// TestEmergency_WhatCannotBeDone checks that closing depends neither on the lock,
// nor on the record, nor on any single call.
func TestEmergency_WhatCannotBeDone(t *testing.T) {
	denied := errors.New("AccessDenied")
	t.Run("neither locked nor recorded", func(t *testing.T) {
		e, f, b, _ := emergency(t, maintenance.Open)
		f.before = func(_ int, name string) error {
			if name == "SetStackPolicy" {
				return denied
			}
			return nil
		}
		e.Note = func(context.Context, string, live.ByHand) error { return denied }
		outcome, err := turnNow(t, e, maintenance.Closed)
		if err != nil || b.mode != maintenance.Closed || outcome.Locked || outcome.Recorded || len(outcome.Problems) != 2 || !strings.HasPrefix(outcome.Problems[0], "not locked: ") {
			t.Errorf("got %+v, %v, %s", outcome, err, b.mode)
		}
	})
	t.Run("the first of two calls that refuse", func(t *testing.T) {
		e, f, b, _ := emergency(t, maintenance.Open)
		b.fail = func(arn string) error {
			if arn == "arn:listener" {
				return denied
			}
			return nil
		}
		if _, err := turnNow(t, e, maintenance.Closed); !errors.Is(err, denied) || len(b.calls) != 2 || f.policy != "" {
			t.Errorf("%v after %q, policy %q", err, b.calls, f.policy)
		}
	})
	t.Run("the first of two calls that open", func(t *testing.T) {
		e, _, b, _ := emergency(t, maintenance.Closed)
		b.fail = func(string) error { return denied }
		if _, err := turnNow(t, e, maintenance.Open); !errors.Is(err, denied) || len(b.calls) != 1 {
			t.Errorf("%v after %q", err, b.calls)
		}
	})
}

// TestEmergency_RollbackUndoesIt checks that it waits while the stack is in
// transition, and turns again what the stack turns back.
func TestEmergency_RollbackUndoesIt(t *testing.T) {
	e, f, b, _ := emergency(t, maintenance.Open)
	f.status = types.StackStatusUpdateRollbackInProgress
	looks := 0
	e.Seen = func(context.Context) (maintenance.Mode, error) {
		switch looks++; looks {
		case 2:
			b.mode = maintenance.Open // the rollback restores the template's mode
		case 4:
			f.status = types.StackStatusUpdateRollbackFailed
		case 1:
			return "", errors.New("throttled")
		}
		return b.mode, nil
	}
	outcome, err := turnNow(t, e, maintenance.Closed)
	if err != nil || outcome.Again != 1 || b.mode != maintenance.Closed || looks < 4 {
		t.Errorf("got %+v, %v, %s after %d looks", outcome, err, b.mode, looks)
	}
	f.status = types.StackStatusUpdateInProgress // forever
	if _, err := turnNow(t, e, maintenance.Closed); err == nil || !strings.Contains(err.Error(), "not at rest") {
		t.Errorf("a stack that does not come to rest: %v", err)
	}
}

// TestEmergency_TheTemplateOfAnUpdateUnderWay tries a deploy that closes and
// hangs, so that GetTemplate returns its template. Whether the template stays is
// known only when the stack is at rest.
func TestEmergency_TheTemplateOfAnUpdateUnderWay(t *testing.T) {
	for _, test := range []struct {
		name   string
		ends   types.StackStatus
		with   maintenance.Mode // of the template
		locked bool
	}{
		{"done", types.StackStatusUpdateComplete, maintenance.Closed, false},
		{"rolled back", types.StackStatusUpdateRollbackComplete, maintenance.Open, true},
		{"left half-way", types.StackStatusUpdateRollbackFailed, maintenance.Closed, true},
		{"left half-way with the old one", types.StackStatusUpdateRollbackFailed, maintenance.Open, true},
	} {
		e, f, b, noted := emergency(t, maintenance.Open)
		open := f.template
		closed, err := Turn([]byte(open), "", Wish{Mode: maintenance.Closed})
		if err != nil {
			t.Fatal(err)
		}
		f.template, f.status = string(closed.Template), types.StackStatusUpdateInProgress
		looks := 0
		e.Seen = func(context.Context) (maintenance.Mode, error) {
			switch looks++; looks {
			case 1:
				if f.policy != "" {
					t.Errorf("%s: the update that closes would be kept from it by %s", test.name, f.policy)
				}
				if noted["CFN-ByHand"].Mode != maintenance.Closed {
					t.Errorf("%s: not recorded while the update goes on: %+v", test.name, noted)
				}
			case 2:
				f.status = test.ends
				if test.with == maintenance.Open {
					f.template, b.mode = open, maintenance.Open
				}
			}
			return b.mode, nil
		}
		outcome, err := turnNow(t, e, maintenance.Closed)
		if err != nil || b.mode != maintenance.Closed || outcome.Locked != test.locked || strings.Contains(f.policy, "Deny") != test.locked || (noted["CFN-ByHand"] == live.ByHand{}) == test.locked || noted["CFN-ByHand"].Locked != test.locked {
			t.Errorf("%s: got %+v, %v, policy %q, noted %+v", test.name, outcome, err, f.policy, noted)
		}
		f.status = types.StackStatusUpdateInProgress // forever
		if outcome, err := turnNow(t, e, maintenance.Closed); err == nil || !outcome.Locked || !noted["CFN-ByHand"].Locked {
			t.Errorf("%s: not watched to its end, and not locked: %+v, %v", test.name, outcome, err)
		}
		f.status = test.ends
		if known := outcome.Deployed == maintenance.Closed; known == test.locked {
			t.Errorf("%s: the template is said to be %q", test.name, outcome.Deployed)
		}
	}
}

// TestEmergency_Reconciled checks that turning the template afterwards unlocks as
// late as possible and locks again if it fails, and that turning back by hand
// unlocks, too.
func TestEmergency_Reconciled(t *testing.T) {
	const before = `{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"LogicalResourceId/*"}]}`
	e, f, _, noted := emergency(t, maintenance.Open)
	f.policy = before
	if _, err := turnNow(t, e, maintenance.Closed); err != nil {
		t.Fatal(err)
	}
	locked := f.policy
	if !strings.Contains(locked, `"Resource":["LogicalResourceId/Listener","LogicalResourceId/Reads"]`) {
		t.Fatalf("not locked: %s", locked)
	}
	plan, err := e.Prepare(t.Context(), Wish{Mode: maintenance.Closed, Typed: now})
	if err != nil || !plan.Locked || f.policy != locked {
		t.Fatalf("got %+v, %v", plan, err)
	}
	refused := &smithy.GenericAPIError{Code: "AccessDenied", Message: "refused"}
	f.before = func(_ int, name string) error {
		if name != "ExecuteChangeSet" {
			return nil
		}
		if f.policy != before {
			t.Errorf("executes under %s", f.policy)
		}
		return refused
	}
	if err := e.Execute(t.Context(), plan, nil); !errors.Is(err, refused) || f.policy != locked {
		t.Errorf("refused: %v, policy %s", err, f.policy)
	}
	f.before = nil
	if err := flip(t.Context(), f, maintenance.Closed); err != nil || f.policy != before || modeOf(t, f.template) != maintenance.Closed {
		t.Errorf("%v, policy %s", err, f.policy)
	}
	// The template is closed now: opening by hand locks, closing by hand unlocks.
	if outcome, err := turnNow(t, e, maintenance.Open); err != nil || !outcome.Locked || !noted["CFN-ByHand"].Locked {
		t.Errorf("opened: %+v, %v", outcome, err)
	}
	if outcome, err := turnNow(t, e, maintenance.Closed); err != nil || outcome.Locked || noted["CFN-ByHand"] != (live.ByHand{}) || f.policy != before {
		t.Errorf("closed: %+v, %v, policy %s", outcome, err, f.policy)
	}
}

func TestLock(t *testing.T) {
	s := Switch{Carriers: []string{"Listener"}, Properties: []Property{{Resource: "Read"}, {Resource: "Listener"}}}
	const (
		lock  = `{"Effect":"Deny","Action":"Update:*","Principal":"*","Resource":["LogicalResourceId/Listener","LogicalResourceId/Read"]}`
		all   = `{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"}`
		part  = `{"Effect":"Deny","Action":"Update:*","Principal":"*","Resource":["LogicalResourceId/Listener"]}`
		table = `{"Effect":"Deny","Action":"Update:Delete","Principal":"*","Resource":["LogicalResourceId/Table"]}`
		other = `{"Effect":"Deny","Action":"Update:*","Principal":"*","Resource":["LogicalResourceId/Listener","LogicalResourceId/Table"]}`
	)
	for _, test := range []struct{ name, policy, locked, unlocked string }{
		{"none", "", `{"Statement":[` + all + "," + lock + "]}", ""},
		{"an empty one", "{}", `{"Statement":[` + all + "," + lock + "]}", "{}"},
		{"one of others", `{"Statement":[` + all + "," + table + "]}", `{"Statement":[` + all + "," + table + "," + lock + "]}", `{"Statement":[` + all + "," + table + "]}"},
		{"one that denies the listener, too", `{"Statement":[` + all + "," + other + "]}", `{"Statement":[` + all + "," + other + "," + lock + "]}", `{"Statement":[` + all + "," + other + "]}"},
		{"a single statement", `{"Statement":` + all + "}", `{"Statement":[` + all + "," + lock + "]}", `{"Statement":` + all + "}"},
		{"locked already", `{"Statement":[` + all + "," + lock + "]}", `{"Statement":[` + all + "," + lock + "]}", `{"Statement":[` + all + "]}"},
		{"locked in part, as before a rule came", `{"Statement":[` + all + "," + part + "]}", `{"Statement":[` + all + "," + lock + "]}", `{"Statement":[` + all + "]}"},
		{"locked in part and whole", `{"Statement":[` + all + "," + part + "," + lock + "]}", `{"Statement":[` + all + "," + part + "," + lock + "]}", `{"Statement":[` + all + "]}"},
		{"nothing but the lock", `{"Statement":[` + lock + "]}", `{"Statement":[` + lock + "]}", `{"Statement":[` + all + "]}"},
	} {
		locked, _, err := s.withLock(test.policy)
		if err != nil || locked != test.locked {
			t.Errorf("%s: got %s, %v, want %s", test.name, locked, err, test.locked)
		}
		unlocked, changed, err := s.withoutLock(test.policy)
		if err != nil || unlocked != test.unlocked || changed != (test.policy != test.unlocked) {
			t.Errorf("%s: got %s, %v, want %s", test.name, unlocked, err, test.unlocked)
		}
	}
}

// TestNames checks how references in the template are resolved for the API. One
// that cannot be resolved is an error before anything is turned.
func TestNames(t *testing.T) {
	n := names{physical: map[string]string{"App": "arn:app"}, values: map[string]string{"Group": "arn:given", "AWS::Region": "r"}, exports: map[string]string{"shop-app": "arn:exported"}}
	for _, test := range []struct{ template, want string }{
		{`[{"Type":"forward","TargetGroupArn":{"Ref":"App"}}]`, "arn:app"},
		{`[{"Type":"forward","TargetGroupArn":{"Ref":"Group"}}]`, "arn:given"},
		{`[{"Type":"forward","TargetGroupArn":{"Fn::GetAtt":["App","TargetGroupArn"]}}]`, "arn:app"},
		{`[{"Type":"forward","TargetGroupArn":{"Fn::ImportValue":{"Fn::Join":["-",["shop","app"]]}}}]`, "arn:exported"},
		{`[{"Type":"forward","ForwardConfig":{"TargetGroups":[{"TargetGroupArn":{"Ref":"App"},"Weight":"2"}],"TargetGroupStickinessConfig":{"Enabled":"true","DurationSeconds":60}}}]`, `"Weight":2`},
		{`[{"Type":"authenticate-oidc","Order":"1","AuthenticateOidcConfig":{"ClientId":"c","ClientSecret":"{{resolve:secretsmanager:s}}","SessionTimeout":"60"}},{"Type":"forward","Order":2,"TargetGroupArn":{"Ref":"App"}}]`, `"UseExistingClientSecret":true`},
		{`[{"Type":"forward","TargetGroupArn":{"Ref":"Gone"}}]`, ""},
		{`[{"Type":"forward","TargetGroupArn":{"Fn::ImportValue":"gone"}}]`, ""},
		{`[{"Type":"forward","TargetGroupArn":{"Fn::If":["A",{"Ref":"App"},{"Ref":"App"}]}}]`, ""},
		{`[{"Type":"forward","TargetGroupArn":{"Ref":"App"},"Later":1}]`, ""},
	} {
		s := Switch{Properties: []Property{{Resource: "App", Name: "DefaultActions", Open: json.RawMessage(test.template), Closed: json.RawMessage("[]")}}}
		steps, err := s.steps(maintenance.Open, n)
		if test.want == "" {
			if err == nil {
				t.Errorf("%s: no error", test.template)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.template, err)
			continue
		}
		if text, _ := json.Marshal(steps[0].listener); !strings.Contains(string(text), test.want) || strings.Contains(string(text), "resolve:") {
			t.Errorf("%s: got %s", test.template, text)
		}
	}
}
