package stacks

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/dop251/goja"
)

// A cloudwatch evaluates the alarms of a template as CloudWatch does, minute by
// minute: missing data, M of N, metric math, composites and suppressors. Source:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
// and Create_Composite_Alarm.html there.
type cloudwatch struct {
	tb       testing.TB
	template template
	vm       *goja.Runtime
	state    map[string]bool // in alarm, by logical id
	since    map[string]int  // of composites: how long they have been in alarm
	quiet    map[string]int  // of composites: how long their suppressor has been out of alarm
	told     map[string]int  // the minute in which an alarm first told the topic
}

// values are the metrics of a minute, by name. Metrics without a value are
// absent.
type values map[string]float64

// newCloudWatch returns an evaluation without any minutes yet.
func newCloudWatch(tb testing.TB, t template) *cloudwatch {
	tb.Helper()
	c := &cloudwatch{tb: tb, template: t, vm: goja.New(), state: map[string]bool{}, since: map[string]int{}, quiet: map[string]int{}, told: map[string]int{}}
	// A metric without a value is NaN, as is everything computed from it.
	_, err := c.vm.RunString(`function IF(c, a, b) { return c !== c ? NaN : c ? a : b }
		function FILL(x, y) { return x === x ? x : y === REPEAT ? last : y }
		var REPEAT = "repeat", last = NaN`)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// minute evaluates all alarms after a minute; history has all minutes so far.
func (c *cloudwatch) minute(history []values) {
	now := len(history) - 1
	for _, id := range c.template.ofType("AWS::CloudWatch::Alarm") {
		before := c.state[id]
		c.state[id] = c.evaluate(id, history)
		c.tell(id, now, c.state[id] && !before)
	}
	for _, id := range c.template.ofType("AWS::CloudWatch::CompositeAlarm") {
		c.composite(id, now)
	}
}

func (c *cloudwatch) tell(id string, now int, tells bool) {
	if _, already := c.told[id]; tells && !already && c.template.Resources[id].Properties["AlarmActions"] != nil {
		c.told[id] = now
	}
}

// composite evaluates a composite alarm. It notifies after the wait for its
// suppressor, and after the extension once suppression is over.
func (c *cloudwatch) composite(id string, now int) {
	p := c.template.Resources[id].Properties
	rule := text(p["AlarmRule"])
	in := false
	for symptom, alarm := range c.state {
		in = in || alarm && strings.Contains(rule, fmt.Sprintf("%q", symptom))
	}
	c.state[id] = in
	suppressed := false
	for other, alarm := range c.state {
		suppressed = suppressed || alarm && strings.Contains(text(p["ActionsSuppressor"]), fmt.Sprintf("%q", other))
	}
	if !in {
		c.since[id] = 0
	} else {
		c.since[id]++
	}
	if suppressed {
		c.quiet[id] = 0
	} else {
		c.quiet[id]++
	}
	wait := int(p["ActionsSuppressorWaitPeriod"].(float64) / 60)
	extension := int(p["ActionsSuppressorExtensionPeriod"].(float64) / 60)
	late := c.quiet[id] <= now && c.quiet[id] <= extension // it was suppressed a moment ago
	c.tell(id, now, in && !suppressed && c.since[id] > wait && !late)
}

// furtherBack is how many more periods than it evaluates CloudWatch reads,
// according to the examples in its documentation.
const furtherBack = 2

// evaluate reports whether an alarm of a metric is in alarm. With insufficient
// data it is not.
func (c *cloudwatch) evaluate(id string, history []values) bool {
	p := c.template.Resources[id].Properties
	number := func(name string, otherwise float64) float64 {
		if n, ok := p[name].(float64); ok {
			return n
		}
		return otherwise
	}
	n := int(number("EvaluationPeriods", 1))
	m := int(number("DatapointsToAlarm", float64(n)))
	breaching, missing := 0, 0
	for k := range n {
		value := c.period(p, history, k)
		switch {
		case math.IsNaN(value):
			missing++
		case p["ComparisonOperator"] == "LessThanThreshold" && value < number("Threshold", 0),
			p["ComparisonOperator"] == "GreaterThanOrEqualToThreshold" && value >= number("Threshold", 0):
			breaching++
		}
	}
	switch p["TreatMissingData"] {
	case "breaching":
		breaching += missing
	case "ignore":
		if missing > 0 && breaching < m {
			return c.state[id] && missing == n
		}
	case "missing": // the last one, among all periods that CloudWatch reads
		for k := n; missing == n && k < n+furtherBack; k++ {
			if value := c.period(p, history, k); !math.IsNaN(value) {
				return value >= number("Threshold", 0)
			}
		}
	}
	return breaching >= m
}

// period returns the value of an alarm's metric in the period k periods before
// the last one.
func (c *cloudwatch) period(p map[string]any, history []values, k int) float64 {
	metrics, isMath := p["Metrics"].([]any)
	if !isMath {
		return aggregate(history, p["MetricName"].(string), p["Statistic"], int(p["Period"].(float64)/60), k)
	}
	expression := ""
	for _, entry := range metrics {
		metric := entry.(map[string]any)
		if text, ok := metric["Expression"].(string); ok {
			expression = text
			continue
		}
		stat := metric["MetricStat"].(map[string]any)
		name, minutes := stat["Metric"].(map[string]any)["MetricName"].(string), int(stat["Period"].(float64)/60)
		_ = c.vm.Set(metric["Id"].(string), aggregate(history, name, stat["Stat"], minutes, k))
		if strings.Contains(expression+"FILL("+metric["Id"].(string)+", REPEAT)", "mode") && name == "Mode" {
			last := aggregate(history, name, stat["Stat"], minutes, k)
			for back := k; last != last && back < len(history); back++ {
				last = aggregate(history, name, stat["Stat"], minutes, back)
			}
			_ = c.vm.Set("last", last)
		}
	}
	value, err := c.vm.RunString(expression)
	if err != nil {
		c.tb.Fatalf("%s: %v", expression, err)
	}
	if n := value.ToFloat(); !isInf(n) {
		return n
	}
	return nan()
}

func nan() float64         { return math.NaN() }
func isInf(n float64) bool { return math.IsInf(n, 0) }

// aggregate returns the statistic of a metric over a period of some minutes, k
// periods before the last one.
func aggregate(history []values, name string, statistic any, minutes, k int) float64 {
	end := len(history) - k*minutes
	var all []float64
	for _, v := range history[max(0, end-minutes):max(0, end)] {
		if value, ok := v[name]; ok {
			all = append(all, value)
		}
	}
	if statistic == "SampleCount" {
		if len(all) == 0 {
			return math.NaN()
		}
		return float64(len(all))
	}
	if len(all) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, value := range all {
		sum += value
	}
	switch statistic {
	case "Sum":
		return sum
	case "Minimum":
		return slices.Min(all)
	case "Average":
		return sum / float64(len(all))
	}
	return slices.Max(all)
}

// first returns the alarms that notified first, and when.
func (c *cloudwatch) first(after int) (names []string, minutes int) {
	earliest := math.MaxInt
	for _, at := range c.told {
		if at >= after {
			earliest = min(earliest, at)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.told)) {
		if c.told[id] == earliest {
			names = append(names, withoutHash(id))
		}
	}
	return names, earliest - after + 1
}
