package stacks

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

// TestEveryMetricOfAnAlarmIsDocumented compares the metrics of the alarms of
// every environment with the runbook's table of what AWS documents.
func TestEveryMetricOfAnAlarmIsDocumented(t *testing.T) {
	document, _ := runbook(t)
	links := map[string]bool{}
	for _, link := range regexp.MustCompile(`(?m)^\[(\w+)\]: https://docs\.aws\.amazon\.com/`).FindAllStringSubmatch(document, -1) {
		links[link[1]] = true
	}
	documented := map[string]bool{} // true once used
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\S+ \\w+)` \\| ([\\w, ]+) \\| \\[[^]]+\\]\\[(\\w+)\\]").FindAllStringSubmatch(document, -1) {
		documented[row[1]+" by "+row[2]] = false
		if !links[row[3]] {
			t.Errorf("%s is documented at %q, which is not a page of AWS's", row[1], row[3])
		}
	}
	for _, name := range environments {
		template := synthesized(t, name, maintenance.Open).template
		for _, id := range template.ofType("AWS::CloudWatch::Alarm") {
			for _, metric := range metricsOf(template.Resources[id].Properties) {
				if strings.HasPrefix(metric, "Noren ") {
					continue
				}
				if _, ok := documented[metric]; !ok {
					t.Errorf("%s: %s looks at %s, which the runbook does not know as documented", name, id, metric)
				}
				documented[metric] = true
				if strings.Contains(metric, "Replica") && loadEnvironment(t, name).Database.Readers == 0 {
					t.Errorf("%s: %s looks at readers, and there are none", name, id)
				}
				if strings.Contains(metric, "FreeLocalStorage") {
					t.Errorf("%s: %s looks at what a serverless instance does not have", name, id)
				}
			}
		}
	}
	for metric, used := range documented {
		if !used {
			t.Errorf("the runbook has %s, which no alarm looks at", metric)
		}
	}
	if len(documented) < 15 {
		t.Errorf("the runbook documents %v: is this test looking at the right thing?", slices.Collect(maps.Keys(documented)))
	}
}

// metricsOf returns the metrics of an alarm, one or those of an expression, each
// with the names of its dimensions.
func metricsOf(properties map[string]any) (metrics []string) {
	add := func(metric map[string]any) {
		var names []string
		for _, dimension := range metric["Dimensions"].([]any) {
			names = append(names, dimension.(map[string]any)["Name"].(string))
		}
		slices.Sort(names)
		metrics = append(metrics, metric["Namespace"].(string)+" "+metric["MetricName"].(string)+" by "+strings.Join(names, ", "))
	}
	if properties["MetricName"] != nil {
		add(properties)
	}
	queries, _ := properties["Metrics"].([]any)
	for _, query := range queries {
		if stat, ok := query.(map[string]any)["MetricStat"].(map[string]any); ok {
			add(stat["Metric"].(map[string]any))
		}
	}
	return metrics
}
