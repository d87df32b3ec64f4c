// Command unlock is the Lambda function that sets the bypass cookie for staff who
// enter the secret. Only this function may read the secret. See package unlock.
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
