package awsclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// profileTime is long enough to type the code of an MFA device.
const profileTime = 2 * time.Minute

// fromProfile has the AWS CLI read the profile. One that AWS_PROFILE names must
// have credentials; the default one may be without.
func fromProfile(ctx context.Context) (aws.Credentials, error) {
	name := os.Getenv("AWS_PROFILE")
	if name == "" && !profiles() {
		return aws.Credentials{}, absent("AWS_PROFILE is not set, and there is no ~/.aws/config or credentials")
	}
	found, err := export(ctx)
	switch {
	case err == nil:
		return found, nil
	case name != "":
		return found, fmt.Errorf("AWS credentials of the profile %q: %w", name, err)
	}
	return found, absent("AWS_PROFILE is not set, and the default profile has none: " + err.Error())
}

// profiles reports whether there is a file of profiles.
func profiles() bool {
	home, _ := os.UserHomeDir()
	for variable, usual := range map[string]string{"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"} {
		name := os.Getenv(variable)
		if name == "" {
			name = filepath.Join(home, ".aws", usual)
		}
		if _, err := os.Stat(name); err == nil {
			return true
		}
	}
	return false
}

// export runs aws configure export-credentials. The CLI asks for the code of an
// MFA device at the terminal itself, and keeps what it got.
func export(ctx context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, profileTime)
	defer cancel()
	command := exec.CommandContext(ctx, "aws", "configure", "export-credentials", "--format", "process")
	command.WaitDelay = time.Second
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return aws.Credentials{}, errors.New("the AWS CLI, version 2, is not on PATH: it reads the profiles")
	case ctx.Err() != nil:
		return aws.Credentials{}, fmt.Errorf("aws configure export-credentials: %w", ctx.Err())
	case err != nil:
		if text := strings.Join(strings.Fields(complaint.String()), " "); text != "" {
			err = errors.New(text)
		}
		return aws.Credentials{}, fmt.Errorf("aws configure export-credentials: %w", err)
	}
	var got struct {
		Version                                    int
		AccessKeyId, SecretAccessKey, SessionToken string
		Expiration                                 time.Time
	}
	// No %w: the text of the error could quote the key.
	if json.Unmarshal(out, &got) != nil || got.Version != 1 || got.AccessKeyId == "" || got.SecretAccessKey == "" {
		return aws.Credentials{}, errors.New("aws configure export-credentials: the answer is no credentials in format process, version 1")
	}
	return aws.Credentials{
		AccessKeyID: got.AccessKeyId, SecretAccessKey: got.SecretAccessKey, SessionToken: got.SessionToken,
		CanExpire: !got.Expiration.IsZero(), Expires: got.Expiration, Source: "profile",
	}, nil
}
