package turn

import (
	"context"
)

// Told are the names of what knows of a turn outside of the template. A name is
// empty if the switch has no such thing.
type Told struct {
	// Stack is the name of the stack, and Switch that of the switch.
	Stack, Switch string

	// Monitors is the function that keeps outside monitors quiet.
	Monitors string

	// Record is the parameter in which the guard remembers the mode.
	Record string
}

// Told returns what knows of a turn of the switch.
func (o *Operation) Told(ctx context.Context) (Told, error) {
	stack, err := o.stack(ctx)
	if err != nil {
		return Told{}, err
	}
	template, err := o.template(ctx, *stack.StackId)
	if err != nil {
		return Told{}, err
	}
	t, err := newText(template)
	if err != nil {
		return Told{}, err
	}
	s, err := t.named(o.Switch)
	if err != nil {
		return Told{}, err
	}
	told := Told{Stack: *stack.StackName, Switch: s.Name}
	ids := s.records(t)
	if s.Monitors == "" && len(ids) == 0 {
		return told, nil
	}
	physical, err := o.physical(ctx, *stack.StackId)
	if err != nil {
		return Told{}, err
	}
	told.Monitors = physical[s.Monitors]
	if len(ids) > 0 {
		told.Record = physical[ids[0]]
	}
	return told, nil
}
