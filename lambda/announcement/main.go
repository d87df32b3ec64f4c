// Command announcement is the Lambda function that keeps /maintenance.json. See
// package keeper.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/noren-cdk/noren/internal/function/announcement/keeper"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Error("the settings of AWS cannot be read, so every call will fail", "cause", err.Error())
	}
	lambda.Start(keeper.FromEnvironment(os.Getenv, settings, log).Invoke)
}
