package alb

import "github.com/noren-cdk/noren/internal/cfn"

// Methods matches the method of a request exactly: case counts, there are no
// wildcards, and GET does not include HEAD. Sources: BC; LBC-conf
// HTTPRouteMethodMatching.
type Methods []string

func (m Methods) Match(r *Request) Outcome {
	r.prepare()
	var o Outcome
	for _, method := range m {
		if method == r.method {
			return Outcome{Verdict: Yes}
		}
		if cfn.IsOpaque(method) {
			o = o.or(Outcome{Unlikely, opaqueDoubt(method)})
		}
	}
	return o
}

// methodSet is a set of the usual methods, for quick comparison.
type methodSet uint16

const (
	otherMethod methodSet = 1 << 15 // one that has no bit of its own
	anyMethod   methodSet = 1<<16 - 1
)

func methodBit(method string) methodSet {
	switch method {
	case "GET":
		return 1
	case "HEAD":
		return 1 << 1
	case "POST":
		return 1 << 2
	case "PUT":
		return 1 << 3
	case "PATCH":
		return 1 << 4
	case "DELETE":
		return 1 << 5
	case "OPTIONS":
		return 1 << 6
	}
	return otherMethod
}

// bits are the methods as a set, or false if it takes a comparison.
func (m Methods) bits() (set methodSet, ok bool) {
	for _, method := range m {
		set |= methodBit(method)
	}
	return set, set&otherMethod == 0
}
