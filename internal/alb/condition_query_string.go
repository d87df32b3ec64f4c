package alb

import (
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

var queryField = &field{
	name:   "query-string",
	config: "QueryStringConfig",
	keys:   []string{"Values"},
	repeat: true,
	read:   readQueryStrings,
	normal: strings.ToLower,
	space: func(string) Space {
		return Space{
			Sides: []Side{
				{Languages: []Language{word, queryText}},
				{Languages: []Language{word, queryText}, Blank: true},
			},
			Repeats: true,
			Set: func(d *Draft, texts []string) bool {
				d.Query = []string{texts[0] + "=" + texts[1]}
				return !strings.ContainsAny(texts[0]+texts[1], "&=#%+ ")
			},
		}
	},
}

// queryText is text without " # % & + =.
var queryText = Language{`\A[!$'-*,-;<>-~]+\z`, visible}

func readQueryStrings(r *reader, _, config cfn.Node) []Condition {
	values := config.Field("Values")
	if values.Opaque() {
		return []Condition{Unknown{Field: "query-string", Values: []string{values.Text()}}}
	}
	pairs := QueryStrings{}
	for _, item := range values.Items() {
		item.Only("Key", "Value")
		pairs = append(pairs, QueryPair{item.Field("Key").Text(), item.Field("Value").Text()})
	}
	return []Condition{pairs}
}

// QueryStrings matches the query of a request: one pair is enough. Keys and
// values are compared without case; * stands for any characters or none, ? for
// exactly one, \* and \? for the characters themselves. Source: BC.
//
// Whether ALB decodes a query before comparing it is not documented: text is
// compared as it was sent, and the outcome is uncertain where it contains % or +.
type QueryStrings []QueryPair

// QueryPair is a key and a value of a query. An empty Key matches any key.
type QueryPair struct {
	Key   string
	Value string
}

// Match matches one pair of the query.
func (q QueryStrings) Match(r *Request) Outcome { return q.prepare().Match(r) }

// String returns text such as "query a=1 or any key=2".
func (q QueryStrings) String() string { return "query " + strings.Join(q.texts(), " or ") }

func (q QueryStrings) texts() []string {
	texts := make([]string, len(q))
	for i, pair := range q {
		texts[i] = cfn.Display(pair.Key) + "=" + cfn.Display(pair.Value)
		if pair.Key == "" {
			texts[i] = "any key=" + cfn.Display(pair.Value)
		}
	}
	return texts
}

func (q QueryStrings) field() *field  { return queryField }
func (q QueryStrings) header() string { return "" }
func (q QueryStrings) regexes() bool  { return false }
func (q QueryStrings) always() bool   { return false }
func (q QueryStrings) nobody() bool   { return false }

func (q QueryStrings) values() []Value {
	values := make([]Value, len(q))
	for i, pair := range q {
		values[i] = Value{
			Text:      pair.Key + "=" + pair.Value,
			Wildcards: countWildcards(unescaped.Replace(pair.Key)) + countWildcards(unescaped.Replace(pair.Value)),
		}
	}
	return values
}

var unescaped = strings.NewReplacer(`\*`, "", `\?`, "")

func (q QueryStrings) samples() []Sample {
	var keys, values []string
	for _, pair := range q {
		if pair.Key != "" {
			keys = append(keys, pair.Key)
		}
		values = append(values, pair.Value)
	}
	return []Sample{sampleOf(keys, "(?i)", true), sampleOf(values, "(?i)", true)}
}

func (q QueryStrings) config() map[string]any {
	values := make([]any, len(q))
	for i, pair := range q {
		value := map[string]any{"Value": pair.Value}
		if pair.Key != "" {
			value["Key"] = pair.Key
		}
		values[i] = value
	}
	return map[string]any{"Values": values}
}

func (q QueryStrings) split(n int) []Condition {
	return splitInto(q, n, func(v []QueryPair) Condition { return QueryStrings(v) })
}

func (q QueryStrings) replace(text func(string) string) Condition {
	pairs := make(QueryStrings, len(q))
	for i, pair := range q {
		pairs[i] = QueryPair{text(pair.Key), text(pair.Value)}
	}
	return pairs
}

func (q QueryStrings) mismatch(r *Request) string {
	return fmt.Sprintf("query %q does not have %s", r.query, strings.Join(q.texts(), " or "))
}

func (q QueryStrings) check(c *checker) {
	checkSome(c, "query string", q)
	for _, pair := range q {
		c.checkLength("query key", pair.Key, MaxValueLength)
		c.checkVisible("query key", pair.Key)
		c.checkText("query value", pair.Value, MaxValueLength)
		c.checkVisible("query value", pair.Value)
	}
}

func (q QueryStrings) prepare() Matcher {
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
	if r.QueryUnknown && r.query == "" {
		return Outcome{Unlikely, UnknownQuery}
	}
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

// flagged returns the outcome of pair i for a part without =. ALB may take it for
// a key without a value, for a value without a key, or ignore it.
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
