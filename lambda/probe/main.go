// Command probe is the Lambda function that checks every minute which mode the
// listener is really in. See package probe.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/noren-cdk/noren/internal/function/probe"
)

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "the settings of AWS cannot be read:", err)
		os.Exit(1)
	}
	lambda.Start(probe.FromEnvironment(os.Getenv, settings, os.Stdout).Run)
}
