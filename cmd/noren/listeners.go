package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// pickListener returns the listener of a template that name, which is a logical
// id, a construct path or a port, identifies. Without a name, it returns the only
// listener, ignoring those that only redirect to another.
func pickListener(t *alb.Template, name string) (*alb.Listener, error) {
	var found []*alb.Listener
	for _, l := range t.Listeners {
		if name == "" && !onlyRedirects(l) || name != "" && isListener(l, name) {
			found = append(found, l)
		}
	}
	if name == "" && len(found) == 0 && len(t.Listeners) == 1 {
		found = t.Listeners
	}
	if len(found) == 1 {
		return found[0], nil
	}
	var names []string
	for _, l := range t.Listeners {
		names = append(names, l.Name())
	}
	listeners := strings.Join(names, ", ")
	switch {
	case name == "":
		return nil, fmt.Errorf("the template has several listeners: choose one of %s with --listener and its name or port", listeners)
	case len(found) == 0:
		return nil, fmt.Errorf("unknown listener %q: want one of %s, by name or port", name, listeners)
	}
	return nil, fmt.Errorf("listener %q is not the only one of that name: want one of %s", name, listeners)
}

func isListener(l *alb.Listener, name string) bool {
	return name == l.Ref.String() || name == l.Path || name == alb.ShortName(l.Path, l.Ref.LogicalID) ||
		l.Port != 0 && name == strconv.Itoa(l.Port)
}

// onlyRedirects reports whether a listener only redirects, as one on port 80 does
// that sends everyone to HTTPS.
func onlyRedirects(l *alb.Listener) bool {
	_, redirects := l.Default.Final().(alb.Redirect)
	return redirects && len(l.Rules) == 0
}
