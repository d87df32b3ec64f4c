//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
)

// TestCopyEnvironment checks that a command of --with finds the copy where it
// would find the real schema, and finds the real schema nowhere.
func TestCopyEnvironment(t *testing.T) {
	for _, test := range []struct{ name, environment, dsn, want string }{
		{"a clone on AWS",
			"PATH=/bin AWS_REGION=eu-west-1 DB_HOST=real DB_READER_HOST=real-reader DB_PORT=3307 DB_NAME=shop DB_USER=api DB_DSN=real DB_CONNECTIONS=9 PLAN_DB_USER=plan REHEARSE_DB_HOST=clone", "",
			"PATH=/bin AWS_REGION=eu-west-1 DB_HOST=clone DB_PORT=3307 DB_NAME=shop DB_USER=api"},
		{"a user for the clone", "DB_HOST=real DB_NAME=shop DB_USER=api REHEARSE_DB_HOST=clone REHEARSE_DB_SECRET_ARN=arn REHEARSE_DB_NAME=copy", "",
			"DB_HOST=clone DB_NAME=copy DB_SECRET_ARN=arn"},
		{"--dsn", "DB_HOST=real DB_NAME=shop DB_USER=api DB_TLS_CA=ca.pem REHEARSE_DB_HOST=other", "root@tcp(127.0.0.1)/copy",
			"DB_DSN=root@tcp(127.0.0.1)/copy DB_TLS_CA=ca.pem"},
		{"REHEARSE_DB_DSN", "DB_DSN=real REHEARSE_DB_DSN=copy", "", "DB_DSN=copy"},
	} {
		if got, want := copyEnvironment(strings.Fields(test.environment), test.dsn), strings.Fields(test.want); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", test.name, got, want)
		}
	}
}

func TestRunAgainstCopy(t *testing.T) {
	for _, test := range []struct{ command, failed string }{
		{`test "$DB_DSN" = copy && echo good`, ""},
		{`test "$DB_DSN" = real`, `--with "test \"$DB_DSN\" = real": exit status 1`},
		{`kill -9 $$`, `--with "kill -9 $$": signal: killed`},
	} {
		var out bytes.Buffer
		r := &ddl.Rehearsal{}
		if err := runAgainstCopy(t.Context(), r, test.command, append(os.Environ(), "DB_DSN=copy"), &out); err != nil || r.Failed != test.failed || r.With == nil || r.With.Command != test.command {
			t.Errorf("%s: got %v, %q, %+v, want %q", test.command, err, r.Failed, r.With, test.failed)
		}
		if test.failed == "" && !strings.HasSuffix(out.String(), "good\n") {
			t.Errorf("%s: got %q, want what it printed", test.command, out.String())
		}
	}
}

// TestRunAgainstCopy_Interrupted checks that an interrupted rehearsal leaves
// nothing running.
func TestRunAgainstCopy_Interrupted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "still-there")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	r := &ddl.Rehearsal{}
	err := runAgainstCopy(ctx, r, "(sleep 1; touch "+file+") & wait", os.Environ(), &bytes.Buffer{})
	if !errors.Is(err, context.DeadlineExceeded) || r.Failed != "" {
		t.Errorf("got %v, %q, want it interrupted and no verdict", err, r.Failed)
	}
	time.Sleep(1200 * time.Millisecond)
	if _, err := os.Stat(file); err == nil {
		t.Error("what the command has started goes on")
	}
}
