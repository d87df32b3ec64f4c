package alb

var goldenPaths = []golden{
	// Exact paths: the whole path, case-sensitive; a trailing slash makes another
	// path.
	{"LBC-conf HTTPRouteExactPathMatching", PathPatterns{"/one"}, get("/one"), yes},
	{"LBC-conf HTTPRouteExactPathMatching", PathPatterns{"/two"}, get("/two"), yes},
	{"LBC-conf HTTPRouteExactPathMatching", PathPatterns{"/one", "/two"}, get("/"), no},
	{"LBC-conf HTTPRouteExactPathMatching", PathPatterns{"/one"}, get("/one/example"), no},
	{"LBC-conf HTTPRouteExactPathMatching", PathPatterns{"/two"}, get("/two/"), no},
	{"LBC-conf HTTPRouteExactPathMatching", PathPatterns{"/two"}, get("/Two"), no},
	{"LBC-e2e", PathPatterns{"/path"}, get("/path"), yes},
	{"LBC-e2e rule-path2", PathPatterns{"/path2", "/anno/path2"}, get("/path2"), yes},
	{"LBC-e2e rule-path2", PathPatterns{"/path2", "/anno/path2"}, get("/anno/path2"), yes},
	{"LBC-e2e rule-path2", PathPatterns{"/path2", "/anno/path2"}, get("/anno/path3"), no},

	// A prefix: * is any characters or none, / included.
	{"LBC-conf HTTPRouteMatching", PathPatterns{"/v2", "/v2/*"}, get("/v2"), yes},
	{"LBC-conf HTTPRouteMatching", PathPatterns{"/v2", "/v2/*"}, get("/v2/example"), yes},
	{"LBC-conf HTTPRouteMatching", PathPatterns{"/v2/*"}, get("/v2/"), yes},
	{"LBC-conf HTTPRouteMatching", PathPatterns{"/v2/*"}, get("/v2/example"), yes},
	{"LBC-conf HTTPRouteMatching", PathPatterns{"/v2/*"}, get("/v2"), no},
	{"LBC-conf HTTPRouteMatching", PathPatterns{"/v2/*"}, get("/v2example"), no},
	{"LBC-conf HTTPRouteMatching", PathPatterns{"/v2", "/v2/*"}, get("/v2example"), no},
	{"LBC-conf HTTPRouteMatching", PathPatterns{"/v2/*"}, get("/foo/v2/example"), no},
	{"BC", PathPatterns{"/img/*"}, get("/img/a.png"), yes},
	{"BC", PathPatterns{"/img/*"}, get("/img/a/b/c.png"), yes},
	{"BC", PathPatterns{"/img/*"}, get("/img"), no},
	{"BC", PathPatterns{"/img/*/pics"}, get("/img/a/pics"), yes},
	{"BC", PathPatterns{"/img/*/pics"}, get("/img/a/b/pics"), yes},
	{"BC", PathPatterns{"/img/*/pics"}, get("/img/pics"), no},
	{"BC", PathPatterns{"/img*"}, get("/img"), yes},
	{"BC", PathPatterns{"/img*"}, get("/images"), no},
	{"BC", PathPatterns{"/*"}, get("/"), yes},
	{"BC", PathPatterns{"/*"}, get("/any/thing"), yes},
	{"BC", PathPatterns{"*"}, get("/any/thing"), yes},
	{"I", PathPatterns{"*.png"}, get("/img/a.png"), yes},
	{"I", PathPatterns{"*.png"}, get("/img/a.jpg"), no},
	{"BC", PathPatterns{"/a*b*c"}, get("/aXbYbZc"), yes},
	{"BC", PathPatterns{"/a*b*c"}, get("/aXbYbZ"), no},
	{"BC", PathPatterns{"/a**b"}, get("/ab"), yes},

	// ? is exactly one character.
	{"BC", PathPatterns{"/v?/users"}, get("/v1/users"), yes},
	{"BC", PathPatterns{"/v?/users"}, get("/v/users"), no},
	{"BC", PathPatterns{"/v?/users"}, get("/v10/users"), no},
	{"BC", PathPatterns{"/a?b"}, get("/a/b"), yes},
	{"BC", PathPatterns{"/a?"}, get("/a"), no},
	{"BC", PathPatterns{"/??*"}, get("/ab"), yes},
	{"BC", PathPatterns{"/??*"}, get("/a"), no},
	{"I", PathPatterns{`/a\*`}, get("/a*"), no}, // there is no escape in a path
	{"I", PathPatterns{"/a*"}, get("/a*"), yes},

	// The query is not part of the path.
	{"BC", PathPatterns{"/one"}, get("/one?x=1"), yes},
	{"BC", PathPatterns{"/one*"}, get("/one?x=1"), yes},
	{"BC", PathPatterns{"/one?x=1"}, get("/one?x=1"), no},
	{"BC", PathPatterns{"*x=1"}, get("/one?x=1"), no},
	{"BC", PathPatterns{"/one"}, get("/one?"), yes},
	{"BC", PathPatterns{"/one"}, get("/one?a?b/c"), yes},
	{"I", PathPatterns{"/one"}, get("/one#part"), yes},
	{"BC", PathPatterns{"/"}, get(""), yes},

	// Any of the values.
	{"BC", PathPatterns{"/a", "/b", "/c"}, get("/c"), yes},
	{"BC", PathPatterns{"/a", "/b", "/c"}, get("/d"), no},

	// Characters that paths have and that are special in regexes.
	{"BC", PathPatterns{"/a.b"}, get("/a.b"), yes},
	{"BC", PathPatterns{"/a.b"}, get("/aXb"), no},
	{"BC", PathPatterns{"/a+b$c"}, get("/a+b$c"), yes},
	{"BC", PathPatterns{"/~me/@you:x&y"}, get("/~me/@you:x&y"), yes},
	{"I", PathPatterns{"/a..b"}, get("/a..b"), yes}, // no dot segment
	{"I", PathPatterns{"/.well-known/*"}, get("/.well-known/acme"), yes},

	// If the request-target is a URL, its path counts.
	{"I", PathPatterns{"/one"}, get("http://example.com/one?x=1"), yes},
	{"I", PathPatterns{"/"}, get("http://example.com"), yes},
	{"I", PathPatterns{"/"}, get("http://example.com?x=1"), yes},
}

// What ALB makes of these before matching is not documented. The model decodes
// once, resolves dot segments and keeps double slashes.
var goldenPathDoubts = []golden{
	{"aws-load-balancer-controller#4579", PathPatterns{"/a:b"}, get("/a%3Ab"), likely(PathEscapes | PathReadings)},
	{"unknown", PathPatterns{"/admin"}, get("/%61dmin"), likely(PathEscapes | PathReadings)},
	{"unknown", PathPatterns{"/admin"}, get("/x/..%2fadmin"), likely(PathEscapes | PathReadings)},
	{"unknown", PathPatterns{"/public/*"}, get("/public/..%2fadmin"), unlikely(PathEscapes | PathReadings)},
	{"unknown", PathPatterns{"/api/*"}, get("/api/caf%C3%A9"), likely(PathEscapes)},
	{"unknown", PathPatterns{"/other"}, get("/api/caf%C3%A9"), unlikely(PathEscapes)},
	{"unknown", PathPatterns{"/a/*/c"}, get("/a/b%2Fc"), likely(PathEscapes | PathReadings)},
	{"unknown", PathPatterns{"/%61"}, get("/%2561"), likely(PathEscapes | PathReadings)}, // decoded once only
	{"unknown", PathPatterns{"/a%zz"}, get("/a%zz"), likely(PathEscapes | MalformedEscape)},
	{"unknown", PathPatterns{"/a"}, get("/a%"), unlikely(PathEscapes | MalformedEscape)},
	{"unknown", PathPatterns{"/a"}, get("/./a"), likely(PathDots | PathReadings)},
	{"unknown", PathPatterns{"/a"}, get("/b/../a"), likely(PathDots | PathReadings)},
	{"unknown", PathPatterns{"/b/*"}, get("/b/../a"), unlikely(PathDots | PathReadings)},
	{"unknown", PathPatterns{"/a/"}, get("/a/."), likely(PathDots | PathReadings)},
	{"unknown", PathPatterns{"/a/"}, get("/a/b/.."), likely(PathDots | PathReadings)},
	{"aws-load-balancer-controller#820", PathPatterns{"//application"}, get("//application"), likely(PathSlashes | PathReadings)},
	{"aws-load-balancer-controller#820", PathPatterns{"/application/*"}, get("/application//api"), likely(PathSlashes)},
	{"aws-load-balancer-controller#820", PathPatterns{"/application/api"}, get("/application//api"), unlikely(PathSlashes | PathReadings)},
	{"unknown", PathPatterns{"/a"}, get("/\xe9"), unlikely(NonASCII)},
	{"BC", PathPatterns{"/*"}, get("/a%20//b/../c"), yes}, // in every reading
	{"BC", PathPatterns{"*"}, get("/a%20//b/../c"), yes},
	{"BC", PathPatterns{"/x", "/*"}, get("/a%20b"), yes},
	{"unknown", PathRegexes{"^/a b$"}, get("/a%20b"), likely(PathEscapes | PathReadings)},
	{"BC", Methods{"POST"}, get("/a%20b"), no}, // no condition looks at the path
	{"unknown", PathPatterns{"/*x"}, get("*"), unlikely(TargetForm)},
}

// Search or full match, case-sensitive or not: the outcome is certain where all
// agree.
var goldenPathRegexes = []golden{
	{"BC", PathRegexes{"^/api/templates/[^/]+$"}, get("/api/templates/7"), yes},
	{"BC", PathRegexes{"^/api/templates/[^/]+$"}, get("/api/templates/7/edit"), no},
	{"BC", PathRegexes{"^/api/templates/[^/]+$"}, get("/api/templates/"), no},
	{"BC", PathRegexes{"^/api/templates/[^/]+$"}, get("/api/templates/7?x=1"), yes},
	{"BC", PathRegexes{"^/a$", "^/b$"}, get("/b"), yes},
	{"BC", PathRegexes{"^/(a|b)$"}, get("/c"), no},
	{"BC", PathRegexes{`^/v[0-9]+\.[0-9]+/.*$`}, get("/v1.25/x"), yes},
	{"unknown", PathRegexes{"/api"}, get("/v1/api/x"), likely(RegexAnchors)},
	{"unknown", PathRegexes{"^/api"}, get("/api/x"), likely(RegexAnchors)},
	{"unknown", PathRegexes{"/api$"}, get("/v1/api"), likely(RegexAnchors)},
	{"BC", PathRegexes{"/api"}, get("/api"), yes},   // either way
	{"BC", PathRegexes{"/api"}, get("/other"), no},  // either way
	{"BC", PathRegexes{"/api.*"}, get("/api"), yes}, // either way
	{"unknown", PathRegexes{"^/a|/b$"}, get("/x/b"), likely(RegexAnchors)},
	{"unknown", PathRegexes{"^/API/x$"}, get("/api/x"), unlikely(RegexCase)},
	{"BC", PathRegexes{"^/[0-9]+$"}, get("/12"), yes},
	{"I", PathRegexes{"^/[a-z]{1000}[a-z]{1000}$"}, get("/b"), unlikely(RegexSize)},
	{"UGnow", PathRegexes{`^/(?!a)$`}, get("/b"), no}, // refused by the API: see TestRuleCheck
}
