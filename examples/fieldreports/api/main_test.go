package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestMain lets a test start the command itself, which is this binary with a
// variable set.
func TestMain(m *testing.M) {
	if os.Getenv("FIELDREPORTS_TEST_COMMAND") != "" {
		main()
		return
	}
	code := m.Run()
	for _, do := range atEnd {
		do()
	}
	os.Exit(code)
}

// atEnd are functions to call after all tests have run.
var atEnd []func()

// environment returns a getenv for "NAME=value" lines.
func environment(lines ...string) func(string) string {
	values := map[string]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		values[name] = value
	}
	return func(name string) string { return values[name] }
}

// onAWS is a complete environment whose database does not exist.
var onAWS = []string{
	"DB_HOST=127.0.0.1", "DB_PORT=1", "DB_NAME=fieldreports", "DB_USER=api", "AWS_REGION=eu-west-1",
	"DB_ADMIN_SECRET_ARN=arn:aws:secretsmanager:eu-west-1:111122223333:secret:x",
}

func TestRunRefuses(t *testing.T) {
	onAWS := append(onAWS, "DB_TLS_CA="+newAuthority(t).file(t))
	with := func(lines ...string) []string { return append(append([]string{}, onAWS...), lines...) }
	tests := []struct {
		name string
		args string
		env  []string
		want string
	}{
		{"unknown verb", "start", nil, `unknown verb "start": want serve, migrate or password`},
		{"unknown flag", "serve --colour", nil, "flag provided but not defined: -colour"},
		{"argument left over", "migrate now", nil, `unexpected argument "now"`},
		{"serve without a database", "", nil, "no database: set DB_HOST, DB_NAME, AWS_REGION, DB_USER, or give --dsn (or DB_DSN) for a server that is not on AWS"},
		{"serve with two databases", "serve --embedded --dsn root@tcp(127.0.0.1:1)/x", nil, "--embedded and --dsn are two databases: want one"},
		{"serve for something that is not an origin", "serve", with("CORS_ORIGINS=https://a.example, app.example.com"), `CORS_ORIGINS: "app.example.com" is not an origin`},
		{"serve for an origin with a path", "serve", with("CORS_ORIGINS=https://a.example/app"), `"https://a.example/app" is not an origin`},
		{"serve for every origin", "serve", with("CORS_ORIGINS=*"), `"*" is not an origin`},
		{"serve without a database, what else", "serve", nil, "or --embedded to try it out"},
		{"example users on AWS", "migrate --example", onAWS, "--example is refused on AWS"},
		{"user without a role", "migrate --user mika", nil, "want NAME:ROLE:HASH"},
		{"user of no role", "migrate --user mika:boss:x", nil, `the role is "boss": want manager or field`},
		{"user with a password", "migrate --user mika:manager:secret", nil, "the hash is not bcrypt's"},
		{"user with a cheap hash", "migrate --user mika:manager:$2a$04$Fq2kkDUbK8nOTE2TM4J3IuMAxbdU9CUbAYXCnLX7Hh3Dbs8fLOpyq", nil, "the hash has cost 4: want 12"},
		{"user with more than a hash", "migrate --user mika:manager:" + exampleHash + "x", nil, "the hash is not bcrypt's"},
		{"removed user of no name", "migrate --remove-user Mika!", nil, `the name is "Mika!"`},
		{"connections", "serve", with("DB_CONNECTIONS=many"), `DB_CONNECTIONS is "many": want 1 to 1000`},
		{"serve without a user", "serve", with("DB_USER="), "no database: set DB_USER, or"},
		{"migrate without a database", "migrate", nil, "no database: set DB_HOST, DB_NAME, AWS_REGION, DB_ADMIN_SECRET_ARN, or"},
		{"migrate without the secret", "migrate", with("DB_ADMIN_SECRET_ARN="), "no database: set DB_ADMIN_SECRET_ARN, or"},
		{"DSN that is not one", "migrate --dsn localhost", nil, "reading the DSN: invalid DSN"},
		{"DSN of the environment that is not one", "migrate", with("DB_DSN=localhost"), "reading the DSN: invalid DSN"},
		{"DSN without a schema", "serve --dsn root@tcp(127.0.0.1:1)/", nil, "the DSN names no schema"},
		{"store of sessions", "serve", with("SESSIONS_HOST=localhost", "SESSIONS_PORT=6379"), "SESSIONS_HOST names a store of sessions: set SESSIONS_GROUP, SESSIONS_USER, too"},
		{"port of the store of sessions", "serve", with("SESSIONS_HOST=localhost", "SESSIONS_PORT=tls", "SESSIONS_GROUP=g", "SESSIONS_USER=u"), `SESSIONS_PORT is "tls": want 1 to 65535`},
		{"port of the database", "serve", with("DB_PORT=70000"), `DB_PORT is "70000": want 1 to 65535`},
		{"port 0 of the database", "serve", with("DB_PORT=0"), `DB_PORT is "0": want 1 to 65535`},
		{"schema", "migrate", with("DB_NAME=a`b"), "DB_NAME is \"a`b\": want a letter or _"},
		{"schema of 65", "migrate", with("DB_NAME=" + strings.Repeat("a", 65)), "up to 63 letters"},
		{"user", "serve", with("DB_USER=o'brien"), `DB_USER is "o'brien": want a small letter or _`},
		{"API user", "migrate", with("DB_API_USER=Api"), `DB_API_USER is "Api": want`},
		{"API user of 33", "migrate", with("DB_API_USER=" + strings.Repeat("a", 33)), "up to 31 small letters"},
		{"schema-change user", "migrate", with("DB_SCHEMACHANGE_USER=x y"), `DB_SCHEMACHANGE_USER is "x y": want`},
		{"a plan that writes", "migrate", with("DB_SCHEMAPLAN_USER=schemachange"), `DB_SCHEMAPLAN_USER is "schemachange", as another user is`},
		{"one user for both", "migrate", with("DB_API_USER=app", "DB_SCHEMACHANGE_USER=app"), `are both "app"`},
		{"port to listen on", "serve --port http-ish --bind 127.0.0.1", onAWS, "http-ish"},
		{"address to listen on", "serve", with("BIND_ADDRESS=not an address"), "not an address"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			err := run(t.Context(), strings.Fields(test.args), environment(test.env...), nil, &stdout, &stderr)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want %s", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("got an error of several lines: %q", err)
			}
		})
	}
}

// TestUsageHidesTheDSN checks that the usage, which shows the flags' defaults,
// does not contain a password.
func TestUsageHidesTheDSN(t *testing.T) {
	for _, verb := range []string{"serve", "migrate"} {
		var output bytes.Buffer
		_ = run(t.Context(), []string{verb, "-h"}, environment("DB_DSN=root:hunter2@tcp(127.0.0.1:1)/x"), nil, &output, &output)
		if got := output.String(); !strings.Contains(got, "-dsn") || strings.Contains(got, "hunter2") {
			t.Errorf("%s -h: got %q, want the flag without its value", verb, got)
		}
	}
}
