// Command unlock is the Lambda function that sets the bypass cookie for staff who
// enter the secret. Only this function may read the secret. See package unlock.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/noren-cdk/noren/internal/function/unlock"
)

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil { // the form is served all the same, and says that the secret cannot be read
		fmt.Fprintln(os.Stderr, "the settings of AWS cannot be read:", err)
	}
	lambda.Start(unlock.FromEnvironment(os.Getenv, settings, os.Stdout).Handle)
}
