package environment

import (
	"regexp"
	"strings"
)

// imagePattern matches a reference to an image: a host with a dot, a port or the
// name localhost, a path in lower case, a tag, a digest.
var imagePattern = regexp.MustCompile(`^(?:(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+:[0-9]{1,5})(?::[0-9]{1,5})?/)?` +
	`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*` +
	`(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`)

// maxImageName is the maximum length of the name before the tag.
const maxImageName = 255

func (c *checker) checkImage(key, image string) {
	name, _, _ := strings.Cut(image, "@")
	if image == "" || imagePattern.MatchString(image) && len(name) <= maxImageName {
		c.checkRegistry(key, image)
		return
	}
	why := ""
	if strings.Contains(image, "://") {
		why = ", without a scheme"
	}
	c.fail(key, "want a container image such as 111111111111.dkr.ecr.us-east-1.amazonaws.com/api:1.4%s, got %q", why, image)
}

// privateRegistry matches a registry of Amazon ECR: its account, region and
// domain.
var privateRegistry = regexp.MustCompile(`^([^./]+)\.dkr\.ecr\.([^./]+)\.(amazonaws\.com(?:\.[a-z]+)?)/`)

// checkRegistry checks that an image in Amazon ECR is in a possible registry.
func (c *checker) checkRegistry(key, image string) {
	parts := privateRegistry.FindStringSubmatch(image)
	if parts == nil {
		return
	}
	_, known := prefixLists[parts[2]]
	if !known || parts[3] != "amazonaws.com" || !accountPattern.MatchString(parts[1]) {
		c.fail(key, "want a registry such as 111111111111.dkr.ecr.us-east-1.amazonaws.com, of a region of the partition aws, got %q", strings.TrimSuffix(parts[0], "/"))
	}
}
