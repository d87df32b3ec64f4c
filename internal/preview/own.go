package preview

import (
	"context"
	"debug/buildinfo"
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

	"github.com/noren-cdk/noren/internal/function/guard"
	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/internal/function/unlock"
	"github.com/noren-cdk/noren/internal/function/window"
	"github.com/noren-cdk/noren/internal/live"
)

// own are noren's functions: those that answer requests, and those of a night. A
// preview runs them by starting its own program again, with functionVerb and
// their name.
var own = map[string]struct {
	run     func()
	belongs func(variable string) bool // to its settings
}{
	"responder": {func() { lambda.Start(responder.FromEnvironment(os.Getenv, os.Stdout)) }, responder.IsVariable},
	"unlock":    {func() { lambda.Start(unlock.FromEnvironment(context.Background(), os.Getenv, os.Stdout).Handle) }, unlock.IsVariable},
	"guard": {func() {
		settings := settings()
		events := func(ctx context.Context, e live.ModeEvent) error { return e.Put(ctx, settings) }
		lambda.Start(guard.New(ssm.NewFromConfig(settings), cloudformation.NewFromConfig(settings), elbv2.NewFromConfig(settings), events, slog.New(slog.NewJSONHandler(os.Stdout, nil))).Handle)
	}, func(string) bool { return false }},
	"window": {func() {
		lambda.Start(window.FromEnvironment(os.Getenv, settings(), slog.New(slog.NewJSONHandler(os.Stdout, nil))).Handle)
	}, func(variable string) bool { return strings.HasPrefix(variable, "WINDOW_") }},
}

// settings are those with which a function asks AWS, by its environment.
func settings() aws.Config {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "the settings of AWS cannot be read:", err)
		os.Exit(1)
	}
	return cfg
}

// functionVerb is the first argument of a program that is to be a function.
const functionVerb = "lambda-function"

// RunFunction is the first thing that a program with a preview in it does: if
// its arguments say that the preview started it as a function, it is one and
// does not return.
func RunFunction(args []string) {
	if len(args) != 2 || args[0] != functionVerb {
		return
	}
	if f, ok := own[args[1]]; ok {
		f.run()
		os.Exit(1) // the Runtime API has gone
	}
}

// ownName is which of noren's functions a function is, or empty: by its program
// if that is here, else by its settings.
func ownName(program string, variables map[string]string) string {
	if program != "" {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return ""
		}
		name, ok := strings.CutPrefix(info.Path, "github.com/noren-cdk/noren/lambda/")
		if _, known := own[name]; !ok || !known {
			return ""
		}
		return name
	}
	for name, f := range own {
		for variable := range variables {
			if f.belongs(variable) {
				return name
			}
		}
	}
	return ""
}
