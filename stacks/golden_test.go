package stacks

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/diff"
	"github.com/noren-cdk/noren/maintenance"
)

var update = flag.Bool("update", false, "write the goldens")

// hash matches the hash of an asset's content.
var hash = regexp.MustCompile(`[0-9a-f]{64}`)

// edge is the part of the template that the preview serves. The preview's tests
// read it, so it keeps its form, and includes the function that answers.
const edge = "edge"

// goldenParts maps prefixes of resource types to the parts in which the template
// of dev is kept. The longest prefix wins.
var goldenParts = map[string]string{
	"AWS::ApplicationAutoScaling::": "api",
	"AWS::CloudFormation::Custom":   "functions",
	"AWS::CloudFront::":             edge,
	"AWS::CloudWatch::":             "monitoring",
	"AWS::EC2::":                    "network",
	"AWS::EC2::FlowLog":             "data",
	"AWS::EC2::SecurityGroup":       "rights",
	"AWS::ECS::":                    "api",
	"AWS::ElasticLoadBalancingV2::": edge,
	"AWS::Events::":                 "monitoring",
	"AWS::IAM::":                    "rights",
	"AWS::KMS::":                    "data",
	"AWS::Lambda::":                 "functions",
	"AWS::Lambda::Permission":       "rights",
	"AWS::Logs::":                   "data",
	"AWS::RDS::":                    "data",
	"AWS::S3::Bucket":               edge,
	"AWS::S3::BucketPolicy":         "rights",
	"AWS::SNS::":                    "monitoring",
	"AWS::SNS::TopicPolicy":         "rights",
	"AWS::Scheduler::":              "functions",
	"AWS::SSM::":                    "data",
	"AWS::SecretsManager::":         "data",
	"Custom::":                      "functions",
}

// TestGoldens compares the template of dev, open, in readable parts, and what the
// other modes change in it.
func TestGoldens(t *testing.T) {
	goldens := map[string]string{}
	open := synthesized(t, "dev", maintenance.Open)
	for part, resources := range goldenResources(t, open.data) {
		if part == edge {
			goldens["edge.open.json"] = goldenJSON(t, resources)
		} else {
			goldens[part+".yaml"] = goldenYAML(t, resources)
		}
	}
	for name, mode := range map[string]maintenance.Mode{"closed": maintenance.Closed, "read-only": maintenance.ReadOnly} {
		data := synthesized(t, "dev", mode).data
		goldens[name+".txt"] = goldenDifference(diff.Compare(readTemplate(t, open.data), readTemplate(t, data)))
		if mode == maintenance.Closed {
			goldens["edge.closed.json"] = goldenJSON(t, goldenResources(t, data)[edge])
		}
	}
	const folder = "stacks/testdata/dev/"
	if *update {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range goldens {
			if err := os.WriteFile(folder+name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	kept, err := filepath.Glob(remembered(folder + "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range kept {
		if _, ok := goldens[filepath.Base(path)]; !ok {
			t.Errorf("%s is a golden of nothing: run make golden", path)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(goldens)) {
		want, err := os.ReadFile(remembered(folder + name))
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(string(want), goldens[name]); diff != "" {
			t.Errorf("not as in %s; read the difference and run make golden if it is meant (-golden +now):\n%s", folder+name, diff)
		}
	}
}

// goldenResources returns the resources of a template, by part and logical id.
// The outputs are a separate part.
func goldenResources(t *testing.T, template []byte) map[string]map[string]any {
	t.Helper()
	var document struct{ Resources, Outputs map[string]map[string]any }
	if err := json.Unmarshal(hash.ReplaceAll(template, []byte("ASSET")), &document); err != nil {
		t.Fatal(err)
	}
	parts := map[string]map[string]any{"outputs": {}}
	for id, output := range document.Outputs {
		parts["outputs"][id] = output
	}
	for id, resource := range document.Resources {
		resourceType := resource["Type"].(string)
		part, length := "", 0
		for beginning, name := range goldenParts {
			if strings.HasPrefix(resourceType, beginning) && len(beginning) > length {
				part, length = name, len(beginning)
			}
		}
		if strings.HasPrefix(id, "MaintenanceResponderFunction") {
			part = edge
		}
		if part == "" {
			t.Fatalf("%s: no part of the goldens for type %s: add it to goldenParts", id, resourceType)
		}
		if parts[part] == nil {
			parts[part] = map[string]any{}
		}
		parts[part][id] = resource
	}
	return parts
}

// goldenYAML writes resources by logical id.
func goldenYAML(t *testing.T, resources map[string]any) string {
	t.Helper()
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		text, err := yaml.MarshalWithOptions(map[string]any{id: readable(resources[id])}, yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

// goldenJSON writes a template of resources.
func goldenJSON(t *testing.T, resources map[string]any) string {
	t.Helper()
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(map[string]any{"Resources": resources}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// readable returns a value with short references, as in Fn::Sub, and with JSON
// texts, such as a dashboard, parsed.
func readable(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if name, ok := v["Ref"].(string); ok {
			return "${" + name + "}"
		}
		if path, ok := v["Fn::GetAtt"].([]any); ok {
			return "${" + path[0].(string) + "." + path[1].(string) + "}"
		}
		if join, ok := v["Fn::Join"].([]any); ok {
			return joined(join)
		}
		all := map[string]any{}
		for key, inner := range v {
			all[key] = readable(inner)
		}
		return all
	case []any:
		all := make([]any, len(v))
		for i, inner := range v {
			all[i] = readable(inner)
		}
		return all
	case string:
		return readableText(v)
	case float64:
		if whole := int64(v); float64(whole) == v {
			return whole
		}
	}
	return value
}

// joined returns the result of Fn::Join.
func joined(arguments []any) any {
	list, ok := arguments[1].([]any)
	if !ok {
		return map[string]any{"Fn::Join": arguments}
	}
	parts := make([]string, len(list))
	for i, part := range list {
		if parts[i], ok = readable(part).(string); !ok {
			function, _ := json.Marshal(part)
			parts[i] = "${" + strings.ReplaceAll(string(function), `"`, "'") + "}"
		}
	}
	return readableText(strings.Join(parts, arguments[0].(string)))
}

func readableText(text string) any {
	var inner map[string]any
	if strings.HasPrefix(text, "{") && json.Unmarshal([]byte(text), &inner) == nil {
		return readable(inner)
	}
	return text
}

// goldenDifference returns a line for each difference.
func goldenDifference(d diff.Diff) string {
	var b strings.Builder
	for _, r := range d.Resources {
		b.WriteString(strings.TrimSpace(string(r.Fate)+" "+r.LogicalID+" ("+r.Type+") "+r.Why) + "\n")
		for _, p := range r.Changes {
			b.WriteString(strings.TrimRight("  "+p.Name+": "+p.Before+" -> "+p.After, " ") + "\n")
		}
	}
	for _, p := range d.Sections {
		b.WriteString("template " + p.Name + ": " + p.Before + " -> " + p.After + "\n")
	}
	return b.String()
}
