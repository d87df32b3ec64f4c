package alb

import "strings"

// Doubt is a set of reasons why an answer is not certain.
type Doubt uint64

const (
	PathEscapes         Doubt = 1 << iota // the path contains %
	PathDots                              // the path contains /./ or /../
	PathSlashes                           // the path contains //
	PathReadings                          // and the outcome depends on how ALB reads that
	MalformedEscape                       // the path contains a % without two hex digits after it
	NonASCII                              // the request contains bytes that rules do not look at
	TargetForm                            // the request-target is neither a path nor a URL
	AbsoluteTarget                        // the request-target is a URL whose host is not the Host header
	NoHost                                // there is no Host header
	QueryEscapes                          // the query contains % or +
	QueryFlag                             // the query contains a key without =
	RegexAnchors                          // it matters that a regex is not anchored
	RegexCase                             // it matters whether a regex is case-sensitive
	RegexSize                             // a regex is too large to be read here
	SecretValue                           // a condition compares with a secret
	UnresolvedValue                       // a condition compares with a value known only after a deploy
	UnknownHeader                         // a header that the request may or may not have
	UnknownSource                         // the peer's address is not known
	ForwardedFor                          // it matters when ALB adds the client to X-Forwarded-For
	DroppedHeader                         // a header that the load balancer drops
	DocumentedTwice                       // AWS documents more than one status
	ZeroWeights                           // all weights of a forward are 0
	Authentication                        // the target is reached after authentication
	ConditionalRule                       // the rule exists only under a condition of the template
	ForeignListener                       // the listener is not in the template
	UnseenRules                           // the listener may have rules that are not visible
	MovedGroups                           // target groups are swapped outside CloudFormation
	ConditionalListener                   // the listener exists only under a condition of the template
	UnknownHost                           // the Host header is not given
	UnknownQuery                          // the query is not given
	UnknownOrder                          // the priority of a rule is known only after a deploy
	UnreadRule                            // a part of a rule could not be read
)

var doubtReasons = []struct {
	doubt  Doubt
	reason string
}{
	{PathEscapes, "the path holds a percent-escape, and how ALB decodes it before matching is not documented"},
	{PathDots, "the path holds a dot segment, and how ALB resolves it before matching is not documented"},
	{PathSlashes, "the path holds a double slash, and whether ALB merges it before matching is not documented"},
	{PathReadings, "the plain and the normalized path lead to different answers"},
	{MalformedEscape, "the path holds a malformed percent-escape, and what ALB answers to it is not documented"},
	{NonASCII, "the request holds bytes outside visible ASCII, which rules do not look at"},
	{TargetForm, "the request-target is neither a path nor a URL, and what ALB makes of it is not documented"},
	{AbsoluteTarget, "the request-target is a URL with another host than the Host header, and which one rules see is not documented"},
	{NoHost, "the request has no Host header, and what host conditions see then is not documented"},
	{QueryEscapes, "the query holds % or +, and whether ALB decodes it before matching is not documented"},
	{QueryFlag, "the query holds a key without =, and what ALB makes of it is not documented"},
	{RegexAnchors, "a regex is not anchored with ^ and $, and whether ALB searches or matches in full is not documented"},
	{RegexCase, "the answer depends on whether ALB minds the case of a regex, which is not documented"},
	{RegexSize, "a regex is too large to be evaluated here"},
	{SecretValue, "a condition compares with a secret: it matches if the secret is sent"},
	{UnresolvedValue, "a condition compares with a value that is known only after a deploy"},
	{UnknownHeader, "a condition looks at a header that is not given"},
	{UnknownSource, "a condition looks at the client's address, which is not given"},
	{ForwardedFor, "a condition looks at X-Forwarded-For, and whether rules see it before or after ALB adds the client is not documented"},
	{DroppedHeader, "a condition looks at a header that the load balancer drops as invalid, and whether rules still see it is not documented"},
	{DocumentedTwice, "AWS documents more than one status for this"},
	{ZeroWeights, "all weights of the forward action are 0, and what ALB does then is not documented"},
	{Authentication, "the target is reached only by an authenticated request"},
	{ConditionalRule, "the rule exists only under a condition of the template that cannot be decided here"},
	{ForeignListener, "the listener is not in the template: its default action and its other rules are not known"},
	{UnseenRules, "the listener may have rules that are not seen here, at priorities that are free"},
	{MovedGroups, "deployments swing the target group outside CloudFormation"},
	{ConditionalListener, "the listener exists only under a condition of the template that cannot be decided here"},
	{UnknownHost, "a condition looks at the Host header, which is not given"},
	{UnknownQuery, "a condition looks at the query, which is not given"},
	{UnreadRule, "a part of a rule could not be read"},
	{UnknownOrder, "the priority of a rule is known only after a deploy"},
}

// nominal are doubts that alone change nothing.
const nominal = PathEscapes | PathDots | PathSlashes

// notGiven are doubts that end as soon as more is known about the request.
const notGiven = UnknownHeader | UnknownSource | UnknownHost | UnknownQuery

// NotGiven reports whether the doubt would end if more were known about the
// request.
func (d Doubt) NotGiven() bool { return d != 0 && d&^notGiven == 0 }

// Nominal reports whether every plausible reading of the request leads to the
// same answer: how ALB reads it is not documented, but does not seem to matter.
func (d Doubt) Nominal() bool { return d != 0 && d&^nominal == 0 }

// Reasons returns a sentence for each doubt, without a full stop.
func (d Doubt) Reasons() []string {
	var reasons []string
	for _, r := range doubtReasons {
		if d&r.doubt != 0 {
			reasons = append(reasons, r.reason)
		}
	}
	return reasons
}

func (d Doubt) String() string { return strings.Join(d.Reasons(), "; ") }
