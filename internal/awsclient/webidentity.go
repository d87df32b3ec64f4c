package awsclient

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// fromWebIdentity takes the role AWS_ROLE_ARN with a token that Kubernetes or a
// CI system wrote into a file. The call is not signed: the token is its proof.
func (c chain) fromWebIdentity(ctx context.Context) (aws.Credentials, error) {
	file, role := os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"), os.Getenv("AWS_ROLE_ARN")
	if file == "" {
		return aws.Credentials{}, absent("AWS_WEB_IDENTITY_TOKEN_FILE is not set")
	}
	if role == "" {
		return aws.Credentials{}, errors.New("AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN does not say which role it is for")
	}
	token, err := os.ReadFile(file)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("reading the token (AWS_WEB_IDENTITY_TOKEN_FILE): %w", err)
	}
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {role},
		"RoleSessionName": {cmp.Or(os.Getenv("AWS_ROLE_SESSION_NAME"), "noren")}, "WebIdentityToken": {strings.TrimSpace(string(token))},
	}
	body, err := send(ctx, func() (*http.Request, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address("STS", "sts", c.region), strings.NewReader(form.Encode()))
		if err == nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return request, err
	})
	var refused *refusal
	if errors.As(err, &refused) {
		var answer struct {
			Code    string `xml:"Error>Code"`
			Message string `xml:"Error>Message"`
		}
		if xml.NewDecoder(bytes.NewReader(refused.body)).Decode(&answer) == nil {
			err = &Error{Status: refused.status, Code: answer.Code, Message: answer.Message}
		}
	}
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("AWS credentials of the role %q: %w", role, err)
	}
	var answer struct {
		Credentials struct {
			AccessKeyId, SecretAccessKey, SessionToken string
			Expiration                                 time.Time
		} `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	}
	got := &answer.Credentials
	if xml.Unmarshal(body, &answer) != nil || got.AccessKeyId == "" || got.SecretAccessKey == "" {
		return aws.Credentials{}, fmt.Errorf("AWS credentials of the role %q: the answer holds none", role)
	}
	return aws.Credentials{
		AccessKeyID: got.AccessKeyId, SecretAccessKey: got.SecretAccessKey, SessionToken: got.SessionToken,
		CanExpire: true, Expires: got.Expiration, Source: "web identity",
	}, nil
}
