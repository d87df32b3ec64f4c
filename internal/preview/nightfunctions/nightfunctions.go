// Package nightfunctions has the functions of a night for a preview. They import
// the AWS SDK, so a program with them takes three times as long to compile.
package nightfunctions

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/noren-cdk/noren/internal/function/announcement/keeper"
	"github.com/noren-cdk/noren/internal/function/guard"
	"github.com/noren-cdk/noren/internal/function/window"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/preview"
)

// Functions returns the guard, the function of the steps, and the function that
// keeps /maintenance.json.
func Functions() map[string]preview.Function {
	return map[string]preview.Function{
		"announcement": {
			Run:     func() { lambda.Start(keeper.FromEnvironment(os.Getenv, settings(), log()).Invoke) },
			Belongs: func(variable string) bool { return strings.HasPrefix(variable, "ANNOUNCEMENT_") },
		},
		"guard": {
			Run: func() {
				settings := settings()
				events := func(ctx context.Context, e live.ModeEvent) error { return e.Put(ctx, settings) }
				lambda.Start(guard.New(ssm.NewFromConfig(settings), cloudformation.NewFromConfig(settings), elbv2.NewFromConfig(settings), events, log()).Handle)
			},
			Belongs: func(string) bool { return false }, // it has none
		},
		"window": {
			Run:     func() { lambda.Start(window.FromEnvironment(os.Getenv, settings(), log()).Handle) },
			Belongs: func(variable string) bool { return strings.HasPrefix(variable, "WINDOW_") },
		},
	}
}

func log() *slog.Logger { return slog.New(slog.NewJSONHandler(os.Stdout, nil)) }

// settings returns the settings with which a function calls AWS, from its
// environment.
func settings() aws.Config {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "the settings of AWS cannot be read:", err)
		os.Exit(1)
	}
	return cfg
}
