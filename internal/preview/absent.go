package preview

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-lambda-go/events"
)

// absent replaces a function that does not run here. It answers every request
// with the function's name, so that people know who would have answered.
type absent struct {
	function string // its logical id
	why      error
}

// Invoke answers a load balancer's event.
func (a absent) Invoke(_ context.Context, _ []byte) ([]byte, error) {
	const kind = "text/plain; charset=utf-8"
	return json.Marshal(events.ALBTargetGroupResponse{
		StatusCode:        501,
		StatusDescription: "501 Not Implemented",
		Headers:           map[string]string{"Content-Type": kind, "Cache-Control": "no-store"},
		MultiValueHeaders: map[string][]string{"Content-Type": {kind}, "Cache-Control": {"no-store"}},
		Body:              a.text() + "\n",
	})
}

func (a absent) text() string {
	return "The function " + a.function + " would have answered. It does not run in this preview: " + a.why.Error() +
		". Name a program for this machine with --function " + a.function + "=FOLDER."
}
