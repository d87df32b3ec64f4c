package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const secretARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!cluster-1"

// secretsManager serves as Secrets Manager and, on GET, as the credentials
// endpoint that ECS gives a task. The SDK in the test uses both.
func secretsManager(t *testing.T, status int, answer any) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			json.NewEncoder(w).Encode(map[string]string{
				"AccessKeyId": "AKIDTASK", "SecretAccessKey": "k", "Token": "of-the-task", "Expiration": "2099-01-01T00:00:00Z",
			})
			return
		}
		if got := r.Header.Get("X-Amz-Target"); got != "secretsmanager.GetSecretValue" {
			t.Errorf("got X-Amz-Target %q", got)
		}
		if got := r.Header.Get("X-Amz-Security-Token"); got != "of-the-task" {
			t.Errorf("got security token %q, want the task role's", got)
		}
		got := r.Header.Get("Authorization")
		if !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential=AKIDTASK/") || !strings.Contains(got, "/eu-west-1/secretsmanager/aws4_request") {
			t.Errorf("got Authorization %q, want it signed for the region", got)
		}
		var request struct{ SecretId string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.SecretId != secretARN {
			t.Errorf("got secret %q (%v), want %q", request.SecretId, err, secretARN)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	nowhere := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", nowhere)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.URL+"/credentials")
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", server.URL)
}

// secretString returns Secrets Manager's answer with the secret s.
func secretString(s string) map[string]any {
	return map[string]any{"ARN": secretARN, "Name": "rds!cluster-1", "VersionId": "1", "CreatedDate": 1.7e9, "SecretString": s}
}

func TestReadMasterLogin(t *testing.T) {
	secretsManager(t, 200, secretString(`{"username":"admin","password":"p \"1\""}`))
	got, err := readMasterLogin(t.Context(), "eu-west-1", secretARN)
	if want := (masterLogin{"admin", `p "1"`}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestReadMasterLoginRefuses(t *testing.T) {
	const notLogin = "is not the login of a database user"
	tests := []struct {
		name   string
		status int
		answer any
		want   string
	}{
		{"not allowed", 400, map[string]string{"__type": "AccessDeniedException", "Message": "not authorized"}, "AccessDeniedException: not authorized"},
		{"no such secret", 400, map[string]string{"__type": "ResourceNotFoundException", "Message": "can't find"}, "ResourceNotFoundException: can't find"},
		{"not JSON", 200, secretString("hunter2"), notLogin},
		{"no password", 200, secretString(`{"username":"hunter2"}`), notLogin},
		{"no user", 200, secretString(`{"password":"hunter2"}`), notLogin},
		{"another type", 200, secretString(`{"username":"admin","password":["hunter2"]}`), notLogin},
		{"binary", 200, map[string]any{"ARN": secretARN, "SecretBinary": "aHVudGVyMg=="}, notLogin},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			secretsManager(t, test.status, test.answer)
			_, err := readMasterLogin(t.Context(), "eu-west-1", secretARN)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), secretARN) {
				t.Errorf("got error %v, want the secret's ARN and %s", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}

// TestMigrateRefusesTheMasterUser checks that the master user cannot become the
// API's user, which has fewer rights.
func TestMigrateRefusesTheMasterUser(t *testing.T) {
	secretsManager(t, 200, secretString(`{"username":"api","password":"x"}`))
	env := environment(append(onAWS, "DB_ADMIN_SECRET_ARN="+secretARN)...)
	err := run(t.Context(), []string{"migrate"}, env, nil, nil, nil)
	if err == nil || !strings.Contains(err.Error(), `"api" is the cluster's master user`) {
		t.Errorf("got error %v", err)
	}
}
