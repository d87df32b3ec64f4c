package turn

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// role returns the ARN of the role for the change set: the named role, or the
// switch's own, narrow one. It is empty, meaning the stack's own role or else the
// caller's rights, where the switch's role would get in the way of others:
// CloudFormation keeps the last role of a stack, and uses it for every operation
// that names none. A stack of the CDK bootstrap is safe from that, since the CDK
// CLI names the deploy's role each time.
func (o *Operation) role(ctx context.Context, stack types.Stack, t text, s Switch) (string, error) {
	if o.Role != "" || s.Role == "" || aws.ToString(stack.RoleARN) == "" {
		return o.Role, nil
	}
	if _, err := qualifier(t); err != nil {
		return "", nil
	}
	return o.switchRole(ctx, stack, t, s)
}

// switchRole returns the ARN of the switch's own role.
func (o *Operation) switchRole(ctx context.Context, stack types.Stack, t text, s Switch) (string, error) {
	if s.Role == "" {
		return "", fmt.Errorf("switch %s has no role: deploy it once with this version of noren", s.Name)
	}
	physical, err := o.physical(ctx, *stack.StackId)
	if err != nil {
		return "", err
	}
	if physical[s.Role] == "" {
		return "", fmt.Errorf("the stack has no resource %s, the role of switch %s", s.Role, s.Name)
	}
	id, err := arn.Parse(*stack.StackId)
	if err != nil {
		return "", fmt.Errorf("the stack's ARN %q: %w", *stack.StackId, err)
	}
	return t.roleARN(s.Role, physical, id)
}
