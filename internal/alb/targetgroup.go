package alb

import (
	"strconv"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TargetGroup is a target group in the template.
type TargetGroup struct {
	LogicalID string
	Path      string // the construct path, if CDK wrote the template

	// If is the template's condition under which it exists, where it cannot be
	// decided from the template.
	If string

	Physical string // the name that the template gives it, "" for none

	// TargetType is "instance", "ip", "lambda" or "alb". Default: "instance".
	TargetType string

	Port            int
	Protocol        string
	ProtocolVersion string
	HealthCheck     HealthCheck

	// Targets are the targets that the template registers, such as a function or
	// its alias. A service registers its targets itself.
	Targets []Ref

	// Attributes are the target group's attributes, by key.
	Attributes map[string]string

	// Moved says what swaps the target group outside CloudFormation, "" if
	// nothing does.
	Moved string

	given map[string]bool // the properties that are set
}

// HealthCheck is a target group's health check according to the template. A zero
// value is the API's default.
type HealthCheck struct {
	Enabled            string // "true", "false" or "" for the default: true unless the target is a Lambda
	Path               string
	Port               string
	Protocol           string
	Interval           time.Duration
	Timeout            time.Duration
	HealthyThreshold   int
	UnhealthyThreshold int
	Codes              string
}

// Lambda reports whether the target is a Lambda function.
func (g *TargetGroup) Lambda() bool { return g.TargetType == "lambda" }

// MultiValueHeaders reports whether the events and answers of a Lambda target
// carry multiValueHeaders. Default: false. Source: BC.
func (g *TargetGroup) MultiValueHeaders() bool {
	return g.Attributes["lambda.multi_value_headers.enabled"] == "true"
}

// Sticky reports whether the target group binds clients to targets. Default: false.
func (g *TargetGroup) Sticky() bool { return g.Attributes["stickiness.enabled"] == "true" }

// DeregistrationDelay returns how long a deregistered target may finish its
// requests. It is 0 for a Lambda. Default: 300 seconds. Source: UG23.
func (g *TargetGroup) DeregistrationDelay() time.Duration {
	if g.Lambda() {
		return 0
	}
	seconds, err := strconv.Atoi(g.Attributes["deregistration_delay.timeout_seconds"])
	if err != nil {
		seconds = 300
	}
	return time.Duration(seconds) * time.Second
}

func (r *reader) targetGroup(n cfn.Node) {
	g := &TargetGroup{
		LogicalID:       r.resource.LogicalID,
		Path:            r.resource.Path,
		If:              r.resource.If,
		Physical:        r.physicalName(n.Field("Name")),
		TargetType:      n.Field("TargetType").Text(),
		Port:            n.Field("Port").OptionalInt(),
		Protocol:        n.Field("Protocol").Text(),
		ProtocolVersion: n.Field("ProtocolVersion").Text(),
		Attributes:      r.attributes(n.Field("TargetGroupAttributes")),
		HealthCheck: HealthCheck{
			Enabled:            n.Field("HealthCheckEnabled").Text(),
			Path:               n.Field("HealthCheckPath").Text(),
			Port:               n.Field("HealthCheckPort").Text(),
			Protocol:           n.Field("HealthCheckProtocol").Text(),
			Interval:           n.Field("HealthCheckIntervalSeconds").Seconds(),
			Timeout:            n.Field("HealthCheckTimeoutSeconds").Seconds(),
			HealthyThreshold:   n.Field("HealthyThresholdCount").OptionalInt(),
			UnhealthyThreshold: n.Field("UnhealthyThresholdCount").OptionalInt(),
			Codes:              n.Field("Matcher").Field("HttpCode").Text(),
		},
		given: map[string]bool{},
	}
	r.tags(n)
	if g.TargetType == "" {
		g.TargetType = "instance"
	}
	for _, target := range n.Field("Targets").Items() {
		g.Targets = append(g.Targets, r.reference(target.Field("Id"), ""))
	}
	for name := range r.resource.Properties {
		g.given[name] = true
	}
	r.template.TargetGroups = append(r.template.TargetGroups, g)
}
