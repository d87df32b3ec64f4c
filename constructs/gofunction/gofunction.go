// Package gofunction defines a Lambda function in Go as a CDK construct. The
// program is compiled while the app is synthesized, without Docker, and always
// to the same bytes, as a zip archive or as a container image.
package gofunction

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/gobuild"
)

// Props configures a GoFunction.
type Props struct {
	// Program is the import path of the main package. It is looked up from the
	// working directory. Required.
	Program string

	// Package is how the program is packed. Default: Zip.
	Package Package

	// Repository holds the image in the function's region, after it was pushed
	// from the assembly. Required with Image.
	Repository awsecr.IRepository

	// Description is shown in the Lambda console. Required.
	Description string

	// Files are files beside the program, by name, in LAMBDA_TASK_ROOT. Default:
	// none.
	Files map[string][]byte

	// Environment holds the function's environment variables. Together they may
	// take 4 KB, names included. Source: Lambda quotas,
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	Environment map[string]string

	// MemorySize is in MiB, 128 to 10240. CPU grows with it. Default: 128.
	MemorySize int

	// Timeout is in whole seconds, up to 15 minutes.
	// Default: 3 seconds.
	Timeout time.Duration

	// LogRetention is how long the log is kept.
	// Default: one month.
	LogRetention awslogs.RetentionDays

	// LogGroup is where the function logs. Default: a log group of its own.
	LogGroup awslogs.ILogGroup

	// EncryptionKey encrypts the function's own log group. Its policy must let
	// CloudWatch Logs use it. The environment variables are encrypted with a key
	// of AWS: they hold no secrets, and a function whose key is disabled does not
	// start. Default: a key of AWS.
	EncryptionKey awskms.IKey

	// ReservedConcurrency reserves instances for this function; it is also the
	// function's maximum. 100 of an account's concurrency must stay
	// unreserved, so an account that still has a new one's low quota can
	// reserve none. Default: 0, nothing reserved, the account's quota is shared.
	ReservedConcurrency int
}

// GoFunction is a Lambda function with a log group.
type GoFunction struct {
	// Function runs on ARM64 outside any VPC, under provided.al2023 or as an
	// image. The image holds only the program, its files and Mozilla's root
	// certificates.
	Function awslambda.Function

	// LogGroup receives what the function prints.
	LogGroup awslogs.ILogGroup
}

// New compiles the program and defines a GoFunction in scope. It panics if
// props are invalid or the program does not compile.
func New(scope constructs.Construct, id string, props Props) GoFunction {
	path := *scope.Node().Path() + "/" + id
	if err := props.validate(); err != nil {
		panic(fmt.Errorf("gofunction %s: %w", path, err))
	}
	code, err := props.build(*awscdk.Stage_Of(scope).Outdir())
	if err != nil {
		panic(fmt.Errorf("gofunction %s: %w", path, err))
	}

	this := constructs.NewConstruct(scope, &id)
	logGroup := props.LogGroup
	if logGroup == nil {
		logGroup = awslogs.NewLogGroup(this, jsii.String("Logs"), &awslogs.LogGroupProps{
			Retention:     cmp.Or(props.LogRetention, awslogs.RetentionDays_ONE_MONTH),
			EncryptionKey: props.EncryptionKey,
			RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		})
	}
	// The function has a role of its own, since the AWS managed policy may write
	// to any log.
	role := awsiam.NewRole(this, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	logGroup.GrantWrite(role)
	function := awslambda.NewFunction(this, jsii.String("Function"), &awslambda.FunctionProps{
		Description:  &props.Description,
		Runtime:      code.runtime,
		Architecture: awslambda.Architecture_ARM_64(),
		Handler:      &code.handler,
		Code:         code.code,
		Environment:  environment(props.Environment),
		MemorySize:   jsii.Number(cmp.Or(props.MemorySize, 128)),
		Timeout:      awscdk.Duration_Seconds(jsii.Number(cmp.Or(props.Timeout, 3*time.Second).Seconds())),
		Role:         role,
		LogGroup:     logGroup,
	})
	if props.ReservedConcurrency > 0 {
		function.Node().DefaultChild().(awslambda.CfnFunction).SetReservedConcurrentExecutions(jsii.Number(props.ReservedConcurrency))
	}
	return GoFunction{Function: function, LogGroup: logGroup}
}

// Compile starts to compile programs, by their import paths, so that New waits
// less. New reports the errors.
func Compile(packages ...string) {
	for _, pkg := range packages {
		go func() { _, _ = gobuild.Once(pkg) }()
	}
}

func (p Props) validate() error {
	var errs []error
	if p.Program == "" {
		errs = append(errs, errors.New("Program is required"))
	}
	switch {
	case p.Package != Zip && p.Package != Image:
		errs = append(errs, fmt.Errorf("unknown Package %q: want Zip or Image", string(p.Package)))
	case (p.Package == Image) != (p.Repository != nil):
		errs = append(errs, errors.New("Package Image and a Repository go together"))
	}
	if p.Description == "" {
		errs = append(errs, errors.New("Description is required"))
	}
	if p.MemorySize != 0 && (p.MemorySize < 128 || p.MemorySize > 10240) {
		errs = append(errs, fmt.Errorf("MemorySize must be 128 to 10240 MiB, got %d", p.MemorySize))
	}
	if p.Timeout < 0 || p.Timeout > 15*time.Minute || p.Timeout%time.Second != 0 {
		errs = append(errs, fmt.Errorf("Timeout must be whole seconds up to 15m, got %v", p.Timeout))
	}
	if p.ReservedConcurrency < 0 {
		errs = append(errs, fmt.Errorf("ReservedConcurrency must not be negative, got %d", p.ReservedConcurrency))
	}
	return errors.Join(errs...)
}

// environment converts the map for jsii. It returns nil for an empty map.
func environment(variables map[string]string) *map[string]*string {
	if len(variables) == 0 {
		return nil
	}
	out := make(map[string]*string, len(variables))
	for name, value := range variables {
		out[name] = &value
	}
	return &out
}
