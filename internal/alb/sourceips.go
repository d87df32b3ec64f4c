package alb

import "net/netip"

// SourceIPs matches the peer of the connection, never X-Forwarded-For: behind
// CloudFront or another proxy it is the proxy. Source: BC.
type SourceIPs []netip.Prefix

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
