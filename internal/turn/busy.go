package turn

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// BusyError says that a stack cannot be changed now.
type BusyError struct {
	Stack  string
	Status types.StackStatus
}

// Passes reports whether the stack is being changed by an operation that ends by
// itself and leaves a stack.
func (e *BusyError) Passes() bool {
	return strings.HasSuffix(string(e.Status), "_IN_PROGRESS") && e.Status != types.StackStatusReviewInProgress && e.Status != types.StackStatusDeleteInProgress
}

func (e *BusyError) Error() string {
	switch {
	case e.Status == types.StackStatusReviewInProgress:
		return fmt.Sprintf("stack %s is %s: it has a change set and was never deployed", e.Stack, e.Status)
	case e.Status == types.StackStatusDeleteInProgress:
		return fmt.Sprintf("stack %s is %s: nothing turns it any more, except --now for as long as its listener is there", e.Stack, e.Status)
	case e.Passes():
		return fmt.Sprintf("stack %s is %s: wait for it to end, then run this again", e.Stack, e.Status)
	}
	return fmt.Sprintf("stack %s is %s, in which CloudFormation changes nothing safely: repair it first, or use --now", e.Stack, e.Status)
}

// LostError says that another deploy has overtaken a change set.
type LostError struct {
	// Why says how that was noticed.
	Why string

	// Winner is the token of the last operation of the stack, which names the
	// change set if noren made it. Empty if it is not known.
	Winner string
}

func (e *LostError) Error() string {
	text := "another change of the stack came first"
	if e.Winner != "" {
		text += fmt.Sprintf(" (the last operation is %s)", e.Winner)
	}
	return text + ": " + e.Why + "; nothing was changed by this one: run it again"
}

// lost is the error of having been overtaken, with who it was, if that can be
// read.
func (o *Operation) lost(ctx context.Context, stack, why string) *LostError {
	e := &LostError{Why: why}
	if events, err := o.API.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &stack}); err == nil && len(events.StackEvents) > 0 {
		e.Winner = aws.ToString(events.StackEvents[0].ClientRequestToken)
	}
	return e
}

// settled are the states in which a stack accepts a change and can roll it back
// if it fails.
var settled = []types.StackStatus{
	types.StackStatusCreateComplete, types.StackStatusUpdateComplete, types.StackStatusUpdateRollbackComplete,
	types.StackStatusImportComplete, types.StackStatusImportRollbackComplete,
}
