package preview

import (
	"context"
	"debug/buildinfo"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/internal/function/unlock"
)

// own are noren's functions that answer requests. A preview runs them by
// starting its own program again, with functionVerb and their name.
var own = map[string]struct {
	run     func()
	belongs func(variable string) bool // to its settings
}{
	"responder": {func() { lambda.Start(responder.FromEnvironment(os.Getenv, os.Stdout)) }, responder.IsVariable},
	"unlock":    {func() { lambda.Start(unlock.FromEnvironment(context.Background(), os.Getenv, os.Stdout).Handle) }, unlock.IsVariable},
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
