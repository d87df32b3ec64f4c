package alb

var goldenHosts = []golden{
	// LBC-conf HTTPRouteHostnameIntersection, on real load balancers.
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"very.specific.com"}, to("very.specific.com"), yes},
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"very.specific.com"}, to("non.matching.com"), no},
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"*.wildcard.io"}, to("foo.wildcard.io"), yes},
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"*.wildcard.io"}, to("bar.wildcard.io"), yes},
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"*.wildcard.io"}, to("foo.bar.wildcard.io"), yes},
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"*.wildcard.io"}, to("wildcard.io"), no},
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"*.wildcard.io"}, to("foo.nonmatchingwildcard.io"), no},
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"*.anotherwildcard.io"}, to("foo.wildcard.io"), no},
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"first.com", "sub.first.com"}, to("sub.first.com"), yes},
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"first.com", "sub.first.com"}, to("third.com"), no},

	// The port is not stripped: the one case that the controller skips.
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"very.specific.com"}, to("very.specific.com:1234"), no},
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"example.com"}, to("example.com:443"), no},
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"example.com"}, to("example.com:80"), no},
	{"LBC-conf HTTPRouteHostnameIntersection", Hosts{"*.example.com"}, to("api.example.com:8443"), no},
	{"I", Hosts{"example.com*"}, to("example.com:8443"), yes}, // refused by the API: see TestRuleCheck

	// Case does not matter; * matches dots; ? is one character.
	{"BC", Hosts{"example.com"}, to("Example.COM"), yes},
	{"BC", Hosts{"EXAMPLE.com"}, to("example.com"), yes},
	{"BC", Hosts{"*.Example.com"}, to("API.example.COM"), yes},
	{"BC", Hosts{"api?.example.com"}, to("api1.example.com"), yes},
	{"BC", Hosts{"api?.example.com"}, to("api.example.com"), no},
	{"BC", Hosts{"api-*.example.com"}, to("api-eu.west.example.com"), yes},
	{"BC", Hosts{"*.*.example.com"}, to("a.b.example.com"), yes},
	{"BC", Hosts{"*.*.example.com"}, to("a.example.com"), no},
	{"BC", Hosts{"example.com"}, to("example.com.evil.net"), no},
	{"BC", Hosts{"example.com"}, to("notexample.com"), no},
	{"I", Hosts{"example.com"}, to("example.com."), no},
	{"LBC-e2e rule-path1", Hosts{"www.example.com", "anno.example.com"}, to("anno.example.com"), yes},
	{"LBC-e2e rule-path1", Hosts{"www.example.com", "anno.example.com"}, to("www.example.com"), yes},

	// No Host, or a URL as request-target: not documented.
	{"unknown", Hosts{"example.com"}, to(""), unlikely(NoHost)},
	{"unknown", Hosts{"example.com"}, Request{Target: "http://example.com/", Host: "other.com"}, likely(AbsoluteTarget)},
	{"unknown", Hosts{"other.com"}, Request{Target: "http://example.com/", Host: "other.com"}, unlikely(AbsoluteTarget)},
	{"I", Hosts{"example.com"}, Request{Target: "http://example.com/", Host: "example.com"}, yes},
	{"I", Hosts{"third.com"}, Request{Target: "http://example.com/", Host: "other.com"}, no},
	{"unknown", Hosts{"*.example.com"}, to("\xe9.example.com"), likely(NonASCII)},
}

var goldenHostRegexes = []golden{
	{"terraform-provider-aws#49147", HostRegexes{`^example\.com:8443$`}, to("example.com:8443"), yes},
	{"terraform-provider-aws#49147", HostRegexes{`^example\.com:8443$`}, to("example.com"), no},
	{"BC", HostRegexes{`^example\.com(:[0-9]+)?$`}, to("example.com"), yes},
	{"BC", HostRegexes{`^example\.com(:[0-9]+)?$`}, to("example.com:443"), yes},
	{"BC", HostRegexes{`^example\.com(:[0-9]+)?$`}, to("exampleXcom"), no},
	{"unknown", HostRegexes{`^example\.com$`}, to("Example.com"), likely(RegexCase)},
	{"unknown", HostRegexes{`example\.com`}, to("www.example.com"), likely(RegexAnchors)},
	{"unknown", HostRegexes{`^example\.com$`}, to(""), unlikely(NoHost)},
}
