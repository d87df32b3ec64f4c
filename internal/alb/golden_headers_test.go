package alb

var goldenHeaders = []golden{
	// LBC-conf HTTPRouteHeaderMatching, on real load balancers.
	{"LBC-conf HTTPRouteHeaderMatching", Header{"version", []string{"one"}}, with("Version", "one"), yes},
	{"LBC-conf HTTPRouteHeaderMatching", Header{"version", []string{"two"}}, with("Version", "one"), no},
	{"LBC-conf HTTPRouteHeaderMatching", Header{"color", []string{"orange"}}, with("Version", "two", "Color", "orange"), yes},
	{"LBC-conf HTTPRouteHeaderMatching", Header{"version", []string{"one"}}, with("Some-Other-Header", "one"), no},
	{"LBC-conf HTTPRouteHeaderMatching", Header{"color", []string{"blue", "green"}}, with("Color", "green"), yes},
	{"LBC-conf HTTPRouteHeaderMatching", Header{"color", []string{"blue", "green"}}, with("Color", "purple"), no},
	{"LBC-conf HTTPRouteMatching", Header{"version", []string{"two"}}, with("Version", "two"), yes},
	{"LBC-e2e rule-path3", Header{"HeaderName", []string{"HeaderValue1", "HeaderValue2"}}, with("HeaderName", "HeaderValue1"), yes},
	{"LBC-e2e rule-path3", Header{"HeaderName", []string{"HeaderValue1", "HeaderValue2"}}, with("HeaderName", "HeaderValue2"), yes},
	{"LBC-e2e rule-path3", Header{"HeaderName", []string{"HeaderValue1", "HeaderValue2"}}, with("HeaderName", "HeaderValue3"), no},

	// Names and values are compared without case.
	{"BC", Header{"X-Client", []string{"ios"}}, with("x-client", "ios"), yes},
	{"BC", Header{"x-client", []string{"ios"}}, with("X-CLIENT", "iOS"), yes},
	{"BC", Header{"X-Client", []string{"IOS"}}, with("X-Client", "ios"), yes},

	// The whole value must match; wildcards work.
	{"BC", Header{"X-Client", []string{"ios"}}, with("X-Client", "ios/2.1"), no},
	{"BC", Header{"X-Client", []string{"ios*"}}, with("X-Client", "ios/2.1"), yes},
	{"BC", Header{"X-Client", []string{"ios/?.?"}}, with("X-Client", "ios/2.1"), yes},
	{"BC", Header{"X-Client", []string{"*"}}, with("X-Client", ""), yes},
	{"BC", Header{"X-Client", []string{"*"}}, with("Y-Client", "ios"), no},
	{"BC", Header{"User-Agent", []string{"*chrome*"}}, with("User-Agent", "Mozilla/5.0 Chrome/126.0"), yes},
	{"BC", Header{"X-Client", []string{"?"}}, with("X-Client", ""), no},
	{"I", Header{"X-Client", []string{`a\*`}}, with("X-Client", "a*"), no}, // only a query has escapes
	{"I", Header{"Cookie", []string{"*bypass=1*"}}, with("Cookie", "a=b; bypass=1; c=d"), yes},

	// Repeated lines are tried in order; a value is not split at commas.
	{"BC", Header{"X-Client", []string{"ios"}}, with("X-Client", "web", "X-Client", "ios"), yes},
	{"BC", Header{"X-Client", []string{"ios"}}, with("X-Client", "ios", "X-Client", "web"), yes},
	{"BC", Header{"X-Client", []string{"ios"}}, with("X-Client", "web", "X-Client", "desktop"), no},
	{"I", Header{"X-Client", []string{"ios"}}, with("X-Client", "web, ios"), no},
	{"I", Header{"X-Client", []string{"web, ios"}}, with("X-Client", "web, ios"), yes},
	{"I", Header{"X-Client", []string{"web, ios"}}, with("X-Client", "web", "X-Client", "ios"), no},

	// It matters whether ALB adds the client before or after the rules look.
	{"BC", Header{"X-Forwarded-For", []string{"10.*"}}, forwarded("10.0.0.1", "192.0.2.1"), yes},
	{"unknown", Header{"X-Forwarded-For", []string{"10.0.0.1"}}, forwarded("10.0.0.1", "192.0.2.1"), likely(ForwardedFor)},
	{"unknown", Header{"X-Forwarded-For", []string{"*192.0.2.1"}}, forwarded("10.0.0.1", "192.0.2.1"), unlikely(ForwardedFor)},
	{"unknown", Header{"X-Forwarded-For", []string{"192.0.2.*"}}, from("192.0.2.1"), unlikely(ForwardedFor)},
	{"BC", Header{"X-Forwarded-For", []string{"10.*"}}, forwarded("172.16.0.1", "192.0.2.1"), no},

	// Bytes that rules do not look at.
	{"UGnow", Header{"X-Name", []string{"caf*"}}, with("X-Name", "caf\xc3\xa9"), likely(NonASCII)},
	{"UGnow", Header{"X-Name", []string{"*"}}, with("X-Name", "caf\xc3\xa9"), yes},

	// A request from an access log.
	{"I", Header{"X-Client", []string{"ios"}}, logged("User-Agent", "curl"), unlikely(UnknownHeader)},
	{"I", Header{"User-Agent", []string{"curl*"}}, logged("User-Agent", "curl/8"), yes},
	{"I", Header{"User-Agent", []string{"okhttp*"}}, logged("User-Agent", "curl/8"), no},
	{"I", Header{"User-Agent", []string{"curl*"}}, logged("user-agent"), no}, // known to be absent
}

func forwarded(value, source string) Request {
	r := with("X-Forwarded-For", value)
	r.Source = from(source).Source
	return r
}

func logged(name string, values ...string) Request {
	r := get("/")
	r.Header = map[string][]string{name: values}
	r.HeadersUnknown = true
	return r
}

var goldenHeaderRegexes = []golden{
	{"BC", HeaderRegexes{"X-Client", []string{"^ios/[0-9]+$"}}, with("X-Client", "ios/12"), yes},
	{"BC", HeaderRegexes{"x-client", []string{"^ios/[0-9]+$"}}, with("X-Client", "ios/x"), no},
	{"BC", HeaderRegexes{"X-Client", []string{"^a$", "^b$"}}, with("X-Client", "c", "X-Client", "b"), yes},
	{"BC", HeaderRegexes{"X-Client", []string{".*"}}, with("Y-Client", "ios"), no},
	{"unknown", HeaderRegexes{"X-Client", []string{"^ios$"}}, with("X-Client", "iOS"), likely(RegexCase)},
	{"unknown", HeaderRegexes{"X-Client", []string{"ios"}}, with("X-Client", "my ios app"), likely(RegexAnchors)},
}
