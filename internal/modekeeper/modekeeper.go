// Package modekeeper reads and writes the two parameters in which the mode of
// maintenance is remembered. See moderecord for what is in them.
//
// It asks Systems Manager itself: the SDK's client of it takes a command two
// milliseconds to start.
package modekeeper

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/noren-cdk/noren/internal/awsclient"
	"github.com/noren-cdk/noren/internal/moderecord"
)

// Keeper reads and writes with the credentials of Config, in its region.
type Keeper struct{ Config aws.Config }

// Kept is what is remembered.
type Kept struct {
	// Record is the guard's. Zero if nothing is recorded.
	Record moderecord.Record

	// Attribution is the probe's. Zero if nothing is recorded.
	Attribution moderecord.Attribution
}

// By is who turned to the mode of the record, "" if it is not known (yet).
func (k Kept) By() string { return k.Record.By(k.Attribution) }

var systemsManager = awsclient.Service{ID: "SSM", Host: "ssm", Target: "AmazonSSM"}

// Read returns what the parameters of these names hold. An empty name, of a
// product without a guard, holds nothing.
func (k Keeper) Read(ctx context.Context, record, attribution string) (Kept, error) {
	if record == "" {
		return Kept{}, nil
	}
	names := []string{record}
	if attribution != "" {
		names = append(names, attribution)
	}
	var answer struct {
		Parameters        []struct{ Name, Value string }
		InvalidParameters []string
	}
	err := awsclient.Call(ctx, k.Config, systemsManager, "GetParameters", map[string]any{"Names": names}, &answer)
	if err != nil {
		return Kept{}, fmt.Errorf("reading what is recorded of the mode: %w", err)
	}
	if len(answer.InvalidParameters) > 0 {
		return Kept{}, fmt.Errorf("reading what is recorded of the mode: there is no parameter %q", answer.InvalidParameters)
	}
	var kept Kept
	var errs []error
	for _, p := range answer.Parameters {
		var err error
		switch p.Name {
		case record:
			kept.Record, err = moderecord.Decode(p.Value)
		case attribution:
			kept.Attribution, err = moderecord.DecodeAttribution(p.Value)
		}
		if err != nil && !errors.Is(err, moderecord.ErrNone) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Kept{}, err
	}
	return kept, nil
}

// Attribute writes down who turned the mode.
func (k Keeper) Attribute(ctx context.Context, attribution string, a moderecord.Attribution) error {
	in := map[string]any{"Name": attribution, "Value": a.Encode(), "Overwrite": true}
	if err := awsclient.Call(ctx, k.Config, systemsManager, "PutParameter", in, new(struct{})); err != nil {
		return fmt.Errorf("writing down who turned the mode: %w", err)
	}
	return nil
}
