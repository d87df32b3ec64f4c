package alb

import "time"

// ALB's limits. Most of these are not checked before the API does so, in the
// middle of a deploy: see [Rule.Check] and [Check].
const (
	// MaxRules is the maximum number of rules on all listeners of a load
	// balancer, without the default rules. It can be raised. Source: UG23 limits.
	MaxRules = 100

	// MaxListeners is the maximum number of listeners of a load balancer. It can
	// be raised. Source: UG23 limits.
	MaxListeners = 50

	// MaxTargetGroups is the maximum number of target groups that the listeners
	// and rules of a load balancer use. Source: UG23 limits.
	MaxTargetGroups = 100

	// MaxConditionValues is the maximum number of values in all conditions of a
	// rule: paths, hosts, methods, CIDRs, header values, query pairs and regexes.
	// The name of a header or query does not count. Sources: UG23 limits; the
	// API's "A rule can only have '5' condition values" (cfn-lint#3833).
	MaxConditionValues = 5

	// MaxWildcards is the maximum number of * and ? in the values of a rule. AWS
	// documents two figures; this is the smaller. More is a warning, and an error
	// above MaxWildcardsQuota. Source: UGnow condition types.
	MaxWildcards = 5

	// MaxWildcardsQuota is the larger of the two figures. Source: UGnow quotas.
	MaxWildcardsQuota = 6

	// MaxMatchEvaluations is the maximum number of values in one condition
	// according to the documentation. The API was seen to accept
	// MaxConditionValues (cfn-lint#3833), so more than this is only a warning.
	// Source: UG23 limits.
	MaxMatchEvaluations = 3

	// MaxValueLength is the maximum length, in characters, of a host, a path
	// pattern, a header value, a query key or value, and a regex. Source: BC.
	MaxValueLength = 128

	// MaxHeaderNameLength is the maximum length of the name in a header
	// condition. Source: BC.
	MaxHeaderNameLength = 40

	// MaxMethodLength is the maximum length of a method. Source: BC.
	MaxMethodLength = 40

	// MaxPriority is the highest priority of a rule; the lowest is 1. Source: BC.
	MaxPriority = 50000

	// MaxTargetGroupsPerForward is the maximum number of target groups in a
	// forward action. Source: UG23 limits.
	MaxTargetGroupsPerForward = 5

	// MaxWeight is the highest weight of a target group; the lowest is 0. Source: BC.
	MaxWeight = 999

	// MaxStickiness is the longest stickiness of a weighted forward; the
	// shortest is a second. Source: BC.
	MaxStickiness = 7 * 24 * time.Hour

	// MaxLambdaTargets is the maximum number of functions in a Lambda target
	// group. Source: UG23 limits.
	MaxLambdaTargets = 1

	// MaxFixedBody is the maximum length, in characters, of a fixed response's
	// body. Source: BC.
	MaxFixedBody = 1024

	// MaxRedirectPart is the maximum length of a redirect's host, path or query.
	// Source: BC.
	MaxRedirectPart = 128

	// MaxTransformLength is the maximum length of a transform's regex or
	// replacement. Source: BC.
	MaxTransformLength = 1024

	// MaxForwardedFor is the maximum number of addresses in X-Forwarded-For; a
	// request with more is answered with 463. Source: UG23 troubleshooting.
	MaxForwardedFor = 30

	// MaxHeaderLine is the maximum size, in bytes, of a request line or of one
	// header. Source: UG23 troubleshooting.
	MaxHeaderLine = 16 << 10

	// MaxHeaders is the maximum size, in bytes, of all headers of a request.
	// Source: UG23 troubleshooting.
	MaxHeaders = 64 << 10
)
