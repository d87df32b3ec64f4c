package live

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/noren-cdk/noren/internal/testing/awsstub"
	"github.com/noren-cdk/noren/maintenance"
)

// node is one machine of a load balancer.
type node func(w http.ResponseWriter, r *http.Request)

func answers(status int, marker string) node {
	return func(w http.ResponseWriter, _ *http.Request) {
		if marker != "" {
			w.Header().Set(maintenance.Marker, marker)
		}
		w.WriteHeader(status)
	}
}

var (
	flipped  = answers(503, "on")
	notYet   = answers(404, "")
	readOnly = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			notYet(w, r)
		} else {
			flipped(w, r)
		}
	}
)

// nodes serves each node on its own address, all on one port.
func nodes(t *testing.T, all ...node) (addresses []netip.Addr, port string) {
	t.Helper()
	for i, n := range all {
		address := fmt.Sprintf("127.0.0.%d", i+1)
		l, err := net.Listen("tcp", net.JoinHostPort(address, port))
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ = net.SplitHostPort(l.Addr().String())
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/allowed" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			n(w, r)
		}))
		server.Listener.Close()
		server.Listener = l
		server.Start()
		t.Cleanup(server.Close)
		addresses = append(addresses, netip.MustParseAddr(address))
	}
	return addresses, port
}

// TestRequests_EveryAddressTellsTheMode checks that closed means that every
// address refuses, every time.
func TestRequests_EveryAddressTellsTheMode(t *testing.T) {
	sometimes := func() node {
		var n atomic.Int32
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && n.Add(1) == DefaultConfirm {
				notYet(w, r)
				return
			}
			flipped(w, r)
		}
	}
	for _, test := range []struct {
		name  string
		nodes []node
		want  maintenance.Mode
		says  string // in the detail, the reason for a mixed state, or the problem
	}{
		{"all are closed", []node{flipped, flipped}, maintenance.Closed, "2 of 2 addresses: 503, X-Maintenance-Mode: on: GET"},
		{"all are open", []node{notYet, notYet}, maintenance.Open, "404, no X-Maintenance-Mode"},
		{"all are read-only", []node{readOnly, readOnly}, maintenance.ReadOnly, "503, X-Maintenance-Mode: on: POST"},
		{"one is not flipped", []node{flipped, notYet}, "", "at 127.0.0.1; 404, no X-Maintenance-Mode"},
		{"one is read-only yet", []node{readOnly, flipped}, "", "one request is refused and the next one is not"},
		{"one changes its mind", []node{flipped, sometimes()}, "", "one request is refused and the next one is not"},
		{"503 of the application", []node{answers(503, ""), answers(503, "")}, "", "503 without X-Maintenance-Mode"},
		{"the application says off", []node{answers(200, "off"), answers(200, "off")}, maintenance.Open, "which is not how maintenance answers"},
		{"200 with the marker", []node{answers(200, "on"), answers(200, "on")}, maintenance.Open, "which is not how maintenance answers"},
		{"503 with another marker", []node{answers(503, "yes"), answers(503, "yes")}, maintenance.Open, "which is not how maintenance answers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			addresses, port := nodes(t, test.nodes...)
			base := &url.URL{Scheme: "http", Host: "api.example.com:" + port, Path: "/x"}
			allowed := *base
			allowed.Path = "/allowed"
			f := Query{}.tell(t.Context(), reached{addresses: addresses}, []ask{
				{method: "GET", target: base}, {method: "POST", target: base}, {method: "GET", target: &allowed, allowed: true},
			})
			if said := f.Detail + f.Mixed + f.Problem; f.Mode != test.want || !strings.Contains(said, test.says) {
				t.Errorf("got %q, %q, want %q, %q", f.Mode, said, test.want, test.says)
			}
		})
	}
}

// TestRequests_WhatIsAllowedIsNotRefused checks that a load balancer that refuses
// an allowed request is not closed as intended.
func TestRequests_WhatIsAllowedIsNotRefused(t *testing.T) {
	addresses, port := nodes(t, flipped)
	base := &url.URL{Scheme: "http", Host: "api.example.com:" + port, Path: "/x"}
	f := Query{}.tell(t.Context(), reached{addresses: addresses}, []ask{{method: "GET", target: base}, {method: "GET", target: base, allowed: true}})
	if f.Mode != "" || !strings.Contains(f.Mixed, "what is let through in every mode is refused") {
		t.Errorf("got %+v", f)
	}
}

// TestRequests_WhereTheyGo checks that requests go to every address if they can
// be reached, otherwise to wherever the name leads, and that the detail says
// which.
func TestRequests_WhereTheyGo(t *testing.T) {
	addresses, port := nodes(t, flipped, flipped)
	const describe = "<LoadBalancers><member><Scheme>%s</Scheme><DNSName>alb.example.net</DNSName></member></LoadBalancers>"
	hosts := map[string][]netip.Addr{
		"alb.example.net": addresses, "api.example.com": addresses[1:], "www.example.com": {netip.MustParseAddr("127.0.0.9")},
	}
	for _, test := range []struct {
		name, scheme, host, port string
		more                     string // an address of the load balancer
		want                     int    // number of addresses
		how                      string
	}{
		{"internet-facing", "internet-facing", "api.example.com", port, "", 2, ""},
		{"an address does not answer", "internet-facing", "api.example.com", port, "127.0.0.7", 3, ""},
		{"no IPv6 from here", "internet-facing", "api.example.com", port, "2001:db8::1", 2, ""},
		{"internal", "internal", "api.example.com", port, "", 0, "the load balancer is internal"},
		{"CloudFront", "internet-facing", "www.example.com", port, "", 0, "it does not lead to the load balancer itself"},
		{"behind a wall", "internet-facing", "api.example.com", "9", "", 0, "no address of the load balancer can be reached from here"},
		{"no such name", "internet-facing", "nowhere.example.com", port, "", 0, "its address cannot be looked up"},
		{"may not be read", "", "api.example.com", port, "", 0, "cannot be read: not allowed: no"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stub := awsstub.New(t)
			stub.Answer("DescribeLoadBalancers", fmt.Sprintf(describe, test.scheme))
			if test.scheme == "" {
				stub.Answer("DescribeLoadBalancers", awsstub.Refuse("AccessDenied", "no"))
			}
			data, err := os.ReadFile("../diff/testdata/own.closed.json")
			if err != nil {
				t.Fatal(err)
			}
			read, err := readTemplate(data)
			if err != nil {
				t.Fatal(err)
			}
			d := &deployed{template: read, physical: map[string]string{
				"AlbListener86261768": "arn:aws:elasticloadbalancing:eu-central-1:111111111111:listener/app/alb/1/2",
				"AppF1B96344":         "arn:app", "MaintenanceTargetGroup4F265FD4": "arn:responder",
			}}
			q := Query{AWS: stub.Config(t), Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
				found := hosts[host]
				if host == "alb.example.net" && test.more != "" {
					found = append(found[:len(found):len(found)], netip.MustParseAddr(test.more))
				}
				if found == nil {
					return nil, errors.New("no such host")
				}
				return found, nil
			}}
			got := q.reach(t.Context(), d, d.switches[0], &url.URL{Scheme: "http", Host: net.JoinHostPort(test.host, test.port)})
			if len(got.addresses) != test.want || !strings.Contains(got.how, test.how) {
				t.Errorf("got %d addresses, %q; want %d, %q", len(got.addresses), got.how, test.want, test.how)
			}
		})
	}
}
