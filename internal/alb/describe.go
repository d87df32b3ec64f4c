package alb

import (
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Describe returns a condition for a reader, such as
// `path "/api/login" or "/api/files/*"`. It shows no secret.
func Describe(condition Condition) string {
	switch c := condition.(type) {
	case Methods:
		return "method " + strings.Join(displayed(c), " or ")
	case PathPatterns:
		return "path " + quoted(c)
	case PathRegexes:
		return "path ~ " + quoted(c)
	case Hosts:
		return "host " + quoted(c)
	case HostRegexes:
		return "host ~ " + quoted(c)
	case Header:
		return "header " + c.Name + " " + quoted(c.Values)
	case HeaderRegexes:
		return "header " + c.Name + " ~ " + quoted(c.Values)
	case QueryStrings:
		return "query " + strings.Join(c.texts(), " or ")
	case SourceIPs:
		return "source " + strings.Join(c.texts(), " or ")
	case Unknown:
		unknown := Field(c) + " " + strings.Join(displayed(c.Values), " or ")
		if c.Known != nil {
			return Describe(c.Known) + " or " + unknown
		}
		return unknown
	}
	return fmt.Sprint(condition)
}

func displayed(values []string) []string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = cfn.Display(value)
	}
	return texts
}

// quoted are values for a reader; what is not a literal value is not quoted.
func quoted(values []string) string {
	texts := displayed(values)
	for i, value := range values {
		if !cfn.IsOpaque(value) {
			texts[i] = `"` + value + `"`
		}
	}
	return strings.Join(texts, " or ")
}

func (q QueryStrings) texts() []string {
	texts := make([]string, len(q))
	for i, pair := range q {
		texts[i] = cfn.Display(pair.Key) + "=" + cfn.Display(pair.Value)
		if pair.Key == "" {
			texts[i] = "any key=" + cfn.Display(pair.Value)
		}
	}
	return texts
}

func (s SourceIPs) texts() []string {
	texts := make([]string, len(s))
	for i, prefix := range s {
		texts[i] = prefix.String()
	}
	return texts
}

// String is the action for a reader, such as "forward to App 90 %, Canary 10 %".
func (f Forward) String() string {
	texts := make([]string, len(f.Groups))
	for i, g := range f.Groups {
		texts[i] = g.Group.String()
		if len(f.Groups) > 1 {
			texts[i] += fmt.Sprintf(" %.3g %%", 100*f.Share(i))
		}
	}
	return "forward to " + strings.Join(texts, ", ")
}

// String is the action for a reader, such as "redirect 301 to
// https://#{host}:443/#{path}?#{query}".
func (r Redirect) String() string {
	return fmt.Sprintf("redirect %d to %s", r.Status, cfn.Display(r.location(func(part string) string { return "#{" + part + "}" })))
}

// String is the action for a reader, such as "fixed response 503 text/plain".
func (f FixedResponse) String() string {
	return strings.TrimSpace(fmt.Sprintf("fixed response %d %s", f.Status, cfn.Display(f.ContentType)))
}

// String is the action's type.
func (a Authenticate) String() string { return a.Method }
