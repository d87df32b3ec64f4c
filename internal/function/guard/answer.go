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
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
)

// maxAnswer is the maximum size of an answer that CloudFormation accepts, in
// bytes. More would be a failure, even of a rollback. Source: Custom resource
// response objects, CloudFormation user guide.
const maxAnswer = 4096

// attemptTime limits each attempt to answer, so that there can be another.
const attemptTime = 4 * time.Second

// send sends the answer to CloudFormation, through a URL of S3 that is signed for
// a request without a content type. It retries until the context ends.
func send(ctx context.Context, to string, response *cfn.Response) error {
	body, err := encode(response)
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

// encode encodes the answer, and shortens its text until CloudFormation accepts
// it. The log has the whole text.
func encode(response *cfn.Response) ([]byte, error) {
	said, _ := response.Data[Summary].(string)
	for most := maxSummary; ; most /= 2 {
		response.Data = map[string]any{Summary: cut(said, most)}
		response.Reason = cut(response.Reason, 2*most)
		body, err := json.Marshal(response)
		if err != nil || len(body) <= maxAnswer || most == 0 {
			return body, err
		}
	}
}

// maxSummary is the maximum length of the summary in an output, in bytes.
const maxSummary = 1000

// cut returns as many whole characters of a text as fit into a number of bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const rest = "..."
	return strings.ToValidUTF8(text[:max(most-len(rest), 0)], "") + rest
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
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 1000)) // as much as could be read is enough
		return fmt.Errorf("status %d: %s", answer.StatusCode, said)
	}
	return nil
}
