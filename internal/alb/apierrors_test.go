package alb

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// apiErrors are templates that the API refuses with an error, and what check
// reports about them.
var apiErrors = map[string]struct{ resources, want string }{
	"DuplicateListener":           {apiListener("L", 80, "A") + apiListener("M", 80, "A"), `error: port 80 is taken by listener "L"`},
	"DuplicateLoadBalancerName":   {apiBalancer("B", `"Name": "shop"`) + apiBalancer("C", `"Name": "shop"`), `error: name "shop" is taken by load balancer "B"`},
	"DuplicateTagKeys":            {apiBalancer("B", `"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]`), `error: tag "a" is there twice`},
	"DuplicateTargetGroupName":    {apiGroup("B", `"Name": "shop"`) + apiGroup("C", `"Name": "shop"`), `error: name "shop" is taken by target group "B"`},
	"IncompatibleProtocols":       {apiListener("L", 80, "B") + apiGroup("B", `"Protocol": "TCP"`), "error: target group has protocol TCP"},
	"InvalidConfigurationRequest": {apiRule("R", 1, apiForward("A", "B")) + apiGroup("B", `"TargetGroupAttributes": [{"Key": "stickiness.enabled", "Value": "true"}]`), `error: target group "B" is sticky`},
	"InvalidLoadBalancerAction":   {apiRule("R", 1, `{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Path": "/#{path}"}}`), "error: redirect leads back to where it came from"},
	"InvalidScheme":               {apiBalancer("B", `"Scheme": "public"`), `error: load balancer has scheme "public"`},
	"PriorityInUse":               {apiRule("R", 1, apiForward("A")) + apiRule("S", 1, apiForward("A")), `error: priority 1 is taken by rule "R"`},
	"TargetGroupAssociationLimit": {apiBalancer("B", "") + strings.Replace(apiListener("M", 80, "A"), `"LB"`, `"B"`, 1) + apiListener("L", 80, "A"), "error: target group is used by load balancers"},
	"TooManyActions":              {apiRule("R", 1, apiForward("A")+","+apiForward("A")), "error: action 1 of 2 is forward"},
	"TooManyListeners":            {many(51, func(i int) string { return apiListener(fmt.Sprintf("L%d", i), i+1, "A") }), "warning: load balancer has 51 listeners"},
	"TooManyRules":                {many(101, func(i int) string { return apiRule(fmt.Sprintf("R%d", i), i+1, apiForward("A")) }), "warning: load balancer has 101 rules"},
	"TooManyTags":                 {apiGroup("B", `"Tags": [`+strings.TrimSuffix(many(51, func(i int) string { return fmt.Sprintf(`{"Key": "%d", "Value": ""},`, i) }), ",")+`]`), "error: 51 tags, AWS allows 50"},
	"TooManyTargets":              {apiGroup("B", `"TargetType": "lambda", "Targets": [{"Id": "arn:1"}, {"Id": "arn:2"}]`), "error: Lambda target group has 2 targets, ALB allows 1"},
	"TooManyUniqueTargetGroupsPerLoadBalancer": {many(100, func(i int) string {
		return apiGroup(fmt.Sprintf("G%d", i), "") + apiRule(fmt.Sprintf("R%d", i), i+1, apiForward(fmt.Sprintf("G%d", i)))
	}), "error: load balancer has 101 target groups, ALB allows 100"},
	"UnsupportedProtocol": {strings.Replace(apiListener("M", 81, "A"), `"HTTP"`, `"TCP"`, 1), "error: listener of an application load balancer has protocol TCP"},
}

// apiResource returns a resource of a template, with a comma before it.
func apiResource(id, kind, properties string) string {
	return fmt.Sprintf(", %q: {\"Type\": \"AWS::ElasticLoadBalancingV2::%s\", \"Properties\": {%s}}", id, kind, properties)
}

func apiBalancer(id, properties string) string { return apiResource(id, "LoadBalancer", properties) }
func apiGroup(id, properties string) string    { return apiResource(id, "TargetGroup", properties) }

func apiListener(id string, port int, group string) string {
	return apiResource(id, "Listener", fmt.Sprintf(`"LoadBalancerArn": {"Ref": "LB"}, "Port": %d, "Protocol": "HTTP", "DefaultActions": [%s]`, port, apiForward(group)))
}

func apiRule(id string, priority int, actions string) string {
	return apiResource(id, "ListenerRule", fmt.Sprintf(`"ListenerArn": {"Ref": "Own"}, "Priority": %d, "Actions": [%s],
		"Conditions": [{"Field": "path-pattern", "Values": ["/%d"]}]`, priority, actions, priority))
}

// apiForward returns an action that forwards to one target group, or to several.
func apiForward(groups ...string) string {
	if len(groups) == 1 {
		return fmt.Sprintf(`{"Type": "forward", "TargetGroupArn": {"Ref": %q}}`, groups[0])
	}
	var tuples []string
	for _, group := range groups {
		tuples = append(tuples, fmt.Sprintf(`{"TargetGroupArn": {"Ref": %q}, "Weight": 1}`, group))
	}
	return `{"Type": "forward", "ForwardConfig": {"TargetGroups": [` + strings.Join(tuples, ",") + `]}}`
}

func many(n int, text func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(text(i))
	}
	return b.String()
}

// TestAPIErrors checks that check finds what the docs say it finds.
func TestAPIErrors(t *testing.T) {
	for name, test := range apiErrors {
		own := ""
		if strings.Contains(test.resources, `"Own"`) {
			own = apiListener("Own", 80, "A")
		}
		template, err := Read(strings.NewReader(`{"Resources": {"VPC": {"Type": "AWS::EC2::VPC"}`+apiBalancer("LB", "")+apiGroup("A", "")+own+test.resources+`}}`), cfn.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		found := false
		var texts []string
		for _, p := range Check(template) {
			text := p.Severity.String() + ": " + p.Message
			texts = append(texts, text)
			found = found || strings.HasPrefix(text, test.want)
		}
		if !found {
			t.Errorf("%s: got %q, want %q", name, texts, test.want)
		}
	}
}

// TestAPIErrors_Docs checks that the table has every error of the API's model,
// and says that check finds the errors in apiErrors and no others.
func TestAPIErrors_Docs(t *testing.T) {
	modelled := modelErrors(t)
	docs, err := os.ReadFile(filepath.Join("..", "..", "docs", "load-balancer-errors.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(docs), "# Errors of the load balancer API")
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(table, -1) {
		name, verdict := row[1], row[2]
		listed = append(listed, name)
		_, tested := apiErrors[name]
		switch verdict {
		case "`check`", "only AWS knows", "cannot be known", "not of an ALB":
		default:
			t.Errorf("%s: unknown verdict %q", name, verdict)
		}
		if tested != (verdict == "`check`") {
			t.Errorf("%s: the table says %s, a test is there: %v", name, verdict, tested)
		}
	}
	if !slices.Equal(listed, modelled) {
		t.Errorf("the table has\n%q, the model\n%q", listed, modelled)
	}
}

// modelErrors returns the errors that the SDK generates from the API's model.
func modelErrors(t *testing.T) []string {
	t.Helper()
	pkg, err := build.Import("github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(gotoken.NewFileSet(), filepath.Join(pkg.Dir, "errors.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, declaration := range file.Decls {
		if types, ok := declaration.(*ast.GenDecl); ok && types.Tok == gotoken.TYPE {
			names = append(names, strings.TrimSuffix(types.Specs[0].(*ast.TypeSpec).Name.Name, "Exception"))
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return names
}
