// Package awsclient is AWS for a command that has to start at once: credentials,
// endpoints, and calls of services that speak JSON.
//
// The SDK's config package finds credentials too, but links the clients of four
// services for it (sts, sso, ssooidc, signin), and a client fills its tables
// before main runs: with them and the client of Secrets Manager noren --version
// took twice as long. A profile is therefore left to the AWS CLI, which knows
// every kind of it, and Secrets Manager is asked by Call.
//
// A Config serves the SDK's own clients as well:
//
//	elbv2.NewFromConfig(awsclient.Config("eu-central-1"))
package awsclient

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Config is the SDK's configuration for the region, with the credentials of
// whoever runs this program. Nothing is read or asked before a call needs it;
// credentials are kept until a minute before they expire.
//
// They come from the first of these that is there:
//  1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
//  2. AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN
//  3. the profile AWS_PROFILE, or the default one: SSO, roles and all, by
//     `aws configure export-credentials` (the AWS CLI on PATH)
//  4. the container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI
//  5. the EC2 instance, unless AWS_EC2_METADATA_DISABLED is true
//
// AWS_ENDPOINT_URL_<SERVICE> and AWS_ENDPOINT_URL replace a service's address.
func Config(region string) aws.Config {
	cfg := aws.Config{
		Region:        region,
		Credentials:   aws.NewCredentialsCache(chain{region: region}, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = time.Minute }),
		ConfigSources: []any{endpoints{}},
	}
	if url := os.Getenv("AWS_ENDPOINT_URL"); url != "" {
		cfg.BaseEndpoint = &url
	}
	return cfg
}

// endpoints tells the SDK's clients where their service is.
type endpoints struct{}

// GetServiceBaseEndpoint is what the SDK asks for by interface; its service
// names have spaces.
func (endpoints) GetServiceBaseEndpoint(_ context.Context, service string) (url string, found bool, err error) {
	url = os.Getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	if url == "" {
		url = os.Getenv("AWS_ENDPOINT_URL")
	}
	return url, url != "", nil
}

// address is where the service is in the region: what the environment says, or
// where AWS has it. host is the first label of its name, id the SDK's name.
func address(id, host, region string) string {
	if url, found, _ := (endpoints{}).GetServiceBaseEndpoint(context.Background(), id); found {
		return strings.TrimRight(url, "/") + "/"
	}
	alwaysFIPS := host == "sts" && strings.HasPrefix(region, "us-gov-")
	if os.Getenv("AWS_USE_FIPS_ENDPOINT") == "true" && !alwaysFIPS {
		host += "-fips"
	}
	return "https://" + host + "." + region + "." + domain(region) + "/"
}

// domain is that of the region's partition, as in the SDK's partitions.json.
func domain(region string) string {
	for _, partition := range []struct{ prefix, domain string }{
		{"cn-", "amazonaws.com.cn"},
		{"eusc-", "amazonaws.eu"},
		{"us-iso-", "c2s.ic.gov"},
		{"us-isob-", "sc2s.sgov.gov"},
		{"us-isof-", "csp.hci.ic.gov"},
		{"eu-isoe-", "cloud.adc-e.uk"},
	} {
		if strings.HasPrefix(region, partition.prefix) {
			return partition.domain
		}
	}
	return "amazonaws.com"
}
