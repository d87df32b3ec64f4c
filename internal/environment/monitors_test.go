package environment

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestMonitors checks what a file says about monitors and topics, and which
// mistakes are found.
func TestMonitors(t *testing.T) {
	const least = "stackName: shop\nregion: us-east-1\nnetwork: {cidr: 10.0.0.0/16}\ndatabase: {engineVersion: 8.0.mysql_aurora.3.10.3, name: shop, minCapacity: 1, maxCapacity: 2}\napi: {ingressPrefixList: pl-3b927c52}\n"
	const mackerel = "maintenance:\n  monitors:\n    - name: m\n      secret: arn:aws:secretsmanager:us-east-1:111111111111:secret:noren-AbCdEf\n      mackerel: {services: [shop]}\n"
	const topic = "arn:aws:sns:us-east-1:111111111111:ops"
	page, err := os.ReadFile("../../docs/monitors.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range strings.Split(string(page), "```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		env, _, problems := parseEnvironment("e.yaml", []byte(least+block), time.Now())
		if len(problems) > 0 || len(env.Maintenance.Monitors) != 1 || env.Maintenance.Monitors[0].Outside().Name == "" {
			t.Errorf("example %d of docs/monitors.md: %v, %+v", i+1, problems, env.Maintenance.Monitors)
		}
	}
	for _, test := range []struct{ name, source, want string }{
		{"Mackerel", mackerel, ""},
		{"topics", "alarmTopics: [" + topic + "]\nchatTopics: [" + topic + "-chat]\n", ""},
		{"a text for the list", "maintenance:\n  monitors: m\n", "maintenance.monitors: want a list, each a mapping of keys, got \"m\""},
		{"two problems at once", strings.Replace(mackerel, "{services: [shop]}", "{roles: [shop], url: http://example.com}", 1), `monitor "m": mackerel.roles: want "service: role", got "shop"; mackerel.url: want an address`},
		{"no name", strings.Replace(mackerel, "name: m", "whileReadOnly: true", 1), "maintenance.monitors[0].name: missing"},
		{"no secret", strings.Replace(mackerel, "secret: arn", "# ", 1), "maintenance.monitors[0].secret: missing"},
		{"a misspelt key", strings.Replace(mackerel, "services", "service", 1), "maintenance.monitors[0].mackerel.service: unknown key: did you mean services?"},
		{"an ARN without its end", strings.Replace(mackerel, "noren-AbCdEf", "noren", 1), "maintenance.monitors[0].secret: want the ARN of a secret"},
		{"the key itself", strings.Replace(mackerel, "arn:aws:secretsmanager:us-east-1:111111111111:secret:noren-AbCdEf", "abcdef", 1), "maintenance.monitors[0].secret: want the ARN of a secret"},
		{"another region", strings.Replace(mackerel, "r:us-east-1", "r:us-west-2", 1), "maintenance.monitors[0].secret: want a secret in us-east-1, the environment's region"},
		{"another account", strings.Replace("account: \"222222222222\"\n"+mackerel, "services", "services", 1), "maintenance.monitors[0].secret: want a secret of account 222222222222"},
		{"everything silent", strings.Replace(mackerel, "services: [shop]", "excludeServices: [shop]", 1), "silences the whole organization"},
		{"twice", mackerel + strings.Join(strings.SplitAfter(mackerel, "\n")[2:], ""), "maintenance.monitors[1].name: want another name"},
		{"a topic of another region", "alarmTopics: [" + strings.Replace(topic, "us-east-1", "us-west-2", 1) + "]\n", "alarmTopics[0]: want a topic in us-east-1"},
		{"an address for a topic", "chatTopics: [ops@example.com]\n", "chatTopics[0]: want the ARN of an SNS topic"},
		{"three topics", "chatTopics: [" + strings.Repeat(topic+",", 3) + "]\n", "chatTopics: want at most 2, got 3"},
	} {
		_, _, problems := parseEnvironment("e.yaml", []byte(least+test.source), time.Now())
		said := ""
		for _, p := range problems {
			said += p.Error() + "\n"
		}
		if (test.want == "") != (said == "") || !strings.Contains(said, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, said, test.want)
		}
	}
}
