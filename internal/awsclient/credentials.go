package awsclient

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
)

// A chain asks one source of credentials after the other.
type chain struct{ region string }

// absent is why a source has no credentials, so that the next one is asked. Any
// other error ends the search: who says where credentials are must get those.
type absent string

func (a absent) Error() string { return string(a) }

// Retrieve returns the credentials of the first source that has some. If none
// has, the error says for each why, and what to do.
func (c chain) Retrieve(ctx context.Context) (aws.Credentials, error) {
	var reasons []string
	for _, source := range []func(context.Context) (aws.Credentials, error){
		fromEnvironment, c.fromWebIdentity, fromProfile, fromContainer, fromInstance,
	} {
		found, err := source(ctx)
		var none absent
		switch {
		case errors.As(err, &none):
			reasons = append(reasons, string(none))
		case err != nil:
			return aws.Credentials{}, err
		case found.Expired():
			return aws.Credentials{}, fmt.Errorf("the AWS credentials expired at %s: log in again", found.Expires.UTC().Format(time.RFC3339))
		default:
			return found, nil
		}
	}
	return aws.Credentials{}, fmt.Errorf("no AWS credentials: %s; log in (aws sso login) and name the profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
		strings.Join(reasons, "; "))
}

func fromEnvironment(context.Context) (aws.Credentials, error) {
	id, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	switch {
	case id == "" && secret == "":
		return aws.Credentials{}, absent("AWS_ACCESS_KEY_ID is not set")
	case id == "" || secret == "":
		return aws.Credentials{}, errors.New("AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set only together")
	}
	return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: os.Getenv("AWS_SESSION_TOKEN"), Source: "environment"}, nil
}

// fromInstance asks the machine's metadata service, which is there on EC2 only.
func fromInstance(ctx context.Context) (aws.Credentials, error) {
	if strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		return aws.Credentials{}, absent("AWS_EC2_METADATA_DISABLED is true")
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	found, err := ec2rolecreds.New().Retrieve(ctx)
	if err != nil {
		return found, absent("this is no EC2 instance with a role")
	}
	return found, nil
}
