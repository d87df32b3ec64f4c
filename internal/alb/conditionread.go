package alb

import (
	"net/netip"
	"slices"

	"github.com/noren-cdk/noren/internal/cfn"
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

func (r *reader) conditions(n cfn.Node) []Condition {
	var conditions []Condition
	for _, item := range n.Items() {
		for _, c := range r.condition(item) {
			conditions = append(conditions, c)
			r.count(c)
		}
		if r.values > maxValues || r.regexes > maxRegexes {
			item.Fault("the template has more than %d condition values, or %d regexes", maxValues, maxRegexes)
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
func (r *reader) condition(n cfn.Node) []Condition {
	n.Only("Field", "Values", "RegexValues", "HttpRequestMethodConfig", "PathPatternConfig", "HostHeaderConfig",
		"HttpHeaderConfig", "QueryStringConfig", "SourceIpConfig")
	field := r.conditionField(n)
	name, ok := configs[field]
	if !ok {
		n.Field("Field").Fault("unknown field %q", field)
		return nil
	}
	for other, otherName := range configs {
		if other != field && n.Field(otherName).Exists() {
			r.problem(n, Error, "%s is of no use to a %s condition", otherName, field)
		}
	}
	config := n.Field(name)
	switch field {
	case "query-string":
		config.Only("Values")
		return []Condition{r.pairs(config.Field("Values"))}
	case "http-header":
		config.Only("HttpHeaderName", "Values", "RegexValues")
	case "source-ip":
		config.Only("Values", "IpAddressType")
	case "http-request-method":
		config.Only("Values")
	default:
		config.Only("Values", "RegexValues")
	}
	values := r.spelled(n, "Values", config, field == "host-header" || field == "path-pattern")
	regexes := r.spelled(n, "RegexValues", config, true)
	switch field {
	case "http-request-method":
		return []Condition{Methods(values)}
	case "source-ip":
		return []Condition{r.sourceIPs(n, values)}
	case "path-pattern":
		return valuesAndRegexes(PathPatterns(values), PathRegexes(regexes), len(values), len(regexes))
	case "host-header":
		return valuesAndRegexes(Hosts(values), HostRegexes(regexes), len(values), len(regexes))
	default:
		header := config.Field("HttpHeaderName").Text()
		return valuesAndRegexes(Header{header, values}, HeaderRegexes{header, regexes}, len(values), len(regexes))
	}
}

// conditionField is the condition's field; if it is not given, the one whose
// configuration is.
func (r *reader) conditionField(n cfn.Node) string {
	if field := n.Field("Field"); field.Exists() {
		return field.Text()
	}
	for field, name := range configs {
		if n.Field(name).Exists() {
			return field
		}
	}
	return ""
}

// spelled are a condition's values, which stand in its configuration or at its
// top: a rule as the API describes it has regexes in both places.
func (r *reader) spelled(n cfn.Node, name string, config cfn.Node, topAllowed bool) []string {
	top, nested := n.Field(name), config.Field(name)
	if !top.Exists() {
		return nested.Texts()
	}
	values := top.Texts()
	if !topAllowed {
		r.problem(n, Error, "%s at the top of a condition is for host-header and path-pattern only", name)
	}
	if nested.Exists() {
		if inner := nested.Texts(); !slices.Equal(inner, values) || name == "Values" {
			r.problem(n, Error, "condition has both %s and %s", name, nested.At()[len(n.At())+1:])
			return append(values, inner...)
		}
	}
	if name == "Values" && len(values) > 1 {
		r.problem(n, Warning, "condition has %d Values at its top, and the API may take 1 only", len(values))
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

func (r *reader) pairs(n cfn.Node) Condition {
	if n.Opaque() {
		return Unknown{Field: "query-string", Values: []string{n.Text()}}
	}
	pairs := QueryStrings{}
	for _, item := range n.Items() {
		item.Only("Key", "Value")
		pairs = append(pairs, QueryPair{item.Field("Key").Text(), item.Field("Value").Text()})
	}
	return pairs
}

func (r *reader) sourceIPs(n cfn.Node, values []string) Condition {
	known := SourceIPs{}
	var unknown []string
	for _, value := range values {
		if cfn.IsOpaque(value) {
			unknown = append(unknown, value)
			continue
		}
		prefix, err := netip.ParsePrefix(value)
		if addr, addrErr := netip.ParseAddr(value); addrErr == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
			r.problem(n, Error, "source IP %q is not a CIDR, want %q", value, prefix)
		}
		if err != nil {
			n.Fault("source IP %q is not a CIDR", value)
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
