package environment

import (
	"cmp"
	"fmt"
	"math/bits"
	"net/netip"
	"regexp"
	"slices"
)

const (
	// subnetTiers is the number of subnets in a zone: public, private, isolated.
	subnetTiers = 3

	// defaultZones is the number of zones if none are named.
	defaultZones = 2

	// smallestSubnet is the prefix length of the smallest subnet in which a load
	// balancer can scale.
	smallestSubnet = 27
)

func (c *checker) checkNetwork() {
	network := c.env.Network
	c.checkZones()
	c.checkCIDR()
	c.checkAddresses()

	zones := c.zones()
	if network.NATGateways > zones && c.decoder.sound("network.availabilityZones") {
		c.fail("network.natGateways", "want at most one in each of the %d zones, got %d", zones, network.NATGateways)
	}
}

// lastZones maps regions that have more than three zones, or that skip a letter,
// to the letter of their last zone. No account has all of them. Source: the
// tables of moto 5.2, and AWS's list of zone ids.
var lastZones = map[string]string{"us-east-1": "f", "us-west-2": "d", "ca-central-1": "d", "ap-northeast-1": "d", "ap-northeast-2": "d"}

// zones returns the number of zones of the environment.
func (c *checker) zones() int {
	if named := len(c.env.Network.AvailabilityZones); named > 0 {
		return named
	}
	return defaultZones
}

func (c *checker) checkZones() {
	zones, inRegion := c.env.Network.AvailabilityZones, c.env.Region
	last := cmp.Or(lastZones[inRegion], "c")
	zone := regexp.MustCompile("^" + regexp.QuoteMeta(inRegion) + "[a-" + last + "]$")
	seen := map[string]bool{}
	for i, name := range zones {
		key := fmt.Sprintf("network.availabilityZones[%d]", i)
		if c.decoder.sound("region") && !zone.MatchString(name) {
			c.fail(key, "want a zone of %s, %sa to %s, got %q", inRegion, inRegion, last, name)
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
	case !isPrivate(cidr):
		c.fail(key, "want a private IPv4 range, within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, got %s", cidr)
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

	// The subnets get equal powers of two, so this many bits number them.
	zones := c.zones()
	subnets := zones * subnetTiers
	longest := smallestSubnet - bits.Len(uint(subnets-1))
	if cidr.Bits() > longest {
		c.fail(key, "too small: %d subnets in each of %d zones, of at least /%d for the load balancer to scale, want a /%d or larger, got %s",
			subnetTiers, zones, smallestSubnet, longest, cidr)
	}
}

// privateRanges are the ranges that a VPC may use and that are not on the
// internet: RFC 1918 and RFC 6598.
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
}

// isPrivate reports whether a range is a private one or a part of one. A range
// that is too large for a VPC is reported by its prefix length elsewhere.
func isPrivate(cidr netip.Prefix) bool {
	return slices.ContainsFunc(privateRanges, func(private netip.Prefix) bool { return private.Contains(cidr.Addr()) })
}

const (
	// reservedAddresses is the number of addresses in a subnet that AWS reserves.
	reservedAddresses = 5

	// loadBalancerAddresses must be free in each subnet of a load balancer.
	loadBalancerAddresses = 8

	// oneOffTasks is the number of tasks that run beside the service: setup and
	// schema change.
	oneOffTasks = 2
)

// checkAddresses checks the number of tasks against the addresses of the private
// subnets. A deploy runs twice the tasks, each with its own address.
func (c *checker) checkAddresses() {
	const key = "api.maxTasks"
	if !c.decoder.sound("network.cidr", "network.availabilityZones", "api.minTasks", key) {
		return
	}
	zones := c.zones()
	subnet := c.env.Network.CIDR.Bits() + bits.Len(uint(zones*subnetTiers-1))
	perSubnet := 1<<(32-subnet) - reservedAddresses
	if c.env.API.Domain == "" {
		perSubnet -= loadBalancerAddresses // an internal load balancer is in these subnets
	}
	if most := (zones*perSubnet - oneOffTasks) / 2; c.env.API.MaxTasks > most {
		c.fail(key, "want at most %d with network.cidr %s: its %d private subnets have room for %d tasks, and a deploy runs twice maxTasks; got %d",
			most, c.env.Network.CIDR, zones, zones*perSubnet, c.env.API.MaxTasks)
	}
}
