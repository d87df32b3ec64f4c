package preview

import (
	"debug/buildinfo"
	"maps"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/internal/function/unlock"
)

// Function is one of noren's functions. A preview runs it by starting its own
// program again, with functionVerb and its name.
type Function struct {
	// Run is the function's program.
	Run func()

	// Belongs reports whether a variable is one of its settings.
	Belongs func(variable string) bool
}

// own are noren's functions, by name: those that answer requests, and those given
// to [RunFunction].
var own = map[string]Function{
	"responder": {func() { lambda.Start(responder.FromEnvironment(os.Getenv, os.Stdout)) }, responder.IsVariable},
	"unlock":    {func() { lambda.Start(unlock.FromEnvironment(os.Getenv, settings(), os.Stdout).Handle) }, unlock.IsVariable},
}

// settings returns the settings with which one of own reads secrets. They are
// made here because the package that finds them on AWS adds seconds to compiling
// a preview.
func settings() aws.Config {
	return aws.Config{
		Region: os.Getenv("AWS_REGION"), Credentials: aws.AnonymousCredentials{}, BaseEndpoint: aws.String(os.Getenv(secretsEndpoint)),
	}
}

// functionVerb is the first argument of a program that should run as a function.
const functionVerb = "lambda-function"

// RunFunction must be the first call in a program that contains a preview. If the
// arguments say that the preview started the program as a function, RunFunction
// runs that function and does not return. further are additional functions of
// noren, such as those of nightfunctions.
func RunFunction(args []string, further map[string]Function) {
	maps.Copy(own, further)
	if len(args) != 2 || args[0] != functionVerb {
		return
	}
	if f, ok := own[args[1]]; ok {
		f.Run()
		os.Exit(1) // the Runtime API is gone
	}
}

// ownName returns which of noren's functions a function is, or "": by its program
// if that is here, otherwise by its settings.
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
			if f.Belongs(variable) {
				return name
			}
		}
	}
	return ""
}
