package preview

// Config is what to run.
type Config struct {
	// Templates are the templates, one for each mode. Required.
	Templates []Template

	// Mode is the mode to start in. Default: that of the first template.
	Mode string

	// Parameters are values for the templates' parameters.
	Parameters map[string]string

	// Values are values of what only a deploy knows, by LogicalId.Attribute.
	Values map[string]string

	// Apps are the addresses of applications that run already, such as
	// "http://127.0.0.1:3000", by the target group they are registered with: its
	// logical id, its construct path or the last part of that, or "" for all.
	// Default: the example is started.
	Apps map[string]string

	// Functions are programs for functions of the templates, by logical id: an
	// archive or a folder with a bootstrap that runs on this machine. Default: a
	// function of noren's runs as this program, any other as the template's asset
	// if that is built for this machine.
	Functions map[string]string

	// Example is the folder of the example's module, which is compiled and
	// started if Apps is empty. Default: no application runs.
	Example string

	// ExampleLater has the example compiled and started while the rest is served
	// already. Until then requests to it get a 503.
	ExampleLater bool

	// Site is the folder of the site's files. Default: what the templates upload.
	Site string

	// TwoOrigins tells the site, by /config.json, to use the API at its own
	// origin instead of the site's.
	TwoOrigins bool

	// DSN is the database of the example: a MySQL or MariaDB, as
	// user:password@tcp(host:port)/schema, or "own" for one of the programs on PATH
	// with a folder of its own. Default: one in the example's process.
	DSN string

	// Quick has refused clients told to wait for a second only. Default: for as long
	// as the templates say.
	Quick bool

	// Ports on 127.0.0.1. Default: any.
	SitePort, APIPort, ControlPort Port

	// Script is played by Play. With one, the application can be made to fail.
	// Default: nothing happens by itself.
	Script *Script

	// Events is told of everything that happens, one event after the other.
	// Default: nobody is.
	Events func(Event)

	// Verbose has the application's and the functions' logs written to stderr.
	Verbose bool
}

// Template is the template of a mode.
type Template struct {
	Mode string // such as "open"
	File string // its assets are beside it
}

// Port is a port to listen on.
type Port struct {
	Number int
	Exact  bool // no other if it is in use
}
