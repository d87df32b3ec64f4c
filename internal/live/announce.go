package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/noren-cdk/noren/maintenance"
)

// ModeEvent is the detail of the event on EventBridge's default bus that says
// that the mode changed. It is sent at least once for each turn; consumers do the
// same thing for the same ID. docs/mode-event.md is its contract.
type ModeEvent struct {
	// Version is the version of the format, 1. A later version may add fields
	// under the same number; changing the meaning of a field takes a new one.
	Version int `json:"version"`

	// ID is STACK/SWITCH/SINCE.
	ID string `json:"id"`

	// Stack and Switch name the switch: its stack, and the path of the construct
	// in the stack.
	Stack  string `json:"stack"`
	Switch string `json:"switch"`

	// From and To are the modes before and after.
	From maintenance.Mode `json:"from"`
	To   maintenance.Mode `json:"to"`

	// Since is when the mode changed, and Until the end that clients are told.
	// Zero Until: none.
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"`

	// By is who changed it, according to CloudTrail. Empty if it is not known
	// yet.
	By string `json:"by,omitempty"`

	// How is what changed it.
	How How `json:"how"`
}

// How is what changed a mode.
type How string

const (
	TurnedByDeploy How = "deploy"  // CloudFormation, whoever started the deploy
	TurnedByHand   How = "by hand" // a call of the load balancer's API
)

// The source and the detail type of a ModeEvent.
const (
	EventSource     = "noren"
	EventDetailType = "noren mode change"
)

// Put puts the event on the default bus.
func (e ModeEvent) Put(ctx context.Context, cfg aws.Config) error {
	e.Version = 1
	e.Since, e.Until = e.Since.UTC(), e.Until.UTC()
	e.ID = e.Stack + "/" + e.Switch + "/" + e.Since.Format(time.RFC3339)
	detail, err := json.Marshal(e)
	if err != nil {
		return err
	}
	out, err := eventbridge.NewFromConfig(cfg).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		Source: aws.String(EventSource), DetailType: aws.String(EventDetailType), Detail: aws.String(string(detail)),
	}}})
	if err == nil && out.FailedEntryCount > 0 {
		err = errors.New("EventBridge did not take it")
		for _, entry := range out.Entries {
			if entry.ErrorCode != nil {
				err = fmt.Errorf("%s: %s", *entry.ErrorCode, aws.ToString(entry.ErrorMessage))
			}
		}
	}
	if err != nil {
		return fmt.Errorf("putting the mode event: %w", err)
	}
	return nil
}
