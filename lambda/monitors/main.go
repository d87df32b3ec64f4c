// Command monitors is the Lambda function that keeps monitors outside of AWS
// quiet while the product is closed. See package monitors.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/noren-cdk/noren/internal/function/monitors"
)

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "the settings of AWS cannot be read:", err)
		os.Exit(1)
	}
	lambda.Start(monitors.FromEnvironment(os.Getenv, settings, slog.New(slog.NewJSONHandler(os.Stdout, nil))).Handle)
}
