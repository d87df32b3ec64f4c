package gofunction_test

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/gofunction"
)

// This example builds a Go program of this module as a Lambda function on ARM64.
func ExampleNew() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	gofunction.New(stack, "Responder", gofunction.Props{
		Program:     "github.com/noren-cdk/noren/lambda/responder",
		Description: "Answers 503 with a message.",
		Timeout:     5 * time.Second,
	})

	template := assertions.Template_FromStack(stack, nil)
	for _, resource := range *template.FindResources(jsii.String("AWS::Lambda::Function"), nil) {
		function := (*resource)["Properties"].(map[string]any)
		fmt.Println(function["Runtime"], function["Architectures"], function["Timeout"])
	}
	// Output:
	// provided.al2023 [arm64] 5
}
