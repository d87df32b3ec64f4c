package alb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Check returns what the API would refuse of the rule's priority and
// conditions, and what it would accept but hardly as meant. Nothing else
// checks these before a deploy.
func (r Rule) Check() []Problem {
	c := &checker{logicalID: r.LogicalID, path: r.Path}
	c.checkPriority(r)
	c.checkConditionCount(r)
	c.checkConditions(r.Conditions)
	c.checkTransforms(r.Transforms)
	return c.problems
}

// checker collects the problems of one resource.
type checker struct {
	logicalID, path string
	property        string
	problems        []Problem
}

func (c *checker) errorf(value, limit any, format string, args ...any) {
	c.add(Error, value, limit, format, args...)
}

func (c *checker) warnf(value, limit any, format string, args ...any) {
	c.add(Warning, value, limit, format, args...)
}

func (c *checker) add(severity Severity, value, limit any, format string, args ...any) {
	c.problems = append(c.problems, Problem{
		Severity:  severity,
		LogicalID: c.logicalID,
		Path:      c.path,
		Property:  c.property,
		Message:   fmt.Sprintf(format, args...),
		Value:     fmt.Sprint(value),
		Limit:     fmt.Sprint(limit),
	})
}

func (c *checker) checkPriority(r Rule) {
	c.property = "Priority"
	if r.Priority < 0 || r.Priority > MaxPriority {
		c.errorf(r.Priority, fmt.Sprintf("1 to %d", MaxPriority), "priority %d is outside 1 to %d", r.Priority, MaxPriority)
	}
}

// checkConditionCount checks that a rule has conditions, and the default rule
// none. Source: BC CreateRule.
func (c *checker) checkConditionCount(r Rule) {
	c.property = "Conditions"
	switch n := len(r.Conditions); {
	case r.Default() && n > 0:
		c.errorf(n, 0, "default rule has conditions, ALB allows none")
	case !r.Default() && n == 0:
		c.errorf(0, "1 or more", "rule has no condition")
	}
	if r.Default() && len(r.Transforms) > 0 {
		c.errorf(len(r.Transforms), 0, "default rule has transforms, ALB allows none")
	}
}

func (c *checker) checkConditions(conditions []Condition) {
	c.property = "Conditions"
	c.checkTotals(conditions)
	c.checkKinds(conditions)
	for i, condition := range conditions {
		c.property = "Conditions[" + strconv.Itoa(i) + "]"
		c.checkCondition(condition)
	}
}

// checkTotals checks what a rule's conditions have together.
func (c *checker) checkTotals(conditions []Condition) {
	values, wildcards := 0, 0
	for _, condition := range conditions {
		v, w := Count(condition)
		values += v
		wildcards += w
	}
	if values > MaxConditionValues {
		c.errorf(values, MaxConditionValues, "rule has %d condition values, ALB allows %d", values, MaxConditionValues)
	}
	switch {
	case wildcards > MaxWildcardsQuota:
		c.errorf(wildcards, MaxWildcardsQuota, "rule has %d wildcards, ALB allows %d", wildcards, MaxWildcardsQuota)
	case wildcards > MaxWildcards:
		c.warnf(wildcards, MaxWildcards, "rule has %d wildcards, and AWS documents both %d and %d as the limit",
			wildcards, MaxWildcards, MaxWildcardsQuota)
	}
}

// Count returns how much of a rule's quotas a condition uses: its values and
// the * and ? in them. An escaped wildcard of a query does not count, nor
// does a regex's.
func Count(condition Condition) (values, wildcards int) {
	switch c := condition.(type) {
	case Methods:
		return len(c), 0
	case PathPatterns:
		return len(c), countWildcards(c...)
	case PathRegexes:
		return len(c), 0
	case Hosts:
		return len(c), countWildcards(c...)
	case HostRegexes:
		return len(c), 0
	case Header:
		return len(c.Values), countWildcards(c.Values...)
	case HeaderRegexes:
		return len(c.Values), 0
	case QueryStrings:
		for _, pair := range c {
			wildcards += countWildcards(unescaped.Replace(pair.Key), unescaped.Replace(pair.Value))
		}
		return len(c), wildcards
	case SourceIPs:
		return len(c), 0
	case Unknown:
		if c.Known != nil {
			values, wildcards = Count(c.Known)
		}
		return values + len(c.Values), wildcards
	}
	return 0, 0
}

var unescaped = strings.NewReplacer(`\*`, "", `\?`, "")

func countWildcards(values ...string) int {
	n := 0
	for _, value := range values {
		eachLiteral(value, func(s string) { n += strings.Count(s, "*") + strings.Count(s, "?") })
	}
	return n
}

// Field is the API's name for what a condition looks at, such as "path-pattern".
func Field(condition Condition) string {
	switch c := condition.(type) {
	case Methods:
		return "http-request-method"
	case PathPatterns, PathRegexes:
		return "path-pattern"
	case Hosts, HostRegexes:
		return "host-header"
	case Header, HeaderRegexes:
		return "http-header"
	case QueryStrings:
		return "query-string"
	case SourceIPs:
		return "source-ip"
	case Unknown:
		return c.Field
	}
	return ""
}

// checkKinds checks that there is one condition of a kind, and that none has
// both values and regexes. Headers and queries may repeat. Source: BC.
func (c *checker) checkKinds(conditions []Condition) {
	count := map[string]int{}
	for i, condition := range conditions {
		field := Field(condition)
		if field == "http-header" {
			c.checkHeaderKinds(conditions[:i], condition)
			continue
		}
		if field != "query-string" {
			count[field]++
		}
	}
	has := func(match func(Condition) bool) bool { return slices.ContainsFunc(conditions, match) }
	for _, field := range []string{"http-request-method", "path-pattern", "host-header", "source-ip"} {
		if count[field] > 1 {
			c.errorf(count[field], 1, "rule has %d %s conditions, ALB allows 1", count[field], field)
		}
	}
	if has(func(c Condition) bool { _, ok := c.(PathPatterns); return ok }) &&
		has(func(c Condition) bool { _, ok := c.(PathRegexes); return ok }) {
		c.mixed("path-pattern")
	}
	if has(func(c Condition) bool { _, ok := c.(Hosts); return ok }) &&
		has(func(c Condition) bool { _, ok := c.(HostRegexes); return ok }) {
		c.mixed("host-header")
	}
}

func (c *checker) checkHeaderKinds(before []Condition, condition Condition) {
	for _, other := range before {
		switch h := condition.(type) {
		case Header:
			if o, ok := other.(HeaderRegexes); ok && equalFold(o.Name, h.Name) {
				c.mixed("http-header " + h.Name)
			}
		case HeaderRegexes:
			if o, ok := other.(Header); ok && equalFold(o.Name, h.Name) {
				c.mixed("http-header " + h.Name)
			}
		}
	}
}

func (c *checker) mixed(field string) {
	c.errorf(field, "Values or RegexValues", "rule mixes values and regexes for %s, ALB allows one or the other", field)
}
