package awsclient

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// A Service speaks JSON 1.1, where each call is a POST that names its operation,
// or REST, where Target is empty.
type Service struct {
	ID     string // the SDK's name, which AWS_ENDPOINT_URL_<ID> holds
	Host   string // the first label of its address, and the name it signs with
	Target string // what stands before the operation in X-Amz-Target
}

// SecretsManager is AWS Secrets Manager.
var SecretsManager = Service{ID: "Secrets Manager", Host: "secretsmanager", Target: "secretsmanager"}

// An Error is the refusal of a service.
type Error struct {
	Status  int    // of HTTP
	Code    string // such as ResourceNotFoundException; empty if it did not say
	Message string
}

func (e *Error) Error() string {
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s (%d %s)", e.Code, e.Message, e.Status, http.StatusText(e.Status))), " ")
}

// Call has the service do the operation with in, which is written as JSON, and
// reads the answer into out. What the service refuses is an *Error; a call that
// did not get through, was throttled or failed there (5xx) is tried three times.
// No error quotes the answer to a call that succeeded.
func Call(ctx context.Context, cfg aws.Config, service Service, operation string, in, out any) error {
	payload, err := json.Marshal(in)
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {service.Target + "." + operation}}
	return ask(ctx, cfg, service, operation, http.MethodPost, "", header, payload, out)
}

// Get is Call for an operation of a service that speaks REST and JSON: a GET of
// a path, which is percent-encoded already and begins without a slash.
func Get(ctx context.Context, cfg aws.Config, service Service, operation, path string, out any) error {
	return ask(ctx, cfg, service, operation, http.MethodGet, path, http.Header{}, nil, out)
}

func ask(ctx context.Context, cfg aws.Config, service Service, operation, method, path string, header http.Header, payload []byte, out any) error {
	sum := sha256.Sum256(payload)
	body, err := send(ctx, func() (*http.Request, error) {
		credentials, err := cfg.Credentials.Retrieve(ctx)
		if err != nil {
			return nil, err
		}
		request, err := http.NewRequestWithContext(ctx, method, address(service.ID, service.Host, cfg.Region)+path, bytes.NewReader(payload))
		if err != nil {
			return nil, err
		}
		request.Header = header.Clone()
		return request, signer.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), service.Host, cfg.Region, time.Now())
	})
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("%s: %w", operation, refused.fromJSON())
	case err != nil:
		return fmt.Errorf("%s: %w", operation, err)
	case json.Unmarshal(body, out) != nil: // no %w: its text could quote a secret
		return fmt.Errorf("%s: the answer is not the JSON that was expected", operation)
	}
	return nil
}

// A refusal is an answer that is not 200, before its body is understood.
type refusal struct {
	status int
	kind   string // the header X-Amzn-ErrorType
	body   []byte
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)) }

func (r *refusal) fromJSON() error {
	var answer struct {
		Type    string `json:"__type"`
		Message string // or message: names are read without case
	}
	_ = json.Unmarshal(r.body, &answer)
	code := cmp.Or(r.kind, answer.Type)
	code = code[strings.LastIndexByte(code, '#')+1:] // a namespace
	code, _, _ = strings.Cut(code, ":")              // a URL
	return &Error{Status: r.status, Code: code, Message: answer.Message}
}

func (r *refusal) passing() bool {
	return r.status >= 500 || r.status == http.StatusTooManyRequests || bytes.Contains(r.body, []byte("Throttl"))
}

const (
	tries     = 3
	pause     = 200 * time.Millisecond // before the second try; twice as long before the third
	maxAnswer = 8 << 20
)

var client = &http.Client{
	Timeout: 30 * time.Second,
	// A redirect would carry the signature elsewhere; AWS sends none.
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// send makes a request, anew for every try, and returns the body of a 200.
// Anything else that was answered is a *refusal.
func send(ctx context.Context, request func() (*http.Request, error)) ([]byte, error) {
	for try := 1; ; try++ {
		asked, err := request()
		if err != nil {
			return nil, err
		}
		body, err := answer(asked)
		var refused *refusal
		if err == nil || try == tries || ctx.Err() != nil || errors.As(err, &refused) && !refused.passing() {
			return body, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause << (try - 1)):
		}
	}
}

func answer(request *http.Request) ([]byte, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case response.StatusCode != http.StatusOK:
		return nil, &refusal{status: response.StatusCode, kind: response.Header.Get("X-Amzn-ErrorType"), body: body}
	case err != nil:
		return nil, err
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("the answer is over %d MiB", maxAnswer>>20)
	}
	return body, nil
}
