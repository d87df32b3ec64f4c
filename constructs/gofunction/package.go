package gofunction

import (
	"path"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"

	"github.com/noren-cdk/noren/internal/gobuild"
	"github.com/noren-cdk/noren/internal/gobuild/image"
)

// Package is how the program of a function is delivered to Lambda.
type Package string

// The packages of a function.
const (
	// Zip is an archive in the bucket of the CDK bootstrap.
	Zip Package = ""

	// Image is a container image FROM scratch, for accounts that allow only
	// images. It is written into the assembly beside the template, without a
	// Docker engine. Push it to the Repository before the deploy, under the tag
	// that its name begins with; in this project, cmd/images does that.
	Image Package = "Image"
)

// packed is a program in the form that a function takes.
type packed struct {
	code    awslambda.Code
	runtime awslambda.Runtime
	handler string
}

// build compiles and packs the program. It writes an image into the folder of the
// assembly.
func (p Props) build(assembly string) (packed, error) {
	program, err := gobuild.Once(p.Program)
	if err != nil {
		return packed{}, err
	}
	if p.Package == Image {
		built, err := image.Function(program, "arm64", p.Files)
		if err != nil {
			return packed{}, err
		}
		tag, err := image.Tag(path.Base(p.Program), built)
		if err != nil {
			return packed{}, err
		}
		if _, err := image.Save(assembly, tag, built); err != nil {
			return packed{}, err
		}
		return packed{
			code:    awslambda.Code_FromEcrImage(p.Repository, &awslambda.EcrImageCodeProps{TagOrDigest: &tag}),
			runtime: awslambda.Runtime_FROM_IMAGE(),
			handler: *awslambda.Handler_FROM_IMAGE(),
		}, nil
	}
	archive, err := program.With(p.Files)
	if err != nil {
		return packed{}, err
	}
	return packed{
		code: awslambda.Code_FromAsset(&archive.Zip, &awss3assets.AssetOptions{
			AssetHashType: awscdk.AssetHashType_CUSTOM,
			AssetHash:     &archive.Hash,
		}),
		runtime: awslambda.Runtime_PROVIDED_AL2023(),
		handler: "bootstrap", // required, but this runtime does not read it
	}, nil
}
