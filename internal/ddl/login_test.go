package ddl

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/go-sql-driver/mysql"
)

func TestLoginRefusesWhatIsIncomplete(t *testing.T) {
	for name, test := range map[string]struct {
		login Login
		want  string
	}{
		"nothing":      {Login{}, "no database: give --dsn (or DB_DSN), or set DB_HOST, DB_NAME, AWS_REGION, DB_USER or DB_SECRET_ARN"},
		"half":         {Login{Host: "h", Schema: "s"}, "set AWS_REGION, DB_USER or DB_SECRET_ARN"},
		"two users":    {Login{Host: "h", Schema: "s", Region: "r", User: "u", SecretARN: "a"}, "set one of them"},
		"no schema":    {Login{DSN: "root@tcp(127.0.0.1:1)/"}, "names no schema"},
		"no DSN":       {Login{DSN: "hunter2"}, "reading the DSN"},
		"no such CA":   {Login{DSN: "root@tcp(db.example.com:3306)/s", CA: "/nowhere.pem"}, "reading the CA certificates"},
		"nobody there": {Login{DSN: "root:hunter2@tcp(127.0.0.1:1)/s"}, "connecting to 127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.login.Open(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

// TestLoginVerifiesTLS checks that over the network a certificate is verified
// unless the DSN says otherwise.
func TestLoginVerifiesTLS(t *testing.T) {
	for dsn, want := range map[string]bool{
		"u:p@tcp(db.example.com:3306)/s":           true,
		"u:p@tcp(10.0.0.1:3306)/s":                 true,
		"u:p@tcp(127.0.0.1:3306)/s":                false,
		"u:p@tcp(localhost:3306)/s":                false,
		"u:p@unix(/tmp/s)/s":                       false,
		"u:p@tcp(db.example.com:3306)/s?tls=false": false,
	} {
		cfg, err := Login{DSN: dsn}.config(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.TLS != nil; got != want {
			t.Errorf("%s: got TLS %v, want %v", dsn, got, want)
		}
		if cfg.TLS != nil && (cfg.TLS.InsecureSkipVerify || cfg.TLS.ServerName == "") {
			t.Errorf("%s: the certificate is not verified", dsn)
		}
	}
}

// onAWS sets credentials, and Secrets Manager's endpoint if there is a stub.
func onAWS(t *testing.T, endpoint string) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint)
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
}

// settings returns settings for AWS.
func settings(t *testing.T) aws.Config {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("eu-central-1"))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestLoginWithAToken(t *testing.T) {
	onAWS(t, "")
	login := Login{Host: "db.example.com", Schema: "fieldreports", Region: "eu-central-1", User: "schemachange"}
	cfg, err := login.config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if cfg.TLS == nil || cfg.TLS.ServerName != "db.example.com" {
		t.Error("a token goes over a connection that is not verified")
	}
	if err := login.token(settings(t))(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"db.example.com:3306", "DBUser=schemachange", "X-Amz-Expires=900", "eu-central-1"} {
		if !strings.Contains(cfg.Passwd, want) {
			t.Errorf("the token %q lacks %q", cfg.Passwd, want)
		}
	}
	if !cfg.AllowCleartextPasswords {
		t.Error("the driver would not send the token")
	}
}

func TestLoginWithASecret(t *testing.T) {
	answer, asked := `{"username":"admin","password":"hunter2"}`, 0
	stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		var request struct{ SecretId string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.SecretId != "arn:x" {
			http.Error(w, `{"__type":"ResourceNotFoundException"}`, http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"SecretString": answer})
	}))
	defer stub.Close()
	onAWS(t, stub.URL)
	aws := settings(t)
	read := func(arn string) (*mysql.Config, error) {
		cfg := mysql.NewConfig()
		before := Login{SecretARN: arn}.secret(aws)
		err := before(context.Background(), cfg)
		if err == nil {
			err = before(context.Background(), cfg)
		}
		return cfg, err
	}
	if cfg, err := read("arn:x"); err != nil || cfg.User != "admin" || cfg.Passwd != "hunter2" || asked != 1 {
		t.Errorf("got %q, %v after %d requests, want admin after one", cfg.User, err, asked)
	}
	if _, err := read("arn:y"); err == nil || !strings.Contains(err.Error(), `"arn:y"`) {
		t.Errorf("got %v, want it to name the secret", err)
	}
	answer = `hunter2`
	if _, err := read("arn:x"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error without the secret", err)
	}
}

func TestLoginReadsTheCA(t *testing.T) {
	name := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(name, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (Login{DSN: "u@tcp(db.example.com:3306)/s", CA: name}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "no CA certificate in") {
		t.Errorf("got %v, want it to say that the file holds none", err)
	}
}
