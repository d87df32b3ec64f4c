package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/preview/process"
)

// runAgainstCopy runs a command of --with on the migrated copy, and records its
// result in the rehearsal. The command's output goes to out.
func runAgainstCopy(ctx context.Context, rehearsal *ddl.Rehearsal, command string, environment []string, out io.Writer) error {
	shell := []string{"sh", "-c", command}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/C", command}
	}
	program := osexec.Command(shell[0], shell[1:]...)
	program.Env, program.Stdout, program.Stderr = environment, out, out
	fmt.Fprintf(out, "the migrated copy has to pass: %s\n", command)
	begun := time.Now()
	if err := process.Start(program); err != nil {
		return fmt.Errorf("--with %q: %w", command, err)
	}
	var err error
	ended := make(chan struct{})
	go func() { err = program.Wait(); close(ended) }()
	select {
	case <-ctx.Done():
		process.Kill(program.Process) // with everything that it has started
		<-ended
		return ctx.Err()
	case <-ended:
	}
	rehearsal.With = &ddl.RehearsedCommand{Command: command, Seconds: time.Since(begun).Seconds()}
	var exit *osexec.ExitError
	if errors.As(err, &exit) {
		rehearsal.With.Error = exit.Error()
		rehearsal.Failed = fmt.Sprintf("--with %q: %v", command, exit)
		return nil
	}
	return err
}

// copyEnvironment returns the environment of a command that should use the copy:
// the variables that usually name the real schema name the copy, and no other
// variable names another database.
func copyEnvironment(environment []string, dsn string) []string {
	getenv := func(name string) string {
		value := ""
		for _, v := range environment {
			if text, ok := strings.CutPrefix(v, name+"="); ok {
				value = text
			}
		}
		return value
	}
	login := ddl.RehearseLogin(getenv)
	if dsn != "" {
		login = ddl.Login{DSN: dsn, CA: login.CA}
	}
	kept := slices.DeleteFunc(slices.Clone(environment), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasPrefix(name, "DB_") || strings.HasPrefix(name, "PLAN_DB_") || strings.HasPrefix(name, "REHEARSE_DB_")
	})
	for _, v := range []struct{ name, value string }{
		{"DB_DSN", login.DSN}, {"DB_HOST", login.Host}, {"DB_PORT", login.Port}, {"DB_NAME", login.Schema},
		{"DB_USER", login.User}, {"DB_SECRET_ARN", login.SecretARN}, {"DB_TLS_CA", login.CA},
	} {
		if v.value != "" {
			kept = append(kept, v.name+"="+v.value)
		}
	}
	return kept
}

// passes runs the command of --with, if there is one and the migration succeeded.
func passes(ctx context.Context, rehearsal *ddl.Rehearsal, command, dsn string, out io.Writer) error {
	if command == "" || rehearsal.Failed != "" {
		return nil
	}
	return runAgainstCopy(ctx, rehearsal, command, copyEnvironment(os.Environ(), dsn), out)
}
