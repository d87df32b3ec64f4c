package edge

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// saying returns an application that answers with its name.
func saying(t testing.TB, name string) Target {
	return application(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, name) })
}

// weighted returns a forward action with alternating groups and weights.
func weighted(stickiness object, groups ...any) []any {
	list := []any{}
	for i := 0; i < len(groups); i += 2 {
		list = append(list, object{"TargetGroupArn": ref(groups[i].(string)), "Weight": groups[i+1]})
		if groups[i+1] == nil {
			delete(list[i/2].(object), "Weight")
		}
	}
	config := object{"TargetGroups": list}
	if stickiness != nil {
		config["TargetGroupStickinessConfig"] = stickiness
	}
	return []any{object{"Type": "forward", "ForwardConfig": config}}
}

// blueGreen returns a load balancer with the given default action, and target
// groups Blue and Green.
func blueGreen(actions []any) resources {
	group := groupOf{"TargetType": "ip", "HealthCheckPath": "/health"}
	return resources{
		"Alb": balancer{}, "Blue": group, "Green": group,
		"Http": listener{port: 80, protocol: "HTTP", actions: actions},
	}
}

// tally counts the answers to n requests.
func tally(t *testing.T, address string, n int) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for range n {
		got := send(t, "GET", "http://"+address+"/", "", nil)
		counts[fmt.Sprint(got.status)+" "+got.body]++
	}
	return counts
}

// TestWeights checks that the share of a group is its share of all weights, and
// that shares are equal without weights.
func TestWeights(t *testing.T) {
	for _, test := range []struct {
		name     string
		actions  []any
		low, top int // range of how many of 600 go to Blue: six standard deviations
	}{
		{"3 to 1", weighted(nil, "Blue", 3, "Green", 1), 386, 514},
		{"no weights", weighted(nil, "Blue", nil, "Green", nil), 226, 374},
		{"weight 0", weighted(nil, "Blue", 0, "Green", 999), 0, 0},
		{"one group and its ARN", []any{object{"Type": "forward", "TargetGroupArn": ref("Blue"),
			"ForwardConfig": object{"TargetGroups": []any{object{"TargetGroupArn": ref("Blue")}}}}}, 600, 600},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := startOne(t, blueGreen(test.actions), bothSaying(t))
			counts := tally(t, serve(t, a.Main()), 600)
			blue := counts["200 blue"]
			if blue < test.low || blue > test.top || blue+counts["200 green"] != 600 {
				t.Errorf("got %v, want %d to %d of 600 for blue", counts, test.low, test.top)
			}
		})
	}
}

// bothSaying returns applications for Blue and Green.
func bothSaying(t *testing.T) map[string]Target {
	return map[string]Target{"Blue": saying(t, "blue"), "Green": saying(t, "green")}
}

// TestNoFailover checks that a group without targets keeps its share.
func TestNoFailover(t *testing.T) {
	a := startOne(t, blueGreen(weighted(nil, "Blue", 1, "Green", 1)), map[string]Target{"Green": saying(t, "green")})
	counts := map[int]int{}
	address := serve(t, a.Main())
	for range 200 {
		counts[send(t, "GET", "http://"+address+"/", "", nil).status]++
	}
	if counts[503] < 40 || counts[200] < 40 || counts[200]+counts[503] != 200 {
		t.Errorf("got %v, want about half 503", counts)
	}
}

// TestGroupStickiness checks that the cookies bind a client to the group that it
// was sent to, for as long as the action says.
func TestGroupStickiness(t *testing.T) {
	actions := weighted(object{"Enabled": true, "DurationSeconds": 600}, "Blue", 1, "Green", 1)
	a := startOne(t, blueGreen(actions), bothSaying(t))
	address := serve(t, a.Main())
	seen := map[string]bool{}
	for range 30 {
		first := send(t, "GET", "http://"+address+"/", "", nil)
		seen[first.body] = true
		cookies := (&http.Response{Header: first.header}).Cookies()
		if len(cookies) != 2 || cookies[0].Name != "AWSALBTG" || cookies[1].Name != "AWSALBTGCORS" {
			t.Fatalf("cookies %v, want AWSALBTG and AWSALBTGCORS", cookies)
		}
		if left := time.Until(cookies[0].Expires); left < 9*time.Minute || left > 11*time.Minute {
			t.Errorf("the cookie expires in %v, want 10 minutes", left)
		}
		if cookies[1].SameSite != http.SameSiteNoneMode || !cookies[1].Secure || cookies[0].SameSite == http.SameSiteNoneMode {
			t.Errorf("cookies %v, want the second for requests from other sites", cookies)
		}
		for i := range 6 {
			next := send(t, "GET", "http://"+address+"/", "", []string{"Cookie", cookies[i%2].Name + "=" + cookies[i%2].Value})
			if next.body != first.body {
				t.Fatalf("sent to %s, then to %s", first.body, next.body)
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("new clients were sent to %v only", seen)
	}
	for _, value := range []string{"", "x", "!!!"} {
		if got := send(t, "GET", "http://"+address+"/", "", []string{"Cookie", "AWSALBTG=" + value}); got.status != 200 {
			t.Errorf("with cookie %q: got %d", value, got.status)
		}
	}
}

// TestTargetStickiness checks a target group's own stickiness, to one of its
// targets.
func TestTargetStickiness(t *testing.T) {
	r := appBehind()
	r["App"] = groupOf{"TargetType": "ip", "HealthCheckPath": "/health",
		"TargetGroupAttributes": attributes(map[string]string{"stickiness.enabled": "true", "stickiness.lb_cookie.duration_seconds": "60"})}
	one, two := saying(t, "one"), saying(t, "two")
	a := startOne(t, r, map[string]Target{"App": {URLs: append(one.URLs, two.URLs...)}})
	address := serve(t, a.Main())
	counts := tally(t, address, 10)
	if counts["200 one"] != 5 || counts["200 two"] != 5 {
		t.Errorf("without cookie: got %v, want 5 each in turn", counts)
	}
	first := send(t, "GET", "http://"+address+"/", "", nil)
	cookie := (&http.Response{Header: first.header}).Cookies()[0]
	if cookie.Name != "AWSALB" {
		t.Errorf("cookie %v, want AWSALB", cookie)
	}
	for range 5 {
		if got := send(t, "GET", "http://"+address+"/", "", []string{"Cookie", cookie.Name + "=" + cookie.Value}); got.body != first.body {
			t.Errorf("sent to %s, then to %s", first.body, got.body)
		}
	}
}

// TestNoTarget checks that a group without registered targets is answered with
// 503 and the load balancer's own page.
func TestNoTarget(t *testing.T) {
	got := send(t, "GET", "http://"+serve(t, startOne(t, appBehind(), nil).Main())+"/", "", nil)
	if got.status != 503 || got.header.Get("Server") != "awselb/2.0" || !strings.Contains(got.body, "503 Service Temporarily Unavailable") {
		t.Errorf("got %+v", got)
	}
	if got := send(t, "GET", "http://"+serve(t, startOne(t, lambdaBehind(false), nil).Main())+"/", "", nil); got.status != 503 {
		t.Errorf("of a Lambda target group: got %+v", got)
	}
}

// TestAuthenticate checks what happens to requests that must be authenticated.
func TestAuthenticate(t *testing.T) {
	actions := func(action object) []any {
		action["Order"] = 1
		return []any{action, object{"Type": "forward", "TargetGroupArn": ref("App"), "Order": 2}}
	}
	oidc := func(unauthenticated string) []any {
		return actions(object{"Type": "authenticate-oidc", "AuthenticateOidcConfig": object{"OnUnauthenticatedRequest": unauthenticated}})
	}
	r := appBehind()
	r["Https"] = listener{port: 443, protocol: "HTTPS", actions: forwardTo("App"), rules: map[int]ruleOf{
		1: {conditions: []any{pathIs("/deny")}, actions: oidc("deny")},
		2: {conditions: []any{pathIs("/allow")}, actions: oidc("allow")},
		3: {conditions: []any{pathIs("/login")}, actions: oidc("authenticate")},
		4: {conditions: []any{pathIs("/jwt")}, actions: actions(object{"Type": "jwt-validation", "JwtValidationConfig": object{}})},
	}}
	app := application(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("X-Amzn-Oidc-Identity")) })
	config := ALBConfig{Templates: map[string]*alb.Template{"open": r.read(t)}, Mode: "open", Targets: map[string]Target{"App": app}}
	address := serve(t, start(t, config).Main())
	config.Identity = "sre@example.com"
	signedIn := serve(t, start(t, config).Main())
	forged := []string{"X-Amzn-Oidc-Identity", "forged"}
	for path, want := range map[string]string{"/deny": "401 ", "/allow": "200 ", "/login": "401 no identity provider", "/jwt": "401 "} {
		got := send(t, "GET", "http://"+address+path, "", forged)
		status, says, _ := strings.Cut(want, " ")
		if fmt.Sprint(got.status) != status || says == "no identity provider" && !strings.Contains(got.body, "identity provider") || got.body == "forged" {
			t.Errorf("%s: got %d %q, want %s", path, got.status, got.body, want)
		}
		got = send(t, "GET", "http://"+signedIn+path, "", forged)
		if got.status != 200 || got.body != "sre@example.com" {
			t.Errorf("%s signed in: got %d %q", path, got.status, got.body)
		}
	}
}

// TestTransforms checks that the target gets the rewritten URL and host, while
// rules see those that were sent.
func TestTransforms(t *testing.T) {
	rewrite := func(kind, config, regex, replace string) object {
		return object{"Type": kind, config: object{"Rewrites": []any{object{"Regex": regex, "Replace": replace}}}}
	}
	url := func(regex, replace string) object { return rewrite("url-rewrite", "UrlRewriteConfig", regex, replace) }
	host := func(regex, replace string) object {
		return rewrite("host-header-rewrite", "HostHeaderRewriteConfig", regex, replace)
	}
	r := appBehind()
	r["Http"] = listener{port: 80, protocol: "HTTP", actions: forwardTo("App"), rules: map[int]ruleOf{
		1: {conditions: []any{pathIs("/api/*")}, actions: forwardTo("App"), transforms: []any{url("^/api/(.*)$", "/v2/$1"), host("^(.*)\\.com$", "internal.$1.org")}},
		2: {conditions: []any{pathIs("/query*")}, actions: forwardTo("App"), transforms: []any{url("a=([0-9]+)", "b=$1x")}},
		3: {conditions: []any{pathIs("/none*")}, actions: forwardTo("App"), transforms: []any{url("^/other", "/x"), host("^nobody$", "x")}},
		4: {conditions: []any{pathIs("/bad*")}, actions: forwardTo("App"), transforms: []any{url("^/bad", "")}},
	}}
	app := application(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host+" "+r.RequestURI) })
	address := serve(t, startOne(t, r, map[string]Target{"App": app}).Main())
	for path, want := range map[string]string{
		"/api/reports?x=1": "200 internal.api.example.org /v2/reports?x=1",
		"/api/a%3Ab":       "200 internal.api.example.org /v2/a:b", // decoded before it is rewritten
		"/api/a%20b":       "200 internal.api.example.org /v2/a%20b",
		"/query?a=1&c=2":   "200 api.example.com /query?b=1x&c=2",
		"/none%2fx":        "200 api.example.com /none%2fx", // no match: as it was sent
		"/bad":             "500 ",
	} {
		got := send(t, "GET", "http://"+address+path, "", []string{"Host", "api.example.com"})
		if text := fmt.Sprint(got.status) + " " + got.body; text != want && (got.status != 500 || !strings.HasPrefix(want, "500")) {
			t.Errorf("%s: got %q, want %q", path, text, want)
		}
	}
}
