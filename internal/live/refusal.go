package live

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/aws/smithy-go"
)

// explain says in one line what an error of AWS or of the network means.
func explain(err error, stack, region string) error {
	code, message := "", ""
	var api smithy.APIError
	if errors.As(err, &api) {
		code, message = api.ErrorCode(), api.ErrorMessage()
	}
	message = strings.Join(strings.Fields(message), " ")
	switch {
	case code == "ValidationError" && strings.Contains(message, "does not exist"):
		return fmt.Errorf("there is no stack %q in %s: deploy it, or name another with --env or --stack", stack, region)
	case strings.HasPrefix(code, "AccessDenied") || code == "UnauthorizedOperation":
		return fmt.Errorf("not allowed: %s", message)
	case strings.HasPrefix(code, "ExpiredToken") || code == "RequestExpired":
		return errors.New("the AWS credentials have expired: log in again, as with aws sso login")
	case code == "InvalidClientTokenId" || code == "UnrecognizedClientException" || code == "SignatureDoesNotMatch":
		return errors.New("AWS rejected these credentials: run aws sts get-caller-identity to see which ones are in use")
	case code != "":
		return fmt.Errorf("%s: %s", code, message)
	}
	var dns *net.DNSError
	var operation *net.OpError
	var request *url.Error
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &dns):
		return fmt.Errorf("cannot reach %s: %s", dns.Name, dns.Err)
	case errors.As(err, &operation) && operation.Addr != nil:
		return fmt.Errorf("cannot reach %s: %w", operation.Addr, operation.Err)
	case errors.As(err, &request):
		return fmt.Errorf("cannot reach %s: %w", request.URL, request.Err)
	}
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}
