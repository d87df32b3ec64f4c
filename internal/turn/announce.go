package turn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// Lambda has the call of AWS Lambda that Announce makes.
type Lambda interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Announce tells the function that keeps /maintenance.json the mode that the
// switch has just been turned to, and the end in the deployed template. Otherwise
// the function would learn of it a minute later, from the mode event. Announce
// does nothing for a switch without such a function.
func (o *Operation) Announce(ctx context.Context, functions Lambda, name string, from, to maintenance.Mode) error {
	s, err := o.deployed(ctx, name)
	if err != nil || s.Announcement == "" {
		return err
	}
	physical, err := o.physical(ctx, *s.stack.StackId)
	if err != nil {
		return err
	}
	function := physical[s.Announcement]
	if function == "" {
		return fmt.Errorf("the stack has no resource %s, the function that keeps %s", s.Announcement, maintenance.StatusPath)
	}
	event := live.ModeEvent{Stack: aws.ToString(s.stack.StackName), Switch: s.Name, From: from, To: to, Until: s.until(s.text)}
	payload, err := json.Marshal(map[string]any{"source": live.EventSource, "detail-type": live.EventDetailType, "detail": event})
	if err != nil {
		return err
	}
	out, err := functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: payload})
	if err == nil && out.FunctionError != nil {
		err = errors.New(string(out.Payload))
	}
	if err != nil {
		return fmt.Errorf("invoking %s: %w", function, err)
	}
	return nil
}

// until returns the end that clients are told, zero if there is none.
func (s Switch) until(t text) time.Time {
	value, err := t.at("Resources", s.Responder, "Properties", "Environment", "Variables", maintenance.UntilVariable)
	var until string
	if err != nil || json.Unmarshal(value, &until) != nil {
		return time.Time{}
	}
	at, _ := time.Parse(time.RFC3339, until) // the zero time for anything else
	return at
}
