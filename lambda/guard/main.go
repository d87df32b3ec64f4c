// Command guard is the Lambda function behind the custom resource that
// refuses to open the product by accident. See package guard.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/noren-cdk/noren/internal/function/guard"
	"github.com/noren-cdk/noren/internal/live"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Error("the settings of AWS cannot be read, so every call will fail", "cause", err.Error())
	}
	events := func(ctx context.Context, e live.ModeEvent) error { return e.Put(ctx, settings) }
	lambda.Start(guard.New(ssm.NewFromConfig(settings), cloudformation.NewFromConfig(settings), elbv2.NewFromConfig(settings), events, log).Handle)
}
