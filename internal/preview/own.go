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

// own are noren's functions, by name: those that answer requests, and what
// [RunFunction] is given.
var own = map[string]Function{
	"responder": {func() { lambda.Start(responder.FromEnvironment(os.Getenv, os.Stdout)) }, responder.IsVariable},
	"unlock":    {func() { lambda.Start(unlock.FromEnvironment(os.Getenv, settings(), os.Stdout).Handle) }, unlock.IsVariable},
}

// settings are those with which one of own asks for secrets. They are made here
// because the package that finds them on AWS takes a preview seconds to compile.
func settings() aws.Config {
	return aws.Config{
		Region: os.Getenv("AWS_REGION"), Credentials: aws.AnonymousCredentials{}, BaseEndpoint: aws.String(os.Getenv(secretsEndpoint)),
	}
}

// functionVerb is the first argument of a program that is to be a function.
const functionVerb = "lambda-function"

// RunFunction is the first thing that a program with a preview in it does: if
// its arguments say that the preview started it as a function, it is one and
// does not return. It takes further functions of noren's, such as those of nightfunctions.
func RunFunction(args []string, further map[string]Function) {
	maps.Copy(own, further)
	if len(args) != 2 || args[0] != functionVerb {
		return
	}
	if f, ok := own[args[1]]; ok {
		f.Run()
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
			if f.Belongs(variable) {
				return name
			}
		}
	}
	return ""
}
