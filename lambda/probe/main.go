// Command probe is the Lambda function that looks every minute which mode
// the listener is really in.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/noren-cdk/noren/internal/function/probe"
)

func main() {
	lambda.Start(probe.FromEnvironment(os.Getenv, os.Stdout).Run)
}
