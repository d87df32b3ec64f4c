package alb

import "sync"

// Listener is a listener and its rules. If the template does not define it, but
// adds rules to it, the default action is not known.
type Listener struct {
	Ref  Ref
	Path string // the construct path, if CDK wrote the template

	// LoadBalancer is the listener's load balancer; Balancer is the same, or
	// nil if the template does not define it.
	LoadBalancer Ref
	Balancer     *LoadBalancer

	Port         int    // 0 if it is known only after a deploy
	Protocol     string // "HTTP" or "HTTPS"
	Certificates int    // in the template, without ListenerCertificate resources

	// Attributes are the listener's attributes, by key.
	Attributes map[string]string

	// Rules are the rules by priority, without the default rule. They must not
	// be changed once requests have been routed.
	Rules []Rule

	// Default is the default rule. It has no actions if it is not known.
	Default Rule

	// DefaultIf are the default rules under conditions that cannot be decided.
	// They are tried before Default.
	DefaultIf []Rule

	// Unseen says why the listener may have more rules than are visible, in
	// sentences without full stops. It is empty if the listener has no others.
	Unseen []string

	// Moved says what swaps the target groups of the listener outside
	// CloudFormation, "" if nothing does.
	Moved string

	// If is the template's condition under which the listener exists, where it
	// cannot be decided from the template.
	If string

	once     sync.Once
	joins    bool // another template has it, or may have it
	trials   []trial
	problems []Problem
}

// Foreign reports whether the listener is not in the template. It may then have
// other rules, and its default action is not known.
func (l *Listener) Foreign() bool { return l.Ref.LogicalID == "" }
