package awsclient

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// alone takes away every source of credentials that the tester's machine has.
func alone(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value) // restores it
			os.Unsetenv(name)
		}
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func stub(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func file(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return name
}

// cli puts an AWS CLI on PATH that answers with a script of sh's own commands.
func cli(t *testing.T, script string) {
	t.Helper()
	file(t, filepath.Join(os.Getenv("PATH"), "aws"), "#!/bin/sh\n"+script, 0o755)
}

// profiled is somebody who has a file of profiles.
func profiled(t *testing.T) {
	file(t, filepath.Join(os.Getenv("HOME"), ".aws", "config"), "[default]\n", 0o600)
}

func inAnHour() string { return time.Now().Add(time.Hour).UTC().Format(time.RFC3339) }

func document(id, expires string) string {
	return fmt.Sprintf(`{"Version":1,"AccessKeyId":%q,"SecretAccessKey":"hunter2","SessionToken":"session","Token":"session","Code":"Success","Expiration":%q}`, id, expires)
}

func TestCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(t *testing.T)
		want    string // the access key
	}{
		"the environment's": {func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", "KEY")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
			t.Setenv("AWS_SESSION_TOKEN", "session")
			t.Setenv("AWS_PROFILE", "other") // the SDK's order
		}, "KEY"},
		"a role's for a token": {func(t *testing.T) {
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file(t, filepath.Join(t.TempDir(), "token"), "jwt\n", 0o600))
			t.Setenv("AWS_ROLE_ARN", "arn:role")
			t.Setenv("AWS_ENDPOINT_URL_STS", stub(t, func(w http.ResponseWriter, r *http.Request) {
				if r.FormValue("Action") != "AssumeRoleWithWebIdentity" || r.FormValue("RoleArn") != "arn:role" || r.FormValue("WebIdentityToken") != "jwt" || r.Header.Get("Authorization") != "" {
					http.Error(w, "", http.StatusBadRequest)
					return
				}
				fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>`+
					`<AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey><SessionToken>session</SessionToken><Expiration>%s</Expiration>`+
					`</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, inAnHour())
			}))
		}, "ROLE"},
		"the named profile's": {func(t *testing.T) {
			t.Setenv("AWS_PROFILE", "prod")
			cli(t, `[ "$AWS_PROFILE $*" = "prod configure export-credentials --format process" ] && echo '`+document("PROFILE", inAnHour())+`'`)
		}, "PROFILE"},
		"the default profile's": {func(t *testing.T) {
			profiled(t)
			cli(t, `echo '`+document("PROFILE", inAnHour())+`'`)
		}, "PROFILE"},
		"the container's, with a default profile that has none": {func(t *testing.T) {
			profiled(t)
			cli(t, `exit 255`)
			t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file(t, filepath.Join(t.TempDir(), "token"), "pod\n", 0o600))
			t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", stub(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "pod" {
					w.WriteHeader(http.StatusForbidden)
				}
				io.WriteString(w, document("CONTAINER", inAnHour()))
			}))
		}, "CONTAINER"},
		"the instance's": {func(t *testing.T) {
			t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
			t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", stub(t, func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/latest/api/token":
					w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
					io.WriteString(w, "token")
				case "/latest/meta-data/iam/security-credentials/":
					io.WriteString(w, "bastion")
				default:
					io.WriteString(w, document("INSTANCE", inAnHour()))
				}
			}))
		}, "INSTANCE"},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t)
			test.prepare(t)
			got, err := Config("eu-central-1").Credentials.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.AccessKeyID != test.want || got.SecretAccessKey != "hunter2" || got.SessionToken != "session" {
				t.Errorf("got %q with session %q, want %q", got.AccessKeyID, got.SessionToken, test.want)
			}
		})
	}
}

func TestNoCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(t *testing.T)
		want    []string
	}{
		"nothing at all": {func(*testing.T) {}, []string{
			"no AWS credentials: AWS_ACCESS_KEY_ID is not set; AWS_WEB_IDENTITY_TOKEN_FILE is not set; AWS_PROFILE is not set",
			"no container of ECS or EKS", "AWS_EC2_METADATA_DISABLED is true", "aws sso login", "set AWS_ACCESS_KEY_ID",
		}},
		"half a key": {func(t *testing.T) { t.Setenv("AWS_ACCESS_KEY_ID", "KEY") }, []string{"set only together"}},
		"a profile and no CLI": {func(t *testing.T) { t.Setenv("AWS_PROFILE", "prod") }, []string{
			`AWS credentials of the profile "prod": the AWS CLI, version 2, is not on PATH`,
		}},
		"the default profile and no CLI": {profiled, []string{"no AWS credentials", "the AWS CLI, version 2, is not on PATH"}},
		"a session that is over": {func(t *testing.T) {
			t.Setenv("AWS_PROFILE", "prod")
			cli(t, `printf '\nError loading SSO Token: Token for prod has expired\n' >&2; exit 255`)
		}, []string{`AWS credentials of the profile "prod": aws configure export-credentials: Error loading SSO Token: Token for prod has expired`}},
		"what has expired": {func(t *testing.T) {
			t.Setenv("AWS_PROFILE", "prod")
			cli(t, `echo '`+document("PROFILE", "2020-01-02T03:04:05Z")+`'`)
		}, []string{"the AWS credentials expired at 2020-01-02T03:04:05Z: log in again"}},
		"a CLI that says something else": {func(t *testing.T) {
			t.Setenv("AWS_PROFILE", "prod")
			cli(t, `echo '{"Version":2,"SecretAccessKey":"hunter2"'`)
		}, []string{"no credentials in format process"}},
		"a token and no role": {func(t *testing.T) { t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere") }, []string{"AWS_ROLE_ARN"}},
		"no token": {func(t *testing.T) {
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere")
			t.Setenv("AWS_ROLE_ARN", "arn:role")
		}, []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"}},
		"a token that is refused": {func(t *testing.T) {
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file(t, filepath.Join(t.TempDir(), "token"), "hunter2", 0o600))
			t.Setenv("AWS_ROLE_ARN", "arn:role")
			t.Setenv("AWS_ENDPOINT_URL_STS", stub(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				io.WriteString(w, `<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredTokenException</Code><Message>Token expired</Message></Error></ErrorResponse>`)
			}))
		}, []string{`AWS credentials of the role "arn:role": ExpiredTokenException Token expired (400 Bad Request)`}},
		"a container whose agent refuses": {func(t *testing.T) {
			t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", stub(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				io.WriteString(w, `{"code":"AccessDenied","message":"no role"}`)
			}))
		}, []string{"AWS credentials of the container", "AccessDenied", "no role"}},
		"an agent anywhere": {func(t *testing.T) {
			t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/credentials")
		}, []string{`"http://192.0.2.1/credentials": want https, or http on this machine`}},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t)
			test.prepare(t)
			_, err := Config("eu-central-1").Credentials.Retrieve(t.Context())
			if err == nil {
				t.Fatal("got credentials")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds a secret: %v", err)
			}
		})
	}
}

// A profile that is named is the only one: a role of the machine would act on
// another account.
func TestANamedProfileIsTheOnlyOne(t *testing.T) {
	alone(t)
	t.Setenv("AWS_PROFILE", "prod")
	cli(t, `exit 255`)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", stub(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, document("CONTAINER", inAnHour()))
	}))
	if got, err := Config("eu-central-1").Credentials.Retrieve(t.Context()); err == nil {
		t.Errorf("got %q, want an error", got.AccessKeyID)
	}
}

// Credentials are asked for again when they are about to expire, not before.
func TestCredentialsAreKept(t *testing.T) {
	for expires, want := range map[time.Duration]int{time.Hour: 1, 30 * time.Second: 3} {
		alone(t)
		asked := 0
		t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", stub(t, func(w http.ResponseWriter, _ *http.Request) {
			asked++
			io.WriteString(w, document("CONTAINER", time.Now().Add(expires).UTC().Format(time.RFC3339)))
		}))
		credentials := Config("eu-central-1").Credentials
		for range 3 {
			if _, err := credentials.Retrieve(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if asked != want {
			t.Errorf("good for %v: asked %d times, want %d", expires, asked, want)
		}
	}
}
