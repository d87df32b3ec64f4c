package accesslog

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// samples are an entry of every type, as documented in the user guide. Those
// without trailing fields are older.
var samples = []struct {
	name string
	line string
	want Entry
}{
	{
		"http, forwarded by the default rule",
		`http 2026-11-20T03:14:15.926535Z app/fieldreports/1f2e3d4c5b6a7988 198.51.100.23:51034 10.20.1.17:8080 0.001 0.012 0.000 200 200 412 1789 "GET http://api.example.com:80/api/templates?page=2 HTTP/1.1" "curl/8.11.0" - - arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/app/0a1b2c3d4e5f6071 "Root=1-673d5a17-2f6f1a3b4c5d6e7f80919293" "-" "-" 0 2026-11-20T03:14:15.913000Z "forward" "-" "-" "10.20.1.17:8080" "200" "-" "-" TID_5f1e2d3c4b5a6978 "-" "-" "-"`,
		Entry{
			Type: "http", Time: at("2026-11-20T03:14:15.926535Z"), LoadBalancer: "app/fieldreports/1f2e3d4c5b6a7988",
			Client: netip.MustParseAddrPort("198.51.100.23:51034"), Target: netip.MustParseAddrPort("10.20.1.17:8080"),
			RequestProcessing: time.Millisecond, TargetProcessing: 12 * time.Millisecond, ResponseProcessing: 0,
			Status: 200, TargetStatus: 200, Received: 412, Sent: 1789,
			Method: "GET", URL: "http://api.example.com:80/api/templates?page=2", Proto: "HTTP/1.1", UserAgent: "curl/8.11.0",
			TargetGroup: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/app/0a1b2c3d4e5f6071",
			TraceID:     "Root=1-673d5a17-2f6f1a3b4c5d6e7f80919293",
			Rule:        DefaultRule, Created: at("2026-11-20T03:14:15.913Z"), Actions: "forward",
			Targets: "10.20.1.17:8080", TargetCodes: "200", Connection: "TID_5f1e2d3c4b5a6978",
		},
	},
	{
		"https, authenticated, with a transform",
		`https 2026-11-20T03:14:16.000000Z app/fieldreports/1f2e3d4c5b6a7988 198.51.100.23:51035 10.20.2.9:8080 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/reports HTTP/1.1" "FieldReports/4.2 (iPhone; iOS 19.1)" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.3 arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/app/0a1b2c3d4e5f6071 "Self=1-1;Root=1-673d5a18-00" "www.example.com" "arn:aws:acm:eu-west-1:111122223333:certificate/6d1f" 12 2026-11-20T03:14:15.900000Z "waf,authenticate,forward" "-" "-" "10.20.2.9:8080" "200" "-" "-" TID_0a "m.example.com" "/v2/reports" "TransformSuccess"`,
		Entry{
			Type: "https", Time: at("2026-11-20T03:14:16Z"), LoadBalancer: "app/fieldreports/1f2e3d4c5b6a7988",
			Client: netip.MustParseAddrPort("198.51.100.23:51035"), Target: netip.MustParseAddrPort("10.20.2.9:8080"),
			RequestProcessing: 86 * time.Millisecond, TargetProcessing: 48 * time.Millisecond, ResponseProcessing: 37 * time.Millisecond,
			Status: 200, TargetStatus: 200, Received: 0, Sent: 57,
			Method: "GET", URL: "https://www.example.com:443/reports", Proto: "HTTP/1.1", UserAgent: "FieldReports/4.2 (iPhone; iOS 19.1)",
			Cipher: "ECDHE-RSA-AES128-GCM-SHA256", TLS: "TLSv1.3",
			TargetGroup: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/app/0a1b2c3d4e5f6071",
			TraceID:     "Self=1-1;Root=1-673d5a18-00", Domain: "www.example.com", Certificate: "arn:aws:acm:eu-west-1:111122223333:certificate/6d1f",
			Rule: 12, Created: at("2026-11-20T03:14:15.9Z"), Actions: "waf,authenticate,forward",
			Targets: "10.20.2.9:8080", TargetCodes: "200", Connection: "TID_0a",
			TransformedHost: "m.example.com", TransformedURI: "/v2/reports", TransformStatus: "TransformSuccess",
		},
	},
	{
		"h2, redirected, a session reused",
		`h2 2026-11-20T03:14:17.105000Z app/fieldreports/1f2e3d4c5b6a7988 [2001:db8::17]:40122 - -1 -1 -1 301 - 19 310 "GET https://old.example.com:773/ HTTP/2.0" "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/145.0" ECDHE-RSA-AES256-GCM-SHA384 TLSv1.2 - "Root=1-673d5a19-01" "old.example.com" "session-reused" 7 2026-11-20T03:14:17.104000Z "redirect" "https://www.example.com:443/" "-" "-" "-" "-" "-"`,
		Entry{
			Type: "h2", Time: at("2026-11-20T03:14:17.105Z"), LoadBalancer: "app/fieldreports/1f2e3d4c5b6a7988",
			Client:            netip.MustParseAddrPort("[2001:db8::17]:40122"),
			RequestProcessing: NotReached, TargetProcessing: NotReached, ResponseProcessing: NotReached,
			Status: 301, Received: 19, Sent: 310,
			Method: "GET", URL: "https://old.example.com:773/", Proto: "HTTP/2.0", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/145.0",
			Cipher: "ECDHE-RSA-AES256-GCM-SHA384", TLS: "TLSv1.2", TraceID: "Root=1-673d5a19-01", Domain: "old.example.com", Certificate: "session-reused",
			Rule: 7, Created: at("2026-11-20T03:14:17.104Z"), Actions: "redirect", RedirectURL: "https://www.example.com:443/",
		},
	},
	{
		"grpcs",
		`grpcs 2026-11-20T03:14:18.000001Z app/fieldreports/1f2e3d4c5b6a7988 2001:db8::18:50051 10.20.3.3:50051 0.000 0.004 0.000 200 200 312 128 "POST https://grpc.example.com:443/reports.v1.Sync/Push HTTP/2.0" "grpc-swift/1.24" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/grpc/11 "Root=1-673d5a1a-02" "grpc.example.com" "arn:aws:acm:eu-west-1:111122223333:certificate/6d1f" 300 2026-11-20T03:14:17.990000Z "forward" "-" "-" "10.20.3.3:50051" "200" "-" "-"`,
		Entry{
			Type: "grpcs", Time: at("2026-11-20T03:14:18.000001Z"), LoadBalancer: "app/fieldreports/1f2e3d4c5b6a7988",
			// In an address without brackets, the port follows the last colon.
			Client: netip.MustParseAddrPort("[2001:db8::18]:50051"), Target: netip.MustParseAddrPort("10.20.3.3:50051"),
			TargetProcessing: 4 * time.Millisecond,
			Status:           200, TargetStatus: 200, Received: 312, Sent: 128,
			Method: "POST", URL: "https://grpc.example.com:443/reports.v1.Sync/Push", Proto: "HTTP/2.0", UserAgent: "grpc-swift/1.24",
			Cipher: "ECDHE-RSA-AES128-GCM-SHA256", TLS: "TLSv1.2", TargetGroup: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/grpc/11",
			TraceID: "Root=1-673d5a1a-02", Domain: "grpc.example.com", Certificate: "arn:aws:acm:eu-west-1:111122223333:certificate/6d1f",
			Rule: 300, Created: at("2026-11-20T03:14:17.99Z"), Actions: "forward", Targets: "10.20.3.3:50051", TargetCodes: "200",
		},
	},
	{
		"ws, closed after a while",
		`ws 2026-11-20T04:00:00.000000Z app/fieldreports/1f2e3d4c5b6a7988 198.51.100.9:33001 10.20.1.17:8080 0.001 0.003 0.000 101 101 2187 58122 "GET http://10.20.0.30:80/api/live HTTP/1.1" "-" - - arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/app/0a1b2c3d4e5f6071 "Root=1-673d5a1b-03" "-" "-" 1 2026-11-20T03:14:19.000000Z "forward" "-" "-" "10.20.1.17:8080" "101" "-" "-"`,
		Entry{
			Type: "ws", Time: at("2026-11-20T04:00:00Z"), LoadBalancer: "app/fieldreports/1f2e3d4c5b6a7988",
			Client: netip.MustParseAddrPort("198.51.100.9:33001"), Target: netip.MustParseAddrPort("10.20.1.17:8080"),
			RequestProcessing: time.Millisecond, TargetProcessing: 3 * time.Millisecond,
			Status: 101, TargetStatus: 101, Received: 2187, Sent: 58122,
			Method: "GET", URL: "http://10.20.0.30:80/api/live", Proto: "HTTP/1.1",
			TargetGroup: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/app/0a1b2c3d4e5f6071", TraceID: "Root=1-673d5a1b-03",
			Rule: 1, Created: at("2026-11-20T03:14:19Z"), Actions: "forward", Targets: "10.20.1.17:8080", TargetCodes: "101",
		},
	},
	{
		"wss, to a port of its own",
		`wss 2026-11-20T04:00:01.500000Z app/fieldreports/1f2e3d4c5b6a7988 198.51.100.10:33002 10.20.1.18:8010 0.000 0.001 0.000 101 101 218 786 "GET https://live.example.com:8443/ HTTP/1.1" "FieldReports/4.2 (Linux; Android 16)" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/app/0a1b2c3d4e5f6071 "Root=1-673d5a1c-04" "-" "-" 1 2026-11-20T03:14:19.500000Z "forward" "-" "-" "10.20.1.18:8010" "101" "-" "-"`,
		Entry{
			Type: "wss", Time: at("2026-11-20T04:00:01.5Z"), LoadBalancer: "app/fieldreports/1f2e3d4c5b6a7988",
			Client: netip.MustParseAddrPort("198.51.100.10:33002"), Target: netip.MustParseAddrPort("10.20.1.18:8010"),
			TargetProcessing: time.Millisecond,
			Status:           101, TargetStatus: 101, Received: 218, Sent: 786,
			Method: "GET", URL: "https://live.example.com:8443/", Proto: "HTTP/1.1", UserAgent: "FieldReports/4.2 (Linux; Android 16)",
			Cipher: "ECDHE-RSA-AES128-GCM-SHA256", TLS: "TLSv1.2",
			TargetGroup: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/app/0a1b2c3d4e5f6071", TraceID: "Root=1-673d5a1c-04",
			Rule: 1, Created: at("2026-11-20T03:14:19.5Z"), Actions: "forward", Targets: "10.20.1.18:8010", TargetCodes: "101",
		},
	},
	{
		"to a Lambda that failed",
		`http 2026-11-20T03:14:20.000000Z app/fieldreports/1f2e3d4c5b6a7988 198.51.100.11:2817 - 0.000 0.001 0.000 502 - 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/8.11.0" - - arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/responder/22 "Root=1-673d5a1d-05" "-" "-" 0 2026-11-20T03:14:19.999000Z "forward" "-" "LambdaInvalidResponse" "-" "-" "-" "-"`,
		Entry{
			Type: "http", Time: at("2026-11-20T03:14:20Z"), LoadBalancer: "app/fieldreports/1f2e3d4c5b6a7988",
			Client: netip.MustParseAddrPort("198.51.100.11:2817"), TargetProcessing: time.Millisecond,
			Status: 502, Received: 34, Sent: 366, Method: "GET", URL: "http://www.example.com:80/", Proto: "HTTP/1.1", UserAgent: "curl/8.11.0",
			TargetGroup: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/responder/22", TraceID: "Root=1-673d5a1d-05",
			Rule: DefaultRule, Created: at("2026-11-20T03:14:19.999Z"), Actions: "forward", ErrorReason: "LambdaInvalidResponse",
		},
	},
	{
		"a request line that could not be read",
		`http 2026-11-20T03:14:21.000000Z app/fieldreports/1f2e3d4c5b6a7988 203.0.113.66:1025 - -1 -1 -1 400 - 0 272 "- http://fieldreports-1.eu-west-1.elb.amazonaws.com:80- -" "-" - - - "-" "-" "-" - 2026-11-20T03:14:20.900000Z "-" "-" "-" "-" "-" "Severe" "BadMethod"`,
		Entry{
			Type: "http", Time: at("2026-11-20T03:14:21Z"), LoadBalancer: "app/fieldreports/1f2e3d4c5b6a7988",
			Client:            netip.MustParseAddrPort("203.0.113.66:1025"),
			RequestProcessing: NotReached, TargetProcessing: NotReached, ResponseProcessing: NotReached,
			Status: 400, Sent: 272, URL: "http://fieldreports-1.eu-west-1.elb.amazonaws.com:80-",
			Rule: NoRule, Created: at("2026-11-20T03:14:20.9Z"), Desync: "Severe", DesyncReason: "BadMethod",
		},
	},
	{
		"refused by the firewall, quotes and backslashes escaped, an error in the rules",
		`h2 2026-11-20T03:14:22.000000Z app/fieldreports/1f2e3d4c5b6a7988 203.0.113.66:1026 - -1 -1 -1 403 - 90 200 "GET https://api.example.com:443/api/x?q=\x22a\x5Cb\x22 or 1=1 HTTP/2.0" "bad \x22agent\x22 \x1B[31m" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 - "Root=1-673d5a1f-06" "api.example.com" "session-reused" -1 2026-11-20T03:14:21.900000Z "waf" "-" "-" "-" "-" "-" "-" TID_7 "-" "-" "-" something "of the future" 1`,
		Entry{
			Type: "h2", Time: at("2026-11-20T03:14:22Z"), LoadBalancer: "app/fieldreports/1f2e3d4c5b6a7988",
			Client:            netip.MustParseAddrPort("203.0.113.66:1026"),
			RequestProcessing: NotReached, TargetProcessing: NotReached, ResponseProcessing: NotReached,
			Status: 403, Received: 90, Sent: 200,
			Method: "GET", URL: `https://api.example.com:443/api/x?q="a\b" or 1=1`, Proto: "HTTP/2.0", UserAgent: "bad \"agent\" \x1b[31m",
			Cipher: "ECDHE-RSA-AES128-GCM-SHA256", TLS: "TLSv1.2", TraceID: "Root=1-673d5a1f-06", Domain: "api.example.com", Certificate: "session-reused",
			Rule: RuleError, Created: at("2026-11-20T03:14:21.9Z"), Actions: "waf", Connection: "TID_7",
		},
	},
	{
		"as in 2016, before the rule was logged",
		`http 2016-08-10T22:08:42.945958Z app/old/99 198.51.100.12:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/old/33 "Root=1-58337262-07"`,
		Entry{
			Type: "http", Time: at("2016-08-10T22:08:42.945958Z"), LoadBalancer: "app/old/99",
			Client: netip.MustParseAddrPort("198.51.100.12:2817"), Target: netip.MustParseAddrPort("10.0.0.1:80"), TargetProcessing: time.Millisecond,
			Status: 200, TargetStatus: 200, Received: 34, Sent: 366,
			Method: "GET", URL: "http://www.example.com:80/", Proto: "HTTP/1.1", UserAgent: "curl/7.46.0",
			TargetGroup: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/old/33", TraceID: "Root=1-58337262-07", Rule: RuleNotLogged,
		},
	},
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

var comparable = cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })

func TestParseSamples(t *testing.T) {
	for _, sample := range samples {
		t.Run(sample.name, func(t *testing.T) {
			got, err := Parse(sample.line)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sample.want, got, comparable); diff != "" {
				t.Errorf("got other fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	for _, sample := range samples {
		got, err := Parse(sample.want.String())
		if err != nil {
			t.Errorf("%s: %v in %s", sample.name, err, sample.want)
		} else if diff := cmp.Diff(sample.want, got, comparable); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sample.name, diff)
		}
	}
}

func TestParse_LinesThatAreNotEntries(t *testing.T) {
	good := samples[0].line
	tests := []struct{ name, line, want string }{
		{"an empty line", "", "the line is empty"},
		{"what ALB writes to try the bucket", "Enable AccessLog for ELB: fieldreports at 2026-11-20T03:00:00.000Z", "field 2 (time)"},
		{"a line cut off", good[:strings.Index(good, ` "GET`)], "the line ends after field 12 (sent_bytes), want at least 14 fields"},
		{"a line cut off in a quote", good[:strings.Index(good, ":80/")], "field 13 (request): the quote is not closed"},
		{"a time", strings.Replace(good, "2026-11-20T03:14:15.926535Z", "yesterday", 1), `field 2 (time): "yesterday": want a time`},
		{"seconds", strings.Replace(good, "0.012", "1e99", 1), `field 7 (target_processing_time): "1e99": want seconds, or -1`},
		{"a status", strings.Replace(good, " 200 200 ", " 2OO 200 ", 1), `field 9 (elb_status_code): "2OO": want a whole number`},
		{"a rule", strings.Replace(good, `"-" "-" 0 `, `"-" "-" 50001 `, 1), `field 21 (matched_rule_priority): "50001": want a priority`},
		{"a classic load balancer's", `2026-11-20T03:14:15.926535Z my-lb 198.51.100.23:51034 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -`, "field 2 (time)"},
		{"JSON", `{"type":"http"}`, "the line ends after field 1 (type), want at least 14 fields"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			entry, err := Parse(test.line)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if diff := cmp.Diff(Entry{}, entry, comparable); diff != "" {
				t.Errorf("got an entry beside the error: %s", diff)
			}
		})
	}
}

func TestQuotes(t *testing.T) {
	tests := []struct{ field, want string }{
		{`"a"`, "a"},
		{`"\x22a\x22"`, `"a"`}, // as load balancers write it
		{`"\x5Cx22"`, `\x22`},
		{`"\x2"`, `\x2`},
		{`"\xZZ"`, `\xZZ`},
		{`"say"hi"x"`, `say"hi"x`}, // as no load balancer should
		{`"\"a\" \\b"`, `"a" \b`},
		{`""`, ""},
		{`"-"`, ""},
		{`-`, ""},
	}
	for _, test := range tests {
		entry, err := Parse(strings.Replace(samples[0].line, `"curl/8.11.0"`, test.field, 1))
		if err != nil || entry.UserAgent != test.want {
			t.Errorf("%s: got %q, %v; want %q", test.field, entry.UserAgent, err, test.want)
		}
	}
}

func TestRejected(t *testing.T) {
	want := map[string]bool{
		"a request line that could not be read":                                          true,
		"refused by the firewall, quotes and backslashes escaped, an error in the rules": true,
	}
	for _, sample := range samples {
		if got := sample.want.Rejected(); got != want[sample.name] {
			t.Errorf("%s: got %v", sample.name, got)
		}
	}
	gone := Entry{Method: "GET", URL: "http://a:80/", Status: 460, Rule: NoRule}
	if gone.Rejected() {
		t.Error("a client that went away was taken for a rejected request")
	}
}
