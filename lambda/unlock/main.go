// Command unlock is the Lambda function that gives staff the bypass cookie for
// the secret. It alone may read the secret.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/noren-cdk/noren/internal/function/unlock"
)

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	secrets := secretsmanager.NewFromConfig(settings)
	arn := os.Getenv("UNLOCK_SECRET_ARN")
	read := func(ctx context.Context) (string, error) {
		if err != nil {
			return "", err
		}
		out, err := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.SecretString), nil // empty is no secret
	}
	lambda.Start(unlock.New(os.Getenv("UNLOCK_COOKIE"), read, os.Stdout).Handle)
}
