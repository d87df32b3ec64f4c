package maintenance

// Marker is the header by which clients tell the answer of a planned maintenance
// from any other 503. Its value is MarkerValue.
const (
	Marker      = "X-Maintenance-Mode"
	MarkerValue = "on"
)

// GuardType is the type of the custom resource that refuses to open by accident.
const GuardType = "Custom::NorenReopenGuard"

// The metrics of the functions, with the function's name as their first
// dimension.
const (
	// MetricNamespace is that of all metrics of this module.
	MetricNamespace = "Noren"

	// ModeMetric is Mode.Number of the mode that the listener is in. There is none
	// while it is in no mode.
	ModeMetric = "Mode"

	// DriftMetric is 1 while a listener of the load balancer is not as it was
	// deployed: in another mode than the last deploy turned to, or with a rule more,
	// one less or another one.
	DriftMetric = "Drift"

	// OverdueMetric is how many minutes ago maintenance was to end, rounded up: 0
	// while it is open, or while no end is known.
	OverdueMetric = "Overdue"

	// AnswersMetric counts the requests that were refused.
	AnswersMetric = "Answers"
)

// FunctionDimension is the dimension that all metrics have.
const FunctionDimension = "FunctionName"

// Ids of constructs by which the tools know what a template is of, where it
// carries the paths of CDK, and the beginning of logical ids where it does not.
const (
	ResponderID = "Responder" // the function that answers the refused
	ReadID      = "Read"      // with a number: rules that let reads through in the mode read-only
	CloseID     = "Close"     // with a number: rules that close a listener whose default action is not turned
	UpgradeID   = "Upgrade"   // with a number: rules that keep requests for another protocol out of the reads
	UnlockID    = "Unlock"    // the rule to the page that gives the bypass cookie
)

// Prefixes of the environment variables of the functions.
const (
	AnswerVariables = "MAINTENANCE_" // of the function that answers the refused
	ProbeVariables  = "MODEPROBE_"   // of the function that looks at the listener

	MonitorsVariables = "MONITORS_" // of the function that keeps outside monitors quiet
)
