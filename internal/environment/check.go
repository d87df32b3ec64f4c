package environment

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"time"
)

// A checker checks the values of an environment against each other and against
// AWS's limits. It reports one problem per key, and none about values that depend
// on an unusable one.
type checker struct {
	decoder  *decoder
	env      Environment // with defaults
	warnings []Problem

	arnAccount, arnKey string // the account of the first ARN in the file, and its key
}

func (c *checker) check(now time.Time) {
	c.checkDeployment()
	c.checkNetwork()
	c.checkDatabase()
	c.checkAPI()
	c.match("sessions.nodeType", c.env.Sessions.NodeType, nodeTypePattern, "a node type of ElastiCache such as cache.t4g.small")
	c.checkDomains()
	c.checkWebACLs()
	c.checkMode(now)
	c.checkAnswer()
	c.checkAnnounce(now)
	c.checkAllow()
	c.checkPlan()
	c.checkMonitors()
	c.checkSchemaChange()
}

func (c *checker) checkSchemaChange() {
	change := c.env.SchemaChange
	c.checkImage("schemaChange.image", change.Image)
	if change.Image != "" && change.Changes != "" {
		c.fail("schemaChange.changes", "want none with schemaChange.image, which holds them")
	}
}

// fail reports a problem with key. Only the first problem of a key is kept.
func (c *checker) fail(key, format string, args ...any) {
	if c.decoder.sound(key) {
		c.decoder.refuse(key, format, args...)
	}
}

// warn reports something about a key that is not an error.
func (c *checker) warn(key, format string, args ...any) {
	at := c.decoder.placeOf(key)
	c.warnings = append(c.warnings, Problem{c.decoder.file, at.line, at.column, key, fmt.Sprintf(format, args...)})
}

// match fails unless a given value matches.
func (c *checker) match(key, value string, pattern *regexp.Regexp, want string) {
	if value != "" && !pattern.MatchString(value) {
		c.fail(key, "want %s, got %q", want, value)
	}
}

var (
	stackNamePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,127}$`)
	accountPattern   = regexp.MustCompile(`^[0-9]{12}$`)
	nodeTypePattern  = regexp.MustCompile(`^cache\.[a-z0-9]+\.[a-z0-9]+$`)
	keyPattern       = regexp.MustCompile(`^arn:aws:kms:([a-z0-9-]+):([0-9]{12}):key/[0-9A-Za-z-]+$`)
	mailboxPattern   = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}$")
)

func (c *checker) checkDeployment() {
	env := c.env
	c.match("stackName", env.StackName, stackNamePattern, "letters, digits and hyphens, a letter first, at most 128")
	c.match("account", env.Account, accountPattern, "the 12 digits of an AWS account")
	c.checkRegion()
	if env.AlarmEmail != "" && !isEmail(env.AlarmEmail) {
		c.fail("alarmEmail", "want an e-mail address in ASCII such as ops@example.com, got %q", env.AlarmEmail)
	}
	c.checkTopics()
	c.checkARN("encryptionKey", env.EncryptionKey, keyPattern, "a KMS key", "the ARN of a KMS key and not of an alias, arn:aws:kms:REGION:ACCOUNT:key/ID")
}

func isEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text {
		return false
	}
	mailbox, host, _ := strings.Cut(text, "@")
	return mailboxPattern.MatchString(mailbox) && isHostName(strings.ToLower(host)) // SNS accepts only ASCII
}
