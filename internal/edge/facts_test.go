package edge

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// facts are what is documented or was observed of an Application Load
// Balancer's actions and answers, and the tests that prove that it is so here:
// functions of this package, or with a package in front those of another;
// after a slash the case in its table. What nobody knows is not a fact: an
// answer with the wrong family of headers only, weights that are all 0, the
// code for text that is not UTF-8, the length that HEAD shows.
var facts = []struct {
	fact  string
	tests string
	// beyond says why no request and no template can show it.
	beyond string
}{
	// Forward.
	{"a forward names one group by its ARN, or up to 5 in a ForwardConfig", "alb.TestReadActions alb.TestCheck/6 target groups", ""},
	{"with both, the ForwardConfig holds that one group only", "alb.TestReadActionProblems TestWeights/one group and its ARN", ""},
	{"a weight is 0 to 999", "alb.TestCheck/weight too high alb.TestCheck/weight negative", ""},
	{"the share of a group is its weight in the sum", "TestWeights/3 to 1 TestWeights/weight 0", ""},
	{"a weight left out is 1", "TestWeights/no weights", ""},
	{"an empty or unhealthy group keeps its share", "TestNoFailover", ""},
	{"stickiness lasts 1 to 604800 seconds", "alb.TestCheck/stickiness too long alb.TestCheck/stickiness without a duration", ""},
	{"stickiness is by the cookies AWSALBTG and AWSALBTGCORS", "TestGroupStickiness", ""},
	{"it has to be on when a group of several is sticky itself", "alb.TestCheck/a sticky group among several", ""},
	{"a group without registered targets is 503", "TestNoTarget", ""},
	{"if all targets are unhealthy, all get requests", "TestUnhealthyTargets TestHealthCheck", ""},
	{"a group that no rule refers to is unused and not checked", "TestDetachedGroup", ""},
	{"on its return targets are initial and must pass a check first", "TestDetachedGroup", ""},
	{"a group that is named in an action stays attached, with weight 0 too", "TestWeightZeroStaysAttached", ""},
	{"Lambda groups have no health thresholds", "alb.TestCheck/with health thresholds", ""},

	// Fixed response.
	{"the status is 2xx, 4xx or 5xx", "alb.TestCheck/fixed status", ""},
	{"the body has up to 1024 characters", "alb.TestCheck/fixed body alb.TestCheck/fixed body too long", ""},
	{"the content type is one of five", "alb.TestCheck/fixed content type", ""},
	{"there are no headers of one's own", "TestFixedResponse", ""},
	{"there is none beside groups of HTTP/2 or gRPC", "alb.TestCheck/a fixed response beside gRPC", ""},
	{"the body is returned as it is", "TestFixedResponse", ""},
	{"the content type is text/plain by default", "TestFixedResponse", ""},
	{"attributes of the listener set and remove a few headers", "TestListenerHeaders", ""},

	// Redirect.
	{"the status is 301 or 302", "alb.TestReadActionProblems TestRedirect", ""},
	{"the protocol is HTTP, HTTPS or the request's", "alb.TestCheck/redirect protocol", ""},
	{"the port is 1 to 65535 or the request's", "alb.TestCheck/redirect port", ""},
	{"host, path and query have up to 128 characters", "alb.TestCheck/redirect length", ""},
	{"the path starts with /", "alb.TestCheck/redirect path", ""},
	{"the query has no ?", "alb.TestCheck/redirect query", ""},
	{"HTTPS to HTTP is refused", "alb.TestCheck/redirect to HTTP", ""},
	{"a redirect that changes none of protocol, host, port and path is refused", "alb.TestCheck/redirect loop", ""},
	{"Location always has a port, the listener's if it is not changed", "TestRedirect alb.TestLocation", ""},
	{"a URL that is too long is 507", "TestRedirect", ""},

	// The load balancer's own pages.
	{"Server is awselb/2.0, the page nginx's with CRLF", "TestPage TestRejected", ""},
	{"503 is titled Service Temporarily Unavailable", "TestNoTarget", ""},

	// What a function gets.
	{"the event has the documented fields", "TestLambdaEvent", ""},
	{"one family of headers and parameters, the single one by default", "TestLambdaEventFamilies", ""},
	{"in the single one the last value wins", "TestLambdaEvent TestLambdaEventFamilies", ""},
	{"no query is {}, no body is empty", "TestLambdaEventFamilies TestLambdaEvent", ""},
	{"query keys and values are not decoded", "TestLambdaEvent", ""},
	{"the path is as it was sent", "TestLambdaEvent", ""},
	{"header names are in lower case", "TestLambdaEvent", ""},
	{"X-Forwarded-For, -Proto, -Port and X-Amzn-Trace-Id are added", "TestLambdaEvent TestForwardedHeaders TestTraceID", ""},
	{"text and JSON are verbatim, what is encoded and all else is base64", "TestLambdaEventBody", ""},
	{"a body without content type is base64", "TestLambdaEventBody", ""},
	{"an empty body is not", "TestLambdaEventBody TestLambdaEvent", ""},
	{"a health check's event is a GET with a user agent only", "TestLambdaHealthCheck", ""},
	{"there is no health check by default; every 35 s, 30 s time-out, 5 and 5", "TestLambdaHealthCheck", ""},
	{"a health check is an invocation", "TestLambdaHealthCheck", ""},
	{"the function is in the load balancer's account and region", "", "a template has no accounts: the deploy refuses it"},
	{"there are no WebSockets", "TestLambdaWebSocket", ""},
	{"there is no protocol version", "alb.TestCheck/with a health check's port", ""},
	{"there is no deregistration delay", "alb.TestCheck/with a delay", ""},
	{"there is no stickiness", "alb.TestCheck/with stickiness", ""},
	{"the call needs no egress rule and no VPC", "", "there is no network here"},

	// What a function answers.
	{"a status alone is enough", "TestLambdaAnswers/status only", ""},
	{"body null is 502", "TestLambdaAnswers/body null", ""},
	{"headers null is 502 where they are read", "TestLambdaAnswers/headers null", ""},
	{"a header that is no text is 502", "TestLambdaAnswers/header boolean", ""},
	{"statusDescription null is 502", "TestLambdaAnswers/description null", ""},
	{"the family of the group is read, the other may be null", "TestLambdaAnswers/lists null TestLambdaAnswerHeaders", ""},
	{"multiValueHeaders null is 502 where they are read", "TestLambdaAnswers/lists null", ""},
	{"aws-lambda-go's type needs both families set", "TestGoAnswerTrap", ""},
	{"statusDescription may be without the number", "TestLambdaAnswers/description without number", ""},
	{"statusCode missing or no number is 502", "TestLambdaAnswers/status missing TestLambdaAnswers/status text", ""},
	{"headers of the connection are ignored, the length is counted", "TestLambdaAnswerHeaders", ""},
	{"a base64 body is decoded", "TestLambdaAnswers/base64", ""},
	{"HEAD has no body", "TestLambdaAnswerHeaders", ""},
	{"OPTIONS goes to the function, without help", "TestLambdaAnswerHeaders", ""},

	// What becomes of a function's failures.
	{"a body over 1 MB is 413", "TestLambdaRequestLimit", ""},
	{"an answer over 1 MB is 502", "TestLambdaAnswers/too large TestLambdaAnswers/just small enough", ""},
	{"a malformed answer is 502", "TestLambdaAnswers/no JSON TestLambdaAnswers/null", ""},
	{"an error, a crash, a time-out is 502", "TestLambdaFailures", ""},
	{"throttled is 502", "TestLambdaFailures", ""},
	{"no permission, no function is 502", "TestLambdaFailures", ""},
	{"no connection to Lambda is 504", "TestLambdaFailures", ""},
	{"a WebSocket is 400", "TestLambdaWebSocket", ""},
	{"no target is 503", "TestNoTarget", ""},
	{"it waits until the function's own time-out", "TestLambdaOutlastsIdleTimeout", ""},
	{"1 MB is less than Lambda's own 6 MB", "lambdaruntime.TestFailures", ""},
}

// TestFactsHaveTests: every fact has a test that exists, the case in its table
// too, or says why it cannot have one.
func TestFactsHaveTests(t *testing.T) {
	known := map[string]string{} // the texts in the tests of a package, by test
	for name, folder := range map[string]string{"": ".", "alb.": "../alb", "lambdaruntime.": "../lambdaruntime"} {
		for test, texts := range testsIn(t, folder) {
			known[name+test] = texts
		}
	}
	for _, f := range facts {
		if (f.tests == "") != (f.beyond != "") {
			t.Errorf("%s: want tests, or why there are none", f.fact)
		}
		for _, test := range splitTests(f.tests) {
			function, subtest, _ := strings.Cut(test, "/")
			texts, ok := known[function]
			if !ok {
				t.Errorf("%s: there is no test %s", f.fact, function)
			}
			if subtest != "" && !strings.Contains(texts, "\n"+subtest+"\n") {
				t.Errorf("%s: test %s has no case %q", f.fact, function, subtest)
			}
		}
	}
}

// splitTests splits a list of tests; the names of cases hold spaces.
func splitTests(list string) []string {
	var tests []string
	for _, word := range strings.Fields(list) {
		name := word[strings.LastIndex(word, ".")+1:]
		if strings.HasPrefix(name, "Test") {
			tests = append(tests, word)
		} else {
			tests[len(tests)-1] += " " + word
		}
	}
	return tests
}

// testsIn are the tests of a folder, each with the strings in it, a line each.
func testsIn(t *testing.T, folder string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(function.Name.Name, "Test") {
				continue
			}
			texts := "\n"
			ast.Inspect(function, func(n ast.Node) bool {
				if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil {
						texts += text + "\n"
					}
				}
				return true
			})
			tests[function.Name.Name] = texts
		}
	}
	return tests
}
