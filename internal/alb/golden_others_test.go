package alb

import "github.com/noren-cdk/noren/internal/cfn"

var goldenMethods = []golden{
	{"LBC-conf HTTPRouteMethodMatching", Methods{"POST"}, Request{Method: "POST"}, yes},
	{"LBC-conf HTTPRouteMethodMatching", Methods{"GET"}, Request{Method: "GET"}, yes},
	{"LBC-conf HTTPRouteMethodMatching", Methods{"GET"}, Request{Method: "HEAD"}, no},
	{"LBC-conf HTTPRouteMethodMatching", Methods{"HEAD"}, Request{Method: "GET"}, no},
	{"LBC-conf HTTPRouteMethodMatching", Methods{"PATCH", "DELETE"}, Request{Method: "DELETE"}, yes},
	{"LBC-conf HTTPRouteMethodMatching", Methods{"PATCH", "DELETE"}, Request{Method: "PUT"}, no},
	{"LBC-e2e rule-path4", Methods{"GET", "HEAD"}, Request{Method: "HEAD"}, yes},
	{"LBC-e2e rule-path4", Methods{"GET", "HEAD"}, Request{Method: "POST"}, no},
	{"BC", Methods{"GET"}, Request{Method: "get"}, no},
	{"BC", Methods{"get"}, Request{Method: "GET"}, no},
	{"BC", Methods{"CUSTOM-METHOD"}, Request{Method: "CUSTOM-METHOD"}, yes},
	{"BC", Methods{"P*"}, Request{Method: "PUT"}, no}, // no wildcards
	{"BC", Methods{"OPTIONS"}, Request{Method: "OPTIONS"}, yes},
	{"I", Methods{"GET"}, Request{}, yes},
}

var goldenQueries = []golden{
	{"LBC-e2e rule-path5", QueryStrings{{"paramA", "valueA1"}, {"paramA", "valueA2"}}, get("/path5?paramA=valueA1"), yes},
	{"LBC-e2e rule-path5", QueryStrings{{"paramA", "valueA1"}, {"paramA", "valueA2"}}, get("/path5?paramA=valueA2"), yes},
	{"LBC-e2e rule-path5", QueryStrings{{"paramA", "valueA1"}, {"paramA", "valueA2"}}, get("/path5?paramA=valueA3"), no},
	{"LBC-e2e rule-path5", QueryStrings{{"paramA", "valueA1"}, {"paramA", "valueA2"}}, get("/path5"), no},

	// Keys and values are compared without case.
	{"BC", QueryStrings{{"version", "v1"}}, get("/?version=v1"), yes},
	{"BC", QueryStrings{{"version", "v1"}}, get("/?Version=V1"), yes},
	{"BC", QueryStrings{{"VERSION", "V1"}}, get("/?version=v1"), yes},
	{"BC", QueryStrings{{"version", "v1"}}, get("/?version=v2"), no},
	{"BC", QueryStrings{{"version", "v1"}}, get("/?versions=v1"), no},

	// One pair is enough, anywhere.
	{"BC", QueryStrings{{"b", "2"}}, get("/?a=1&b=2&c=3"), yes},
	{"BC", QueryStrings{{"b", "2"}}, get("/?b=1&b=2"), yes},
	{"BC", QueryStrings{{"a", "2"}}, get("/?a=1&b=2"), no},

	// An empty key matches any key.
	{"BC", QueryStrings{{"", "2"}}, get("/?a=1&b=2"), yes},
	{"BC", QueryStrings{{"", "*example*"}}, get("/?q=an-example-of"), yes},
	{"BC", QueryStrings{{"", "3"}}, get("/?a=1&b=2"), no},

	// Wildcards, and their escapes.
	{"BC", QueryStrings{{"a", "v*"}}, get("/?a=v1"), yes},
	{"BC", QueryStrings{{"a*", "1"}}, get("/?alpha=1"), yes},
	{"BC", QueryStrings{{"a", "v?"}}, get("/?a=v12"), no},
	{"BC", QueryStrings{{"a", `\*`}}, get("/?a=*"), yes},
	{"BC", QueryStrings{{"a", `\*`}}, get("/?a=x"), no},
	{"BC", QueryStrings{{"a", `x\?*`}}, get("/?a=x?y"), yes},
	{"BC", QueryStrings{{"a", `x\?*`}}, get("/?a=xzy"), no},
	{"BC", QueryStrings{{`\*`, "1"}}, get("/?*=1"), yes},
	{"I", QueryStrings{{"a", `b\c`}}, get(`/?a=b\c`), yes},
	{"BC", QueryStrings{{"a", "*"}}, get("/?a="), yes},
	{"BC", QueryStrings{{"a", "*"}}, get("/?b="), no},
	{"BC", QueryStrings{{"a", "*"}}, get("/"), no},
	{"I", QueryStrings{{"a", "b=c"}}, get("/?a=b=c"), yes},
	{"I", QueryStrings{{"a", "1"}}, get("/?a=1#b"), yes},
	{"I", QueryStrings{{"a", "1;b=2"}}, get("/?a=1;b=2"), yes},
	{"I", QueryStrings{{"a", "1"}}, get("/?&&a=1"), yes},

	// Decoding, and a key without =: not documented.
	{"unknown", QueryStrings{{"q", "a b"}}, get("/?q=a%20b"), unlikely(QueryEscapes)},
	{"unknown", QueryStrings{{"q", "a+b"}}, get("/?q=a+b"), likely(QueryEscapes)},
	{"unknown", QueryStrings{{"q", "a*"}}, get("/?q=a%20b"), likely(QueryEscapes)},
	{"unknown", QueryStrings{{"q", "x"}}, get("/?%71=x"), unlikely(QueryEscapes)},
	{"BC", QueryStrings{{"q", "*"}}, get("/?q=a%20b"), yes}, // in every reading
	{"BC", QueryStrings{{"r", "1"}}, get("/?q=a%20b"), no},  // the key is plain
	{"BC", QueryStrings{{"r", "1"}}, get("/?q=%&r=1"), yes}, // the pair is plain
	{"BC", QueryStrings{{"r", "1"}}, get("/%41?r=1"), yes},  // the path contains the %
	{"unknown", QueryStrings{{"flag", "*"}}, get("/?flag"), likely(QueryFlag)},
	{"unknown", QueryStrings{{"", "flag"}}, get("/?flag"), unlikely(QueryFlag)},
	{"BC", QueryStrings{{"flag", "1"}}, get("/?flag"), no},
	{"BC", QueryStrings{{"other", "*"}}, get("/?flag"), no},
}

var goldenSources = []golden{
	{"LBC-e2e rule-path6", cidrs("192.168.0.0/16", "172.16.0.0/16"), from("192.168.3.4"), yes},
	{"LBC-e2e rule-path6", cidrs("192.168.0.0/16", "172.16.0.0/16"), from("172.16.255.255"), yes},
	{"LBC-e2e rule-path6", cidrs("192.168.0.0/16", "172.16.0.0/16"), from("172.17.0.1"), no},
	{"BC", cidrs("203.0.113.9/32"), from("203.0.113.9"), yes},
	{"BC", cidrs("203.0.113.9/32"), from("203.0.113.10"), no},
	{"BC", cidrs("0.0.0.0/0"), from("8.8.8.8"), yes},
	{"BC", cidrs("0.0.0.0/0"), from("2001:db8::1"), no},
	{"BC", cidrs("2001:db8::/32"), from("2001:db8::1"), yes},
	{"BC", cidrs("2001:db8::/32"), from("2001:db9::1"), no},
	{"BC", cidrs("::/0"), from("8.8.8.8"), no},
	{"I", cidrs("10.0.0.0/8"), from("::ffff:10.1.2.3"), yes},
	{"I", cidrs("fe80::/10"), from("fe80::1%eth0"), yes},
	{"BC", cidrs("10.0.0.0/8"), forwarded("10.1.2.3", "8.8.8.8"), no}, // never X-Forwarded-For
	{"I", cidrs("10.0.0.0/8"), get("/"), unlikely(UnknownSource)},
}

const bypass = "{{resolve:secretsmanager:{{ref:BypassSecret}}:SecretString:::}}"

// Values known only after a deploy: what cannot match any value certainly does
// not match.
var goldenOpaque = []golden{
	{"I", Header{"X-Bypass", []string{bypass}}, get("/"), no}, // not sent
	{"I", Header{"X-Bypass", []string{bypass}}, with("X-Bypass", "guess"), unlikely(SecretValue)},
	{"I", Header{"Cookie", []string{"*bypass=" + bypass + "*"}}, with("Cookie", "theme=dark"), no},
	{"I", Header{"Cookie", []string{"*bypass=" + bypass + "*"}}, with("Cookie", "a=b; bypass=x"), unlikely(SecretValue)},
	{"I", Header{"X-Bypass", []string{"{{resolve:ssm-secure:/bypass:1}}"}}, with("X-Bypass", "guess"), unlikely(SecretValue)},
	{"I", Header{"X-Bypass", []string{cfn.OpaqueSecret("Token")}}, with("X-Bypass", "guess"), unlikely(SecretValue)},
	{"I", Header{"X-Bypass", []string{"open", bypass}}, with("X-Bypass", "open"), yes},
	{"I", Header{"X-Bypass", []string{"${Token[TOKEN.12]}"}}, with("X-Bypass", "guess"), unlikely(UnresolvedValue)},
	{"I", HeaderRegexes{"X-Bypass", []string{"^" + bypass + "$"}}, with("X-Bypass", "guess"), unlikely(SecretValue)},
	{"I", Hosts{"api." + cfn.Opaque("Domain")}, to("api.example.com"), likely(UnresolvedValue)},
	{"I", Hosts{"api." + cfn.Opaque("Domain")}, to("www.example.com"), no},
	{"I", Hosts{"API.${Token[TOKEN.12]}"}, to("api.example.com"), likely(UnresolvedValue)},
	{"I", Hosts{cfn.Opaque("Domain"), "www.example.com"}, to("www.example.com"), yes},
	{"I", PathPatterns{"/" + cfn.Opaque("Prefix") + "/*"}, get("/x/y"), unlikely(UnresolvedValue)},
	{"I", PathPatterns{"/" + cfn.Opaque("Prefix") + "/*"}, get("/x"), no},
	{"I", QueryStrings{{"token", bypass}}, get("/?token=x"), unlikely(SecretValue)},
	{"I", QueryStrings{{"token", bypass}}, get("/?other=x"), no},
	{"I", Methods{cfn.Opaque("Method")}, get("/"), unlikely(UnresolvedValue)},
	{"I", Unknown{"source-ip", []string{cfn.Opaque("Office")}, nil}, from("10.1.2.3"), unlikely(UnresolvedValue)},
	{"I", Unknown{"source-ip", []string{cfn.Opaque("Office")}, cidrs("10.0.0.0/8")}, from("10.1.2.3"), yes},
}
