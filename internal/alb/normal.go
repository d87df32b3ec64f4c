package alb

import (
	"regexp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// secret is how the secret of a bypass looks: in a template it is not known, and
// the API describes its value.
var secret = regexp.MustCompile(`[A-Za-z0-9]{32,}`)

// unknown takes the place of a value that is not compared.
const unknown = "\x00"

// Normal returns the condition as a text that is the same for every way in which
// a template writes the condition, or the API describes it: the order of values
// does not count, nor case where rules do not look at it. What is known only
// after a deploy, and what looks like a secret in a header, is the same for
// every value.
func Normal(condition Condition) string {
	kind, fold := Field(condition), false
	var values []string
	switch c := condition.(type) {
	case Methods:
		values = slices.Clone(c)
	case PathPatterns:
		values = slices.Clone(c)
	case PathRegexes:
		kind, values = kind+" regex", slices.Clone(c)
	case Hosts:
		values, fold = slices.Clone(c), true
	case HostRegexes:
		kind, values = kind+" regex", slices.Clone(c)
	case Header:
		kind, values, fold = kind+" "+strings.ToLower(c.Name), slices.Clone(c.Values), true
	case HeaderRegexes:
		kind, values = kind+" "+strings.ToLower(c.Name)+" regex", slices.Clone(c.Values)
	case QueryStrings:
		for _, pair := range c {
			values = append(values, pair.Key+"="+pair.Value)
		}
		fold = true
	case SourceIPs:
		for _, prefix := range c {
			values = append(values, prefix.Masked().String())
		}
	case Unknown:
		values = slices.Clone(c.Values)
		if c.Known != nil {
			values = append(values, Normal(c.Known))
		}
	}
	for i, value := range values {
		values[i] = normalValue(value, fold)
	}
	slices.Sort(values)
	return kind + "\n" + strings.Join(slices.Compact(values), "\n")
}

// normalValue leaves out what differs between a template and what is deployed.
func normalValue(value string, fold bool) string {
	known := cfn.Replace(value, func(string) string { return unknown })
	if fold {
		known = strings.ToLower(known)
	}
	return secret.ReplaceAllString(known, unknown)
}
