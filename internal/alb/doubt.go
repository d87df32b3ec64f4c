package alb

import "strings"

// Doubt is a set of reasons why an answer is not certain.
type Doubt uint32

const (
	PathEscapes     Doubt = 1 << iota // the path holds %
	PathDots                          // the path holds /./ or /../
	PathSlashes                       // the path holds //
	PathReadings                      // and the outcome depends on how ALB reads that
	NonASCII                          // the value holds bytes that rules do not look at
	TargetForm                        // the request-target is neither a path nor a URL
	AbsoluteTarget                    // the request-target is a URL whose host is not the Host header
	NoHost                            // there is no Host header
	QueryEscapes                      // the query holds % or +
	QueryFlag                         // the query holds a key without =
	RegexAnchors                      // a regex is not anchored
	RegexCase                         // the case of a regex matters
	SecretValue                       // a condition compares with a secret
	UnresolvedValue                   // a condition compares with what is known only after a deploy
	UnknownHeader                     // a header the request may or may not have had
	UnknownSource                     // the peer's address is not known
	ForwardedFor                      // a condition on X-Forwarded-For
	DroppedHeader                     // a header that the load balancer drops
	DocumentedTwice                   // AWS documents two status codes
	ZeroWeights                       // all weights of a forward are 0
	Authentication                    // the target is reached after authentication
	ConditionalRule                   // the rule exists only under a condition of the template
)

var doubtSentences = [...]string{
	"the path holds a percent-escape, and how ALB decodes it before matching is not documented",
	"the path holds a dot segment, and how ALB resolves it before matching is not documented",
	"the path holds a double slash, and whether ALB merges it before matching is not documented",
	"the plain and the normalized path lead to different answers",
	"the request holds bytes outside visible ASCII, which rules do not look at",
	"the request-target is neither a path nor a URL, and what ALB makes of it is not documented",
	"the request-target is a URL with another host than the Host header, and which one rules see is not documented",
	"the request has no Host header, and what host conditions see then is not documented",
	"the query holds % or +, and whether ALB decodes it before matching is not documented",
	"the query holds a key without =, and what ALB makes of it is not documented",
	"a regex is not anchored with ^ and $, and whether ALB searches or matches in full is not documented",
	"the answer depends on whether ALB minds the case of a regex, which is not documented",
	"a condition compares with a secret: it matches if the secret is sent",
	"a condition compares with a value that is known only after a deploy",
	"a condition looks at a header that is not known of this request",
	"a condition looks at the client's address, which is not known of this request",
	"a condition looks at X-Forwarded-For, and whether rules see it before or after ALB adds the client is not documented",
	"a condition looks at a header that the load balancer drops as invalid, and whether rules still see it is not documented",
	"AWS documents more than one status for this",
	"all weights of the forward action are 0, and what ALB does then is not documented",
	"the target is reached only by an authenticated request",
	"the rule exists only under a condition of the template that cannot be decided here",
}

// Reasons returns a sentence for each doubt, without full stop.
func (d Doubt) Reasons() []string {
	var reasons []string
	for i, sentence := range doubtSentences {
		if d&(1<<i) != 0 {
			reasons = append(reasons, sentence)
		}
	}
	return reasons
}

func (d Doubt) String() string { return strings.Join(d.Reasons(), "; ") }
