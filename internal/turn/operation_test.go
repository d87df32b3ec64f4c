package turn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/noren-cdk/noren/maintenance"
)

// now is the time at which a mode is asked for.
var now = time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)

// shop returns a template with a guard and a read rule, in the mode.
func shop(t *testing.T, mode maintenance.Mode) string {
	t.Helper()
	const open = `{
 "Resources": {
  "Listener": {
   "Type": "AWS::ElasticLoadBalancingV2::Listener",
   "Properties": {
    "DefaultActions": [
     {
      "TargetGroupArn": {
       "Ref": "App"
      },
      "Type": "forward"
     }
    ],
    "Port": 443
   }
  },
  "Reads": {
   "Type": "AWS::ElasticLoadBalancingV2::ListenerRule",
   "Properties": {
    "Actions": [
     "app"
    ]
   }
  },
  "Responder": {
   "Type": "AWS::Lambda::Function",
   "Properties": {
    "Environment": {
     "Variables": {
      "MAINTENANCE_DEFAULT_LANGUAGE": "en",
      "MAINTENANCE_MESSAGE": "{\"en\":\"Back soon.\",\"ja\":\"\\u518d\\u958b\"}",
      "MAINTENANCE_UNTIL": ""
     }
    }
   },
   "Metadata": {
    "noren:switch": "{\"Name\":\"Maintenance\",\"Responder\":\"Responder\",\"Guard\":\"Guard\",\"ReadOnly\":true,\"Carriers\":[\"Listener\",\"Reads\"],\"Variables\":{\"MAINTENANCE_DEFAULT_LANGUAGE\":\"en\",\"MAINTENANCE_MESSAGE\":\"{\\\"en\\\":\\\"Back soon.\\\",\\\"ja\\\":\\\"\\\\u518d\\\\u958b\\\"}\",\"MAINTENANCE_UNTIL\":\"\"},\"Properties\":[{\"Resource\":\"Listener\",\"Name\":\"DefaultActions\",\"Open\":[{\"TargetGroupArn\":{\"Ref\":\"App\"},\"Type\":\"forward\"}],\"ReadOnly\":[\"responder\"],\"Closed\":[\"responder\"]},{\"Resource\":\"Reads\",\"Name\":\"Actions\",\"Open\":[\"app\"],\"ReadOnly\":[\"app\"],\"Closed\":[\"responder\"]}]}"
   }
  },
  "Guard": {
   "Type": "Custom::NorenReopenGuard",
   "Properties": {
    "Mode": "open",
    "Explicit": "",
    "Digest": "",
    "Message": "",
    "Until": ""
   }
  }
 }
}`
	if mode == maintenance.Open {
		return open
	}
	result, err := Turn([]byte(open), "", Wish{Mode: mode})
	if err != nil {
		t.Fatal(err)
	}
	return string(result.Template)
}

func operation(f *fakeStack) *Operation {
	return &Operation{API: f, Stack: "shop", Poll: time.Millisecond}
}

// TestTurn_ThereAndBack checks that turning to each mode changes the properties
// that carry it, and that turning back restores the template except for the
// guard.
func TestTurn_ThereAndBack(t *testing.T) {
	for _, test := range []struct {
		from, to maintenance.Mode
		want     string
	}{
		{maintenance.Open, maintenance.Closed, "Listener.DefaultActions Reads.Actions Guard.Digest Guard.Explicit Guard.Mode"},
		{maintenance.Open, maintenance.ReadOnly, "Listener.DefaultActions Guard.Digest Guard.Explicit Guard.Mode"},
		{maintenance.ReadOnly, maintenance.Closed, "Reads.Actions Guard.Digest Guard.Explicit Guard.Mode"},
		{maintenance.Closed, maintenance.Closed, ""},
	} {
		before := shop(t, test.from)
		there, err := Turn([]byte(before), "Maintenance", Wish{Mode: test.to, Typed: now})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(there.Changed, " "); got != test.want || there.From != test.from {
			t.Errorf("%s to %s: got %q from %s, want %q", test.from, test.to, got, there.From, test.want)
		}
		if test.want == "" && string(there.Template) != before {
			t.Errorf("%s to %s changes the text", test.from, test.to)
		}
		again, err := Turn(there.Template, "", Wish{Mode: test.from})
		if err != nil {
			t.Fatal(err)
		}
		if test.from == maintenance.Open { // its guard has no digest before
			continue
		}
		if string(again.Template) != before {
			t.Errorf("%s to %s and back: got\n%s\nwant\n%s", test.from, test.to, again.Template, before)
		}
	}
}

func TestTurn_MessageAndEnd(t *testing.T) {
	before := shop(t, maintenance.Closed)
	until := time.Date(2026, 12, 1, 4, 0, 0, 0, time.FixedZone("", 9*3600))
	told, err := Turn([]byte(before), "", Wish{Mode: maintenance.Closed, Message: "4時に再開\n", Until: until, Typed: now})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(told.Changed, " "); got != "Responder.Environment Guard.Digest Guard.Explicit Guard.Message Guard.Until" && got != "Responder.Environment Guard.Explicit Guard.Message Guard.Until" {
		t.Errorf("got %q", got)
	}
	for _, want := range []string{`"MAINTENANCE_MESSAGE": "{\"en\":\"4\\u6642\\u306b\\u518d\\u958b\\n\"}"`, `"MAINTENANCE_UNTIL": "2026-12-01T04:00:00+09:00"`} {
		if !strings.Contains(string(told.Template), want) {
			t.Errorf("no %s in\n%s", want, told.Template)
		}
	}
	back, err := Turn(told.Template, "", Wish{Mode: maintenance.Closed})
	if err != nil {
		t.Fatal(err)
	}
	if string(back.Template) != before {
		t.Errorf("without a message: got\n%s\nwant\n%s", back.Template, before)
	}
}

func TestTurn_Refuses(t *testing.T) {
	open := shop(t, maintenance.Open)
	for _, test := range []struct{ name, template, switchName, mode, want string }{
		{"a mixed template", strings.Replace(open, "\"Actions\": [\n     \"app\"", "\"Actions\": [\n     \"responder\"", 1), "", "closed",
			"switch Maintenance is mixed: Listener.DefaultActions is as in open, Reads.Actions is as in closed"},
		{"a value of no mode", strings.Replace(open, "\"Actions\": [\n     \"app\"", "\"Actions\": [\n     \"elsewhere\"", 1), "", "closed",
			"Reads.Actions is as in no mode"},
		{"another switch", open, "Shop", "closed", `unknown switch "Shop": want Maintenance`},
		{"a template of others", `{"Resources": {"A": {"Type": "B"}}}`, "", "closed", "no switch that can be turned: deploy it once"},
		{"a switch that may be in a nested stack", `{"Resources": {"A": {"Type": "B"}, "Edge": {"Type": "AWS::CloudFormation::Stack"}}}`, "", "closed",
			"no switch that can be turned: a switch in a nested stack (Edge) changes with a deploy, or with --now"},
		{"characters that come back as question marks", strings.Replace(open, "Back soon", "Zurück", 1), "", "closed", "not ASCII"},
		{"an unknown mode", open, "", "ajar", `unknown mode "ajar"`},
		{"a mode that is not prepared", strings.Replace(open, `\"ReadOnly\":true`, `\"ReadOnly\":false`, 1), "", "read-only", "no mode read-only"},
		{"a later description", strings.Replace(open, `\"ReadOnly\":true`, `\"ReadOnly\":true,\"Later\":1`, 1), "", "closed", "later version"},
		{"a property that is gone", strings.Replace(open, "\"Actions\": [\n     \"app\"\n    ]", `"Else": 1`, 1), "", "closed", "Reads.Actions: absent"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Turn([]byte(test.template), test.switchName, Wish{Mode: maintenance.Mode(test.mode)})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// TestOperation_NestedStack checks that a nested stack is refused before anything
// is made.
func TestOperation_NestedStack(t *testing.T) {
	f := newFakeStack(shop(t, maintenance.Open))
	f.parent = "arn:aws:cloudformation:eu-central-1:111111111111:stack/shop-all/2"
	_, err := operation(f).Prepare(t.Context(), Wish{Mode: maintenance.Closed})
	if err == nil || err.Error() != "the stack shop is nested in shop-all: its switch changes with a deploy of shop-all; --now changes it without CloudFormation" {
		t.Errorf("got %v", err)
	}
	if len(f.sets) != 0 {
		t.Errorf("left %v", slices.Collect(maps.Keys(f.sets)))
	}
}

func TestOperation_Closes(t *testing.T) {
	f := newFakeStack(shop(t, maintenance.Open))
	f.sets["cdk-deploy-change-set"] = &fakeSet{template: f.template}
	o := operation(f)
	plan, err := o.Prepare(t.Context(), Wish{Mode: maintenance.Closed, Typed: now})
	if err != nil {
		t.Fatal(err)
	}
	if plan.From != maintenance.Open || !slices.Equal(plan.Others, []string{"cdk-deploy-change-set"}) {
		t.Errorf("got %+v", plan)
	}
	var seen []string
	if err := o.Execute(t.Context(), plan, func(e types.StackEvent) { seen = append(seen, string(e.ResourceStatus)) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen, []string{"UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"}) {
		t.Errorf("events %q", seen)
	}
	if mode := modeOf(t, f.template); mode != maintenance.Closed {
		t.Errorf("the template is %s", mode)
	}
	// Three calls for the stack and its template, the set, what it would do with
	// and without values (the fake returns one property per page), and one call
	// for the events.
	if f.calls > 24 {
		t.Errorf("closing takes %d calls", f.calls)
	}
	calls := f.calls
	again, err := o.Prepare(t.Context(), Wish{Mode: maintenance.Closed, Typed: now.Add(time.Hour)})
	if err != nil || again.ChangeSet != "" || len(again.Changed) != 0 {
		t.Errorf("again: got %+v, %v", again, err)
	}
	if got := f.calls - calls; got != 4 {
		t.Errorf("that there is nothing to do takes %d calls, want 4", got)
	}
}

func modeOf(t *testing.T, template string) maintenance.Mode {
	t.Helper()
	result, err := Turn([]byte(template), "", Wish{Mode: maintenance.Open})
	if err != nil {
		t.Fatal(err)
	}
	return result.From
}

// TestOperation_NotOnlyTheSwitch checks that a change set that would do anything
// else is deleted, and that the error says what it would do.
func TestOperation_NotOnlyTheSwitch(t *testing.T) {
	change := func(edit func(*types.ResourceChange)) types.ResourceChange {
		c := types.ResourceChange{Action: types.ChangeActionModify, LogicalResourceId: aws.String("Table"), ResourceType: aws.String("AWS::RDS::DBCluster"), Replacement: types.ReplacementFalse}
		edit(&c)
		return c
	}
	for _, test := range []struct {
		name string
		more types.ResourceChange
		want string
	}{
		{"another resource", change(func(c *types.ResourceChange) {
			c.Details = []types.ResourceChangeDetail{{Target: &types.ResourceTargetDefinition{Attribute: "Properties", Name: aws.String("Engine")}}}
		}), "AWS::RDS::DBCluster Table: Engine would change"},
		{"without a word how", change(func(*types.ResourceChange) {}), "does not say how"},
		{"a detail without a target", change(func(c *types.ResourceChange) {
			c.Details = []types.ResourceChangeDetail{{Evaluation: types.EvaluationTypeStatic, ChangeSource: types.ChangeSourceDirectModification}}
		}), "does not say how"},
		{"a property of the listener, and more", change(func(c *types.ResourceChange) {
			c.LogicalResourceId = aws.String("Listener")
			c.Details = []types.ResourceChangeDetail{{Target: &types.ResourceTargetDefinition{Attribute: "Properties", Name: aws.String("DefaultActions")}}, {Target: &types.ResourceTargetDefinition{}}}
		}), "does not say how"},
		{"a deletion", change(func(c *types.ResourceChange) { c.Action = types.ChangeActionRemove }), "Table: Remove"},
		{"a replacement", change(func(c *types.ResourceChange) { c.Replacement = types.ReplacementConditional }), "would be replaced"},
		{"a nested stack", change(func(c *types.ResourceChange) { c.ChangeSetId = aws.String("x") }), "nested stack Table"},
		{"another property of the listener", change(func(c *types.ResourceChange) {
			c.LogicalResourceId = aws.String("Listener")
			c.Details = []types.ResourceChangeDetail{{Target: &types.ResourceTargetDefinition{Attribute: "Properties", Name: aws.String("Certificates")}}}
		}), "Listener: Certificates would change"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFakeStack(shop(t, maintenance.Open))
			f.more = []types.ResourceChange{test.more}
			_, err := operation(f).Prepare(t.Context(), Wish{Mode: maintenance.Closed})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if len(f.sets) != 0 || modeOf(t, f.template) != maintenance.Open {
				t.Errorf("left %v, %s", slices.Collect(maps.Keys(f.sets)), modeOf(t, f.template))
			}
		})
	}
}

// TestOperation_Overtaken checks that a deploy at any moment between reading and
// executing either makes the change fail without effect on what was deployed, or
// comes after it.
func TestOperation_Overtaken(t *testing.T) {
	deployed := strings.Replace(shop(t, maintenance.Open), `"Port": 443`, `"Port": 8443`, 1)
	for at := 1; ; at++ {
		f := newFakeStack(shop(t, maintenance.Open))
		did := false
		f.before = func(call int, name string) error {
			if call == at {
				did = true
				f.deploy(deployed, "cdk")
			}
			return nil
		}
		err := flip(t.Context(), f, maintenance.Closed)
		if !did {
			break
		}
		if !strings.Contains(f.template, "8443") {
			t.Errorf("a deploy before call %d was undone", at)
		}
		var lost *LostError
		switch mode := modeOf(t, f.template); {
		case err == nil && mode != maintenance.Closed && at < f.calls-2:
			t.Errorf("a deploy before call %d: said to be closed, and is %s", at, mode)
		case err != nil && !errors.As(err, &lost):
			t.Logf("call %d: %v", at, err)
		}
	}
}

// flip prepares and executes a change.
func flip(ctx context.Context, f *fakeStack, mode maintenance.Mode) error {
	o := operation(f)
	plan, err := o.Prepare(ctx, Wish{Mode: mode, Typed: now})
	if err != nil || plan.ChangeSet == "" {
		return err
	}
	return o.Execute(ctx, plan, nil)
}

// TestOperation_EndedAnywhere ends the operation before each of its calls, as a
// kill does, and checks that running it again finishes it and leaves no change
// set.
func TestOperation_EndedAnywhere(t *testing.T) {
	killed := errors.New("killed")
	for at := 1; ; at++ {
		f := newFakeStack(shop(t, maintenance.Open))
		dead := false
		f.before = func(call int, name string) error {
			if dead = dead || call == at; dead {
				return killed
			}
			return nil
		}
		err := flip(t.Context(), f, maintenance.Closed)
		if !dead {
			if at < 8 {
				t.Fatalf("only %d calls", at)
			}
			break
		}
		if err == nil {
			t.Errorf("killed before call %d: no error", at)
		}
		f.before = nil
		if err := flip(t.Context(), f, maintenance.Closed); err != nil {
			t.Errorf("killed before call %d, run again: %v", at, err)
		}
		if mode := modeOf(t, f.template); mode != maintenance.Closed || len(f.sets) != 0 {
			t.Errorf("killed before call %d, run again: %s, left %v", at, mode, slices.Collect(maps.Keys(f.sets)))
		}
	}
}

// TestOperation_OtherWishAfterKill checks that a change set left by an earlier
// run does not stay when something else is wished.
func TestOperation_OtherWishAfterKill(t *testing.T) {
	f := newFakeStack(shop(t, maintenance.Open))
	if _, err := operation(f).Prepare(t.Context(), Wish{Mode: maintenance.Closed}); err != nil {
		t.Fatal(err)
	}
	plan, err := operation(f).Prepare(t.Context(), Wish{Mode: maintenance.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(maps.Keys(f.sets)); !slices.Equal(got, []string{plan.ChangeSet}) {
		t.Errorf("left %q", got)
	}
}

func TestOperation_StackStates(t *testing.T) {
	for _, status := range types.StackStatus("").Values() {
		f := newFakeStack(shop(t, maintenance.Open))
		f.status = status
		_, err := operation(f).Prepare(t.Context(), Wish{Mode: maintenance.Closed})
		var busy *BusyError
		if want := slices.Contains(settled, status); want != (err == nil) || err != nil && !errors.As(err, &busy) {
			t.Errorf("%s: %v", status, err)
		}
		if err != nil && len(f.sets) > 0 {
			t.Errorf("%s: a change set was left", status)
		}
		if never := status == types.StackStatusReviewInProgress || status == types.StackStatusDeleteInProgress; busy != nil && never && busy.Passes() {
			t.Errorf("%s passes", status)
		}
	}
}

func TestOperation_RolledBack(t *testing.T) {
	f := newFakeStack(shop(t, maintenance.Closed))
	f.fails = true
	err := flip(t.Context(), f, maintenance.Open)
	if err == nil || !strings.Contains(err.Error(), "UPDATE_ROLLBACK_COMPLETE") || !strings.Contains(err.Error(), "Guard: Refused to open") {
		t.Errorf("got %v", err)
	}
}

func TestOperation_LongTemplates(t *testing.T) {
	long := strings.Replace(shop(t, maintenance.Open), `"Port": 443`, fmt.Sprintf(`"Port": 443, "Tags": %q`, strings.Repeat("x", maxBody)), 1)
	f := newFakeStack(long)
	if _, err := operation(f).Prepare(t.Context(), Wish{Mode: maintenance.Closed}); err == nil || !strings.Contains(err.Error(), "name a bucket") {
		t.Errorf("got %v", err)
	}
}

// TestOperation_EveryTurnHasItsToken checks that the events of last month's
// maintenance, with the same message, are not taken for tonight's.
func TestOperation_EveryTurnHasItsToken(t *testing.T) {
	f := newFakeStack(shop(t, maintenance.Open))
	seen := map[string]bool{}
	for _, mode := range []maintenance.Mode{maintenance.Closed, maintenance.Open, maintenance.Closed} {
		o := operation(f)
		plan, err := o.Prepare(t.Context(), Wish{Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		again, err := o.Prepare(t.Context(), Wish{Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		if plan.ChangeSet != again.ChangeSet {
			t.Errorf("%s: repeated, the change set is %s and was %s", mode, again.ChangeSet, plan.ChangeSet)
		}
		if seen[plan.ChangeSet] {
			t.Errorf("%s: the token %s is that of an earlier turn", mode, plan.ChangeSet)
		}
		seen[plan.ChangeSet] = true
		var events []string
		if err := o.Execute(t.Context(), plan, func(e types.StackEvent) { events = append(events, aws.ToString(e.EventId)) }); err != nil {
			t.Fatal(err)
		}
		if len(events) != 2 {
			t.Errorf("%s: told of the events %q, want the two of this turn", mode, events)
		}
	}
}
