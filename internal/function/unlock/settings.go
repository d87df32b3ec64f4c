package unlock

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// The environment variables that carry Settings.
const (
	cookieVariable = "UNLOCK_COOKIE"
	secretVariable = "UNLOCK_SECRET_ARN"
)

// IsVariable reports whether an environment variable is one of Settings.
func IsVariable(name string) bool { return name == cookieVariable || name == secretVariable }

// Settings configure the function.
type Settings struct {
	Cookie    string // the name of the bypass cookie
	SecretARN string // the secret in Secrets Manager
}

// Environment returns the settings as environment variables.
func (s Settings) Environment() map[string]string {
	return map[string]string{cookieVariable: s.Cookie, secretVariable: s.SecretARN}
}

// FromEnvironment returns the handler that the environment variables describe,
// which reads the secret from Secrets Manager and logs to log.
func FromEnvironment(getenv func(string) string, cfg aws.Config, log io.Writer) *Handler {
	secrets := secretsmanager.NewFromConfig(cfg)
	input := &secretsmanager.GetSecretValueInput{SecretId: aws.String(getenv(secretVariable))}
	read := func(ctx context.Context) (string, error) {
		out, err := secrets.GetSecretValue(ctx, input)
		if err != nil {
			return "", err
		}
		return aws.ToString(out.SecretString), nil // an empty text is not a secret
	}
	return New(getenv(cookieVariable), read, log)
}
