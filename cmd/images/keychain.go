package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"
)

var ecrHost = regexp.MustCompile(`^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$`)

// keychain logs in to Amazon ECR with AWS credentials, and to other registries
// with what docker login has stored.
type keychain struct{ ctx context.Context }

func (k keychain) Resolve(registry authn.Resource) (authn.Authenticator, error) {
	parts := ecrHost.FindStringSubmatch(registry.RegistryStr())
	if parts == nil {
		return authn.DefaultKeychain.Resolve(registry)
	}
	settings, err := config.LoadDefaultConfig(k.ctx, config.WithRegion(parts[1]))
	if err != nil {
		return nil, err
	}
	out, err := ecr.NewFromConfig(settings).GetAuthorizationToken(k.ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return nil, fmt.Errorf("logging in to %s: %w", registry.RegistryStr(), err)
	}
	for _, data := range out.AuthorizationData {
		token, err := base64.StdEncoding.DecodeString(aws.ToString(data.AuthorizationToken))
		if user, password, ok := strings.Cut(string(token), ":"); ok && err == nil {
			return authn.FromConfig(authn.AuthConfig{Username: user, Password: password}), nil
		}
	}
	return nil, fmt.Errorf("logging in to %s: the answer holds no token", registry.RegistryStr())
}
