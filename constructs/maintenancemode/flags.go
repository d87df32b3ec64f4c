package maintenancemode

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/maintenance"
)

// Flags are the values that the operator typed on the command line of the CDK
// CLI.
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
// reports every value that cannot be read. With a name, such as "shop", it reads
// the flags of one switch of several: -c shop-maintenance= and so on.
//
// A key within two letters of one that is read is an error, now or at synthesis,
// when all keys are known. A key that looks like a flag and that no switch reads
// becomes a note on the stacks.
func ReadFlags(scope constructs.Construct, name ...string) (Flags, error) {
	var flags Flags
	var errs []error
	prefix := ""
	for _, part := range name {
		prefix += part + "-"
	}
	keys := watchFlags(scope, prefix)
	for _, key := range slices.Sorted(maps.Keys(contextOf(scope))) {
		// A key that ends like a flag may belong to another switch.
		if near(key, keys) != "" && !flagOfSwitch.MatchString(key) {
			errs = append(errs, unknownKey(key, keys))
		}
	}
	value := func(of string) any { return scope.Node().TryGetContext(jsii.String(prefix + of)) }
	if value := value("maintenance"); value != nil {
		mode, err := maintenance.ParseFlag(value)
		if err != nil {
			errs = append(errs, fmt.Errorf("-c %smaintenance: %w", prefix, err))
		}
		flags.Mode = &mode
	}
	if value := value("maintenance-message"); value != nil {
		typed, _ := value.(string)
		message, err := maintenance.ReadMessage(typed)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("-c %smaintenance-message: %w", prefix, err))
		case message == "":
			errs = append(errs, fmt.Errorf("-c %smaintenance-message: want a text, or @ and a file with one, got %v", prefix, value))
		}
		flags.Message = message
	}
	if value := value("maintenance-until"); value != nil {
		until, err := time.Parse(time.RFC3339, fmt.Sprint(value))
		if err != nil {
			errs = append(errs, fmt.Errorf("-c %smaintenance-until: %q is not a time such as 2026-12-01T04:00:00+09:00", prefix, fmt.Sprint(value)))
		}
		flags.Until = until
	}
	if value := value("maintenance-guard"); value != nil {
		if flags.GuardAbsent = value == "absent"; !flags.GuardAbsent {
			errs = append(errs, fmt.Errorf("-c %smaintenance-guard: want absent, got %q", prefix, fmt.Sprint(value)))
		}
	}
	return flags, errors.Join(errs...)
}

// Apply returns props with the values that the operator typed in place of their
// own: the mode, the message, which replaces those of all languages, and the
// expected end. It also tells Props.Guard that they were typed.
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
