package alb

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Rewriter changes requests as a rule's transforms do. Only the target sees the
// result. Source: UGnow rule-transforms.
type Rewriter []rewrite

type rewrite struct {
	host    bool
	regex   *regexp.Regexp
	replace string
}

// NewRewriter returns the rewriter of transforms. It returns an error if a regex
// cannot be used.
func NewRewriter(transforms []Transform) (Rewriter, error) {
	var r Rewriter
	for _, t := range transforms {
		regex, err := regexp.Compile(t.Regex)
		if err != nil {
			return nil, fmt.Errorf("transform %s: %w", t.Type, err)
		}
		r = append(r, rewrite{t.Type == "host-header-rewrite", regex, goReplacement(t.Replace)})
	}
	return r, nil
}

var groupReference = regexp.MustCompile(`\$(\d+)`)

// goReplacement writes $1 as Go needs it where letters follow.
func goReplacement(s string) string { return groupReference.ReplaceAllString(s, "$${$1}") }

// Apply returns the host and the path with query that the target gets. A URL is
// rewritten with its path decoded (aws-load-balancer-controller#4579) and its
// query. The error says why a transform fails, which ALB answers with 500.
func (r Rewriter) Apply(host, target string) (newHost, newTarget string, err error) {
	for _, t := range r {
		if t.host {
			host = t.apply(host)
			if strings.ContainsAny(host, " /\\?#@\r\n\t") || host == "" {
				return "", "", fmt.Errorf("host %q is not one", host)
			}
			continue
		}
		raw, query, hasQuery := strings.Cut(target, "?")
		before, err := url.PathUnescape(raw)
		if err != nil {
			return "", "", err
		}
		if hasQuery {
			before += "?" + query
		}
		after := t.apply(before)
		if after == before {
			continue
		}
		if !strings.HasPrefix(after, "/") {
			return "", "", errors.New("the URL does not begin with /")
		}
		path, query, hasQuery := strings.Cut(after, "?")
		target = (&url.URL{Path: path}).EscapedPath()
		if hasQuery {
			target += "?" + query
		}
	}
	return host, target, nil
}

// apply replaces the first match. A text that does not match stays as it is.
func (t rewrite) apply(s string) string {
	at := t.regex.FindStringSubmatchIndex(s)
	if at == nil {
		return s
	}
	replaced := t.regex.ExpandString(nil, t.replace, s, at)
	return s[:at[0]] + string(replaced) + s[at[1]:]
}

// Effects returns sentences without full stops: what happens to the request once
// its rule is chosen.
func (e Explanation) Effects(r *Request) []string {
	if e.Rule == nil {
		return nil
	}
	var effects []string
	for _, action := range e.Rule.Actions {
		switch a := action.(type) {
		case Authenticate:
			effects = append(effects, a.effect())
		case Redirect:
			effects = append(effects, fmt.Sprintf("answers %d with Location: %s", a.Status, a.Location(e.listener, r)))
		case FixedResponse:
			effects = append(effects, a.effect())
		case Forward:
			effects = append(effects, e.rewritten(r)...)
		}
	}
	return effects
}

// rewritten returns sentences about what the transforms of the rule change in a
// request.
func (e Explanation) rewritten(r *Request) []string {
	rewriter, err := NewRewriter(e.Rule.Transforms)
	if err != nil || len(rewriter) == 0 {
		return nil
	}
	target := r.Target
	if r.authority != "" {
		target = r.path.text
	}
	host, path, err := rewriter.Apply(r.Host, target)
	switch {
	case r.Host == "" && err != nil:
		return []string{"transforms rewrite the Host header, which is not given"}
	case err != nil:
		return []string{fmt.Sprintf("answers 500: a transform fails: %v", err)}
	}
	var effects []string
	if path != target {
		effects = append(effects, "the target gets the path "+path)
	}
	if host != r.Host {
		effects = append(effects, "the target gets the host "+host)
	}
	if effects == nil {
		return []string{"the transforms of the rule change nothing of this request"}
	}
	return effects
}

func (a Authenticate) effect() string {
	switch {
	case a.Method == "jwt-validation":
		return "a request without a valid token is answered with 401 by the load balancer"
	case a.OnUnauthenticated == "deny":
		return fmt.Sprintf("%s first: who is not logged in is answered with 401 by the load balancer", a.Method)
	case a.OnUnauthenticated == "allow":
		return fmt.Sprintf("%s first: who is not logged in gets through too", a.Method)
	}
	return fmt.Sprintf("%s first: who is not logged in is redirected to the identity provider with 302", a.Method)
}

func (f FixedResponse) effect() string {
	kind := f.ContentType
	if kind == "" {
		kind = "text/plain"
	}
	if f.Body == "" {
		return fmt.Sprintf("answers %d without a body", f.Status)
	}
	return fmt.Sprintf("answers %d, %s: %s", f.Status, kind, displayBody(f.Body))
}

// displayBody returns a body on one line.
func displayBody(body string) string {
	const most = 200
	text := []rune(strings.Join(strings.Fields(cfn.Display(body)), " "))
	if len(text) > most {
		return string(text[:most]) + " ..."
	}
	return string(text)
}
