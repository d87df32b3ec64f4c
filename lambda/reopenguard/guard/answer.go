package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
)

// attemptTime bounds each attempt to answer, so that there can be another.
const attemptTime = 4 * time.Second

// send puts the answer where CloudFormation waits for it, at a URL of S3 that is
// signed for a request without a content type. It tries again as long as the
// context lives.
func send(ctx context.Context, to string, response *cfn.Response) error {
	body, err := json.Marshal(response)
	if err != nil {
		return err
	}
	for {
		err := put(ctx, to, body)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}

func put(ctx context.Context, to string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, to, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			return failed.Err // without the URL, whose signature is a secret
		}
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 1000)) // what could be read is enough
		return fmt.Errorf("status %d: %s", answer.StatusCode, said)
	}
	return nil
}
