package live

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// Parameters reads and writes the parameters that remember the mode.
type Parameters struct{ API *ssm.Client }

// Kept is what is remembered.
type Kept struct {
	// Record is the guard's. Zero if nothing is recorded.
	Record Record

	// Attribution is the probe's. Zero if nothing is recorded.
	Attribution Attribution

	// ByHand is the last turn without CloudFormation, if no deploy has followed
	// it. Zero if nothing is recorded.
	ByHand ByHand
}

// Announced returns the turn of the last mode event that was sent. Zero if there
// was none.
func (k Kept) Announced() Turn {
	if guard := k.Record.Announced; guard.Since.After(k.Attribution.Announced.Since) {
		return guard
	}
	return k.Attribution.Announced
}

// By returns who turned to the mode of the record, "" if it is not known, or not
// known yet.
func (k Kept) By() string { return k.Record.By(k.Attribution) }

// Read returns the contents of the parameters with these names. An empty name,
// for a product without a guard, has no content.
func (p Parameters) Read(ctx context.Context, record, attribution, byHand string) (Kept, error) {
	names := slices.DeleteFunc([]string{record, attribution, byHand}, func(name string) bool { return name == "" })
	if len(names) == 0 {
		return Kept{}, nil
	}
	answer, err := p.API.GetParameters(ctx, &ssm.GetParametersInput{Names: names})
	if err != nil {
		return Kept{}, fmt.Errorf("reading what is recorded of the mode: %w", err)
	}
	if len(answer.InvalidParameters) > 0 {
		return Kept{}, fmt.Errorf("reading what is recorded of the mode: there is no parameter %q", answer.InvalidParameters)
	}
	var kept Kept
	var errs []error
	for _, found := range answer.Parameters {
		var err error
		switch aws.ToString(found.Name) {
		case record:
			kept.Record, err = DecodeRecord(aws.ToString(found.Value))
		case attribution:
			kept.Attribution, err = DecodeAttribution(aws.ToString(found.Value))
		case byHand:
			kept.ByHand, err = DecodeByHand(aws.ToString(found.Value))
		}
		if err != nil && !errors.Is(err, ErrNoRecord) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Kept{}, err
	}
	return kept, nil
}

// Value returns the text of a parameter.
func (p Parameters) Value(ctx context.Context, name string) (string, error) {
	found, err := p.API.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if err != nil {
		return "", err
	}
	return aws.ToString(found.Parameter.Value), nil
}

// Put replaces the text of a parameter.
func (p Parameters) Put(ctx context.Context, name, value string) error {
	_, err := p.API.PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Value: &value, Overwrite: aws.Bool(true)})
	return err
}

// Attribute records who changed the mode.
func (p Parameters) Attribute(ctx context.Context, attribution string, a Attribution) error {
	err := p.Put(ctx, attribution, a.Encode())
	if err != nil {
		return fmt.Errorf("writing down who turned the mode: %w", err)
	}
	return nil
}

// NoteByHand records a turn without CloudFormation. A zero b clears it, after a
// deploy.
func (p Parameters) NoteByHand(ctx context.Context, byHand string, b ByHand) error {
	value := Placeholder
	if b != (ByHand{}) {
		value = b.Encode()
	}
	if err := p.Put(ctx, byHand, value); err != nil {
		return fmt.Errorf("writing down who turned the mode by hand: %w", err)
	}
	return nil
}
