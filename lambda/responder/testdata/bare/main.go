// Command bare is the least that a function behind a load balancer can be: what
// the benchmarks compare with.
package main

import (
	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func() (events.ALBTargetGroupResponse, error) {
		return events.ALBTargetGroupResponse{
			StatusCode:        503,
			StatusDescription: "503 Service Unavailable",
			Headers:           map[string]string{"Content-Type": "application/json"},
			MultiValueHeaders: map[string][]string{},
			Body:              `{"errors":[{"status":"503"}]}`,
		}, nil
	})
}
