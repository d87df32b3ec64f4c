package turn

import (
	"context"
)

// Told are the names of what is told about a turn outside the template. A name is
// empty if the switch has no such thing.
type Told struct {
	// Stack is the name of the stack, and Switch the name of the switch.
	Stack, Switch string

	// Monitors is the function that keeps outside monitors quiet.
	Monitors string

	// Record is the parameter in which the guard remembers the mode.
	Record string
}

// Told returns what is told about a turn of the switch.
func (o *Operation) Told(ctx context.Context) (Told, error) {
	s, err := o.deployed(ctx, o.Switch)
	if err != nil {
		return Told{}, err
	}
	told := Told{Stack: *s.stack.StackName, Switch: s.Name}
	ids := s.records(s.text)
	if s.Monitors == "" && len(ids) == 0 {
		return told, nil
	}
	physical, err := o.physical(ctx, *s.stack.StackId)
	if err != nil {
		return Told{}, err
	}
	told.Monitors = physical[s.Monitors]
	if len(ids) > 0 {
		told.Record = physical[ids[0]]
	}
	return told, nil
}
