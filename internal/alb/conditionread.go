package alb

import (
	"fmt"
	"net/netip"
	"slices"
)

// configs are the properties in which each field of a condition keeps its
// values. BC.
var configs = map[string]string{
	"http-request-method": "HttpRequestMethodConfig",
	"path-pattern":        "PathPatternConfig",
	"host-header":         "HostHeaderConfig",
	"http-header":         "HttpHeaderConfig",
	"query-string":        "QueryStringConfig",
	"source-ip":           "SourceIpConfig",
}

func (n node) conditions() []Condition {
	var conditions []Condition
	for _, item := range n.items() {
		for _, c := range item.condition() {
			conditions = append(conditions, c)
			n.reader.count(c)
		}
		if n.reader.values > maxValues || n.reader.regexes > maxRegexes {
			item.fault("the template has more than %d condition values, or %d regexes", maxValues, maxRegexes)
			return nil
		}
	}
	return conditions
}

func (r *reader) count(c Condition) {
	values, _ := Count(c)
	r.values += values + 1
	switch c.(type) {
	case PathRegexes, HostRegexes, HeaderRegexes:
		r.regexes += values
	}
}

// condition reads one condition. It is two if it holds both values and
// regexes, which the API refuses.
func (n node) condition() []Condition {
	n.only("Field", "Values", "RegexValues", "HttpRequestMethodConfig", "PathPatternConfig", "HostHeaderConfig",
		"HttpHeaderConfig", "QueryStringConfig", "SourceIpConfig")
	field := n.conditionField()
	name, ok := configs[field]
	if !ok {
		n.field("Field").fault("unknown field %q", field)
		return nil
	}
	for other, otherName := range configs {
		if other != field && n.field(otherName).exists() {
			n.problem(Error, "%s is of no use to a %s condition", otherName, field)
		}
	}
	config := n.field(name)
	switch field {
	case "query-string":
		config.only("Values")
		return []Condition{config.field("Values").pairs()}
	case "http-header":
		config.only("HttpHeaderName", "Values", "RegexValues")
	case "source-ip":
		config.only("Values", "IpAddressType")
	case "http-request-method":
		config.only("Values")
	default:
		config.only("Values", "RegexValues")
	}
	values := n.spelled("Values", config, field == "host-header" || field == "path-pattern")
	regexes := n.spelled("RegexValues", config, true)
	switch field {
	case "http-request-method":
		return []Condition{Methods(values)}
	case "source-ip":
		return []Condition{n.sourceIPs(values)}
	case "path-pattern":
		return valuesAndRegexes(PathPatterns(values), PathRegexes(regexes), len(values), len(regexes))
	case "host-header":
		return valuesAndRegexes(Hosts(values), HostRegexes(regexes), len(values), len(regexes))
	default:
		header := config.field("HttpHeaderName").text()
		return valuesAndRegexes(Header{header, values}, HeaderRegexes{header, regexes}, len(values), len(regexes))
	}
}

// conditionField is the condition's field; if it is not given, the one whose
// configuration is.
func (n node) conditionField() string {
	if field := n.field("Field"); field.exists() {
		return field.text()
	}
	for field, name := range configs {
		if n.field(name).exists() {
			return field
		}
	}
	return ""
}

// spelled are a condition's values, which stand in its configuration or at its
// top: a rule as the API describes it has regexes in both places.
func (n node) spelled(name string, config node, topAllowed bool) []string {
	top, nested := n.field(name), config.field(name)
	if !top.exists() {
		return nested.texts()
	}
	values := top.texts()
	if !topAllowed {
		n.problem(Error, "%s at the top of a condition is for host-header and path-pattern only", name)
	}
	if nested.exists() {
		if inner := nested.texts(); !slices.Equal(inner, values) || name == "Values" {
			n.problem(Error, "condition has both %s and %s", name, nested.at[len(n.at)+1:])
			return append(values, inner...)
		}
	}
	if name == "Values" && len(values) > 1 {
		n.problem(Warning, "condition has %d Values at its top, and the API may take 1 only", len(values))
	}
	return values
}

func valuesAndRegexes(values, regexes Condition, n, m int) []Condition {
	switch {
	case m == 0:
		return []Condition{values}
	case n == 0:
		return []Condition{regexes}
	}
	return []Condition{values, regexes}
}

func (n node) pairs() Condition {
	if text, ok := n.value.(string); ok && IsOpaque(text) {
		return Unknown{Field: "query-string", Values: []string{text}}
	}
	pairs := QueryStrings{}
	for _, item := range n.items() {
		item.only("Key", "Value")
		pairs = append(pairs, QueryPair{item.field("Key").text(), item.field("Value").text()})
	}
	return pairs
}

func (n node) sourceIPs(values []string) Condition {
	known := SourceIPs{}
	var unknown []string
	for _, value := range values {
		if IsOpaque(value) {
			unknown = append(unknown, value)
			continue
		}
		prefix, err := netip.ParsePrefix(value)
		if addr, addrErr := netip.ParseAddr(value); addrErr == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
			n.problem(Error, "source IP %q is not a CIDR, want %q", value, prefix)
		}
		if err != nil {
			n.fault("source IP %q is not a CIDR", value)
			continue
		}
		known = append(known, prefix)
	}
	switch {
	case len(unknown) == 0:
		return known
	case len(known) == 0:
		return Unknown{Field: "source-ip", Values: unknown}
	}
	return Unknown{"source-ip", unknown, known}
}

// problem notes what can be read, but not deployed.
func (n node) problem(severity Severity, format string, args ...any) {
	n.reader.problems = append(n.reader.problems, Problem{
		Severity:  severity,
		LogicalID: n.reader.id,
		Path:      n.reader.resource.Metadata.Path,
		Property:  n.at,
		Message:   fmt.Sprintf(format, args...),
	})
}
