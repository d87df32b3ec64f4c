// Command mobile acts as the Field Reports app in the field: it logs in, keeps
// what it needs offline, and writes reports into a queue on disk, from which it
// uploads them whenever the service allows it. It follows the client contract,
// docs/client-contract.md, and may be killed at any moment.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mobile:", err)
		os.Exit(1)
	}
}

// run runs the command. It prints what the app does to stdout.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("mobile", flag.ContinueOnError)
	flags.SetOutput(stderr)
	s := settings{pace: time.Second}
	flags.StringVar(&s.api, "api", cmp.Or(getenv("FIELDREPORTS_API"), "http://127.0.0.1:8080"), "address of the API; default FIELDREPORTS_API")
	flags.StringVar(&s.name, "name", "field", "who logs in")
	flags.StringVar(&s.folder, "folder", "mobile-data", "where the queue and the offline data are; one process a folder")
	flags.StringVar(&s.language, "language", "en", "language of the user, as in Accept-Language")
	flags.IntVar(&s.reports, "reports", 0, "end once this many have been written and sent; 0: go on until told to stop")
	flags.DurationVar(&s.every, "every", 5*time.Second, "time between two reports; 0 to write none, and only upload and sync")
	flags.DurationVar(&s.sync, "sync", 30*time.Second, "time between two looks at templates and reports")
	password := flags.String("password", "", "password; default FIELDREPORTS_PASSWORD, else that of the example")
	asJSON := flags.Bool("json", false, "print JSON, and every read")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s.password = cmp.Or(*password, getenv("FIELDREPORTS_PASSWORD"), "example")
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case s.name == "":
		return errors.New("--name is empty: want who logs in")
	case s.reports < 0:
		return fmt.Errorf("--reports is %d: want 0 or more", s.reports)
	case s.every < 0 || s.sync <= 0:
		return errors.New("--every and --sync: want a time such as 5s")
	case s.every == 0 && s.reports > 0:
		return fmt.Errorf("--every 0 writes nothing, and --reports wants %d", s.reports)
	}

	var handler slog.Handler = slog.NewTextHandler(stdout, nil)
	if *asJSON {
		handler = slog.NewJSONHandler(stdout, &slog.HandlerOptions{Level: slog.LevelDebug})
	}
	a, err := open(s, slog.New(handler))
	if err != nil {
		return err
	}
	defer a.close()
	return a.run(ctx)
}
