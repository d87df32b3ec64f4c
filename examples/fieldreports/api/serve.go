package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	// shutdownGrace is how long requests in flight may take to finish after
	// SIGTERM. ECS kills the task 30 seconds after the signal.
	shutdownGrace = 25 * time.Second

	// idleTimeout exceeds the 60 seconds for which an ALB keeps an idle
	// connection, so that the ALB never sends a request on a connection that is
	// being closed (502).
	idleTimeout = 2 * time.Minute
)

// serve answers HTTP until ctx ends, then finishes the requests in flight.
func serve(ctx context.Context, args []string, getenv func(string) string, _ io.Reader, _, stderr io.Writer) error {
	flags := flag.NewFlagSet("fieldreports serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	bind := flags.String("bind", getenv("BIND_ADDRESS"), "address to listen on: 127.0.0.1 for this machine alone; default BIND_ADDRESS, else all")
	port := flags.String("port", cmp.Or(getenv("PORT"), "8080"), "port to listen on, 0 for a free one; default PORT, else 8080")
	dsn := flags.String("dsn", "", dsnUsage)
	embedded := flags.Bool("embedded", false, "a database in this process, with example users, gone when it ends; listens on 127.0.0.1 unless --bind says otherwise")
	site := flags.String("site", "", "folder of a site to serve beside the API, such as web; on AWS that is CloudFront's")
	if err := parse(flags, args); err != nil {
		return err
	}
	allowed, err := originsFrom(getenv("CORS_ORIGINS"))
	if err != nil {
		return err
	}
	var db database
	switch {
	case *embedded && *dsn != "":
		return errors.New("--embedded and --dsn are two databases: want one")
	case *embedded:
		*bind = cmp.Or(*bind, "127.0.0.1")
		db, err = startEmbedded(ctx)
	default:
		if db, err = databaseFrom(*dsn, getenv, "DB_USER"); err != nil && *dsn == "" {
			err = fmt.Errorf("%w, or --embedded to try it out", err)
		}
	}
	if err != nil {
		return err
	}
	if db.sessions, err = valkeyFrom(getenv); err != nil {
		return err
	}
	pools, err := db.open(ctx)
	if err != nil {
		return err
	}
	defer pools.close()

	log := slog.New(slog.NewJSONHandler(stderr, nil))
	_ = mysql.SetLogger(slog.NewLogLogger(log.Handler(), slog.LevelWarn))
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(*bind, *port))
	if err != nil {
		return err
	}
	served := newAPI(pools, allowed, log)
	served.ready.notSetUp = getenv("DB_SETUP") == "later"
	handler := served.routes()
	if url := getenv("STATUS_URL"); url != "" {
		n := &notice{url: url, log: log}
		handler = n.ends(handler)
		go n.keep(ctx)
	}
	if *site != "" {
		handler = withSite(handler, *site)
	}
	log.Info("listening", "address", listener.Addr().String(), "database", db)
	if *embedded {
		log.Info("example users", "names", []string{examples[0].name, examples[1].name}, "password", examplePassword)
	}
	go served.ready.await(ctx, pools, log)
	return serveUntil(ctx, listener, handler, shutdownGrace, log)
}

// withSite serves the files of folder beside the API.
func withSite(api http.Handler, folder string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(folder)))
	mux.Handle("/api/", api)
	return mux
}

// dsnUsage describes the flag, whose default is never shown: it may contain a
// password.
const dsnUsage = "MySQL or MariaDB that is not on AWS, as user:password@tcp(host:port)/schema; default DB_DSN"

// parse parses args and returns an error if arguments are left over.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return nil
}

// serveUntil serves handler on listener until ctx ends. Then it closes the
// listener and gives the requests in flight the grace period to finish.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler, grace time.Duration, log *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping", "grace", grace.String())
	// ctx has ended; the requests in flight have not.
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(finish); err != nil {
		server.Close()
		return fmt.Errorf("requests still in flight after %v: %w", grace, err)
	}
	log.Info("stopped")
	return nil
}
