package diff

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Mode returns the mode that all switches of the template are in. It fails if
// there is no switch, if one is in a mixed state, or if two are in different
// modes.
func (t Template) Mode() (maintenance.Mode, error) {
	if len(t.switches) == 0 {
		return "", rules.ErrNoSwitch
	}
	var all maintenance.Mode
	for _, s := range t.switches {
		mode, mixed := rules.Together(s.In(t.Template))
		switch {
		case mixed != "":
			return "", errors.New("the template is in no mode: " + mixed)
		case all != "" && mode != all:
			return "", fmt.Errorf("the template is in two modes: %s by %s, %s by %s", all, t.switches[0].Responder, mode, s.Responder)
		}
		all = mode
	}
	return all, nil
}

// stillOpen returns the rules that stay open although a switch is closed.
func (t Template) stillOpen() []string {
	all := []string{}
	for _, s := range t.switches {
		if mode, _ := rules.Together(s.In(t.Template)); mode != maintenance.Closed {
			continue
		}
		for _, open := range s.StillOpen(t.Template, t.switches) {
			all = append(all, open.String())
		}
	}
	return all
}

// answersMaintenance reports whether a rule sends everything it decides to a
// function that answers during maintenance.
func (t Template) answersMaintenance(r *alb.Rule) bool {
	to := (alb.Decision{Rule: r}).Targets()
	for _, s := range t.switches {
		if len(to) == 1 && to[0].Share > 0 && to[0].Group.String() == s.Responder {
			return true
		}
	}
	return false
}

// answers reports whether a function answers during maintenance.
func (t Template) answers(function string) bool {
	for _, s := range t.switches {
		if s.Function == function {
			return true
		}
	}
	return false
}

// describesSwitch is the metadata key of the description of a switch, which
// package turn uses.
const describesSwitch = "noren:switch"

// Answer returns what a template tells refused clients: the message by language
// tag, and the expected end as written, empty if there is none. It leaves out
// what only the deploy knows, or what cannot be read. The message is doubtful if
// CloudFormation may have replaced characters of it by ?: it contains some, and
// the template has no description of the switch, which only a noren that writes
// ASCII adds.
func (t Template) Answer() (message map[string]string, until string, doubtful bool) {
	if len(t.switches) == 0 {
		return nil, "", false
	}
	environment, _ := t.resources[t.switches[0].Function].Properties["Environment"].(map[string]any)
	variables, _ := environment["Variables"].(map[string]any)
	until, _ = variables["MAINTENANCE_UNTIL"].(string)
	text, ok := variables["MAINTENANCE_MESSAGE"].(string)
	if ok && json.Unmarshal([]byte(text), &message) != nil {
		message = nil
	}
	_, described := t.resources[t.switches[0].Function].Metadata[describesSwitch]
	return message, until, strings.Contains(text, "?") && !described
}

func sortedIDs[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
