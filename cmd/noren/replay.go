package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/replay"
	"github.com/noren-cdk/noren/internal/replay/accesslog"
	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/maintenance"
)

func newReplay() *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay LOG...",
		Short: "Say what the maintenance would do to the traffic of an access log",
		Long: `Read access logs of the load balancer and show what the maintenance would do to
that traffic: which requests get through and which are refused, by endpoint,
client and method; what the mobile app meets first; what the allowlist lacks,
and which of its patterns nothing used.

A LOG is a file as S3 delivers it, a folder with .log and .gz files, or - for
stdin. Compression is detected from the content. Logs are read line by line, so
memory does not grow with their size. Lines that are not entries are counted.

The templates are the assemblies that make synth wrote for the environment;
--open and --closed name others, such as cdk.out/ENV/read-only. If a parameter
controls the switch, give the same template twice, with --open-parameter and
--closed-parameter.

A log holds no header except the user agent. If another header decides a request,
the result is "depends", until --assume says what was sent: for all requests, or
for the user agents of the --when-agent flags that follow it, with * and ? as in a
listener rule. A header without a value was not sent. The first --assume that fits
applies. The bypass secret is assumed not to be sent. Host is assumed to have a
port only where it is not the scheme's default, since the log always shows a port.

The log also records the rule that the load balancer chose for each request. It is
compared with the open template. --since says when the load balancer began to have
this template's rules: after that, the recorded rule settles what depends on a
header, and a rule that the template cannot explain is an error.

Exit codes: 0 replayed; 1 a log or a template cannot be read; 3 after --since the
load balancer chose other rules than the template.`,
		Example: `  noren replay logs/2026/11/20
  noren replay --env prod --since 2026-11-01 logs/
  noren replay yesterday.log.gz --assume 'X-Client: ios' --when-agent 'FieldReports/*' \
    --assume 'X-Client:' --when-agent 'Mozilla/*'
  aws s3 cp s3://logs/alb/today.log.gz - | noren replay --json - | jq .suggestions`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("want access logs: files, folders, or - for standard input")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"log", "gz"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.templates.addReading(cmd)
	flags := cmd.Flags()
	addValueFlags(cmd, &o.ofOpen, "open-", "the template that is open")
	addValueFlags(cmd, &o.ofClosed, "closed-", "the maintenance template")
	flags.StringVar(&o.open, "open", "", "template or assembly folder of the mode open, instead of that of --env")
	flags.StringVar(&o.closed, "closed", "", "template or assembly folder of the maintenance, instead of that of --env")
	flags.Var((*assumeFlag)(&o.config.Assume), "assume", `header that requests are taken to have sent, such as "X-Client: ios"; may be repeated`)
	flags.Var((*whenAgentFlag)(&o.config.Assume), "when-agent", `user agents that the preceding --assume applies to, such as "FieldReports/*"; may be repeated`)
	flags.StringArrayVar(&o.config.App, "app", nil, "user agents of the mobile app, such as \"FieldReports/*\"; may be repeated (default: all that are not browsers, bots or tools)")
	flags.StringVar(&o.since, "since", "", "since when the load balancer has had these rules, such as 2026-11-20 or 2026-11-20T03:00:00Z")
	flags.StringVar(&o.config.LoadBalancer, "load-balancer", "", "name of the load balancer whose requests count, if the logs are of several")
	flags.IntVar(&o.top, "top", 20, "the most lines of a table; 0 for all")
	flags.BoolVar(&o.asJSON, "json", false, "write JSON, always with all lines")
	_ = cmd.MarkFlagFilename("open", "json")
	_ = cmd.MarkFlagFilename("closed", "json")
	return cmd
}

// replayOptions are the settings of replay.
type replayOptions struct {
	templates    templateFlags
	open, closed string
	since        string

	sources          [2]source     // open and closed
	ofOpen, ofClosed templateFlags // parameters and values in addition to the shared ones

	config replay.Config
	top    int
	asJSON bool
}

func (o replayOptions) run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if err := o.load(stderr); err != nil {
		return err
	}
	logs, err := accesslog.Sources(args, stdin)
	if err != nil {
		return err
	}
	r, err := replay.New(o.config)
	if err != nil {
		return err
	}
	// A read from stdin cannot be interrupted, so it must not delay the end.
	read := make(chan error, 1)
	progress := newReadProgress(stderr, logs)
	go func() { read <- readLogs(ctx, r, logs, progress) }()
	select {
	case err = <-read:
		progress.end()
	case <-ctx.Done():
		progress.end()
		return errors.New("interrupted")
	}
	report := r.Report()
	if report.Lines.Entries == 0 && err == nil {
		err = noEntries(report.Lines)
	}
	if report.Lines.Entries == 0 {
		return err
	}
	if o.asJSON {
		err = errors.Join(err, writeJSON(stdout, struct {
			replay.Report
			Read []extent `json:"read"` // for both modes
		}{report, []extent{o.sources[0].extent(), o.sources[1].extent()}}))
	} else {
		out := term.New(stdout)
		report.WriteText(out, replay.TextOptions{
			Open: o.open, Closed: o.closed, Assume: o.config.Assume, LoadBalancer: o.config.LoadBalancer, Top: o.top,
		})
		writeExtent(out, o.sources[:])
	}
	if check := report.SelfCheck; err == nil && check.Since != nil && check.Disagreed > 0 {
		return &exitError{3, fmt.Errorf("since %s the load balancer chose other rules than the template for %s", replay.Moment(*check.Since), term.Plural(check.Disagreed, "request"))}
	}
	return err
}

// load reads the templates and processes the other flags.
func (o *replayOptions) load(stderr io.Writer) error {
	if o.since != "" {
		since, err := parseSince(o.since)
		if err != nil {
			return err
		}
		o.config.Since = since
	}
	sources := map[string]source{}
	if o.open == "" || o.closed == "" {
		assemblies, err := o.templates.loadAssemblies()
		if err != nil {
			return err
		}
		for _, s := range assemblies {
			sources[s.mode] = s
		}
	}
	for _, side := range []struct {
		mode, path string
		own        templateFlags
	}{{string(maintenance.Open), o.open, o.ofOpen}, {string(maintenance.Closed), o.closed, o.ofClosed}} {
		path := side.path
		if path == "" && len(side.own.parameters)+len(side.own.values) > 0 {
			path = sources[side.mode].file
		}
		if path == "" {
			continue
		}
		s, err := o.templates.with(side.own).load([]string{path})
		if err != nil {
			return err
		}
		sources[side.mode] = s[0]
	}
	open, closed := sources[string(maintenance.Open)], sources[string(maintenance.Closed)]
	o.sources = [2]source{open, closed}
	o.sources[0].mode, o.sources[1].mode = string(maintenance.Open), string(maintenance.Closed)
	warn(stderr, o.sources[:])
	o.open, o.closed = open.file, closed.file
	o.config.Open, o.config.Maintenance = open.Template, closed.Template
	return nil
}

func parseSince(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("--since %q: want a time such as 2026-11-20T03:00:00Z, or 2026-11-20 (UTC)", text)
}

// readLogs reads the logs in order. A broken log does not keep the others from
// being read.
func readLogs(ctx context.Context, r *replay.Replay, logs []accesslog.Source, p *readProgress) error {
	var errs []error
	for _, log := range logs {
		file, err := log.Open()
		if err == nil {
			err = r.Read(ctx, log.Name, p.watch(file, r))
			file.Close()
		}
		if err != nil {
			errs = append(errs, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

func noEntries(lines replay.Lines) error {
	if len(lines.Examples) == 0 {
		return errors.New("the logs are empty")
	}
	first := lines.Examples[0]
	return fmt.Errorf("no entry of an access log in %s: %s:%d: %s", term.Plural(lines.Lines, "line"), first.File, first.Line, first.Error)
}

// assumeFlag adds an assumption for each --assume.
type assumeFlag []replay.Assumption

func (f *assumeFlag) Set(text string) error {
	assumption, err := replay.ParseAssumption(text)
	if err != nil {
		return err
	}
	*f = append(*f, assumption)
	return nil
}

func (f *assumeFlag) String() string { return "" }
func (f *assumeFlag) Type() string   { return "header" }

// whenAgentFlag narrows the last assumption.
type whenAgentFlag []replay.Assumption

func (f *whenAgentFlag) Set(pattern string) error {
	if len(*f) == 0 {
		return errors.New("want an --assume before it")
	}
	last := &(*f)[len(*f)-1]
	last.Agents = append(last.Agents, pattern)
	return nil
}

func (f *whenAgentFlag) String() string { return "" }
func (f *whenAgentFlag) Type() string   { return "pattern" }
