// Command window is the Lambda function that does the steps of a planned
// maintenance. See package window.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/noren-cdk/noren/internal/function/window"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Error("the settings of AWS cannot be read", "cause", err.Error())
		os.Exit(1)
	}
	lambda.Start(window.FromEnvironment(os.Getenv, settings, log).Handle)
}
