package edge

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/noren-cdk/noren/internal/alb"
)

// Listener is a listener of the load balancer. It serves without TLS, whatever
// its protocol.
type Listener struct {
	// ID is the listener's logical id or, if the template only adds rules to it,
	// what the template says about it.
	ID string

	// Name is the listener's name for display, with port and protocol.
	Name string

	// Port is the port in the template, or 0 if it is not known.
	Port int

	// Protocol is "HTTP" or "HTTPS", or "" if it is not known.
	Protocol string

	alb *ALB
	ref alb.Ref

	mu      sync.Mutex
	servers []*http.Server
	address string // its address on this machine
	closed  bool
}

// addListeners makes the listeners of a load balancer, the main one first.
func (a *ALB) addListeners(balancer alb.Ref) error {
	for _, l := range a.config.Templates[a.config.Mode].Listeners {
		if l.LoadBalancer != balancer {
			continue
		}
		if l.Protocol != "" && l.Protocol != "HTTP" && l.Protocol != "HTTPS" {
			return fmt.Errorf("listener %q has protocol %q, want HTTP or HTTPS", l.Ref, l.Protocol)
		}
		a.listeners = append(a.listeners, &Listener{
			ID: l.Ref.String(), Name: l.Name(), Port: l.Port, Protocol: l.Protocol, alb: a, ref: l.Ref,
		})
	}
	slices.SortStableFunc(a.listeners, func(x, y *Listener) int {
		if (x.Protocol == "HTTPS") != (y.Protocol == "HTTPS") {
			if x.Protocol == "HTTPS" {
				return -1
			}
			return 1
		}
		return x.Port - y.Port
	})
	return nil
}

// Listeners returns the load balancer's listeners, the main one first: HTTPS
// before HTTP, then by port.
func (a *ALB) Listeners() []*Listener { return slices.Clone(a.listeners) }

// Main returns the listener that clients of the product use.
func (a *ALB) Main() *Listener { return a.listeners[0] }

func (a *ALB) groupNames() []string { return slices.Sorted(maps.Keys(a.groups)) }

// Serve serves connections from ln until the load balancer is closed; then it
// returns nil. Redirects to this listener's port lead to ln. It closes ln.
func (l *Listener) Serve(ln net.Listener) error {
	server := newServer(l)
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		ln.Close()
		return nil
	}
	l.servers = append(l.servers, server)
	l.address = ln.Addr().String()
	l.mu.Unlock()
	err := server.Serve(&pageListener{ln})
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Address returns the listener's address on this machine, or "".
func (l *Listener) Address() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.address
}

func (l *Listener) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, s := range l.servers {
		s.Close()
	}
}

// hostSeen returns the Host header as rules see it. A request to this machine's
// own address is taken for one to the product, and to the port that the listener
// has in the template.
func (l *Listener) hostSeen(r *http.Request) (host string, local bool) {
	name, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		name, port = r.Host, ""
	}
	if !isLoopback(name) {
		return r.Host, false
	}
	if l.alb.config.Host != "" {
		name = l.alb.config.Host
	}
	if port == "" || l.Port == 0 || l.Port == 80 || l.Port == 443 {
		if strings.Contains(name, ":") {
			name = "[" + name + "]"
		}
		return name, true
	}
	return net.JoinHostPort(name, strconv.Itoa(l.Port)), true
}

func isLoopback(name string) bool {
	if name == "localhost" || name == "127.0.0.1" {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}
