package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/diff"
	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/maintenance"
)

func newPreview() *cobra.Command {
	var q previewing
	cmd := &cobra.Command{
		Use:   "preview",
		Short: "Run the whole product on this machine, open and closed",
		Long: `Run the product as its templates would deploy it: CloudFront with its
functions and policies, the load balancer with its rules, the functions behind
it, and the application. All of it listens on 127.0.0.1 only, and needs no AWS.

The application is the example, which needs no database, or with --app any service
that is running. The site is what the template uploads, or with --site a folder,
whose files are served as they are at the moment of the request.

noren's own functions run as this program. For another function, --function names
an archive or a folder with a bootstrap for this machine. Without it, the
template's asset runs if it is built for this machine; otherwise a 501 names the
function that would have answered.

--script names a file with flips, and with times at which the application fails or
is slow. The preview ends with the script. In it, at is the time since the product
was ready:

  steps:
    - {at: 5s, mode: closed}
    - {at: 20s, fail: 502, for: 5s}      # or fail: reset
    - {at: 30s, delay: 2s, for: 10s}
    - {at: 60s, mode: open}
    - {at: 90s, end: true}

--window plays the planned maintenance of the template: the state machine as it
is synthesized, with the functions, change sets and schema changes that it calls,
while mobile apps write. Waits are shortened. In the terminal y
answers the question whether to open, t retries from a step that failed, and
noren window works with the variables that are printed. At the end a report says
what each step took and what clients saw. --fail breaks a step, once.

With --json, everything that happens is a line of JSON on stdout: ready, with the
addresses; mode; fault; night; request. The last line of --window is its report.

Change the mode with a key in the terminal (c, r, o; q quits), or on the control
page. A flip takes effect between two requests.

Without --template the assemblies that make synth wrote for --env are run.
--template runs any app's template; given several times, each is a mode. One
template alone cannot be flipped. Without a distribution in it, only the load
balancer is served.

Exit codes: 0 ended by q, Ctrl-C, a signal or the script, 1 it cannot run, 5 the
night did not succeed.`,
		Example: `  noren preview
  noren preview --closed --app http://127.0.0.1:3000 --site web/dist
  noren preview --env prod --two-origins
  noren preview --template cdk.out/Shop.template.json --app Orders=http://127.0.0.1:3000
  noren preview --template shop.json --app http://127.0.0.1:3000 --function Quotes=build/quotes
  noren preview --env prod --window --dsn own --changes changes
  noren preview --env prod --window --yes --fail Verify
  noren preview --script night.yaml --json --app http://127.0.0.1:3000 > events.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return q.run(cmd) },
	}
	flags := cmd.Flags()
	q.templates.addReading(cmd)
	flags.StringArrayVar(&q.files, "template", nil, "template or assembly folder to run instead of the assemblies of --env; may be repeated, one for each mode")
	flags.BoolVar(&q.closed, "closed", false, "start closed")
	flags.BoolVar(&q.readOnly, "read-only", false, "start read-only")
	flags.StringArrayVar(&q.apps, "app", nil, "address of the application that gets the requests, such as http://127.0.0.1:3000, or TARGETGROUP=ADDRESS; may be repeated. Default: the example")
	flags.StringArrayVar(&q.functions, "function", nil, "program of a function that answers requests, as LOGICALID=ZIP or LOGICALID=FOLDER; may be repeated")
	flags.StringVar(&q.config.Site, "site", "", "folder of the site's files. Default: what the template uploads")
	flags.BoolVar(&q.config.TwoOrigins, "two-origins", false, "the site calls the API at the API's own origin, which /config.json names, instead of the site's")
	flags.IntVar(&q.config.SitePort.Number, "site-port", 8080, "port of the site, that is CloudFront; unless given, a free one if it is in use")
	flags.IntVar(&q.config.APIPort.Number, "api-port", 8081, "port of the API, that is the load balancer; unless given, a free one if it is in use")
	flags.IntVar(&q.config.ControlPort.Number, "control-port", 8082, "port of the control page; unless given, a free one if it is in use")
	flags.StringVar(&q.script, "script", "", "file that says what happens and when: flips, and an application that fails")
	flags.BoolVar(&q.window, "window", false, "play the planned maintenance of the template")
	flags.StringVar(&q.night.Fail, "fail", "", "step of --window that fails the first time, such as Verify")
	flags.BoolVar(&q.night.Yes, "yes", false, "answer the question of --window whether to open with yes")
	flags.IntVar(&q.night.Phones, "apps", 3, "mobile apps that write reports during --window")
	flags.StringVar(&q.night.Changes, "changes", "examples/fieldreports/schemachanges", "folder of the schema changes of --window, with their rehearsals")
	flags.StringVar(&q.config.DSN, "dsn", "", "database of the example, as user:password@tcp(host:port)/schema, or own for mysqld or mariadbd of PATH; a window with schema changes needs one. Default: one in the example's process")
	flags.BoolVar(&q.asJSON, "json", false, "write what happens as lines of JSON, and nothing else, to stdout")
	flags.BoolVarP(&q.config.Verbose, "verbose", "v", false, "write what the application and the functions log to stderr")
	cmd.MarkFlagsMutuallyExclusive("closed", "read-only")
	cmd.MarkFlagsMutuallyExclusive("env", "template")
	cmd.MarkFlagsMutuallyExclusive("window", "script")
	cmd.MarkFlagsMutuallyExclusive("window", "closed")
	cmd.MarkFlagsMutuallyExclusive("window", "read-only")
	_ = cmd.MarkFlagFilename("template", "json")
	_ = cmd.MarkFlagDirname("site")
	_ = cmd.MarkFlagFilename("script", "yaml", "yml")
	return cmd
}

// previewing has the settings of a preview.
type previewing struct {
	templates              templateFlags
	config                 preview.Config
	files, apps, functions []string
	script                 string
	window                 bool
	night                  preview.NightConfig
	asJSON                 bool
	closed, readOnly       bool

	writing  sync.Mutex // guards lines of JSON
	reported bool       // the last line has been written
}

func (q *previewing) run(cmd *cobra.Command) error {
	if err := q.prepare(cmd); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP)
	defer stop()
	if q.asJSON {
		lines := json.NewEncoder(cmd.OutOrStdout())
		lines.SetEscapeHTML(false)
		q.config.Events = func(e preview.Event) {
			q.writing.Lock()
			defer q.writing.Unlock()
			if !q.reported {
				_ = lines.Encode(e) // a reader that has gone is no reason to end
			}
		}
	}
	product, err := preview.Start(ctx, q.config, cmd.ErrOrStderr())
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer product.Close()
	if q.window {
		return q.playNight(ctx, cmd, product)
	}
	if q.asJSON || q.config.Script != nil {
		return q.watch(ctx, cmd, product)
	}
	keys, err := term.ReadKeys(cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer keys.Close()
	s := preview.NewSession(product, term.New(cmd.OutOrStdout()), keys.Terminal())
	s.Greet()
	return s.Follow(ctx, keys)
}

// watch plays the script, if there is one, without reading keys.
func (q *previewing) watch(ctx context.Context, cmd *cobra.Command, product *preview.Preview) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	played := make(chan error, 1)
	if q.config.Script != nil {
		go func() { played <- product.Play(ctx) }()
	}
	out := cmd.OutOrStdout()
	if q.asJSON {
		out = io.Discard // the events contain everything
	}
	s := preview.NewSession(product, term.New(out), false)
	s.Greet()
	followed := make(chan error, 1)
	go func() { followed <- s.Follow(ctx, &term.Keys{}) }()
	select {
	case err := <-played:
		return err
	case err := <-followed:
		return err
	}
}

// prepare makes the configuration from the flags.
func (q *previewing) prepare(cmd *cobra.Command) error {
	q.config.Parameters, q.config.Values = q.templates.parameters, q.templates.values
	sources, err := q.templates.load(q.files)
	if err != nil {
		return err
	}
	if len(q.files) > 0 {
		nameByMode(sources, q.templates.options())
	}
	var modes []string
	for _, s := range sources {
		modes = append(modes, s.mode)
		q.config.Templates = append(q.config.Templates, preview.Template{Mode: s.mode, File: s.file})
	}
	for mode, wanted := range map[string]bool{string(maintenance.Closed): q.closed, string(maintenance.ReadOnly): q.readOnly} {
		if wanted && !slices.Contains(modes, mode) {
			return fmt.Errorf("there is no template of the mode %q, only of %s", mode, strings.Join(modes, ", "))
		}
		if wanted {
			q.config.Mode = mode
		}
	}
	if q.config.Site != "" {
		if info, err := os.Stat(q.config.Site); err != nil || !info.IsDir() {
			return fmt.Errorf("--site %q is not a folder", q.config.Site)
		}
	}
	q.config.Quick = q.window
	if q.night.Fail != "" && !q.window {
		return errors.New("--fail is for --window")
	}
	q.config.SitePort.Exact = cmd.Flags().Changed("site-port")
	q.config.APIPort.Exact = cmd.Flags().Changed("api-port")
	q.config.ControlPort.Exact = cmd.Flags().Changed("control-port")
	if err := q.readFunctions(); err != nil {
		return err
	}
	if q.script != "" {
		data, err := os.ReadFile(q.script)
		if err != nil {
			return err
		}
		script, err := preview.ReadScript(data)
		if err != nil {
			return fmt.Errorf("reading script %q: %w", q.script, err)
		}
		q.config.Script = &script
	}
	return q.readApps()
}

// readFunctions reads --function.
func (q *previewing) readFunctions() error {
	q.config.Functions = map[string]string{}
	for _, text := range q.functions {
		id, program, ok := strings.Cut(text, "=")
		if !ok || id == "" || program == "" {
			return fmt.Errorf("--function %q: want LOGICALID=ZIP or LOGICALID=FOLDER", text)
		}
		if _, twice := q.config.Functions[id]; twice {
			return fmt.Errorf("--function %q: that function has been given already", text)
		}
		if _, err := os.Stat(program); err != nil {
			return fmt.Errorf("--function %s: %q is neither an archive nor a folder", id, program)
		}
		q.config.Functions[id] = program
	}
	return nil
}

// nameByMode names templates after their modes, if these differ.
func nameByMode(sources []source, options cfn.Options) {
	var found []maintenance.Mode
	for _, s := range sources {
		t, err := diff.Read(s.data, options)
		if err != nil {
			return // the preview shows the mode elsewhere
		}
		mode, err := t.Mode()
		if err != nil || slices.Contains(found, mode) {
			return
		}
		found = append(found, mode)
	}
	for i, mode := range found {
		sources[i].mode = string(mode)
	}
}

// exampleModule is the folder of the example in this repository.
const exampleModule = "examples/fieldreports"

// readApps reads --app. Without it, the example runs if it is available.
func (q *previewing) readApps() error {
	q.config.Apps = map[string]string{}
	for _, app := range q.apps {
		group, address, named := strings.Cut(app, "=")
		if !named || strings.Contains(group, "/") {
			group, address = "", app
		}
		if _, twice := q.config.Apps[group]; twice {
			return fmt.Errorf("--app %q: that target group has been given an app already", app)
		}
		q.config.Apps[group] = address
	}
	if len(q.apps) > 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(exampleModule, "go.mod")); err != nil {
		if len(q.files) > 0 {
			return errors.New("there is no application: name the address of one with --app http://127.0.0.1:3000")
		}
		return fmt.Errorf("no %s here: name the address of your application with --app http://127.0.0.1:3000", exampleModule)
	}
	q.config.Example = exampleModule
	return nil
}
