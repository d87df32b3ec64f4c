package rules

import (
	"fmt"
	"math"
	"regexp"
	"strings"
)

const (
	// maxHeaderValue is the maximum length of a header value in a rule.
	maxHeaderValue = 128

	// widestIPv4 and widestIPv6 are the prefix lengths of the widest networks
	// that one organization has. A few wider ones would cover everyone.
	widestIPv4, widestIPv6 = 8, 16

	// mostNetworks is the maximum total size of all networks, in networks of the
	// widest size.
	mostNetworks = 4
)

// headerText matches a header value that a client can send.
var headerText = regexp.MustCompile(`^[!-~]([ -~]*[!-~])?$`)

// Problem is a fault in a field of a Plan.
type Problem struct {
	// Field is the field under its name in maintenancemode.Props, such as
	// "Clients.Values[1]". Environment files use the same names in lower case.
	Field string

	// Text says what is wanted, and what was given.
	Text string
}

// Error returns the field and the text.
func (p Problem) Error() string { return p.Field + ": " + p.Text }

// Problems returns the faults of the plan's clients and bypass, one problem for
// each field. Standing reports the faults of the rules made from them.
func (p Plan) Problems() []Problem {
	var all []Problem
	bad := func(field, format string, args ...any) {
		for _, other := range all {
			if other.Field == field {
				return
			}
		}
		all = append(all, Problem{field, fmt.Sprintf(format, args...)})
	}
	p.checkClients(bad)
	p.checkBypass(bad)
	return all
}

func (p Plan) checkClients(bad func(field, format string, args ...any)) {
	const header, values = "Clients.Header", "Clients.Values"
	checkHeader(bad, header, p.ClientHeader, "X-Client")
	switch count := len(p.ClientValues); {
	case p.ClientHeader == "" && count > 0:
		bad(header, "missing: want the name of the header that has the values")
	case p.ClientHeader != "" && count == 0:
		bad(values, "missing: want values of the header %q", p.ClientHeader)
	}
	seen := map[string]bool{}
	for i, value := range p.ClientValues {
		field := fmt.Sprintf("%s[%d]", values, i)
		folded := strings.ToLower(value)
		switch {
		case !headerText.MatchString(value):
			bad(field, "want a header value in ASCII, got %q", value)
		case len(value) > maxHeaderValue:
			bad(field, "want at most %d characters, which a rule of the load balancer takes, got %d", maxHeaderValue, len(value))
		case strings.ContainsAny(value, "*?"):
			bad(field, "want a value without * and ?, which load balancers read as any characters, got %q", value)
		case seen[folded]:
			bad(field, "%q is there already: load balancers do not tell upper and lower case apart", value)
		}
		seen[folded] = true
	}
}

func (p Plan) checkBypass(bad func(field, format string, args ...any)) {
	const header, cookie = "Bypass.Header", "Bypass.Cookie"
	checkHeader(bad, header, p.BypassHeader, "X-Maintenance-Bypass")
	if p.BypassHeader != "" && strings.EqualFold(p.BypassHeader, p.ClientHeader) {
		bad(header, "want another header than that of the clients, got %q twice", p.BypassHeader)
	}
	if p.BypassCookie != "" && !cookieName.MatchString(p.BypassCookie) {
		bad(cookie, "want the name of a cookie such as maintenance-bypass: letters, digits, hyphens and underscores, at most 64, got %q", p.BypassCookie)
	}
	var share4, share6 float64 // in networks of the widest size
	for i, cidr := range p.BypassCIDRs {
		field := fmt.Sprintf("Bypass.CIDRs[%d]", i)
		switch {
		case !cidr.IsValid():
			bad(field, "want a network such as 203.0.113.0/28")
		case cidr.Addr().Is4In6():
			bad(field, "want an IPv4 network as such, got %s", cidr)
		case cidr.Bits() == 0:
			bad(field, "want a network of operators, got %s, which is everybody", cidr)
		case cidr.Addr().Is4() && cidr.Bits() < widestIPv4, cidr.Addr().Is6() && cidr.Bits() < widestIPv6:
			bad(field, "want a network of operators, a /%d of IPv4 or a /%d of IPv6 at the widest, got %s", widestIPv4, widestIPv6, cidr)
		case cidr.Masked() != cidr:
			bad(field, "want the first address of the network, %s, got %s", cidr.Masked(), cidr)
		case cidr.Addr().Is4():
			share4 += math.Exp2(float64(widestIPv4 - cidr.Bits()))
		default:
			share6 += math.Exp2(float64(widestIPv6 - cidr.Bits()))
		}
		if max(share4, share6) > mostNetworks {
			bad(field, "want networks of operators, which add up to at most %d of /%d of IPv4, or of /%d of IPv6: with %s there are more", mostNetworks, widestIPv4, widestIPv6, cidr)
			return
		}
	}
}

// checkHeader checks the name of a header that a rule of the listener looks at.
func checkHeader(bad func(field, format string, args ...any), field, header, example string) {
	switch {
	case header == "":
	case !headerName.MatchString(header):
		bad(field, "want the name of a header such as %s: letters, digits and hyphens, at most 40, got %q", example, header)
	case isOwned(header):
		bad(field, "want a header of your own such as %s: %s is set by browsers, CloudFront or the load balancer", example, header)
	}
}
