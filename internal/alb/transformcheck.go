package alb

import "fmt"

// checkTransforms checks that a rule has at most one transform of each type.
// Source: BC.
func (c *checker) checkTransforms(transforms []Transform) {
	count := map[string]int{}
	for i, t := range transforms {
		c.property = fmt.Sprintf("Transforms[%d]", i)
		if t.Type != "url-rewrite" && t.Type != "host-header-rewrite" {
			c.errorf(t.Type, "url-rewrite or host-header-rewrite", "transform %q is unknown, want url-rewrite or host-header-rewrite", t.Type)
		}
		if count[t.Type]++; count[t.Type] == 2 {
			c.errorf(t.Type, 1, "rule has more than one %s transform, ALB allows 1", t.Type)
		}
		c.checkText("transform regex", t.Regex, MaxTransformLength)
		c.checkLength("transform replacement", t.Replace, MaxTransformLength)
	}
}
