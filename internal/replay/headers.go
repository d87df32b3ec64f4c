package replay

import (
	"cmp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// headerOf returns the header that a condition looks at, in lower case.
func headerOf(c alb.Condition) string { return strings.ToLower(alb.HeaderName(c)) }

// comparesSecret reports whether a condition holds only for a secret, as that of
// a bypass does.
func comparesSecret(c alb.Condition) bool {
	values := alb.Values(c)
	return alb.HeaderName(c) != "" && len(values) > 0 &&
		!slices.ContainsFunc(values, func(v alb.Value) bool { return !cfn.IsSecret(v.Text) })
}

// collectHeaders finds the headers that the rules look at. A header that is
// compared only with secrets is assumed not to be sent, since operators are few.
func (j *judge) collectHeaders(templates ...*alb.Template) {
	open := map[string]bool{} // compared with something other than a secret
	for _, t := range templates {
		for _, l := range t.Listeners {
			for _, rule := range l.Rules {
				for _, c := range rule.Conditions {
					name := headerOf(c)
					if name == "" {
						continue
					}
					if !slices.Contains(j.headers, name) {
						j.headers = append(j.headers, name)
					}
					if !comparesSecret(c) {
						open[name] = true
						j.wanted[name] = cmp.Or(j.wanted[name], wanted(c))
					}
				}
			}
		}
	}
	for _, name := range j.headers {
		switch {
		case name == "user-agent":
			j.agents = true
		case !open[name]:
			j.secrets = append(j.secrets, name)
		}
	}
}

// bit returns the position of a header in a set of headers. User-Agent, which is
// in the log, has none.
func (j *judge) bit(name string) uint64 {
	if i := slices.Index(j.headers, name); i >= 0 && i < maxHeaders && name != "user-agent" && !slices.Contains(j.secrets, name) {
		return 1 << i
	}
	return 0
}

// names returns the names of the headers in a set, as they are usually written.
func (j *judge) names(set uint64) []string {
	var names []string
	for i, name := range j.headers {
		if set&(1<<i) != 0 {
			names = append(names, canonical(name))
		}
	}
	return names
}

// wanted returns a value for which a condition on a header holds, "" if none is
// easy to find.
func wanted(c alb.Condition) string {
	for _, v := range alb.Values(c) {
		if v.Literal() {
			return v.Text
		}
	}
	return ""
}

// example returns a header line that the rules ask for, for the first header of a
// set.
func (j *judge) example(set uint64) string {
	for i, name := range j.headers {
		if set&(1<<i) != 0 {
			return canonical(name) + ": " + cmp.Or(j.wanted[name], "VALUE")
		}
	}
	return ""
}

func canonical(name string) string {
	parts := strings.Split(name, "-")
	for i, part := range parts {
		if part != "" {
			parts[i] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "-")
}
