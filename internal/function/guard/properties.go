package guard

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Properties are those of the custom resource. The construct encodes them, and
// the function decodes what CloudFormation sends.
type Properties struct {
	Mode     maintenance.Mode
	Explicit bool      // the mode was typed
	Reopens  time.Time // the Since of the maintenance that a committed file ends
	Message  string    // the message that was typed
	Until    time.Time // when clients are told that it ends

	Command   string // how this stack is deployed
	ReopensAt string // where Reopens is committed
	ByHand    string // what flips the listener without a deploy

	// Names of the parameters in which the mode is remembered.
	RecordParameter      string
	AttributionParameter string

	// Switch is what the flip turns.
	Switch rules.Switch
}

// separator is between the texts of a list: no ARN and no host name has it.
const separator = ","

// Encode returns the properties as the template has them: texts, since
// CloudFormation makes texts of everything.
func (p Properties) Encode() map[string]any {
	listeners := make([]any, len(p.Switch.Listeners))
	for i, at := range p.Switch.Listeners {
		port := ""
		if at.Port != 0 {
			port = strconv.Itoa(at.Port)
		}
		listener := map[string]any{}
		for name, value := range map[string]string{
			"ListenerArn": at.Name, "LoadBalancerArn": at.LoadBalancer, "Port": port, "Rules": at.Rules(),
			"Apps": strings.Join(at.Apps, separator), "Hosts": strings.Join(at.Hosts, separator),
		} {
			if value != "" {
				listener[name] = value
			}
		}
		listeners[i] = listener
	}
	return map[string]any{
		"Mode": string(p.Mode), "Explicit": strconv.FormatBool(p.Explicit), "Reopens": timeText(p.Reopens), "Message": p.Message, "Until": timeText(p.Until),
		"Command": p.Command, "ReopensAt": p.ReopensAt, "ByHand": p.ByHand,
		"RecordParameter": p.RecordParameter, "AttributionParameter": p.AttributionParameter,
		"Responder": p.Switch.Responder, "Listeners": listeners,
	}
}

// timeText is a time as a property has it, empty if there is none.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// DecodeProperties reads what there is, each property for itself: one that
// cannot be read is as good as none, and what is missing, as in an older
// release, is zero.
func DecodeProperties(from map[string]any) Properties {
	text := func(name string) string {
		value, _ := from[name].(string)
		return value
	}
	at := func(name string) time.Time {
		t, _ := time.Parse(time.RFC3339, text(name)) // what is no time is none
		return t
	}
	p := Properties{
		Mode: maintenance.Mode(text("Mode")), Explicit: text("Explicit") == "true", Reopens: at("Reopens"), Message: text("Message"), Until: at("Until"),
		Command: text("Command"), ReopensAt: text("ReopensAt"), ByHand: text("ByHand"),
		RecordParameter: text("RecordParameter"), AttributionParameter: text("AttributionParameter"),
		Switch: rules.Switch{Responder: text("Responder")},
	}
	if mode, err := maintenance.ParseFlag(text("Mode")); err == nil {
		p.Mode = mode // as older releases wrote it
	}
	var listeners []struct {
		ListenerArn, LoadBalancerArn, Apps, Hosts, Rules string

		Port int `json:",string"`
	}
	data, err := json.Marshal(from["Listeners"])
	if err != nil || json.Unmarshal(data, &listeners) != nil {
		return p
	}
	for _, l := range listeners {
		listener := rules.Listener{Name: l.ListenerArn, LoadBalancer: l.LoadBalancerArn, Port: l.Port, Apps: list(l.Apps), Hosts: list(l.Hosts)}
		_ = listener.SetRules(l.Rules) // what cannot be read of them is not there
		p.Switch.Listeners = append(p.Switch.Listeners, listener)
	}
	return p
}

// list is a text that Encode has joined.
func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, separator)
}
