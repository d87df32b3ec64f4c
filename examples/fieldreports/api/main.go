// Command fieldreports is the API of Field Reports, the example product that
// noren's stack deploys.
//
//	fieldreports [serve]    answer HTTP until a signal stops it
//	fieldreports migrate    create the schema, tables and users, then exit
//	fieldreports password   print the hash of a password
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "fieldreports:", err)
		os.Exit(1)
	}
}

// A verb is one thing that the command does. It ends when ctx does.
type verb func(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error

// run runs the verb that args begin with, or serve if they name none.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	verbs := map[string]verb{"serve": serve, "migrate": migrate, "password": password}
	name := "serve"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	do, ok := verbs[name]
	if !ok {
		return fmt.Errorf("unknown verb %q: want serve, migrate or password", name)
	}
	return do(ctx, args, getenv, stdin, stdout, stderr)
}
