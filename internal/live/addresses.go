package live

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/noren-cdk/noren/internal/rules"
)

// reached is where requests are sent.
type reached struct {
	// addresses are the addresses of the load balancer. Default: wherever the
	// name in the URL leads.
	addresses []netip.Addr

	// how describes them for people.
	how string
}

// dialTime is how long an address may take to accept a connection.
const dialTime = 5 * time.Second

// reach finds the addresses of the load balancers of a switch, if requests to the
// URL go there and the addresses can be reached from here. Each address is a
// machine that updates its rules independently.
func (q Query) reach(ctx context.Context, d *deployed, s rules.Found, target *url.URL) reached {
	through := func(format string, args ...any) reached {
		return reached{how: "through " + target.Host + ": " + fmt.Sprintf(format, args...)}
	}
	real, err := d.live(s)
	if err != nil {
		return through("the load balancer is not known")
	}
	var balancers []string
	for _, at := range real.Listeners {
		if balancer := balancerOf(at.Name); balancer != "" && !slices.Contains(balancers, balancer) {
			balancers = append(balancers, balancer)
		}
	}
	answer, err := elbv2.NewFromConfig(q.AWS).DescribeLoadBalancers(ctx, &elbv2.DescribeLoadBalancersInput{LoadBalancerArns: balancers})
	if err != nil {
		return through("the addresses of the load balancer cannot be read: %v", q.explain(err))
	}
	lookup := q.Lookup
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	var all []netip.Addr
	for _, b := range answer.LoadBalancers {
		if b.Scheme != types.LoadBalancerSchemeEnumInternetFacing {
			return through("the load balancer is internal, so its addresses cannot be reached from here")
		}
		found, err := lookup(ctx, aws.ToString(b.DNSName))
		if err != nil {
			return through("the addresses of the load balancer cannot be looked up: %v", q.explain(err))
		}
		all = append(all, found...)
	}
	named, err := lookup(ctx, target.Hostname())
	if err != nil {
		return through("its address cannot be looked up: %v", q.explain(err))
	}
	for i := range all {
		all[i] = all[i].Unmap()
	}
	if !slices.ContainsFunc(named, func(a netip.Addr) bool { return slices.Contains(all, a.Unmap()) }) {
		return through("it does not lead to the load balancer itself")
	}
	slices.SortFunc(all, netip.Addr.Compare)
	all = slices.Compact(all)
	answers := q.answering(ctx, all, target)
	if len(answers) == 0 {
		return through("no address of the load balancer can be reached from here")
	}
	// From a network without IPv6, no IPv6 address answers, which says nothing
	// about the address.
	all = slices.DeleteFunc(all, func(a netip.Addr) bool {
		return !slices.ContainsFunc(answers, func(b netip.Addr) bool { return a.Is4() == b.Is4() })
	})
	return reached{addresses: all}
}

// answering returns the addresses that accept a connection.
func (q Query) answering(ctx context.Context, all []netip.Addr, target *url.URL) []netip.Addr {
	accepted := make(chan netip.Addr, len(all))
	for _, a := range all {
		go func() {
			dialer := net.Dialer{Timeout: dialTime}
			c, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(a.String(), port(target)))
			if err != nil {
				accepted <- netip.Addr{}
				return
			}
			c.Close()
			accepted <- a
		}()
	}
	var answers []netip.Addr
	for range all {
		if a := <-accepted; a.IsValid() {
			answers = append(answers, a)
		}
	}
	return answers
}

// port returns the port of a URL.
func port(target *url.URL) string {
	if target.Scheme == "http" {
		return cmp.Or(target.Port(), "80")
	}
	return cmp.Or(target.Port(), "443")
}
