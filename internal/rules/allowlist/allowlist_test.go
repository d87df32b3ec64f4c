package allowlist

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/internal/alb"
)

// routed reports whether a ServeMux with these patterns would serve the request.
// A redirect does not count.
func routed(patterns []string, method, path string) bool {
	served := false
	mux := http.NewServeMux()
	for _, p := range patterns {
		mux.HandleFunc(p, func(http.ResponseWriter, *http.Request) { served = true })
	}
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
	return served
}

// allowed reports whether one of the compiled rules lets the request through.
func allowed(rules [][]alb.Condition, method, path string) bool {
	return slices.ContainsFunc(rules, func(conditions []alb.Condition) bool {
		rule := alb.Rule{Priority: 1, Conditions: conditions}
		return rule.Match(&alb.Request{Method: method, Target: path, Host: "api.example.com"}).Verdict.Matches()
	})
}

// drawAllowlist draws patterns that ServeMux accepts together, from few enough
// segments that they interact.
func drawAllowlist(t *rapid.T) []string {
	segment := rapid.SampledFrom([]string{"a", "b", "api", "v1.2", "x-y", "~me", "{id}", "{id}", "A"})
	last := rapid.SampledFrom([]string{"", "a", "b", "{id}", "{rest...}", "{$}", "file.txt", "a+b"})
	method := rapid.SampledFrom([]string{"GET", "GET", "POST", "HEAD", "PUT"})
	one := rapid.Custom(func(t *rapid.T) string {
		segments := append(rapid.SliceOfN(segment, 0, 3).Draw(t, "segments"), last.Draw(t, "last"))
		for i, s := range segments { // ServeMux requires different wildcard names
			segments[i] = strings.Replace(s, "{id}", fmt.Sprintf("{id%d}", i), 1)
		}
		return method.Draw(t, "method") + " /" + strings.Join(segments, "/")
	})
	var patterns []string
	for _, p := range rapid.SliceOfN(one, 1, 25).Draw(t, "patterns") {
		if _, err := parse(append(patterns[:len(patterns):len(patterns)], p)); err == nil {
			patterns = append(patterns, p)
		}
	}
	return patterns
}

func drawFixed(t *rapid.T) []alb.Condition {
	var fixed []alb.Condition
	if n := rapid.IntRange(0, 2).Draw(t, "client values"); n > 0 {
		fixed = append(fixed, alb.Header{Name: "X-Client", Values: []string{"*ios*", "*android*"}[:n]})
	}
	return fixed
}

func TestTheRulesAllowWhatServeMuxRoutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		patterns := drawAllowlist(t)
		rules, err := Compile(patterns, nil)
		if err != nil {
			t.Fatal(err)
		}
		segment := rapid.SampledFrom([]string{"a", "b", "api", "v1.2", "v1x2", "x-y", "~me", "A", "other", "file.txt", "fileXtxt", "a+b", "aab"})
		for range 20 {
			path := "/" + strings.Join(rapid.SliceOfN(segment, 0, 5).Draw(t, "path"), "/")
			if rapid.Bool().Draw(t, "slash") && !strings.HasSuffix(path, "/") {
				path += "/"
			}
			method := rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}).Draw(t, "method")
			if got, want := allowed(rules, method, path), routed(patterns, method, path); got != want {
				t.Fatalf("%s %s with %q: rules allow it: %v, ServeMux routes it: %v", method, path, patterns, got, want)
			}
		}
	})
}

func TestNoRuleBreaksALimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, err := Compile(drawAllowlist(t), drawFixed(t))
		if err != nil {
			t.Fatal(err)
		}
		for i, conditions := range rules {
			for _, problem := range (alb.Rule{Priority: i + 1, Conditions: conditions}).Check() {
				if problem.Property == "Conditions" { // the totals of a rule: warnings count as well
					t.Fatalf("rule %d: %s", i, problem)
				}
				if problem.Severity == alb.Error {
					t.Fatalf("rule %d: %s", i, problem)
				}
			}
		}
	})
}

func TestAppendingAPatternChangesOneRuleOrAddsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		patterns, fixed := drawAllowlist(t), drawFixed(t)
		before, err := Compile(patterns[:len(patterns)-1], fixed)
		if err != nil {
			t.Fatal(err)
		}
		after, err := Compile(patterns, fixed)
		if err != nil {
			t.Fatal(err)
		}
		changed := len(after) - len(before)
		for i := range before {
			if fmt.Sprint(before[i]) != fmt.Sprint(after[i]) {
				changed++
			}
		}
		if changed != 1 || len(after) < len(before) {
			t.Fatalf("%q to %q: %v became %v", patterns[:len(patterns)-1], patterns, before, after)
		}
	})
}

func TestAGroupHasNoMoreRulesThanItNeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		patterns, fixed := drawAllowlist(t), drawFixed(t)
		rules, err := Compile(patterns, fixed)
		if err != nil {
			t.Fatal(err)
		}
		used := 0
		for _, condition := range fixed {
			values, _ := alb.Count(condition)
			used += values
		}
		type group struct {
			methods string
			regex   bool
		}
		paths, got, free, crowded := map[group]int{}, map[group]int{}, map[group]int{}, map[group]bool{}
		for _, conditions := range rules {
			g := group{methods: fmt.Sprint(conditions[0])}
			_, g.regex = conditions[1].(alb.PathRegexes)
			values, _ := alb.Count(conditions[1])
			methods, _ := alb.Count(conditions[0])
			got[g]++
			paths[g] += values
			free[g] = alb.MaxConditionValues - used - methods
			// The four wildcards of two clients leave room for one in a path.
			if _, wildcards := alb.Count(conditions[1]); used == 2 && wildcards > 0 {
				crowded[g] = true
			}
		}
		for g, n := range got {
			if crowded[g] {
				free[g] = 1
			}
			if most := (paths[g] + free[g] - 1) / free[g]; n > most {
				t.Fatalf("group %v: %d paths at %d a rule took %d rules, want at most %d", g, paths[g], free[g], n, most)
			}
		}
	})
}

func TestPathsCompileToExactConditions(t *testing.T) {
	tests := []struct {
		pattern string
		want    string
		regex   bool
	}{
		{"POST /api/login", "/api/login", false},
		{"GET /", "/*", false},
		{"GET /{$}", "/", false},
		{"GET /api/", "/api/*", false},
		{"GET /api/{$}", "/api/", false},
		{"GET /api/files/{path...}", "/api/files/*", false},
		{"GET /api/templates/{id}", `^/api/templates/[^/]+$`, true},
		{"GET /api/v1.2/{id}/", `^/api/v1\.2/[^/]+/.*$`, true},
		{"GET /api/{a}/x/{$}", `^/api/[^/]+/x/$`, true},
		{"GET /{a}/{rest...}", `^/[^/]+/.*$`, true},
	}
	for _, test := range tests {
		p, err := parsePattern(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got, regex := p.value(); got != test.want || regex != test.regex {
			t.Errorf("%s: got %q (regex %v), want %q (regex %v)", test.pattern, got, regex, test.want, test.regex)
		}
	}
}

func TestAnAllowlistThatCannotBe(t *testing.T) {
	long := "GET /" + strings.Repeat("a", 128)
	tests := []struct {
		name  string
		allow []string
		fixed []alb.Condition
		want  string
	}{
		{"no method", []string{"GET /a", "/api/login"}, nil, `allow[1] "/api/login": a method is required, as in "GET /api/templates/{id}"`},
		{"a host", []string{"GET api.example.com/a"}, nil, `allow[0] "GET api.example.com/a": the path must start with a slash; a host belongs in Hosts`},
		{"the same twice", []string{"GET /a/{x}", "GET /a/{y}"}, nil, `allow[1] "GET /a/{y}": not a pattern for these: pattern "GET /a/{y}" conflicts with pattern "GET /a/{x}"`},
		{"neither is more specific", []string{"GET /a/{x}/b", "GET /a/b/{x}"}, nil, `allow[1] "GET /a/b/{x}": not a pattern for these`},
		{"a wildcard in a segment", []string{"GET /a/x{id}"}, nil, `bad wildcard segment`},
		{"an unclean path", []string{"GET /a//b"}, nil, `allow[0] "GET /a//b"`},
		{"too long", []string{long}, nil, `allow[0] "` + long + `": path pattern "/` + strings.Repeat("a", 128) + `" has 129 characters, ALB allows 128`},
		{"a character ALB refuses", []string{"GET /a(b)"}, nil, `allow[0] "GET /a(b)": path pattern "/a(b)"`},
		{"a character ALB refuses, beside a wildcard", []string{"GET /a(b)/{id}"}, nil, `allow[0] "GET /a(b)/{id}"`},
		{"a wildcard of ALB", []string{"GET /a*"}, nil, `allow[0] "GET /a*": "a*" holds a wildcard of ALB`},
		{"a method ALB refuses", []string{"get /a"}, nil, `allow[0] "get /a"`},
		{"inside another subtree", []string{"GET /files/{p...}", "GET /files/a/"}, nil, `allow[1] "GET /files/a/": already allowed by "GET /files/{p...}"; remove it`},
		{"no room", []string{"GET /a"}, []alb.Condition{alb.Hosts{"a.example.com"}, alb.Header{Name: "X-A", Values: []string{"a"}}, alb.Header{Name: "X-B", Values: []string{"b"}}}, `leave no room for the path: ALB allows 5 condition values`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rules, err := Compile(test.allow, test.fixed)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if rules != nil {
				t.Errorf("built %v beside the error", rules)
			}
			if err != nil && strings.Contains(err.Error(), ".go:") {
				t.Errorf("names a Go source: %v", err)
			}
		})
	}
}

func TestEveryBadPatternIsReported(t *testing.T) {
	_, err := Compile([]string{"/a", "GET /b", "GET b"}, nil)
	if err == nil || strings.Count(err.Error(), "allow[") != 2 {
		t.Errorf("got %v, want a line each for allow[0] and allow[2]", err)
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		var patterns []string
		for i := range n {
			switch i % 3 {
			case 0:
				patterns = append(patterns, fmt.Sprintf("GET /api/v1/resource%d", i))
			case 1:
				patterns = append(patterns, fmt.Sprintf("GET /api/v1/resource%d/{id}", i))
			default:
				patterns = append(patterns, fmt.Sprintf("POST /api/v1/resource%d/{rest...}", i))
			}
		}
		b.Run(fmt.Sprintf("patterns=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := Compile(patterns, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/pattern")
		})
	}
}

// TestCompile_CountsWildcards checks that a rule takes as many paths with a
// wildcard as its other conditions leave room for.
func TestCompile_CountsWildcards(t *testing.T) {
	for _, test := range []struct {
		name  string
		fixed []string // values of a header
		allow []string
		rules int // 0 if refused
	}{
		{"three of five, and two paths", []string{"*a*", "b*"}, []string{"POST /x/", "POST /y/"}, 1},
		{"four of five, and two paths", []string{"*a*b*", "c*"}, []string{"POST /x/", "POST /y/"}, 2},
		{"four of five, and a path that has none", []string{"*a*b*", "c*"}, []string{"POST /x/", "POST /y"}, 1},
		{"five of five, and a path that has none", []string{"*a*b*", "*c*"}, []string{"POST /x"}, 1},
		{"five of five, and a path: a rule for each value", []string{"*a*b*", "*c*"}, []string{"POST /x/"}, 2},
		{"five of five in one value, and a path", []string{"*a*b*c*d*"}, []string{"POST /x/"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			rules, err := Compile(test.allow, []alb.Condition{alb.Header{Name: "X-Client", Values: test.fixed}})
			if len(rules) != test.rules || (err != nil) != (test.rules == 0) {
				t.Errorf("got %d rules, %v; want %d", len(rules), err, test.rules)
			}
		})
	}
}
