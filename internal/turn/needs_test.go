package turn

import (
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

// TestNeeds_AreOfEveryResourceThatChanges checks the needs of the listener, the
// rule, the function with its role, and the guard.
func TestNeeds_AreOfEveryResourceThatChanges(t *testing.T) {
	withGuard := func(f *fakeStack) {
		f.template = strings.Replace(f.template, `"Mode": "open",`, `"ServiceToken": {"Fn::GetAtt": ["Guards", "Arn"]}, "Mode": "open",`, 1)
		f.template = strings.Replace(f.template, `"Environment": {`, `"Role": {"Fn::GetAtt": ["Runs", "Arn"]}, "Environment": {`, 1)
		f.resources["Guard"], f.resources["Guards"], f.resources["Runs"] = "guard", "shop-Guard", "shop-Runs"
	}
	for _, test := range []struct {
		name string
		edit func(*fakeStack)
		wish Wish
		want []string
		err  string
	}{
		{"closing, with an end", withGuard, Wish{Mode: maintenance.Closed, Until: now}, []string{
			"elasticloadbalancing:ModifyListener arn:listener",
			"elasticloadbalancing:ModifyRule arn:reads",
			"iam:PassRole arn:aws:iam::111111111111:role/shop-Runs",
			"lambda:InvokeFunction arn:aws:lambda:eu-central-1:111111111111:function:shop-Guard",
			"lambda:UpdateFunctionConfiguration arn:aws:lambda:eu-central-1:111111111111:function:shop-Responder",
		}, ""},
		{"read-only, with its texts", withGuard, Wish{Mode: maintenance.ReadOnly}, []string{
			"elasticloadbalancing:ModifyListener arn:listener",
			"lambda:InvokeFunction arn:aws:lambda:eu-central-1:111111111111:function:shop-Guard",
		}, ""},
		{"a guard of another stack", func(f *fakeStack) { f.resources["Guard"] = "guard" }, Wish{Mode: maintenance.Closed}, nil, "what changing Guard needs is not known: its ServiceToken is not a function of the stack"},
		{"a listener that the stack has not", func(f *fakeStack) { withGuard(f); delete(f.resources, "Listener") }, Wish{Mode: maintenance.Closed}, nil, "what changing Listener needs is not known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := withRole(t, maintenance.Open)
			test.edit(f)
			o := operation(f)
			plan, err := o.Prepare(t.Context(), test.wish)
			if err != nil {
				t.Fatal(err)
			}
			needs, err := o.Needs(t.Context(), plan)
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("got %v, want %s", err, test.err)
			}
			var got []string
			for _, n := range needs {
				got = append(got, strings.Join(n.Actions, ",")+" "+n.Resource)
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}
