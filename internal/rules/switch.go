// Package rules describes, as data, what a maintenance switch has on the
// listeners of a load balancer, and determines from it which mode a listener is
// in.
package rules

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// Switch is the part of load balancers that belongs to one maintenance switch. It
// uses the names that the listeners have: logical ids if they were read from a
// template, ARNs if the API describes them.
type Switch struct {
	// Responder is the target group of the function that answers refused
	// requests. Required.
	Responder string

	// Listeners are the listeners that the switch turns. Required.
	Listeners []Listener
}

// Listener is the part of one listener that belongs to a switch.
type Listener struct {
	// Name is the name of the listener. If it is empty, LoadBalancer and Port
	// identify the listener.
	Name string

	// LoadBalancer and Port are the load balancer and the port of a listener
	// without a name.
	LoadBalancer string
	Port         int

	// Apps are the target groups to which the default action forwards while the
	// product is open. Default: none, the default action does not belong to the
	// switch, and only rules close.
	Apps []string

	// Hosts are the host names of the switch. Default: all.
	Hosts []string

	// Standing are the rules that let the allowlist through in every mode.
	Standing []Standing

	// Turning are the priorities of the rules whose action or conditions carry the
	// mode.
	Turning []int
}

// Standing is a rule that is the same in every mode.
type Standing struct {
	Priority int

	// Digest is the digest of the rule's conditions. Default: they are not
	// compared.
	Digest string
}

// Digest returns a short digest of the conditions of a rule, independent of their
// order and of the order of their values. It is empty if a value is known only
// after a deploy, unless it is the secret in a header.
func Digest(conditions []alb.Condition) string {
	texts := make([]string, len(conditions))
	for i, c := range conditions {
		var known bool
		if texts[i], known = alb.Normal(c); !known {
			return ""
		}
	}
	slices.Sort(texts)
	sum := sha256.Sum256([]byte(strings.Join(texts, "\n\n")))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// Rules encodes Standing and Turning as a text, such as "100:vZ2jTq1x
// 190:9rHb0aLd 191 199". Rules without a digest turn.
func (l Listener) Rules() string {
	var texts []string
	for _, s := range l.Standing {
		texts = append(texts, strconv.Itoa(s.Priority)+":"+s.Digest)
	}
	for _, priority := range l.Turning {
		texts = append(texts, strconv.Itoa(priority))
	}
	return strings.Join(texts, " ")
}

// SetRules decodes what Rules encodes.
func (l *Listener) SetRules(text string) error {
	l.Standing, l.Turning = nil, nil
	var errs []error
	for _, word := range strings.Fields(text) {
		number, digest, standing := strings.Cut(word, ":")
		priority, err := strconv.Atoi(number)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("want rules such as 100:vZ2jTq1x and 199, got %q", word))
		case standing:
			l.Standing = append(l.Standing, Standing{priority, digest})
		default:
			l.Turning = append(l.Turning, priority)
		}
	}
	return errors.Join(errs...)
}

// separator separates the texts of a list: no ARN and no host name contains it.
const separator = ","

// Texts encodes the listener as texts by name, for the properties of a resource
// or the environment of a function. It omits defaults.
func (l Listener) Texts() map[string]string {
	texts := map[string]string{
		"Listener": l.Name, "LoadBalancer": l.LoadBalancer, "Rules": l.Rules(),
		"Apps": strings.Join(l.Apps, separator), "Hosts": strings.Join(l.Hosts, separator),
	}
	if l.Port != 0 {
		texts["Port"] = strconv.Itoa(l.Port)
	}
	maps.DeleteFunc(texts, func(_, text string) bool { return text == "" })
	return texts
}

// ParseListener decodes what Texts encodes; text returns the text with a name.
func ParseListener(text func(name string) string) (Listener, error) {
	l := Listener{Name: text("Listener"), LoadBalancer: text("LoadBalancer"), Apps: list(text("Apps")), Hosts: list(text("Hosts"))}
	var err error
	if port := text("Port"); port != "" {
		if l.Port, err = strconv.Atoi(port); err != nil {
			err = fmt.Errorf("want a port, got %q", port)
		}
	}
	return l, errors.Join(err, l.SetRules(text("Rules")))
}

// list splits a text that Texts has joined.
func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, separator)
}

// stands reports whether a rule lets requests through in every mode. A rule with
// the same priority and other conditions does not count.
func (l Listener) stands(r *alb.Rule) bool {
	return slices.ContainsFunc(l.Standing, func(s Standing) bool {
		return s.Priority == r.Priority && (s.Digest == "" || s.Digest == Digest(r.Conditions))
	})
}

// turns reports whether the rule carries the mode.
func (l Listener) turns(r *alb.Rule) bool {
	return r.Default() && len(l.Apps) > 0 || slices.Contains(l.Turning, r.Priority)
}
