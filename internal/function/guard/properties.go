package guard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Properties are the properties of the custom resource. The construct encodes
// them, and the function decodes what CloudFormation sends.
type Properties struct {
	Mode    maintenance.Mode
	Typed   time.Time // when the mode was typed; zero if it was not
	Reopens time.Time // the Since of the maintenance that a committed file ends
	Message string    // the message that was typed
	Until   time.Time // the end that clients are told

	// Off makes the guard refuse nothing except the change that switches it off
	// and opens.
	Off bool

	// Digest is the digest of the listeners and rules that carry the mode, as the
	// template has them: see rules.PropertiesDigest. CloudFormation calls the
	// guard whenever one of them changes.
	Digest string

	// References are the values that those listeners and rules refer to, such as
	// the ARNs of a load balancer and of target groups. If one is replaced,
	// CloudFormation changes a listener whose text in the template stays the same.
	References []string

	Command   string // the command that deploys this stack
	ReopensAt string // the place where Reopens is committed
	ByHand    string // the command that flips the listener without a deploy

	// Names of the parameters that remember the mode.
	RecordParameter      string
	AttributionParameter string
	ByHandParameter      string

	// SwitchName is the path of the construct in its stack, for mode events.
	SwitchName string

	// Switch is what the flip turns.
	Switch rules.Switch
}

// Encode returns the properties as the template has them: texts, since
// CloudFormation converts everything to text.
func (p Properties) Encode() map[string]any {
	listeners := make([]any, len(p.Switch.Listeners))
	for i, at := range p.Switch.Listeners {
		listeners[i] = at.Texts()
	}
	return map[string]any{
		"Mode": string(p.Mode), "Explicit": timeText(p.Typed), "Reopens": timeText(p.Reopens), "Message": p.Message, "Until": timeText(p.Until),
		"Command": p.Command, "ReopensAt": p.ReopensAt, "ByHand": p.ByHand,
		"Off": strconv.FormatBool(p.Off), "Digest": p.Digest,
		"RecordParameter": p.RecordParameter, "AttributionParameter": p.AttributionParameter, "ByHandParameter": p.ByHandParameter,
		"SwitchName": p.SwitchName, "Responder": p.Switch.Responder, "Listeners": listeners,
		"References": p.References,
	}
}

// shape describes how the switch closes: which listeners, by their default action
// or by rules, for which hosts. A listener without a name is known by its port. It
// is empty if that is not known.
func (p Properties) shape() string {
	var shapes []string
	for _, at := range p.Switch.Listeners {
		kind := "a rule"
		if len(at.Apps) > 0 {
			kind = "the default action"
		}
		shape := fmt.Sprintf("%s of the listener on port %d", kind, at.Port)
		if at.Name != "" {
			shape = kind + " of " + at.Name
		}
		if len(at.Hosts) > 0 {
			hosts := slices.Sorted(slices.Values(at.Hosts))
			shape += " for " + strings.Join(hosts, ", ")
		}
		shapes = append(shapes, shape)
	}
	slices.Sort(shapes)
	return strings.Join(shapes, "; ")
}

// timeText returns a time as a property has it, empty if it is zero.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// DecodeProperties reads each property separately. A property that is missing, as
// in an older release, or that cannot be read, is zero.
func DecodeProperties(from map[string]any) Properties {
	text := func(name string) string {
		value, _ := from[name].(string)
		return value
	}
	at := func(name string) time.Time {
		t, _ := time.Parse(time.RFC3339, text(name)) // the zero time for anything else
		return t
	}
	p := Properties{
		Mode: maintenance.Mode(text("Mode")), Typed: at("Explicit"), Reopens: at("Reopens"), Message: text("Message"), Until: at("Until"),
		Command: text("Command"), ReopensAt: text("ReopensAt"), ByHand: text("ByHand"),
		Off: text("Off") == "true", Digest: text("Digest"),
		RecordParameter: text("RecordParameter"), AttributionParameter: text("AttributionParameter"), ByHandParameter: text("ByHandParameter"),
		SwitchName: text("SwitchName"), Switch: rules.Switch{Responder: text("Responder")},
	}
	references, _ := from["References"].([]any)
	for _, value := range references {
		p.References = append(p.References, fmt.Sprint(value))
	}
	if mode, err := maintenance.ParseFlag(text("Mode")); err == nil {
		p.Mode = mode // as older releases wrote it
	}
	listeners, _ := from["Listeners"].([]any)
	for _, l := range listeners {
		texts, _ := l.(map[string]any)
		at, err := rules.ParseListener(func(name string) string {
			text, _ := texts[name].(string)
			return text
		})
		if err == nil {
			p.Switch.Listeners = append(p.Switch.Listeners, at)
		}
	}
	return p
}
