package environment

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxPathLength is the maximum length of a path in a rule of the load balancer.
const maxPathLength = 128

var (
	prefixListPattern = regexp.MustCompile(`^pl-[0-9a-f]{8,17}$`)
	pathPattern       = regexp.MustCompile(`^/[A-Za-z0-9._~$@:+&'/-]*$`)
)

func (c *checker) checkAPI() {
	api := c.env.API
	c.checkImage("api.image", api.Image)
	if path := api.HealthCheckPath; !pathPattern.MatchString(path) || len(path) > maxPathLength {
		c.fail("api.healthCheckPath", "want a path that begins with / and has no query, at most %d characters, got %q", maxPathLength, path)
	}
	if sizes := fargateMemory[api.CPU]; c.decoder.sound("api.cpu") && !slices.Contains(sizes, api.Memory) {
		c.fail("api.memory", "want %s with cpu %d, got %d", spelled(sizes), api.CPU, api.Memory)
	}
	if api.MinTasks > api.MaxTasks && c.decoder.sound("api.maxTasks") {
		c.fail("api.minTasks", "want at most maxTasks, which is %d, got %d", api.MaxTasks, api.MinTasks)
	}
	for i, word := range api.SetupCommand {
		if strings.TrimSpace(word) == "" {
			c.fail(fmt.Sprintf("api.setupCommand[%d]", i), "want a word of a command, got %q", word)
		}
	}
	c.checkPrefixList()
	c.checkConnections()
}

// fargateMemory maps a CPU size to the memory sizes, in MiB, that Fargate accepts
// with it.
var fargateMemory = map[int][]int{
	256:   {512, 1024, 2048},
	512:   steps(1024, 4096, 1024),
	1024:  steps(2048, 8192, 1024),
	2048:  steps(4096, 16384, 1024),
	4096:  steps(8192, 30720, 1024),
	8192:  steps(16384, 61440, 4096),
	16384: steps(32768, 122880, 8192),
}

func steps(from, to, step int) (values []int) {
	for value := from; value <= to; value += step {
		values = append(values, value)
	}
	return values
}

// spelled lists values in words: all of them for 256, otherwise as steps.
func spelled(values []int) string {
	if len(values) == 3 {
		return fmt.Sprintf("%d, %d or %d", values[0], values[1], values[2])
	}
	return fmt.Sprintf("%d to %d in steps of %d", values[0], values[len(values)-1], values[1]-values[0])
}
