package window

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	night "github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

// verify sends the requests through the bypass, as an operator would.
func (f *Function) verify(ctx context.Context, p night.Payload) (string, error) {
	if f.Settings.URL == "" || f.Settings.Secret == "" {
		return "", errors.New("there is nothing to send requests to, or no bypass")
	}
	if err := f.still(ctx, p); err != nil {
		return "", err
	}
	out, err := secretsmanager.NewFromConfig(f.Config).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &f.Settings.Secret})
	if err != nil {
		return "", fmt.Errorf("reading the secret of the bypass: %w", err)
	}
	client := &http.Client{
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var errs []error
	for _, r := range p.Requests {
		if err := f.send(ctx, client, r, aws.ToString(out.SecretString)); err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", r.Method, r.Path, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return "", notYet(errors.New(strings.ReplaceAll(err.Error(), "\n", "; ")))
	}
	return fmt.Sprintf("%d of %d requests were answered as they should be", len(p.Requests), len(p.Requests)), nil
}

// send sends a request and reports an answer that is not the application's, or
// that has another status.
func (f *Function) send(ctx context.Context, client *http.Client, r night.Request, secret string) error {
	request, err := http.NewRequestWithContext(ctx, r.Method, f.Settings.URL+r.Path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "noren-window")
	if f.Settings.Header != "" {
		request.Header.Set(f.Settings.Header, secret)
	} else {
		request.AddCookie(&http.Cookie{Name: f.Settings.Cookie, Value: secret})
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	answer.Body.Close()
	switch {
	case answer.Header.Get(maintenance.Marker) != "":
		return fmt.Errorf("maintenance answered: the bypass does not let it through")
	case answer.StatusCode != r.Status:
		return fmt.Errorf("got %d, want %d", answer.StatusCode, r.Status)
	}
	return nil
}
