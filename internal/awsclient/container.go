package awsclient

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
)

// Where ECS and EKS Pod Identity give out credentials.
const ecs = "http://169.254.170.2"

var containerHosts = []string{"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost"}

// fromContainer asks the agent of the container, as the variables say that ECS
// and EKS set.
func fromContainer(ctx context.Context) (aws.Credentials, error) {
	endpoint := os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if path := os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
		endpoint = ecs + path
	}
	if endpoint == "" {
		return aws.Credentials{}, absent("this is no container of ECS or EKS")
	}
	if err := trusted(endpoint); err != nil {
		return aws.Credentials{}, err
	}
	token := os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if name := os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); name != "" {
		content, err := os.ReadFile(name)
		if err != nil {
			return aws.Credentials{}, fmt.Errorf("reading the container's token (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE): %w", err)
		}
		token = strings.TrimSpace(string(content))
	}
	found, err := endpointcreds.New(endpoint, func(o *endpointcreds.Options) { o.AuthorizationToken = token }).Retrieve(ctx)
	if err != nil {
		return found, fmt.Errorf("AWS credentials of the container: %w", err)
	}
	return found, nil
}

// trusted is an error unless the endpoint is encrypted, on this machine, or an
// agent of ECS or EKS.
func trusted(endpoint string) error {
	at, err := url.Parse(endpoint)
	if err != nil {
		return fmt.Errorf("AWS_CONTAINER_CREDENTIALS_FULL_URI: %w", err)
	}
	ip, _ := netip.ParseAddr(at.Hostname())
	if at.Scheme == "https" || at.Scheme == "http" && (ip.IsLoopback() || slices.Contains(containerHosts, at.Hostname())) {
		return nil
	}
	return fmt.Errorf("AWS_CONTAINER_CREDENTIALS_FULL_URI %q: want https, or http on this machine or at an agent of ECS or EKS", endpoint)
}
