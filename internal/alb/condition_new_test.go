package alb_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/diff"
	"github.com/noren-cdk/noren/internal/replay"
	"github.com/noren-cdk/noren/internal/replay/accesslog"
)

// withAgents returns a template, in JSON, with a rule on agents. Its default rule
// forwards to the group.
func withAgents(group, agents string) string {
	return `{"Resources": {
		"App": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"},
		"Responder": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"TargetType": "lambda"}},
		"Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"Port": 443, "Protocol": "HTTPS",
			"Certificates": [{"CertificateArn": "arn"}], "LoadBalancerArn": "arn:lb",
			"DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "` + group + `"}}]}},
		"Allow": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "Listener"}, "Priority": 1,
			"Conditions": [{"Field": "agent", "AgentConfig": {"Values": [` + agents + `]}}],
			"Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "App"}}]}}
	}}`
}

func readTemplate(t *testing.T, template string) *alb.Template {
	t.Helper()
	read, err := alb.Read(strings.NewReader(template), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// TestNewCondition checks that a condition type which nothing outside its file
// knows is read, shown, checked, counted, explained, written, compared and
// replayed.
func TestNewCondition(t *testing.T) {
	defer alb.AddAgents()()
	template := readTemplate(t, withAgents("App", `"FieldReports/*", "curl"`))
	listener := template.Listeners[0]
	condition := listener.Rules[0].Conditions[0]
	if got, want := condition.String(), `agent "FieldReports/*" or "curl"`; got != want {
		t.Errorf("shown as %q, want %q", got, want)
	}
	if values, wildcards := alb.Count(condition); values != 2 || wildcards != 1 {
		t.Errorf("%d values and %d wildcards, want 2 and 1", values, wildcards)
	}
	want := map[string]any{"Field": "agent", "AgentConfig": map[string]any{"Values": []string{"FieldReports/*", "curl"}}}
	if d := cmp.Diff(want, alb.Properties(condition)); d != "" {
		t.Errorf("written (-want +got)\n%s", d)
	}
	if problems := alb.Check(template); len(problems) > 0 {
		t.Errorf("problems %v", problems)
	}

	t.Run("checked", func(t *testing.T) {
		var got []string
		for _, p := range alb.Check(readTemplate(t, withAgents("App", `"1", "2", "3", "4", "5", "6", ""`))) {
			got = append(got, p.Message)
		}
		want := []string{"rule has 7 condition values, ALB allows 5", "agent is empty"}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	})

	t.Run("explained", func(t *testing.T) {
		request := alb.Request{Header: map[string][]string{"User-Agent": {"wget"}}}
		got := listener.Explain(&request).Steps[0].Reason
		if want := `does not match: agent ["wget"] is not "FieldReports/*" or "curl"`; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})

	t.Run("described", func(t *testing.T) {
		const arn = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/a/1/2"
		live, err := alb.ReadDescribed(alb.Described{
			Listeners: [][]byte{[]byte(`{"Listeners": [{"ListenerArn": "` + arn + `", "Port": 80, "Protocol": "HTTP",
				"DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]}]}`)},
			Rules: [][]byte{[]byte(`{"Rules": [{"RuleArn": "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/a/1/2/3", "Priority": "1",
				"Conditions": [{"Field": "agent", "Values": ["curl"], "AgentConfig": {"Values": ["curl"]}}],
				"Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]}]}`)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := live.Listeners[0].Rules[0].Conditions[0].String(); got != `agent "curl"` {
			t.Errorf("got %s", got)
		}
	})

	t.Run("witnessed", func(t *testing.T) {
		classes, complete := witness.Classes(listener, listener)
		if len(classes) != 2 || !complete {
			t.Fatalf("%d classes, complete %v; want 2: the rule and the default", len(classes), complete)
		}
		for _, c := range classes {
			if got := listener.Route(&c.Request).Rule; got != c.New {
				t.Errorf("%v goes to %s, want %s", c.Request.Header, got.Name(), c.New.Name())
			}
		}
	})

	t.Run("compared", func(t *testing.T) {
		var templates [2]diff.Template
		for i, agents := range []string{`"FieldReports/*"`, `"FieldReports/*", "curl"`} {
			var err error
			if templates[i], err = diff.Read([]byte(withAgents("Responder", agents)), cfn.Options{}); err != nil {
				t.Fatal(err)
			}
		}
		changes := diff.Compare(templates[0], templates[1]).Clients
		if len(changes) != 1 || len(changes[0].Classes) != 1 || !slices.Equal(changes[0].Classes[0].Request.Header["User-Agent"], []string{"curl"}) {
			t.Errorf("got %+v, want one change, of curl", changes)
		}
	})

	t.Run("replayed", func(t *testing.T) {
		r, err := replay.New(replay.Config{
			Open:        readTemplate(t, withAgents("App", `"FieldReports/*"`)),
			Maintenance: readTemplate(t, withAgents("Responder", `"FieldReports/*"`)),
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, agent := range []string{"FieldReports/4.2 (iPhone)", "curl/8.11.0"} {
			r.Add(&accesslog.Entry{
				Type: "https", Time: time.Unix(0, 0), Client: netip.MustParseAddrPort("198.51.100.7:4000"), Status: 200,
				Method: "GET", URL: "https://api.example.com:443/", Proto: "HTTP/1.1", UserAgent: agent, Actions: "forward",
			}, replay.Place{File: "log", Line: i + 1})
		}
		if got := r.Report().Requests; got.Allowed != 1 || got.Refused != 1 {
			t.Errorf("got %+v, want one allowed and one refused", got)
		}
	})
}

// TestNoSwitchOverConditions checks that no code outside the files of conditions
// asks for the type of a condition, so that a new type cannot be forgotten
// anywhere.
func TestNoSwitchOverConditions(t *testing.T) {
	types := conditionTypes(t)
	if len(types) < 10 {
		t.Fatalf("found the conditions %v only", types)
	}
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "cdk.out"):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			var asked []ast.Expr
			switch n := n.(type) {
			case *ast.TypeAssertExpr:
				asked = []ast.Expr{n.Type}
			case *ast.TypeSwitchStmt:
				for _, clause := range n.Body.List {
					asked = append(asked, clause.(*ast.CaseClause).List...)
				}
			}
			for _, expr := range asked {
				if name := typeName(expr, file.Name.Name == "alb"); slices.Contains(types, name) {
					t.Errorf("%s asks whether a condition is a %s", files.Position(expr.Pos()), name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// conditionTypes returns the types of this package with a mismatch method.
func conditionTypes(t *testing.T) []string {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "mismatch" {
				types = append(types, typeName(f.Recv.List[0].Type, true))
			}
		}
	}
	return types
}

// typeName returns the name of the type of package alb that an expression
// denotes, or "".
func typeName(expr ast.Expr, inside bool) string {
	switch e := expr.(type) {
	case *ast.StarExpr:
		return typeName(e.X, inside)
	case *ast.Ident:
		if inside {
			return e.Name
		}
	case *ast.SelectorExpr:
		if pkg, ok := e.X.(*ast.Ident); ok && pkg.Name == "alb" {
			return e.Sel.Name
		}
	}
	return ""
}
