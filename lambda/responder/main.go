// Command responder is the Lambda function that answers in place of the
// application while it is closed: 503, in the client's format and language. See
// package responder.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/noren-cdk/noren/internal/function/responder"
)

func main() {
	lambda.Start(responder.FromEnvironment(os.Getenv, os.Stdout))
}
