package witness

import (
	"net/netip"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// methods are those that conditions name, and others.
func (p *part) methods() []func(*draft) {
	methods := []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PURGE"}
	for _, c := range p.conditions {
		if named, ok := c.(alb.Methods); ok {
			methods = append(methods, named...)
		}
	}
	var sets []func(*draft)
	for _, method := range methods {
		sets = append(sets, func(d *draft) { d.method = method })
	}
	return sets
}

// What the parts of a request may hold: first what is usual, then what is
// possible.
const (
	segment  = `(?:[^/.][^/]*|\.[^/.][^/]*|\.\.[^/]+)` // neither empty nor "." nor ".."
	usualDNS = `\A[a-z0-9-]+(?:\.[a-z0-9-]+)*\z`
	noSpaces = `\A[!-~]+\z`
	anyLine  = `\A[!-~](?:[ -~]*[!-~])?\z`
	queryKey = `\A[!$'-*,-;<>-~]+\z` // without " # % & + =
)

var (
	usualPath = language{`\A/(?:` + segment + `(?:/` + segment + `)*/?)?\z`, "x1abcdefghijklmnopqrstuvwyz023456789-_.~/ABCDEFGHIJKLMNOPQRSTUVWXYZ$@:+&'\"*!(),;=[]{}<>|^`\\"}
	anyPath   = language{`\A(?:/(?:` + segment + `)?)+\z`, visible}
	usualHost = language{usualDNS, "xabcdefghijklmnopqrstuvwyz0123456789-."}
	anyHost   = language{`\A[!-.0-@\[-~]+\z`, visible}
	word      = language{`\A[a-z0-9]+\z`, "xabcdefghijklmnopqrstuvwyz0123456789"}
	line      = language{anyLine, visible}
	token     = language{noSpaces, visible}
	plainPair = language{queryKey, visible}
)

func (p *part) paths() ([]func(*draft), bool) {
	var seeds, regexes []string
	for _, c := range p.conditions {
		switch c := c.(type) {
		case alb.PathPatterns:
			regexes = append(regexes, globs(c, "", false)...)
			seeds = append(seeds, plainest(c)...)
		case alb.PathRegexes:
			regexes = append(regexes, c...)
		}
	}
	texts, cut := enumerate(regexes, usualPath, anyPath)
	var sets []func(*draft)
	for _, path := range append(append([]string{"/"}, seeds...), texts...) {
		if strings.HasPrefix(path, "/") {
			sets = append(sets, func(d *draft) { d.path = path })
		}
	}
	return sets, cut
}

func (p *part) hosts() ([]func(*draft), bool) {
	var seeds, regexes []string
	for _, c := range p.conditions {
		switch c := c.(type) {
		case alb.Hosts:
			regexes = append(regexes, globs(c, "(?i)", false)...)
			seeds = append(seeds, plainest(c)...)
		case alb.HostRegexes:
			regexes = append(regexes, folded(c)...)
		}
	}
	texts, cut := enumerate(regexes, usualHost, anyHost)
	var sets []func(*draft)
	for _, host := range append(append([]string{"example.com"}, seeds...), texts...) {
		sets = append(sets, func(d *draft) { d.host = host })
	}
	return sets, cut
}

func (p *part) headerLines() ([]func(*draft), bool) {
	name := ""
	var seeds, regexes []string
	for _, c := range p.conditions {
		switch c := c.(type) {
		case alb.Header:
			name = c.Name
			regexes = append(regexes, globs(c.Values, "(?i)", false)...)
			seeds = append(seeds, plainest(c.Values)...)
		case alb.HeaderRegexes:
			name = c.Name
			regexes = append(regexes, folded(c.Values)...)
		}
	}
	texts, cut := enumerate(regexes, word, token, line)
	sets := []func(*draft){func(*draft) {}}
	for _, text := range append(append(seeds, texts...), "") {
		sets = append(sets, func(d *draft) { d.withHeader(name, []string{text}) })
	}
	return sets, cut
}

func (p *part) queries() ([]func(*draft), bool) {
	var keys, values, keySeeds, valueSeeds []string
	for _, c := range p.conditions {
		pairs, _ := c.(alb.QueryStrings)
		for _, pair := range pairs {
			if pair.Key != "" {
				keys = append(keys, globs([]string{pair.Key}, "(?i)", true)...)
				keySeeds = append(keySeeds, plainest([]string{pair.Key})...)
			}
			values = append(values, globs([]string{pair.Value}, "(?i)", true)...)
			valueSeeds = append(valueSeeds, plainest([]string{pair.Value})...)
		}
	}
	keyTexts, cutKeys := enumerate(keys, word, plainPair)
	valueTexts, cutValues := enumerate(values, word, plainPair)
	sets := []func(*draft){func(*draft) {}}
	for _, key := range append(keySeeds, keyTexts...) {
		for _, text := range append(append(valueSeeds, valueTexts...), "") {
			if !strings.ContainsAny(key+text, "&=#%+ ") {
				sets = append(sets, func(d *draft) { d.query = []string{key + "=" + text} })
			}
		}
	}
	return sets, cutKeys || cutValues
}

// sources are the addresses at which a prefix starts, and those after one ends:
// between two of these all conditions come out alike. Those that documentation
// may use come first.
func (p *part) sources() []func(*draft) {
	addrs := []netip.Addr{newDraft().source}
	for _, text := range []string{"198.51.100.9", "192.0.2.9", "2001:db8::9", "0.0.0.0", "::"} {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	for _, c := range p.conditions {
		if unknown, ok := c.(alb.Unknown); ok {
			c = unknown.Known
		}
		prefixes, _ := c.(alb.SourceIPs)
		for _, prefix := range prefixes {
			addrs = append(addrs, prefix.Masked().Addr())
			if after := lastOf(prefix).Next(); after.IsValid() {
				addrs = append(addrs, after)
			}
		}
	}
	var sets []func(*draft)
	for _, addr := range addrs {
		sets = append(sets, func(d *draft) { d.source = addr })
	}
	return sets
}

// lastOf is the last address of a prefix.
func lastOf(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	addr, _ := netip.AddrFromSlice(bytes)
	return addr
}
