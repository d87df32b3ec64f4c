package awsclient

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func withKey(t *testing.T) {
	t.Helper()
	alone(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "KEY")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
	t.Setenv("AWS_SESSION_TOKEN", "session")
}

type secret struct{ SecretString string }

func readSecret(t *testing.T) (string, error) {
	t.Helper()
	var got secret
	err := Call(t.Context(), Config("eu-central-1"), SecretsManager, "GetSecretValue", map[string]string{"SecretId": "arn:x"}, &got)
	return got.SecretString, err
}

// TestCallIsTheSDKs: what is asked is what the SDK's own client asks, both with
// the same Config.
func TestCallIsTheSDKs(t *testing.T) {
	withKey(t)
	type asked struct{ Method, Path, Body, Type, Target, Token, Scope string }
	var requests []asked
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1") // the service's own counts
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", stub(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		scope, _, _ := strings.Cut(r.Header.Get("Authorization"), ", SignedHeaders=")
		requests = append(requests, asked{r.Method, r.URL.Path, string(body), r.Header.Get("Content-Type"), r.Header.Get("X-Amz-Target"), r.Header.Get("X-Amz-Security-Token"), scope})
		json.NewEncoder(w).Encode(secret{"text"})
	}))
	if got, err := readSecret(t); err != nil || got != "text" {
		t.Fatalf("got %q, %v", got, err)
	}
	id := "arn:x"
	client := secretsmanager.NewFromConfig(Config("eu-central-1"))
	if _, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id}); err != nil {
		t.Fatal(err)
	}
	if len(requests) != 2 || requests[0] != requests[1] {
		t.Errorf("got and want:\n%+v", requests)
	}
	if want := "AWS4-HMAC-SHA256 Credential=KEY/" + time.Now().UTC().Format("20060102") + "/eu-central-1/secretsmanager/aws4_request"; requests[0].Scope != want {
		t.Errorf("signed %q, want %q", requests[0].Scope, want)
	}
}

func TestCallIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		header string
		body   string
		want   string
		asked  int
	}{
		"no such secret": {400, "", `{"__type":"com.amazonaws.secretsmanager#ResourceNotFoundException","Message":"can't find it"}`,
			"GetSecretValue: ResourceNotFoundException can't find it (400 Bad Request)", 1},
		"by a header":  {400, "AccessDeniedException:http://x/", `{"message":"not authorized"}`, "GetSecretValue: AccessDeniedException not authorized (400 Bad Request)", 1},
		"by a proxy":   {403, "", `<html>`, "GetSecretValue: (403 Forbidden)", 1},
		"for too much": {400, "", `{"__type":"ThrottlingException","message":"slow down"}`, "ThrottlingException slow down", 3},
		"by a fault":   {500, "", ``, "500 Internal Server Error", 3},
		"a redirect":   {302, "", ``, "302 Found", 1},
	} {
		t.Run(name, func(t *testing.T) {
			withKey(t)
			asked := 0
			t.Setenv("AWS_ENDPOINT_URL", stub(t, func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.Header().Set("Location", "/elsewhere")
				if test.header != "" {
					w.Header().Set("X-Amzn-ErrorType", test.header)
				}
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			}))
			_, err := readSecret(t)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			var refused *Error
			if !errors.As(err, &refused) || refused.Status != test.status {
				t.Errorf("got %#v, want an *Error with status %d", err, test.status)
			}
			if asked != test.asked {
				t.Errorf("asked %d times, want %d", asked, test.asked)
			}
		})
	}
}

func TestCallTriesAgain(t *testing.T) {
	withKey(t)
	asked := 0
	t.Setenv("AWS_ENDPOINT_URL", stub(t, func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 1 {
			panic(http.ErrAbortHandler) // the connection breaks
		} else if asked == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var request struct{ SecretId string }
		if json.NewDecoder(r.Body).Decode(&request) != nil || request.SecretId != "arn:x" {
			t.Error("the third request lost its body")
		}
		json.NewEncoder(w).Encode(secret{"text"})
	}))
	if got, err := readSecret(t); err != nil || got != "text" || asked != 3 {
		t.Errorf("got %q, %v after %d requests, want the third to do", got, err, asked)
	}
}

func TestCallKeepsASecret(t *testing.T) {
	withKey(t)
	t.Setenv("AWS_ENDPOINT_URL", stub(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"SecretString": hunter2}`) }))
	if _, err := readSecret(t); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error without the answer", err)
	}
}

func TestCallWithoutCredentials(t *testing.T) {
	alone(t)
	asked := false
	t.Setenv("AWS_ENDPOINT_URL", stub(t, func(http.ResponseWriter, *http.Request) { asked = true }))
	if _, err := readSecret(t); err == nil || !strings.Contains(err.Error(), "no AWS credentials") || asked {
		t.Errorf("got %v (asked: %v), want it to ask nobody and say why", err, asked)
	}
}

func TestCallEndsWithItsContext(t *testing.T) {
	withKey(t)
	ctx, cancel := context.WithCancel(t.Context())
	t.Setenv("AWS_ENDPOINT_URL", stub(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	if err := Call(ctx, Config("eu-central-1"), SecretsManager, "GetSecretValue", nil, &secret{}); err == nil {
		t.Error("got an answer")
	}
}

// The addresses are those of the SDK's endpoint tables.
func TestAddress(t *testing.T) {
	alone(t)
	for region, want := range map[string]string{
		"eu-central-1":   "https://secretsmanager.eu-central-1.amazonaws.com/",
		"us-gov-west-1":  "https://secretsmanager.us-gov-west-1.amazonaws.com/",
		"cn-north-1":     "https://secretsmanager.cn-north-1.amazonaws.com.cn/",
		"eusc-de-east-1": "https://secretsmanager.eusc-de-east-1.amazonaws.eu/",
		"us-iso-east-1":  "https://secretsmanager.us-iso-east-1.c2s.ic.gov/",
		"us-isob-east-1": "https://secretsmanager.us-isob-east-1.sc2s.sgov.gov/",
	} {
		sdks, err := secretsmanager.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), secretsmanager.EndpointParameters{Region: &region})
		if err != nil {
			t.Fatal(err)
		}
		got := address("Secrets Manager", "secretsmanager", region)
		if got != want || strings.TrimSuffix(got, "/") != strings.TrimSuffix(sdks.URI.String(), "/") {
			t.Errorf("%s: got %s, want %s; the SDK has %s", region, got, want, &sdks.URI)
		}
	}
	t.Setenv("AWS_USE_FIPS_ENDPOINT", "true")
	for region, want := range map[string]string{
		"us-east-1":     "https://sts-fips.us-east-1.amazonaws.com/",
		"us-gov-west-1": "https://sts.us-gov-west-1.amazonaws.com/",
	} {
		if got := address("STS", "sts", region); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
