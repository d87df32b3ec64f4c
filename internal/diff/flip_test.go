package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/maintenance"
)

// read reads a template from testdata, or a golden file of the product.
func read(tb testing.TB, file string) Template {
	tb.Helper()
	t, err := Read(raw(tb, file), cfn.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func raw(tb testing.TB, file string) []byte {
	tb.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// edited returns a template after an edit of its resources.
func edited(tb testing.TB, file string, edit func(resources map[string]any)) Template {
	tb.Helper()
	var document map[string]any
	if err := json.Unmarshal(raw(tb, file), &document); err != nil {
		tb.Fatal(err)
	}
	edit(document["Resources"].(map[string]any))
	data, err := json.Marshal(document)
	if err != nil {
		tb.Fatal(err)
	}
	t, err := Read(data, cfn.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// at returns the object under keys.
func at(value any, keys ...string) map[string]any {
	for _, key := range keys {
		value = value.(map[string]any)[key]
	}
	return value.(map[string]any)
}

const (
	open        = "testdata/own.open.json"
	closed      = "testdata/own.closed.json"
	readOnly    = "testdata/own.read-only.json"
	sharedOpen  = "testdata/shared.open.json"
	sharedClose = "testdata/shared.closed.json"
)

// TestFlips checks which requests a flip changes, in a few words, and that it
// changes nothing else.
func TestFlips(t *testing.T) {
	const reads = "method GET or HEAD or OPTIONS"
	for _, test := range []struct {
		old, next     string
		mode          maintenance.Mode
		summary       string
		before, after string
		witnesses     []string
	}{
		{open, closed, maintenance.Closed, "everything but the allowed requests", "App", "Maintenance", []string{"GET /", "POST /"}},
		{closed, open, maintenance.Open, "everything but the allowed requests", "Maintenance", "App", []string{"GET /", "POST /"}},
		{open, readOnly, maintenance.ReadOnly, "everything but the allowed requests and those with " + reads, "App", "Maintenance", []string{"POST /"}},
		{readOnly, open, maintenance.Open, "everything but the allowed requests and those with " + reads, "Maintenance", "App", []string{"POST /"}},
		{closed, readOnly, maintenance.ReadOnly, "everything with " + reads + " but the allowed requests", "Maintenance", "App", []string{"GET /"}},
		{readOnly, closed, maintenance.Closed, "everything with " + reads + " but the allowed requests", "App", "Maintenance", []string{"GET /"}},
		{sharedOpen, sharedClose, maintenance.Closed, `everything with host "reports.example.com" but the allowed requests`, "not known", "Maintenance", []string{"GET /"}},
		{sharedClose, sharedOpen, maintenance.Open, `everything with host "reports.example.com" but the allowed requests`, "Maintenance", "not known", []string{"GET /"}},
	} {
		t.Run(test.old+" "+test.next, func(t *testing.T) {
			d := Compare(read(t, test.old), read(t, test.next))
			if rest := d.Unexpected(test.mode); len(rest) > 0 {
				t.Errorf("in addition to the flip: %q", rest)
			}
			if len(d.Clients) != 1 {
				t.Fatalf("%d changes to clients, want 1: %+v", len(d.Clients), d.Clients)
			}
			c := d.Clients[0]
			if c.Summary != test.summary || c.Before != test.before || c.After != test.after {
				t.Errorf("got %q: %s -> %s\nwant %q: %s -> %s", c.Summary, c.Before, c.After, test.summary, test.before, test.after)
			}
			var witnesses []string
			for _, class := range c.Classes {
				witnesses = append(witnesses, class.Request.Method+" "+class.Request.Target)
			}
			if !slices.Equal(witnesses, test.witnesses) {
				t.Errorf("witnesses %q, want %q", witnesses, test.witnesses)
			}
		})
	}
}

// TestUnexpected checks that changes outside the flip are named.
func TestUnexpected(t *testing.T) {
	const responder, listener = "MaintenanceResponderFunction1164C451", "AlbListener86261768"
	variables := func(r map[string]any) map[string]any {
		return at(r, responder, "Properties", "Environment", "Variables")
	}
	defaultTo := func(group string) func(map[string]any) {
		return func(r map[string]any) {
			at(r, listener, "Properties")["DefaultActions"] = []any{map[string]any{"Type": "forward", "TargetGroupArn": map[string]any{"Ref": group}}}
		}
	}
	for _, test := range []struct {
		name string
		old  string
		base string
		edit func(resources map[string]any)
		mode maintenance.Mode
		want string // "" if it belongs to the flip
	}{
		{"nothing else", open, closed, func(map[string]any) {}, maintenance.Closed, ""},
		{"message and until", open, closed, func(r map[string]any) {
			variables(r)["MAINTENANCE_MESSAGE"] = `{"en":"Back at four."}`
			variables(r)["MAINTENANCE_UNTIL"] = "2026-12-01T04:00:00+09:00"
			delete(variables(r), "MAINTENANCE_DEFAULT_LANGUAGE")
		}, maintenance.Closed, ""},
		{"all that the answer is told", closed, open, func(r map[string]any) {
			delete(at(r, responder, "Properties"), "Environment")
		}, maintenance.Open, "MAINTENANCE_CORS_ORIGINS changes"},
		{"the guard's record", open, closed, func(r map[string]any) {
			p := at(r, "MaintenanceGuard", "Properties")
			p["Mode"], p["Explicit"], p["Message"], p["Until"] = "true", "true", "Back at four.", "2026-12-01T04:00:00Z"
		}, maintenance.Closed, ""},
		{"what the guard looks at", open, closed, func(r map[string]any) {
			at(r, "MaintenanceGuard", "Properties")["RecordParameter"] = "another"
		}, maintenance.Closed, "RecordParameter changes"},
		{"another variable of the answer", open, closed, func(r map[string]any) { variables(r)["MAINTENANCE_RETRY_AFTER"] = "5" }, maintenance.Closed, "MAINTENANCE_RETRY_AFTER changes"},
		{"the code of the answer", open, closed, func(r map[string]any) { at(r, responder, "Properties", "Code")["S3Key"] = "other.zip" }, maintenance.Closed, "Code.S3Key changes"},
		{"the message of another function", open, closed, func(r map[string]any) {
			at(r, "MaintenanceUnlockerFunctionD5B2C387", "Properties", "Environment", "Variables")["MAINTENANCE_MESSAGE"] = "x"
		}, maintenance.Closed, "MaintenanceUnlockerFunctionD5B2C387"},
		{"the port of the listener", open, closed, func(r map[string]any) { at(r, listener, "Properties")["Port"] = 8080 }, maintenance.Closed, "Port changes"},
		{"an allow rule", open, closed, func(r map[string]any) { at(r, "MaintenanceAllow0F00D52BD", "Properties")["Priority"] = 150 }, maintenance.Closed, "Priority changes"},
		{"an allow rule goes", open, closed, func(r map[string]any) { delete(r, "MaintenanceAllow0F00D52BD") }, maintenance.Closed, "is removed"},
		{"a guard comes", open, closed, func(r map[string]any) { r["Guard2"] = map[string]any{"Type": "Custom::NorenReopenGuard"} }, maintenance.Closed, "Guard2"},
		{"a bucket comes", open, closed, func(r map[string]any) { r["Bucket"] = map[string]any{"Type": "AWS::S3::Bucket"} }, maintenance.Closed, "Bucket (AWS::S3::Bucket) is added"},
		{"a rule called Close that does something else", open, closed, func(r map[string]any) {
			r["Close"] = map[string]any{"Type": typeListenerRule, "Properties": map[string]any{
				"Priority": 199, "ListenerArn": map[string]any{"Ref": listener},
				"Conditions": []any{map[string]any{"Field": "path-pattern", "Values": []any{"/x"}}},
				"Actions":    []any{map[string]any{"Type": "forward", "TargetGroupArn": map[string]any{"Ref": "AppF1B96344"}}},
			}}
		}, maintenance.Closed, "Close"},
		{"a rule that refuses comes before those that allow", open, closed, func(r map[string]any) {
			at(r, "MaintenanceRead06138211E", "Properties")["Priority"] = 1
		}, maintenance.Closed, "/api/templates no longer reaches App: rule 1 Read0 takes it, not rule 101 Allow1"},
		{"a rule that refuses comes before the health check", open, closed, func(r map[string]any) {
			rule := at(r, "MaintenanceRead06138211E", "Properties")
			rule["Priority"], rule["Conditions"] = 189, []any{map[string]any{"Field": "path-pattern", "Values": []any{"/api/health"}}}
		}, maintenance.Closed, "GET /api/health no longer reaches App"},
		{"reads to the page that unlocks", open, closed, func(r map[string]any) {
			at(r, "MaintenanceRead06138211E", "Properties")["Actions"] = []any{map[string]any{"Type": "forward", "TargetGroupArn": map[string]any{"Ref": "MaintenanceUnlockTargetGroup97A3F975"}}}
		}, maintenance.Closed, "MaintenanceRead06138211E (AWS::ElasticLoadBalancingV2::ListenerRule) Actions[0].TargetGroupArn changes"},
		{"more than reads", closed, readOnly, func(r map[string]any) {
			at(r, "MaintenanceRead06138211E", "Properties")["Conditions"] = []any{map[string]any{"Field": "path-pattern", "Values": []any{"/x"}}}
		}, maintenance.ReadOnly, "MaintenanceRead06138211E (AWS::ElasticLoadBalancingV2::ListenerRule) Conditions"},
		{"the closing rule gets another host", sharedClose, sharedClose, func(r map[string]any) {
			at(r, "Close0", "Properties")["Conditions"] = []any{map[string]any{"Field": "host-header", "HostHeaderConfig": map[string]any{"Values": []any{"blog.example.com"}}}}
		}, maintenance.Closed, "Close0 (AWS::ElasticLoadBalancingV2::ListenerRule) Conditions[0].HostHeaderConfig.Values[0] changes"},
		{"the answer has a weight of 0", open, closed, func(r map[string]any) {
			at(r, listener, "Properties")["DefaultActions"] = []any{map[string]any{"Type": "forward", "ForwardConfig": map[string]any{"TargetGroups": []any{map[string]any{"TargetGroupArn": map[string]any{"Ref": "MaintenanceTargetGroup4F265FD4"}, "Weight": 0}}}}}
		}, maintenance.Closed, "the default action forwards neither"},
		{"an attribute that is not known here", open, closed, func(r map[string]any) { at(r, "Alb16C2F182")["Other"] = "x" }, maintenance.Closed, "(Other) changes"},
		{"another end while closed", closed, closed, func(r map[string]any) { variables(r)["MAINTENANCE_UNTIL"] = "2026-12-01T05:00:00+09:00" }, maintenance.Closed, ""},
		{"no flip", closed, closed, func(map[string]any) {}, maintenance.Closed, "there is no flip"},
		{"the other flip", closed, open, func(map[string]any) {}, maintenance.Closed, "the mode is open, want closed"},
		{"reopening to another function", closed, open, defaultTo("MaintenanceUnlockTargetGroup97A3F975"), maintenance.Open, "DefaultActions[0].TargetGroupArn changes"},
		{"reopening to the app", closed, open, defaultTo("AppF1B96344"), maintenance.Open, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			rest := Compare(read(t, test.old), edited(t, test.base, test.edit)).Unexpected(test.mode)
			if test.want == "" && len(rest) > 0 {
				t.Errorf("got %q, want nothing", rest)
			}
			if !strings.Contains(strings.Join(rest, "\n"), test.want) {
				t.Errorf("got %q, want %q among it", rest, test.want)
			}
		})
	}
}

// TestModes checks the modes of noren's templates and of others.
func TestModes(t *testing.T) {
	const responder = "MaintenanceResponderFunction1164C451"
	noPaths := func(r map[string]any) {
		for id := range r {
			delete(at(r, id), "Metadata")
		}
	}
	for _, test := range []struct {
		name, file string
		edit       func(resources map[string]any)
		want       maintenance.Mode
	}{
		{"open", open, nil, maintenance.Open},
		{"closed", closed, nil, maintenance.Closed},
		{"read-only", readOnly, nil, maintenance.ReadOnly},
		{"shared listener, open", sharedOpen, nil, maintenance.Open},
		{"shared listener, closed", sharedClose, nil, maintenance.Closed},
		{"without construct paths", closed, noPaths, maintenance.Closed},
		{"by an alias", closed, func(r map[string]any) {
			r["Live"] = map[string]any{"Type": "AWS::Lambda::Alias", "Properties": map[string]any{"FunctionName": map[string]any{"Ref": responder}}}
			at(r, "MaintenanceTargetGroup4F265FD4", "Properties")["Targets"] = []any{map[string]any{"Id": map[string]any{"Ref": "Live"}}}
		}, maintenance.Closed},
		{"without any variable", closed, func(r map[string]any) { delete(at(r, responder, "Properties"), "Environment") }, maintenance.Closed},
		{"the rule for reads is never reached", readOnly, func(r map[string]any) {
			at(r, "MaintenanceHealthCheck9913A433", "Properties")["Conditions"] = []any{map[string]any{"Field": "path-pattern", "Values": []any{"/*"}}}
		}, ""},
		{"no answer", open, func(r map[string]any) { delete(r, "MaintenanceTargetGroup4F265FD4") }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			edit := test.edit
			if edit == nil {
				edit = func(map[string]any) {}
			}
			mode, err := edited(t, test.file, edit).Mode()
			if mode != test.want || (err != nil) != (test.want == "") {
				t.Errorf("got %q, %v; want %q", mode, err, test.want)
			}
		})
	}
}

// TestAnswer checks that what a template tells refused clients can be carried
// over to the next deploy.
func TestAnswer(t *testing.T) {
	variables := func(r map[string]any) map[string]any {
		return at(r, "MaintenanceResponderFunction1164C451", "Properties", "Environment", "Variables")
	}
	for _, test := range []struct {
		name    string
		edit    func(resources map[string]any)
		message map[string]string
		until   string
	}{
		{"as committed", func(map[string]any) {}, map[string]string{"en": "Field Reports (dev) is down for maintenance."}, ""},
		{"with an end", func(r map[string]any) { variables(r)["MAINTENANCE_UNTIL"] = "2026-12-01T04:00:00+09:00" },
			map[string]string{"en": "Field Reports (dev) is down for maintenance."}, "2026-12-01T04:00:00+09:00"},
		{"a message known after a deploy", func(r map[string]any) { variables(r)["MAINTENANCE_MESSAGE"] = map[string]any{"Ref": "Message"} }, nil, ""},
		{"a message that is no JSON", func(r map[string]any) { variables(r)["MAINTENANCE_MESSAGE"] = "Back at four" }, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			message, until, _ := edited(t, closed, test.edit).Answer()
			if !maps.Equal(message, test.message) || until != test.until {
				t.Errorf("got %q until %q, want %q until %q", message, until, test.message, test.until)
			}
		})
	}
}

// TestCompare_TypedAgain checks that the time when a flag was typed is not a
// difference between two syntheses, but that whether it was typed is.
func TestCompare_TypedAgain(t *testing.T) {
	guard := func(explicit string) Template {
		template, err := Read(fmt.Appendf(nil, `{"Resources": {"Guard": {"Type": "Custom::NorenReopenGuard", "Properties": {"Explicit": %q}}}}`, explicit), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return template
	}
	if d := Compare(guard("2026-12-01T02:00:00Z"), guard("2026-12-01T02:05:00Z")); !d.Empty() {
		t.Errorf("typed again: %+v", d.Resources)
	}
	if d := Compare(guard(""), guard("2026-12-01T02:05:00Z")); d.Empty() {
		t.Error("typed and not typed are the same")
	}
}
