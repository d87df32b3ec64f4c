// Command unlock is the Lambda function that gives staff the bypass cookie for
// the secret. It alone may read the secret.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/noren-cdk/noren/internal/function/unlock"
)

func main() {
	lambda.Start(unlock.FromEnvironment(context.Background(), os.Getenv, os.Stdout).Handle)
}
