package preview

// Config says what to run.
type Config struct {
	// Templates are the templates, one for each mode. Required.
	Templates []Template

	// Mode is the mode to start in. Default: that of the first template.
	Mode string

	// Parameters are values for the templates' parameters.
	Parameters map[string]string

	// Values are values of what only a deploy knows, by LogicalId.Attribute.
	Values map[string]string

	// Apps are the addresses of running applications, such as
	// "http://127.0.0.1:3000", by their target group: its logical id, its
	// construct path or the last part of the path, or "" for all. Default: the
	// example is started.
	Apps map[string]string

	// Functions are programs for functions of the templates, by logical id: an
	// archive or a folder with a bootstrap that runs on this machine. Default:
	// noren's own functions run as this program, others as the template's asset
	// if that is built for this machine.
	Functions map[string]string

	// Example is the folder of the example's module, which is compiled and
	// started if Apps is empty. Default: no application runs.
	Example string

	// ExampleLater compiles and starts the example while the rest is already
	// served. Until then, requests to it get a 503.
	ExampleLater bool

	// Site is the folder of the site's files. Default: what the templates upload.
	Site string

	// TwoOrigins tells the site, by /config.json, to use the API at its own
	// origin instead of the site's.
	TwoOrigins bool

	// DSN is the database of the example: a MySQL or MariaDB, as
	// user:password@tcp(host:port)/schema, or "own" for a database server on PATH
	// with a new data folder. Default: a database in the example's process.
	DSN string

	// Quick makes refused clients wait only a second. Default: as long as the
	// templates say.
	Quick bool

	// SitePort, APIPort and ControlPort are ports on 127.0.0.1. Default: any.
	SitePort, APIPort, ControlPort Port

	// Script is played by Play. It can make the application fail. Default: none.
	Script *Script

	// Events is called with everything that happens, one event after the other.
	// Default: nil, it is not called.
	Events func(Event)

	// Verbose writes the logs of the application and the functions to stderr.
	Verbose bool
}

// Template is the template of a mode.
type Template struct {
	Mode string // such as "open"
	File string // with its assets beside it
}

// Port is a port to listen on.
type Port struct {
	Number int
	Exact  bool // use no other if it is in use
}
