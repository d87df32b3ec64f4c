package alb

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

var sourceField = &field{
	name:   "source-ip",
	config: "SourceIpConfig",
	keys:   []string{"Values", "IpAddressType"},
	read: func(r *reader, n, config cfn.Node) []Condition {
		return []Condition{r.sourceIPs(n, r.spelled(n, "Values", config, false))}
	},
	normal: func(text string) string {
		if prefix, err := netip.ParsePrefix(text); err == nil {
			return prefix.Masked().String()
		}
		return text
	},
	space: func(string) Space {
		usual := []string{NewDraft().Source.String(), "198.51.100.9", "192.0.2.9", "2001:db8::9", "0.0.0.0", "::"}
		return Space{
			Sides: []Side{{Usual: usual}}, // those reserved for documentation come first
			Set: func(d *Draft, texts []string) bool {
				var err error
				d.Source, err = netip.ParseAddr(texts[0])
				return err == nil
			},
		}
	},
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

// SourceIPs matches the peer of the connection, never X-Forwarded-For. Behind
// CloudFront or another proxy, the peer is the proxy. Source: BC.
type SourceIPs []netip.Prefix

// Match matches the peer of the connection.
func (s SourceIPs) Match(r *Request) Outcome {
	if !r.Source.IsValid() {
		return Outcome{Unlikely, UnknownSource}
	}
	source := r.Source.Unmap().WithZone("")
	for _, prefix := range s {
		if prefix.Contains(source) {
			return Outcome{Verdict: Yes}
		}
	}
	return Outcome{}
}

// String returns text such as "source 10.0.0.0/8 or 2001:db8::/32".
func (s SourceIPs) String() string { return "source " + strings.Join(s.texts(), " or ") }

func (s SourceIPs) texts() []string {
	texts := make([]string, len(s))
	for i, prefix := range s {
		texts[i] = prefix.String()
	}
	return texts
}

func (s SourceIPs) field() *field          { return sourceField }
func (s SourceIPs) header() string         { return "" }
func (s SourceIPs) values() []Value        { return plainValues(s.texts()) }
func (s SourceIPs) regexes() bool          { return false }
func (s SourceIPs) config() map[string]any { return map[string]any{"Values": s.texts()} }
func (s SourceIPs) prepare() Matcher       { return s }

// always reports whether all IPv4 and all IPv6 addresses are included.
func (s SourceIPs) always() bool {
	all := func(four bool) bool {
		return slices.ContainsFunc(s, func(p netip.Prefix) bool { return p.Bits() == 0 && p.Addr().Is4() == four })
	}
	return all(true) && all(false)
}

// documentation is a network whose addresses no client has (RFC 5737).
var documentation = netip.MustParsePrefix("192.0.2.0/24")

func (s SourceIPs) nobody() bool {
	return !slices.ContainsFunc(s, func(p netip.Prefix) bool {
		return !documentation.Contains(p.Addr()) || p.Bits() < documentation.Bits()
	})
}

// samples returns the first address of each prefix and the first address after
// it. Between two of these, every condition has the same outcome.
func (s SourceIPs) samples() []Sample {
	var texts []string
	for _, prefix := range s {
		texts = append(texts, prefix.Masked().Addr().String())
		if after := lastOf(prefix).Next(); after.IsValid() {
			texts = append(texts, after.String())
		}
	}
	return []Sample{{Texts: texts}}
}

// lastOf returns the last address of a prefix.
func lastOf(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	addr, _ := netip.AddrFromSlice(bytes)
	return addr
}

func (s SourceIPs) split(n int) []Condition {
	return splitInto(s, n, func(v []netip.Prefix) Condition { return SourceIPs(v) })
}

func (s SourceIPs) replace(func(string) string) Condition { return s }

func (s SourceIPs) mismatch(r *Request) string {
	return fmt.Sprintf("source %s is not in %s", r.Source, strings.Join(s.texts(), " or "))
}

func (s SourceIPs) check(c *checker) {
	checkSome(c, "source IP", s)
	for _, prefix := range s {
		switch {
		case !prefix.IsValid():
			c.errorf(prefix, "a CIDR", "source IP %q is not a CIDR", prefix)
		case prefix.String() == "255.255.255.255/32":
			c.errorf(prefix, "a CIDR other than 255.255.255.255/32", "source IP %q is refused by ALB", prefix)
		case prefix != prefix.Masked():
			c.warnf(prefix, prefix.Masked(), "source IP %q has bits outside its mask, want %q", prefix, prefix.Masked())
		}
	}
}
