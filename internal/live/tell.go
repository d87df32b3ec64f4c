package live

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// DefaultConfirm is how often in a row every address is asked.
const DefaultConfirm = 3

// got is the answer to a request.
type got struct {
	ask
	address netip.Addr
	status  int
	marker  string
	err     error
}

// refused reports whether the answer is that of maintenance: 503 with the marker.
func (g got) refused() bool {
	return g.status == http.StatusServiceUnavailable && g.marker == maintenance.MarkerValue
}

// String says what the request got.
func (g got) String() string {
	text := fmt.Sprintf("%d, no %s", g.status, maintenance.Marker)
	switch {
	case g.refused():
		text = fmt.Sprintf("%d, %s: %s", g.status, maintenance.Marker, g.marker)
	case g.marker != "":
		text = fmt.Sprintf("%d, %s: %s, which is not how maintenance answers", g.status, maintenance.Marker, g.marker)
	}
	text += ": " + g.ask.String()
	if g.address.IsValid() {
		text += " at " + g.address.String()
	}
	return text
}

// tell sends the requests to every address and determines the mode from the
// answers.
func (q Query) tell(ctx context.Context, to reached, asks []ask) Finding {
	times := cmp.Or(q.Confirm, DefaultConfirm)
	addresses := to.addresses
	how := fmt.Sprintf("%d of %d addresses", len(addresses), len(addresses))
	if len(addresses) == 1 {
		how = "1 of 1 address"
	}
	if len(addresses) == 0 {
		addresses, how = []netip.Addr{{}}, to.how // wherever the name leads
	}
	all := make([][]got, len(addresses))
	var wg sync.WaitGroup
	for i, address := range addresses {
		wg.Go(func() {
			for range times {
				for _, a := range asks {
					all[i] = append(all[i], q.send(ctx, address, a))
				}
			}
		})
	}
	wg.Wait()
	return q.judge(slices.Concat(all...), how)
}

// send sends a request to an address, on a connection of its own.
func (q Query) send(ctx context.Context, address netip.Addr, a ask) got {
	g := got{ask: a, address: address}
	client := q.HTTP
	if client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.DisableKeepAlives = true
		if address.IsValid() {
			transport.Proxy = nil // the address is the point
			dialer := net.Dialer{Timeout: dialTime}
			transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, net.JoinHostPort(address.String(), port(a.target)))
			}
		}
		client = &http.Client{Timeout: 15 * time.Second, Transport: transport}
	}
	once := *client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	request, err := http.NewRequestWithContext(ctx, a.method, a.target.String(), nil)
	if err != nil {
		g.err = err
		return g
	}
	for name, values := range a.header {
		request.Header[name] = values
	}
	request.Header.Set("Accept", "application/json")
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", "noren-status")
	}
	answer, err := once.Do(request)
	if err != nil {
		g.err = err
		return g
	}
	answer.Body.Close()
	g.status, g.marker = answer.StatusCode, answer.Header.Get(maintenance.Marker)
	return g
}

// judge determines the mode from the answers: that of all of them, or none.
func (q Query) judge(all []got, how string) Finding {
	refused, letIn := map[string]*got{}, map[string]*got{} // by method, for requests that are not allowed
	for i := range all {
		g := &all[i]
		switch {
		case g.err != nil:
			at := ""
			if g.address.IsValid() {
				at = " at " + g.address.String()
			}
			return Finding{Detail: how, Problem: fmt.Sprintf("%s%s: %s", g.ask, at, q.explain(g.err))}
		case g.allowed && g.refused():
			return Finding{Detail: how, Mixed: "what is let through in every mode is refused: " + g.String()}
		case g.allowed:
		case g.refused():
			refused[g.method] = g
		default:
			letIn[g.method] = g
		}
	}
	for method, in := range letIn {
		if out := refused[method]; out != nil {
			return Finding{Detail: how, Mixed: fmt.Sprintf("one request is refused and the next one is not: %s; %s", out, in)}
		}
	}
	for _, in := range letIn {
		if in.status >= http.StatusInternalServerError && in.marker == "" {
			return Finding{Detail: how, Problem: fmt.Sprintf("%d without %s: neither the application nor the answer of maintenance: %s", in.status, maintenance.Marker, in.ask)}
		}
	}
	reads, writes := refused[http.MethodGet] != nil, refused[http.MethodPost] != nil
	f := Finding{Mode: maintenance.Open}
	said := letIn[http.MethodGet]
	switch {
	case reads && letIn[http.MethodPost] != nil:
		return Finding{Detail: how, Mixed: "reads are refused and writes are not: " + letIn[http.MethodPost].String()}
	case reads:
		f.Mode, said = maintenance.Closed, refused[http.MethodGet]
	case writes:
		f.Mode, said = maintenance.ReadOnly, refused[http.MethodPost]
	case letIn[http.MethodPost] != nil:
		said = letIn[http.MethodPost]
	}
	f.Detail = how + ": " + strings.TrimSuffix(said.String(), " at "+said.address.String())
	return f
}
