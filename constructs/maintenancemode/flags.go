package maintenancemode

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/maintenance"
)

// Flags is what the operator typed on the command line of the CDK CLI.
type Flags struct {
	// Mode is the value of -c maintenance=. Nil if it was not given.
	Mode *maintenance.Mode

	// Message is the value of -c maintenance-message=, the text for people in
	// every language, or that of the file after @. Empty if it was not given.
	Message string

	// Until is the value of -c maintenance-until=, an RFC 3339 time. Zero if it
	// was not given.
	Until time.Time

	// GuardAbsent says that -c maintenance-guard=absent was given: the way out of a
	// guard that cannot start.
	GuardAbsent bool
}

// ReadFlags reads -c maintenance=, -c maintenance-message=, -c maintenance-until=
// and -c maintenance-guard= from the context of the app that scope is in, and
// reports every value that cannot be read.
func ReadFlags(scope constructs.Construct) (Flags, error) {
	var flags Flags
	var errs []error
	for key := range scope.Node().GetAllContext(nil).(map[string]any) {
		if misspelt(key) {
			errs = append(errs, fmt.Errorf("unknown context key %q: want maintenance, maintenance-message, maintenance-until or maintenance-guard", key))
		}
	}
	if value := scope.Node().TryGetContext(jsii.String("maintenance")); value != nil {
		mode, err := maintenance.ParseFlag(value)
		if err != nil {
			errs = append(errs, fmt.Errorf("-c maintenance: %w", err))
		}
		flags.Mode = &mode
	}
	if value := scope.Node().TryGetContext(jsii.String("maintenance-message")); value != nil {
		typed, _ := value.(string)
		message, err := maintenance.ReadMessage(typed)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("-c maintenance-message: %w", err))
		case message == "":
			errs = append(errs, fmt.Errorf("-c maintenance-message: want a text, or @ and a file with one, got %v", value))
		}
		flags.Message = message
	}
	if value := scope.Node().TryGetContext(jsii.String("maintenance-until")); value != nil {
		until, err := time.Parse(time.RFC3339, fmt.Sprint(value))
		if err != nil {
			errs = append(errs, fmt.Errorf("-c maintenance-until: %q is not a time such as 2026-12-01T04:00:00+09:00", fmt.Sprint(value)))
		}
		flags.Until = until
	}
	if value := scope.Node().TryGetContext(jsii.String("maintenance-guard")); value != nil {
		if flags.GuardAbsent = value == "absent"; !flags.GuardAbsent {
			errs = append(errs, fmt.Errorf("-c maintenance-guard: want absent, got %q", fmt.Sprint(value)))
		}
	}
	return flags, errors.Join(errs...)
}

// Apply returns props with what the operator typed in the place of what they
// say: the mode, the message for everybody, the expected end. Props.Guard is
// told that they were typed.
func (f Flags) Apply(props Props) Props {
	answer := props.Answer
	props.withoutFlags = &answer
	if f.Mode != nil {
		props.Mode = *f.Mode
		props.Guard.Typed = time.Now()
	}
	props.Guard.Absent = props.Guard.Absent || f.GuardAbsent
	if f.Message != "" {
		props.Guard.Message = f.Message
		props.Answer.Message, props.Answer.DefaultLanguage = maintenance.ForEverybody(f.Message, props.Answer.Message, props.Answer.DefaultLanguage)
	}
	if !f.Until.IsZero() {
		props.Answer.Until = f.Until
	}
	return props
}

// misspelt tells whether a context key looks like one of the flags but is none:
// a misspelt -c maintenance=true would open the product instead of closing it.
func misspelt(key string) bool {
	flags := []string{"maintenance", "maintenance-message", "maintenance-until", "maintenance-guard"}
	return !slices.Contains(flags, key) && term.Nearest(key, flags) != ""
}
