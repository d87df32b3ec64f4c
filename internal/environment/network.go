package environment

import (
	"fmt"
	"math/bits"
	"regexp"
)

const (
	// subnetTiers are the subnets in a zone: public, private, isolated.
	subnetTiers = 3

	// defaultZones is how many zones are used when none are named.
	defaultZones = 2

	// smallestSubnet is the prefix length of the smallest subnet in which a load
	// balancer can still scale.
	smallestSubnet = 27
)

func (c *checker) checkNetwork() {
	network := c.env.Network
	c.checkZones()
	c.checkCIDR()

	zones := c.zones()
	if network.NATGateways > zones && c.decoder.sound("network.availabilityZones") {
		c.fail("network.natGateways", "want at most one in each of the %d zones, got %d", zones, network.NATGateways)
	}
}

// zones is how many zones the environment spans.
func (c *checker) zones() int {
	if named := len(c.env.Network.AvailabilityZones); named > 0 {
		return named
	}
	return defaultZones
}

func (c *checker) checkZones() {
	zones, inRegion := c.env.Network.AvailabilityZones, c.env.Region
	zone := regexp.MustCompile("^" + regexp.QuoteMeta(inRegion) + "[a-z]$")
	seen := map[string]bool{}
	for i, name := range zones {
		key := fmt.Sprintf("network.availabilityZones[%d]", i)
		if c.decoder.sound("region") && !zone.MatchString(name) {
			c.fail(key, "want a zone of %s, such as %sa, got %q", inRegion, inRegion, name)
		}
		if seen[name] {
			c.fail(key, "%q is there already: want each zone once", name)
		}
		seen[name] = true
	}
	if len(zones) == 1 {
		c.fail("network.availabilityZones", "want at least two zones, for the load balancer and for Aurora, or none for the first two of the region, got 1")
	}
}

func (c *checker) checkCIDR() {
	const key = "network.cidr"
	cidr := c.env.Network.CIDR
	if !c.decoder.sound(key) {
		return
	}
	switch {
	case !cidr.Addr().Is4() || !cidr.Addr().IsPrivate():
		c.fail(key, "want a private IPv4 range, within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, got %s", cidr)
		return
	case cidr.Bits() < 16 || cidr.Bits() > 28:
		c.fail(key, "want a prefix from /16 to /28, which is what a VPC takes, got %s", cidr)
		return
	case cidr.Masked() != cidr:
		c.fail(key, "want the first address of the range, %s, got %s", cidr.Masked(), cidr)
		return
	case !c.decoder.sound("network.availabilityZones"):
		return
	}

	// The subnets get equal powers of two: so many bits tell them apart.
	zones := c.zones()
	subnets := zones * subnetTiers
	longest := smallestSubnet - bits.Len(uint(subnets-1))
	if cidr.Bits() > longest {
		c.fail(key, "too small: %d subnets in each of %d zones, of at least /%d for the load balancer to scale, want a /%d or larger, got %s",
			subnetTiers, zones, smallestSubnet, longest, cidr)
	}
}
