package maintenance

// Monitor is a service outside of AWS that watches the product. While the product
// is closed it is told to keep quiet, by a downtime of its own that ends by itself.
// Exactly one of Mackerel and HTTP is set.
type Monitor struct {
	// Name is what results and logs call it: letters, digits and hyphens. Required.
	Name string

	// WhileReadOnly keeps it quiet while the product is read-only, too. Default:
	// false. Reads are served then, and a monitor that reads has something to say.
	WhileReadOnly bool

	// Mackerel makes downtimes at Mackerel.
	Mackerel Mackerel

	// HTTP makes downtimes at any service that has them, by requests.
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

	// Annotate is the service in whose graphs a maintenance that is over is marked.
	// Default: none is.
	Annotate string `yaml:"annotate"`

	// URL is where Mackerel's API is. Default: https://api.mackerelio.com.
	URL string `yaml:"url"`
}

// HTTPMonitor says how downtimes are made at a service that has them, by templates
// of requests. Templates are those of Go's text/template; docs/monitors.md says
// what they may use.
type HTTPMonitor struct {
	// Headers are those of every request, by name. Only they may use the secret:
	// {{secret "apiKey"}} is the value of that name in a secret that is a JSON
	// object, {{secret ""}} a secret that is a text.
	Headers map[string]string `yaml:"headers"`

	// Find asks for the downtimes that are on or to come. Required.
	Find HTTPRequest `yaml:"find"`

	// Items is where the downtimes are in the answer to Find: names with dots, such
	// as data. Default: the answer is the list.
	Items string `yaml:"items"`

	// ID is where the id is in a downtime: names with dots, such as id. Required.
	ID string `yaml:"id"`

	// Begin makes a downtime that ends at .End. {{.Key}} has to be in it, in a text
	// that Find returns. Required.
	Begin HTTPRequest `yaml:"begin"`

	// Extend moves the end of the downtime .ID to .End. Required.
	Extend HTTPRequest `yaml:"extend"`

	// End ends the downtime .ID, or takes it back. Required.
	End HTTPRequest `yaml:"end"`
}

// HTTPRequest is the template of a request.
type HTTPRequest struct {
	// Method is such as POST. Required.
	Method string `yaml:"method"`

	// URL is an address with https. Its host is no template. Required.
	URL string `yaml:"url"`

	// Body is what is sent, in JSON. Default: nothing.
	Body string `yaml:"body"`
}
