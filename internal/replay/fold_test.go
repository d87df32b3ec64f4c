package replay

import "testing"

func TestIdsAreFolded(t *testing.T) {
	tests := []struct{ target, want string }{
		{"/", "/"},
		{"/api/reports", "/api/reports"},
		{"/api/reports/", "/api/reports/"},
		{"/api/reports/17", "/api/reports/{id}"},
		{"/api/reports/17/photos/3?size=2", "/api/reports/{id}/photos/{id}"},
		{"/api/reports/018f2b6e-7a3c-7cc1-9d2e-4f5a6b7c8d9e", "/api/reports/{id}"},
		{"/api/reports/018F2B6E-7A3C-7CC1-9D2E-4F5A6B7C8D9E/", "/api/reports/{id}/"},
		{"/api/reports/01JD2V9Z3W8Q4K6M5N7P0R1S2T", "/api/reports/{id}"},
		{"/api/reports/01jd2v9z3w8q4k6m5n7p0r1s2t", "/api/reports/{id}"},
		{"/blobs/d41d8cd98f00b204e9800998ecf8427e", "/blobs/{id}"},
		{"/blobs/da39a3ee5e6b4b0d3255bfef95601890afd80709.jpg", "/blobs/{id}"},
		{"/docs/507f1f77bcf86cd799439011", "/docs/{id}"},
		{"/r/rep_01JD2V9Z3W8Q4K6M5N7P0R1S2T", "/r/{id}"},
		{"/k/2f1jKpTdVf0A0mNSvYQd9Xk3bCz", "/k/{id}"},
		{"/days/2026-11-20/reports", "/days/{id}/reports"},
		{"/photos/20261120.jpg", "/photos/{id}"},

		// Names are not ids.
		{"/v1/iso-9001", "/v1/iso-9001"},
		{"/oauth2/token", "/oauth2/token"},
		{"/api/v1.2/facade", "/api/v1.2/facade"},
		{"/assets/index-BX3fk2.js", "/assets/index-BX3fk2.js"},
		{"/deadbeefdeadbeefdeadbeef", "/deadbeefdeadbeefdeadbeef"},
		{"/terms-and-conditions-of-2026-for-field-reports", "/terms-and-conditions-of-2026-for-field-reports"},
		{"//a//1", "//a//{id}"},

		// Characters that a terminal or a pattern would misinterpret.
		{"/a\x1b[31m/b", `/a\x1B[31m/b`},
		{"/{id}/x y", `/\x7Bid\x7D/x\x20y`},
		{"/caf\xc3\xa9", `/caf\xC3\xA9`},
		{"*", "*"},
		{"", ""},
	}
	for _, test := range tests {
		if got := string(foldPath(nil, test.target)); got != test.want {
			t.Errorf("%q: got %q, want %q", test.target, got, test.want)
		}
	}
}

func TestUserAgentFamilies(t *testing.T) {
	tests := []struct {
		agent, family string
		kind          Kind
	}{
		{phone, "FieldReports", App},
		{tablet, "FieldReports", App},
		{"FieldReports", "FieldReports", App},
		{"okhttp/4.12.0", "okhttp", App},
		{"Dart/3.5 (dart:io)", "Dart", App},
		{firefox, "Firefox", Browser},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Edge", Browser},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "Chrome", Browser},
		{"Mozilla/5.0 (Linux; Android 16; CUBOT P80) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome", Browser},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1", "Safari", Browser},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1", "Chrome", Browser},
		{crawler, "ExampleBot", Bot},
		{"Examplebot-Image/1.0", "Examplebot-Image", Bot},
		{"ELB-HealthChecker/2.0", "ELB-HealthChecker", Bot},
		{"curl/8.11.0", "curl", Tool},
		{"python-requests/2.32", "python-requests", Tool},
		{"Amazon CloudFront", "Amazon CloudFront", Unknown},
		{"", "none", Unknown},
		{"\x1b[2J", `\x1B[2J`, App},
	}
	for _, test := range tests {
		if name, kind := family(test.agent); name != test.family || kind != test.kind {
			t.Errorf("%q: got %s, %s; want %s, %s", test.agent, name, kind, test.family, test.kind)
		}
	}
}
