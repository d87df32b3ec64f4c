package alb

import "strings"

// QueryStrings matches the query of a request: one pair is enough. Keys and
// values are compared without case; * stands for any characters or none, ? for
// exactly one, \* and \? for the characters themselves. Source: BC.
//
// Whether ALB decodes a query before it compares is not documented: text is
// compared as it was sent, and the answer is uncertain where it holds % or +.
type QueryStrings []QueryPair

// QueryPair is a key and a value of a query. Without a key, any key will do.
type QueryPair struct {
	Key   string
	Value string
}

func (q QueryStrings) Match(r *Request) Outcome { return q.prepare().Match(r) }

func (q QueryStrings) prepare() Condition {
	pairs := make(queryStrings, len(q))
	for i, pair := range q {
		pairs[i].value = readPattern(pair.Value, true, true)
		pairs[i].key = pattern{shape: anything}
		if pair.Key != "" {
			pairs[i].key = readPattern(pair.Key, true, true)
		}
	}
	return pairs
}

type queryStrings []struct{ key, value pattern }

func (q queryStrings) Match(r *Request) Outcome {
	r.prepare()
	var o Outcome
	for rest := r.query; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "&")
		if part == "" {
			continue
		}
		key, value, flag := cutQuery(part)
		for i := range q {
			pair := q[i].key.match(key, r.queryDoubt|escapeDoubt(key)).
				and(q[i].value.match(value, r.queryDoubt|escapeDoubt(value)))
			if flag {
				pair = q.flagged(i, part, pair)
			}
			if o = o.or(pair); o.Verdict == Yes {
				return o
			}
		}
	}
	return o
}

func cutQuery(part string) (key, value string, flag bool) {
	key, value, ok := strings.Cut(part, "=")
	return key, value, !ok
}

// flagged is the outcome of pair i for a part without =: ALB may take it for a
// key without value, for a value without key, or for nothing.
func (q queryStrings) flagged(i int, part string, asKey Outcome) Outcome {
	asValue := q[i].key.match("", 0).and(q[i].value.match(part, escapeDoubt(part)))
	if asKey.Verdict == No && asValue.Verdict == No {
		return Outcome{}
	}
	return doubted(asKey.Verdict.Matches(), QueryFlag|asKey.Doubt|asValue.Doubt)
}

func escapeDoubt(s string) Doubt {
	if strings.ContainsAny(s, "%+") {
		return QueryEscapes
	}
	return 0
}
