package replay

import "strings"

// Kind is the kind of client that a user agent names.
type Kind string

const (
	App     Kind = "app" // named by Config.App, or none of the other kinds
	Browser Kind = "browser"
	Bot     Kind = "bot"
	Tool    Kind = "tool" // curl and the like
	Unknown Kind = "unknown"
)

// agent is what is known about a user agent.
type agent struct {
	Family string
	Kind   Kind
	App    bool
	header map[string][]string // of its requests, as far as known
}

// agents remembers the user agents seen so far, which are few.
type agents struct {
	config Config
	judge  *judge
	known  map[string]*agent
}

func newAgents(config Config, judge *judge) *agents {
	return &agents{config: config, judge: judge, known: map[string]*agent{}}
}

func (a *agents) get(text string) *agent {
	if known, ok := a.known[text]; ok {
		return known
	}
	made := a.read(strings.Clone(text))
	if len(a.known) < maxAgents && len(text) <= 1024 {
		a.known[strings.Clone(text)] = made
	}
	return made
}

func (a *agents) read(text string) *agent {
	made := &agent{header: map[string][]string{}}
	made.Family, made.Kind = family(text)
	if len(a.config.App) > 0 {
		made.App = agentMatches(a.config.App, text)
	} else {
		made.App = made.Kind == App
	}
	if made.App {
		made.Kind = App
	}
	for _, name := range a.judge.secrets {
		made.header[name] = nil
	}
	if a.judge.agents {
		made.header["user-agent"] = nil
		if text != "" {
			made.header["user-agent"] = []string{text}
		}
	}
	// The first assumption about a header applies.
	assumed := map[string]bool{}
	for _, assumption := range a.config.Assume {
		name := strings.ToLower(assumption.Name)
		if !assumed[name] && (len(assumption.Agents) == 0 || agentMatches(assumption.Agents, text)) {
			assumed[name] = true
			made.header[name] = assumption.values()
		}
	}
	if len(made.header) == 0 {
		made.header = nil
	}
	return made
}

// family returns the name of a user agent without versions, and its kind.
func family(text string) (string, Kind) {
	if text == "" {
		return "none", Unknown
	}
	lower := strings.ToLower(text)
	lower = strings.ReplaceAll(lower, "cubot", "") // a maker of phones
	for _, word := range []string{"bot", "crawl", "spider", "slurp", "healthcheck", "uptime", "pingdom", "facebookexternalhit"} {
		if strings.Contains(lower, word) {
			return product(text), Bot
		}
	}
	if strings.HasPrefix(text, "Mozilla/") || strings.HasPrefix(text, "Opera/") {
		return browser(text), Browser
	}
	if text == "Amazon CloudFront" {
		return text, Unknown // anyone may be behind it
	}
	name := product(text)
	switch strings.ToLower(name) {
	case "curl", "wget", "python-requests", "python-urllib", "python", "aiohttp", "httpx", "go-http-client", "postmanruntime",
		"insomnia", "java", "apache-httpclient", "libwww-perl", "ruby", "axios", "node", "node-fetch", "undici", "guzzlehttp",
		"k6", "hey", "vegeta", "ab", "wrk", "siege", "nmap", "masscan", "zgrab", "nuclei", "sqlmap", "nikto":
		return name, Tool
	}
	return name, App
}

// product returns the name of the first product, or of a bot anywhere in the
// text.
func product(text string) string {
	if rest, ok := strings.CutPrefix(text, "Mozilla/"); ok {
		for _, word := range strings.FieldsFunc(rest, func(c rune) bool { return strings.ContainsRune(" ;(),", c) }) {
			name, _, versioned := strings.Cut(word, "/")
			if lower := strings.ToLower(name); versioned && (strings.Contains(lower, "bot") || strings.Contains(lower, "crawl") || strings.Contains(lower, "spider")) {
				return clean(name)
			}
		}
	}
	end := strings.IndexAny(text, "/ (;,")
	if end <= 0 {
		end = len(text)
	}
	return clean(text[:end])
}

// browser returns the name of a browser. Many claim to be all of them, so the
// order matters.
func browser(text string) string {
	for _, b := range []struct{ token, name string }{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Opera", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
		{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"},
		{"; wv)", "Android WebView"}, {"Chrome/", "Chrome"}, {"Chromium/", "Chrome"},
		{"Safari/", "Safari"}, {"AppleWebKit/", "iOS WebView"}, {"Trident/", "Internet Explorer"}, {"MSIE", "Internet Explorer"},
	} {
		if strings.Contains(text, b.token) {
			return b.name
		}
	}
	return "Mozilla"
}
