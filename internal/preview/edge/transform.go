package edge

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// transform rewrites the host or the URL for the target. Source: UGnow
// rule-transforms.
type transform struct {
	host    bool
	regex   *regexp.Regexp
	replace string
}

func readTransforms(list []alb.Transform) ([]transform, error) {
	var transforms []transform
	for _, t := range list {
		regex, err := regexp.Compile(t.Regex)
		if err != nil {
			return nil, fmt.Errorf("transform %s: %w", t.Type, err)
		}
		transforms = append(transforms, transform{t.Type == "host-header-rewrite", regex, goReplacement(t.Replace)})
	}
	return transforms, nil
}

var groupReference = regexp.MustCompile(`\$(\d+)`)

// goReplacement writes $1 as Go wants it where letters follow.
func goReplacement(s string) string { return groupReference.ReplaceAllString(s, "$${$1}") }

// transform changes what the target gets. A URL is rewritten with its path
// decoded (aws-load-balancer-controller#4579) and its query.
func (x *exchange) transform() error {
	for _, t := range x.rule.transforms {
		if t.host {
			x.targetHost = t.apply(or(x.targetHost, x.host))
			if strings.ContainsAny(x.targetHost, " /\\?#@\r\n\t") || x.targetHost == "" {
				return fmt.Errorf("host %q is not one", x.targetHost)
			}
			continue
		}
		raw, query, hasQuery := strings.Cut(x.path, "?")
		decoded, err := url.PathUnescape(raw)
		if err != nil {
			return err
		}
		before := decoded
		if hasQuery {
			before += "?" + query
		}
		after := t.apply(before)
		if after == before {
			continue
		}
		if !strings.HasPrefix(after, "/") {
			return errors.New("the URL does not begin with /")
		}
		path, query, hasQuery := strings.Cut(after, "?")
		x.path = (&url.URL{Path: path}).EscapedPath()
		if hasQuery {
			x.path += "?" + query
		}
	}
	return nil
}

// apply replaces the first match; what does not match stays as it is.
func (t transform) apply(s string) string {
	at := t.regex.FindStringSubmatchIndex(s)
	if at == nil {
		return s
	}
	replaced := t.regex.ExpandString(nil, t.replace, s, at)
	return s[:at[0]] + string(replaced) + s[at[1]:]
}
