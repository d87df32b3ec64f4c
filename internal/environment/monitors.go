package environment

import (
	"fmt"
	"regexp"

	"github.com/noren-cdk/noren/internal/function/monitors"
	"github.com/noren-cdk/noren/maintenance"
)

var (
	secretPattern = regexp.MustCompile(`^arn:aws:secretsmanager:([a-z0-9-]+):([0-9]{12}):secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$`)
	topicPattern  = regexp.MustCompile(`^arn:aws:sns:([a-z0-9-]+):([0-9]{12}):[A-Za-z0-9_-]{1,256}$`)
)

// mostTopics is the maximum number of topics of a kind: an EventBridge rule has
// five targets.
const mostTopics = 2

// Outside converts the monitor for the function.
func (m Monitor) Outside() maintenance.Monitor {
	return maintenance.Monitor{Name: m.Name, WhileReadOnly: m.WhileReadOnly, Mackerel: m.Mackerel, HTTP: m.HTTP}
}

// checkMonitors checks the monitors, as the construct will.
func (c *checker) checkMonitors() {
	const key = "maintenance.monitors"
	all := c.env.Maintenance.Monitors
	if len(all) > monitors.Most {
		c.fail(key, "want at most %d, got %d", monitors.Most, len(all))
	}
	seen := map[string]bool{}
	for i, m := range all {
		at := fmt.Sprintf("%s[%d]", key, i)
		if seen[m.Name] && m.Name != "" {
			c.fail(at+".name", "want another name than another monitor has, got %q twice", m.Name)
		}
		seen[m.Name] = true
		c.checkARN(at+".secret", m.Secret, secretPattern, "a secret", "the ARN of a secret in Secrets Manager, arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX")
		if err := monitors.Validate(m.Outside()); err != nil && m.Name != "" {
			c.fail(at, "%s", oneLine(err.Error()))
		}
	}
}

// checkTopics checks the topics that alarms notify in addition to the address.
func (c *checker) checkTopics() {
	for key, topics := range map[string][]string{"alarmTopics": c.env.AlarmTopics, "chatTopics": c.env.ChatTopics} {
		if len(topics) > mostTopics {
			c.fail(key, "want at most %d, got %d", mostTopics, len(topics))
		}
		for i, arn := range topics {
			at := fmt.Sprintf("%s[%d]", key, i)
			if arn == "" {
				c.fail(at, "want the ARN of an SNS topic, got nothing")
			}
			c.checkARN(at, arn, topicPattern, "a topic", "the ARN of an SNS topic, arn:aws:sns:REGION:ACCOUNT:NAME")
		}
	}
}

// checkARN checks the ARN of a resource, and that it is in the region and the
// account of the environment.
func (c *checker) checkARN(key, arn string, pattern *regexp.Regexp, what, want string) {
	if arn == "" {
		return
	}
	parts := pattern.FindStringSubmatch(arn)
	switch {
	case parts == nil:
		c.fail(key, "want %s, got %q", want, arn)
	case parts[1] != c.env.Region && c.decoder.sound("region"):
		c.fail(key, "want %s in %s, the environment's region, got one in %s", what, c.env.Region, parts[1])
	default:
		c.checkAccount(key, what, parts[2])
	}
}
