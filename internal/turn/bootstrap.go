package turn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// bootstrapVersion matches the default of the parameter in CDK's templates: the
// name of the Systems Manager parameter with the version of the bootstrap, which
// contains the qualifier of the bucket and the roles.
var bootstrapVersion = regexp.MustCompile(`^"/cdk-bootstrap/([a-z0-9]{1,10})/version"$`)

// Bucket is the bucket to which templates larger than 51,200 bytes are uploaded.
type Bucket struct {
	// Name is the bucket's name.
	Name string

	// Role is the ARN of a role that may write to it, for a caller who may not.
	// Empty if there is none.
	Role string
}

// qualifier returns the qualifier of the CDK bootstrap that the template was
// deployed with.
func qualifier(t text) (string, error) {
	name, err := t.at("Parameters", "BootstrapVersion", "Default")
	if err != nil {
		return "", fmt.Errorf("the template names no CDK bootstrap")
	}
	found := bootstrapVersion.FindSubmatch(name)
	if found == nil {
		return "", fmt.Errorf("the template's parameter BootstrapVersion is %s, want \"/cdk-bootstrap/QUALIFIER/version\"", name)
	}
	return string(found[1]), nil
}

// bootstrapBucket returns the bucket of the CDK bootstrap that the template was
// deployed with, and its file-publishing role. It fails for a template without a
// bootstrap, and for a bootstrap whose bucket has a custom name, which templates
// do not contain.
func bootstrapBucket(template []byte, stackARN string) (Bucket, error) {
	t, err := newText(template)
	if err != nil {
		return Bucket{}, err
	}
	qualifier, err := qualifier(t)
	if err != nil {
		return Bucket{}, fmt.Errorf("%w: name a bucket", err)
	}
	stack, err := arn.Parse(stackARN)
	if err != nil {
		return Bucket{}, fmt.Errorf("the stack's ARN %q: %w", stackARN, err)
	}
	return Bucket{
		Name: fmt.Sprintf("cdk-%s-assets-%s-%s", qualifier, stack.AccountID, stack.Region),
		Role: fmt.Sprintf("arn:%s:iam::%s:role/cdk-%s-file-publishing-role-%s-%s", stack.Partition, stack.AccountID, qualifier, stack.AccountID, stack.Region),
	}, nil
}

// Upload returns a function for Operation.Upload that uploads a template to the
// bucket with these settings.
func (b Bucket) Upload(settings aws.Config) func(ctx context.Context, key string, template []byte) (string, error) {
	return func(ctx context.Context, key string, template []byte) (string, error) {
		err := b.put(ctx, settings, key, template)
		var api smithy.APIError
		if errors.As(err, &api) && api.ErrorCode() == "AccessDenied" && b.Role != "" {
			with := settings.Copy()
			with.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(settings), b.Role, func(o *stscreds.AssumeRoleOptions) {
				o.RoleSessionName = "noren"
			}))
			if again := b.put(ctx, with, key, template); again == nil {
				err = nil
			} else {
				err = fmt.Errorf("neither you may write to it (%w) nor may you with %s (%w)", err, b.Role, again)
			}
		}
		if err != nil {
			return "", fmt.Errorf("bucket %s: %w", b.Name, err)
		}
		suffix := "amazonaws.com"
		if strings.HasPrefix(settings.Region, "cn-") {
			suffix += ".cn"
		}
		return fmt.Sprintf("https://s3.%s.%s/%s/%s", settings.Region, suffix, b.Name, key), nil
	}
}

func (b Bucket) put(ctx context.Context, settings aws.Config, key string, template []byte) error {
	client := s3.NewFromConfig(settings, func(o *s3.Options) { o.UsePathStyle = true })
	_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.Name, Key: &key, Body: bytes.NewReader(template), ContentType: aws.String("application/json")})
	return err
}

// BootstrapBucket returns the bucket of the CDK bootstrap that the template was
// deployed with, and its file-publishing role.
func (o *Operation) BootstrapBucket(ctx context.Context, template []byte) (Bucket, error) {
	stack, err := o.stack(ctx)
	if err != nil {
		return Bucket{}, err
	}
	return bootstrapBucket(template, *stack.StackId)
}
