package maintenance

// Monitor is a service outside of AWS that watches the product. While the product
// is closed, the service has a downtime, which ends by itself unless it is extended.
// Exactly one of Mackerel and HTTP is set.
type Monitor struct {
	// Name is what results and logs call it. It has letters, digits and hyphens.
	// Required.
	Name string

	// WhileReadOnly keeps the monitor quiet while the product is read-only, too.
	// Default: false, since reads are served then and a monitor of reads should
	// work.
	WhileReadOnly bool

	// Mackerel makes downtimes at Mackerel.
	Mackerel Mackerel

	// HTTP makes downtimes, by HTTP requests, at any other service that has them.
	HTTP HTTPMonitor
}

// Mackerel says what a downtime at Mackerel silences: what is in one of Services or
// Roles, if there are any, and in Monitors, if there are any. At least one of these
// three is required: without them Mackerel silences the whole organization. Leave
// out the monitors of what stays open, such as the health check.
type Mackerel struct {
	// Services are the names of services to silence. Default: all.
	Services []string `yaml:"services"`

	// ExcludeServices are services that are not silenced. Default: none.
	ExcludeServices []string `yaml:"excludeServices"`

	// Roles are the roles to silence, as "service: role". Default: all.
	Roles []string `yaml:"roles"`

	// ExcludeRoles are roles that are not silenced. Default: none.
	ExcludeRoles []string `yaml:"excludeRoles"`

	// Monitors are the ids of the monitor rules to silence. Default: all.
	Monitors []string `yaml:"monitors"`

	// ExcludeMonitors are the ids of monitor rules that are not silenced. Default:
	// none.
	ExcludeMonitors []string `yaml:"excludeMonitors"`

	// Annotate is the service in whose graphs a finished maintenance is marked.
	// Default: none.
	Annotate string `yaml:"annotate"`

	// URL is where Mackerel's API is. Default: https://api.mackerelio.com.
	URL string `yaml:"url"`
}

// HTTPMonitor has the requests that find, make, extend and end downtimes at a
// service. They are templates of Go's text/template; docs/monitors.md says what
// the templates may use.
type HTTPMonitor struct {
	// Headers are sent with every request, by name. Only headers may use the secret:
	// {{secret "apiKey"}} is the value of that name in a secret that is a JSON
	// object, and {{secret ""}} is a secret that is a text.
	Headers map[string]string `yaml:"headers"`

	// Find requests the current and future downtimes. Required.
	Find HTTPRequest `yaml:"find"`

	// Items is the path of the downtimes in the answer to Find: names with dots,
	// such as data. Default: the answer is the list.
	Items string `yaml:"items"`

	// ID is the path of the id in a downtime: names with dots, such as id.
	// Required.
	ID string `yaml:"id"`

	// Begin makes a downtime that ends at .End. It must contain {{.Key}}, in a
	// text that Find returns. Required.
	Begin HTTPRequest `yaml:"begin"`

	// Extend moves the end of the downtime .ID to .End. Required.
	Extend HTTPRequest `yaml:"extend"`

	// End ends the downtime .ID, or cancels it. Required.
	End HTTPRequest `yaml:"end"`
}

// HTTPRequest is the template of a request.
type HTTPRequest struct {
	// Method is the HTTP method, such as POST. Required.
	Method string `yaml:"method"`

	// URL is an https address. Its host must not be a template. Required.
	URL string `yaml:"url"`

	// Body is the JSON to send. Default: none.
	Body string `yaml:"body"`
}
