package maintenance

// Marker is the header by which clients tell the answer of a planned maintenance
// from any other 503. Its value is MarkerValue.
const (
	Marker      = "X-Maintenance-Mode"
	MarkerValue = "on"
)

// UnlockPath is the default path of the page that sets the bypass cookie.
const UnlockPath = "/api/maintenance/unlock"

// GuardType is the type of the custom resource that refuses to open by accident.
const GuardType = "Custom::NorenReopenGuard"

// Names of the metrics of the functions. The function's name is their first
// dimension.
const (
	// MetricNamespace is the namespace of all metrics of this module.
	MetricNamespace = "Noren"

	// ModeMetric is the Mode.Number of the listener's mode. It has no value while
	// the listener is in a mixed state.
	ModeMetric = "Mode"

	// DriftMetric is 1 while a listener of the load balancer differs from what was
	// deployed: in its mode, or by a rule that was added, removed or changed.
	DriftMetric = "Drift"

	// OverdueMetric is the number of minutes since the planned end, rounded up. It is
	// 0 while the product is open or no end is known.
	OverdueMetric = "Overdue"

	// AnswersMetric counts the requests that were refused.
	AnswersMetric = "Answers"
)

// FunctionDimension is the dimension that all metrics have.
const FunctionDimension = "FunctionName"

// Ids of constructs by which the tools recognize resources. They are in the CDK
// paths of a template or, if it has none, at the beginning of logical ids.
const (
	ResponderID = "Responder" // the function that answers refused requests
	ReadID      = "Read"      // with a number: rules that let reads through in the mode read-only
	CloseID     = "Close"     // with a number: rules that close a listener whose default action is not turned
	UpgradeID   = "Upgrade"   // with a number: rules that keep requests for another protocol out of the reads
	UnlockID    = "Unlock"    // the rule for the page that sets the bypass cookie
	StatusID    = "Status"    // the rule that redirects to the document about the maintenance

	// AnnouncementID is the function that keeps that document.
	AnnouncementID = "Announcement"
)

// Prefixes of the environment variables of the functions.
const (
	AnswerVariables = "MAINTENANCE_" // of the function that answers refused requests
	ProbeVariables  = "MODEPROBE_"   // of the function that checks the listener

	MonitorsVariables = "MONITORS_" // of the function that keeps outside monitors quiet
)
