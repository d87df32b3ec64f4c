// Package protocol is how `noren preview` and the program that runs the product
// talk: in lines of JSON, the command's on the program's stdin, the program's on
// its stdout. The program is one of its own so that the command, which also does
// other things, need not carry a JavaScript engine. It ends when its stdin does.
package protocol

// Config is what to run, the command's first line.
type Config struct {
	// Templates are the templates, one for each mode. Required.
	Templates []Template `json:"templates"`

	// Mode is the mode to start in. Default: that of the first template.
	Mode string `json:"mode,omitempty"`

	// Parameters are values for the templates' parameters.
	Parameters map[string]string `json:"parameters,omitempty"`

	// Apps are the addresses of applications that run already, such as
	// "http://127.0.0.1:3000", by the target group they are registered with: its
	// logical id, its construct path or the last part of that, or "" for all.
	// Default: the example is started.
	Apps map[string]string `json:"apps,omitempty"`

	// Example is the folder of the example's module, which is compiled and
	// started if Apps is empty. Default: no application runs.
	Example string `json:"example,omitempty"`

	// Site is the folder of the site's files. Default: what the templates upload.
	Site string `json:"site,omitempty"`

	// TwoOrigins tells the site, by /config.json, to use the API at its own
	// origin instead of the site's.
	TwoOrigins bool `json:"twoOrigins,omitempty"`

	// Ports on 127.0.0.1. Default: any.
	SitePort    Port `json:"sitePort"`
	APIPort     Port `json:"apiPort"`
	ControlPort Port `json:"controlPort"`

	// Verbose has the application's and the functions' logs written to stderr.
	Verbose bool `json:"verbose,omitempty"`
}

// Template is the template of a mode.
type Template struct {
	Mode string `json:"mode"` // such as "open"
	File string `json:"file"` // its assets are beside it
}

// Port is a port to listen on.
type Port struct {
	Number int  `json:"number"`
	Exact  bool `json:"exact,omitempty"` // no other if it is in use
}

// Command is what the command says after the first line.
type Command struct {
	Mode string `json:"mode"` // to flip to
}

// Report is what the program says: one of its fields is there.
type Report struct {
	Ready *Ready `json:"ready,omitempty"` // once
	Mode  string `json:"mode,omitempty"`  // whenever it has changed
	Error string `json:"error,omitempty"` // it cannot go on
}

// Ready is where the product runs.
type Ready struct {
	Site    string   `json:"site,omitempty"` // empty without a distribution
	API     string   `json:"api"`
	Control string   `json:"control"`
	Login   string   `json:"login,omitempty"` // who may log in at the example
	Mode    string   `json:"mode"`
	Modes   []string `json:"modes"`
	Notes   []string `json:"notes,omitempty"` // what is not as it would be deployed
}
