package responder

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/maintenance"
)

// preflightAge is how many seconds a browser may cache the preflight. It may
// outlast the maintenance: it only allows sending a request, and the application
// still decides about the answer.
const preflightAge = "600"

const (
	maxName           = 253  // bytes in a DNS name
	maxMethod         = 40   // bytes in a method, as in a rule of the load balancer
	maxRequestHeaders = 8192 // bytes of Access-Control-Request-Headers that are echoed
)

// validateOrigins reports every origin that no browser sends, and those that
// would allow more than their author can have meant.
func validateOrigins(origins []string) error {
	var errs []error
	for _, origin := range origins {
		if err := validateOrigin(origin); err != nil {
			errs = append(errs, fmt.Errorf("CORS origin %q %w", origin, err))
		}
	}
	return errors.Join(errs...)
}

func validateOrigin(origin string) error {
	scheme, host, _ := strings.Cut(origin, "://")
	host, wild := strings.CutPrefix(host, "*.")
	host, port, hasPort := strings.Cut(host, ":")
	switch {
	case origin == "*":
		return errors.New("is every site there is, which browsers refuse together with credentials: name the origins")
	case origin == "null":
		return errors.New("is also every sandboxed page there is: name the origins")
	case origin != strings.ToLower(origin):
		return fmt.Errorf("never matches: browsers write %q", strings.ToLower(origin))
	case !isScheme(scheme) || !isHost(host):
		return errors.New(`is not an origin: want "https://app.example.com" or "https://*.example.com", no path, and no slash at the end`)
	case hasPort && !isPort(port):
		return fmt.Errorf("has the port %q: want 1 to 65535", port)
	case scheme == "https" && port == "443", scheme == "http" && port == "80":
		return fmt.Errorf("never matches: browsers leave out :%s", port)
	case wild && scheme != "https":
		return errors.New(`has a wildcard without https: want "https://*.example.com"`)
	case wild && !strings.Contains(host, "."):
		return fmt.Errorf("is every site under .%s: want at least two names after the wildcard", host)
	}
	return nil
}

func isScheme(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= 65535 && s == strconv.Itoa(n)
}

// isHost reports whether s consists of names of letters, digits and hyphens,
// separated by dots.
func isHost(s string) bool {
	for name := range strings.SplitSeq(s, ".") {
		if name == "" {
			return false
		}
		for _, c := range []byte(name) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// allows reports whether scripts of origin, as a browser sent it, may read the
// answers. origins are valid.
func allows(origins []string, origin string) bool {
	for _, o := range origins {
		prefix, suffix, wild := strings.Cut(o, "*")
		if !wild && o == origin {
			return true
		}
		if rest, ok := strings.CutPrefix(origin, prefix); wild && ok {
			if below, ok := strings.CutSuffix(rest, suffix); ok && len(below) <= maxName && isHost(below) {
				return true
			}
		}
	}
	return false
}

// isPreflight reports whether r is a CORS preflight.
func (r *request) isPreflight() bool {
	return r.method == "OPTIONS" && r.origin != "" && r.requestMethod != ""
}

// appendCORS appends the headers that let scripts of an allowed origin read the
// answer, or send the request that a preflight asks about.
func (c Config) appendCORS(to []header, r *request, k kind) []header {
	if !allows(c.CORSOrigins, r.origin) {
		return to
	}
	to = append(to,
		header{"Access-Control-Allow-Origin", r.origin},
		header{"Access-Control-Allow-Credentials", "true"})
	if k != kindPreflight {
		exposed := "Retry-After, " + maintenance.Marker
		if c.Status != "" {
			exposed = "Link, " + exposed
		}
		return append(to, header{"Access-Control-Expose-Headers", exposed})
	}
	to = append(to, header{"Access-Control-Max-Age", preflightAge})
	if isTokens(r.requestMethod) && len(r.requestMethod) <= maxMethod {
		to = append(to, header{"Access-Control-Allow-Methods", r.requestMethod})
	}
	if isTokens(r.requestHeaders) && len(r.requestHeaders) <= maxRequestHeaders {
		to = append(to, header{"Access-Control-Allow-Headers", r.requestHeaders})
	}
	return to
}

// isTokens reports whether s consists of HTTP tokens separated by commas and
// blanks, which need no escaping in a header or in JSON.
func isTokens(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~, ", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
