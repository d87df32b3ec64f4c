package alb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Check returns what the API would refuse in the rule's priority and conditions,
// and what it would accept but is probably a mistake. Nothing else checks these
// before a deploy.
func (r Rule) Check() []Problem {
	c := &checker{logicalID: r.LogicalID, path: r.Path}
	c.checkPriority(r)
	c.checkConditionCount(r)
	c.checkConditions(r.Conditions)
	c.checkTransforms(r.Transforms)
	c.checkSubtree(r)
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
	if r.Priority != UnknownPriority && (r.Priority < 0 || r.Priority > MaxPriority) {
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
	there := slices.DeleteFunc(slices.Clone(conditions), func(condition Condition) bool { return condition == nil })
	c.property = "Conditions"
	c.checkTotals(there)
	c.checkKinds(there)
	for i, condition := range conditions {
		c.property = "Conditions[" + strconv.Itoa(i) + "]"
		if condition == nil {
			c.errorf("", "a condition", "condition is missing")
			continue
		}
		condition.check(c)
	}
}

// checkTotals checks the limits that a rule's conditions share.
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

// checkKinds checks that a field that must not be repeated has only one
// condition, and that no condition has both values and regexes. Source: BC.
func (c *checker) checkKinds(conditions []Condition) {
	for _, f := range fields {
		var same []Condition
		for _, condition := range conditions {
			if condition.field() == f {
				same = append(same, condition)
			}
		}
		if len(same) > 1 && !f.repeat {
			c.errorf(len(same), 1, "rule has %d %s conditions, ALB allows 1", len(same), f.name)
		}
		mixed := map[string]bool{} // by header, once reported
		for i, condition := range same {
			part := PartOf(condition)
			if !mixed[part.Name] && slices.ContainsFunc(same[:i], func(other Condition) bool {
				return PartOf(other) == part && other.regexes() != condition.regexes()
			}) {
				mixed[part.Name] = true
				c.mixed(strings.TrimSpace(f.name + " " + condition.header()))
			}
		}
	}
}

func (c *checker) mixed(field string) {
	c.errorf(field, "Values or RegexValues", "rule mixes values and regexes for %s, ALB allows one or the other", field)
}
