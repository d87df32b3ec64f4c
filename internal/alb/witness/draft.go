package witness

import (
	"maps"
	"net/netip"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// draft is a request in the making.
type draft struct {
	method string
	path   string // as rules see it, not escaped
	query  []string
	host   string
	header map[string][]string
	source netip.Addr
}

// newDraft is the request that no condition asks anything of. Its source is one
// of those that documentation may use.
func newDraft() draft {
	return draft{method: "GET", path: "/", host: "example.com", source: netip.AddrFrom4([4]byte{203, 0, 113, 9})}
}

func (d draft) request() alb.Request {
	r := alb.Request{Method: d.method, Target: escape(d.path), Host: d.host, Source: d.source, Header: maps.Clone(d.header)}
	if len(d.query) > 0 {
		r.Target += "?" + strings.Join(d.query, "&")
	}
	return r
}

// withHeader sets the lines of a header; a draft shares its header with others.
func (d *draft) withHeader(name string, lines []string) {
	d.header = maps.Clone(d.header)
	if d.header == nil {
		d.header = map[string][]string{}
	}
	if len(lines) > 0 {
		d.header[name] = lines
	}
}

// escape writes a path so that rules see it as it is.
func escape(path string) string {
	if !strings.ContainsAny(path, "%?# ") {
		return path
	}
	return strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23", " ", "%20").Replace(path)
}
