package alb

import "time"

// What ALB allows. Nothing checks most of these before the API does, in the
// middle of a deploy: see [Rule.Check] and [Check].
const (
	// MaxRules is how many rules the listeners of one load balancer have
	// together, default rules not counted. It can be raised. Source: UG23 limits.
	MaxRules = 100

	// MaxListeners is how many listeners a load balancer has. It can be
	// raised. Source: UG23 limits.
	MaxListeners = 50

	// MaxTargetGroups is how many target groups the listeners and rules of a
	// load balancer use. Source: UG23 limits.
	MaxTargetGroups = 100

	// MaxConditionValues is how many values all conditions of a rule have
	// together: paths, hosts, methods, CIDRs, header values, query pairs and
	// regexes. A header's or query's name does not count. Sources: UG23 limits;
	// the API's "A rule can only have '5' condition values" (cfn-lint#3833).
	MaxConditionValues = 5

	// MaxWildcards is how many * and ? the values of a rule have together.
	// AWS documents two figures; this is the smaller. A rule with more is a
	// warning, and an error from MaxWildcardsQuota on. Source: UGnow
	// condition types.
	MaxWildcards = 5

	// MaxWildcardsQuota is the larger of the two figures. Source: UGnow quotas.
	MaxWildcardsQuota = 6

	// MaxMatchEvaluations is how many values the documentation allows in one
	// condition. The API was seen to accept MaxConditionValues (cfn-lint#3833),
	// so more than this is only a warning. Source: UG23 limits.
	MaxMatchEvaluations = 3

	// MaxValueLength is the length, in characters, of a host, a path pattern,
	// a header value, a query key or value, and a regex. Source: BC.
	MaxValueLength = 128

	// MaxHeaderNameLength is the length of a header condition's name. Source: BC.
	MaxHeaderNameLength = 40

	// MaxMethodLength is the length of a method. Source: BC.
	MaxMethodLength = 40

	// MaxPriority is the highest priority of a rule; the lowest is 1. Source: BC.
	MaxPriority = 50000

	// MaxTargetGroupsPerForward is how many target groups a forward action
	// shares requests between. Source: UG23 limits.
	MaxTargetGroupsPerForward = 5

	// MaxWeight is the highest weight of a target group; the lowest is 0. Source: BC.
	MaxWeight = 999

	// MaxStickiness is the longest stickiness of a weighted forward; the
	// shortest is a second. Source: BC.
	MaxStickiness = 7 * 24 * time.Hour

	// MaxLambdaTargets is how many functions a Lambda target group has. Source: UG23 limits.
	MaxLambdaTargets = 1

	// MaxFixedBody is the length, in characters, of a fixed response's body. Source: BC.
	MaxFixedBody = 1024

	// MaxRedirectPart is the length of a redirect's host, path or query. Source: BC.
	MaxRedirectPart = 128

	// MaxTransformLength is the length of a transform's regex or replacement. Source: BC.
	MaxTransformLength = 1024

	// MaxForwardedFor is how many addresses an X-Forwarded-For header holds;
	// a request with more is answered 463. Source: UG23 troubleshooting.
	MaxForwardedFor = 30

	// MaxHeaderLine is the size, in bytes, of a request line or of one header.
	// Source: UG23 troubleshooting.
	MaxHeaderLine = 16 << 10

	// MaxHeaders is the size, in bytes, of all headers of a request. Source: UG23
	// troubleshooting.
	MaxHeaders = 64 << 10
)
