package alb

// Severity is how bad a Problem is.
type Severity uint8

const (
	Warning Severity = iota // a deploy may succeed
	Error                   // the API refuses it
)

func (s Severity) String() string { return [...]string{"warning", "error"}[s&1] }

// Problem is something that ALB refuses, or that will not work as written.
type Problem struct {
	Severity  Severity
	LogicalID string // of the resource; "" for a rule that is in no template
	Path      string // its construct path, if CDK wrote the template
	Property  string // where in the resource, such as "Conditions[0]"
	Message   string // the whole sentence: what is wrong, the value, what is allowed
	Value     string // what is wrong, for display
	Limit     string // what is allowed
}

// Error returns the problem's message, so that a Problem can be returned as an
// error.
func (p Problem) Error() string { return p.Message }
