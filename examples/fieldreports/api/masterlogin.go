package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// A masterLogin is the login of the cluster's master user, which RDS keeps in
// Secrets Manager and rotates.
type masterLogin struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// readMasterLogin reads the login from the secret arn with the task's role. It
// reads it each time: a copy would be wrong after the next rotation.
func readMasterLogin(ctx context.Context, region, arn string) (masterLogin, error) {
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return masterLogin{}, fmt.Errorf("configuring the AWS SDK: %w", err)
	}
	secret, err := secretsmanager.NewFromConfig(settings).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return masterLogin{}, fmt.Errorf("reading the secret %q: %w", arn, err)
	}
	var login masterLogin
	// Not %w: the text of the error could quote the secret.
	if json.Unmarshal([]byte(aws.ToString(secret.SecretString)), &login) != nil || login.Username == "" || login.Password == "" {
		return masterLogin{}, errors.New("the secret " + arn + ` is not the login of a database user: want {"username": ..., "password": ...}`)
	}
	return login, nil
}
