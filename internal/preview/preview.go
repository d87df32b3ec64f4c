// Package preview runs a product on this machine as its synthesized templates
// would deploy it: the distribution, the load balancer with its rules, the
// functions behind it, and the application. It can be switched between the modes
// for which there are templates.
package preview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/preview/cloudfront"
	"github.com/noren-cdk/noren/internal/preview/edge"
)

// Preview is a running product. Make it with [Start], close it with
// [Preview.Close].
type Preview struct {
	// Site and API are the addresses to open; Site is empty without a
	// distribution. Control is the page that shows and switches the mode.
	Site, API, Control string

	// Secrets are the values made for generated secrets in rules, by the secrets'
	// logical ids.
	Secrets map[string]string

	// Notes are sentences about differences from a deployed product.
	Notes []string

	config    Config
	sources   []source
	progress  io.Writer // receives a line about what takes long
	log       io.Writer // receives the output of the application and the functions
	alb       *edge.ALB
	templates []*loaded
	secrets   *secretStore
	addresses *addresses
	app       *application
	late      chan *application     // receives the example, if it is started later
	running   map[string]*answering // functions that answer requests, by logical id
	database  string                // of the example, as a DSN; empty if it is in the example's process
	night     atomic.Pointer[Night]
	watching  atomic.Pointer[func(edge.Observation)]
	noting    sync.Mutex
	later     []string        // notes added after the start
	unlocks   map[string]bool // target groups whose function reads a generated secret
	announced *announced      // nil if the template does not announce
	journal   journal
	faults    faults
	telling   sync.Mutex // serializes events
	closers   []func()
	flipping  sync.Mutex
	closing   sync.Once

	failed chan error
}

// source is a template as written.
type source struct {
	mode, file string
	data       []byte
}

// loaded is a template that has been read.
type loaded struct {
	mode string
	*alb.Template
}

// Start runs a product, and writes what takes long and what the product logs to
// stderr. After an error, it ends whatever it has started.
func Start(ctx context.Context, config Config, stderr io.Writer) (*Preview, error) {
	p := &Preview{config: config, unlocks: map[string]bool{}, running: map[string]*answering{}, progress: stderr, log: io.Discard, failed: make(chan error, 4)}
	if config.Verbose {
		p.log = stderr
	}
	if err := p.start(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Preview) start(ctx context.Context) error {
	var err error
	if p.secrets, err = startSecretStore(); err != nil {
		return err
	}
	p.closers = append(p.closers, p.secrets.close)
	if err := p.read(); err != nil {
		return err
	}
	distribution, err := p.distribution()
	if err != nil {
		return err
	}
	if p.config.Script != nil {
		if err := p.config.Script.check(p.Modes()); err != nil {
			return err
		}
	}
	listeners, err := p.listen(distribution != nil)
	if err != nil {
		return err
	}
	p.addresses = newAddresses(distribution, p.Site, p.API)
	if p.config.TwoOrigins && (distribution == nil || p.addresses.apiDomain == "") {
		return errors.New("the template gives the API no origin of its own: two origins need api.domain, as in staging and prod")
	}
	targets, err := p.targets(ctx)
	if err != nil {
		return err
	}
	p.alb, err = edge.NewALB(edge.ALBConfig{
		Templates: p.modes(), Mode: p.startMode(), Targets: targets,
		Host: p.addresses.apiDomain, Localize: p.addresses.localize, Observe: p.observe,
	})
	if err != nil {
		return err
	}
	p.closers = append(p.closers, p.alb.Close)
	p.journal.flipped(p.alb.Mode(), time.Now())
	p.Secrets = p.secrets.used()
	var site *edge.CloudFront
	if distribution != nil {
		site = p.cloudFront(distribution)
		p.closers = append(p.closers, site.Close)
	}
	go func() { p.failed <- p.alb.Main().Serve(listeners["api"]) }()
	if site != nil {
		p.serve(listeners["site"], p.withConfig(site))
	}
	if p.config.ExampleLater {
		p.startLater(ctx)
	}
	p.serve(listeners["control"], p.control()) // last, since it shows what the others have noted
	p.tell(Event{Event: "ready", Mode: p.Mode(), Site: p.Site, API: p.API, Control: p.Control, Modes: p.Modes(), Notes: p.Notes})
	return nil
}

// read reads the templates. Conditions on generated secrets know their values.
func (p *Preview) read() error {
	if len(p.config.Templates) == 0 {
		return errors.New("no template")
	}
	for _, t := range p.config.Templates {
		data, err := os.ReadFile(t.File)
		if err != nil {
			return err
		}
		template, err := alb.Read(bytes.NewReader(data), cfn.Options{Parameters: p.config.Parameters, Values: p.config.Values, Reveal: p.secrets.reveal})
		if err != nil {
			return fmt.Errorf("reading template %q: %w", t.File, err)
		}
		p.sources = append(p.sources, source{t.Mode, t.File, data})
		p.templates = append(p.templates, &loaded{t.Mode, template})
	}
	return nil
}

func (p *Preview) modes() map[string]*alb.Template {
	modes := map[string]*alb.Template{}
	for _, t := range p.templates {
		modes[t.mode] = t.Template
	}
	return modes
}

func (p *Preview) startMode() string {
	if p.config.Mode != "" {
		return p.config.Mode
	}
	return p.templates[0].mode
}

// Modes returns the modes, in the order of the templates.
func (p *Preview) Modes() []string {
	var modes []string
	for _, t := range p.templates {
		modes = append(modes, t.mode)
	}
	return modes
}

// Mode returns the current mode.
func (p *Preview) Mode() string { return p.alb.Mode() }

// Flip changes the mode between two requests.
func (p *Preview) Flip(mode string) error {
	p.flipping.Lock()
	defer p.flipping.Unlock()
	before, at := p.alb.Mode(), time.Now()
	if err := p.alb.Flip(mode); err != nil {
		return err
	}
	if mode == before {
		return nil
	}
	p.journal.flipped(mode, at)
	if err := p.announced.turned(mode, at, p.until(mode)); err != nil {
		return err
	}
	p.tell(Event{Event: "mode", Mode: mode})
	return nil
}

// Changed returns a channel that receives a value when the mode changes, whoever
// changed it, and when anything else changes that the control page shows. It is
// closed at the end.
func (p *Preview) Changed() <-chan struct{} {
	changed, _ := p.journal.watch()
	return changed
}

// distribution reads the distribution, if there is one.
func (p *Preview) distribution() (*cloudfront.Distribution, error) {
	t := p.sources[0]
	distributions, err := cloudfront.Read(t.data, p.options())
	if err != nil {
		return nil, fmt.Errorf("reading template %q: %w", t.file, err)
	}
	if len(distributions) == 0 {
		p.note("the template has no distribution: only the load balancer is served")
		return nil, nil
	}
	d := distributions[0]
	if len(distributions) > 1 {
		p.note("the template has %d distributions: %s is served", len(distributions), d.LogicalID)
	}
	for _, text := range d.LeftOut {
		p.note("%s", text)
	}
	for _, origin := range d.Origins {
		if origin.Why != "" {
			p.note("origin %s: %s", origin.ID, origin.Why)
		}
	}
	return d, nil
}

func (p *Preview) options() cfn.Options {
	return cfn.Options{Parameters: p.config.Parameters, Values: p.config.Values}
}

// resources reads resources of a template.
func (p *Preview) resources(t source, types ...string) ([]cfn.Resource, error) {
	resources, err := cfn.Resources(bytes.NewReader(t.data), p.options(), types...)
	if err != nil {
		return nil, fmt.Errorf("reading template %q: %w", t.file, err)
	}
	return resources, nil
}

func (p *Preview) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

// cloudFront returns the distribution, with the template's load balancers.
func (p *Preview) cloudFront(distribution *cloudfront.Distribution) *edge.CloudFront {
	api, _ := url.Parse(p.API)
	config := edge.CloudFrontConfig{
		Distribution: distribution, Buckets: p.buckets(distribution), LoadBalancers: map[string]*url.URL{},
		Domain: p.addresses.siteDomain, Localize: p.addresses.localize,
		Failed: func(err error) { fmt.Fprintf(p.log, "cloudfront: %v\n", err) },
	}
	for _, origin := range distribution.Origins {
		if origin.LoadBalancer != "" {
			config.LoadBalancers[origin.LoadBalancer] = api
		}
	}
	return edge.NewCloudFront(config)
}

func (p *Preview) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
	p.closers = append(p.closers, func() { server.Close() })
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.failed <- err
		}
	}()
}

// Failed returns a channel with the errors of what ended although no one closed
// it.
func (p *Preview) Failed() <-chan error { return p.failed }

// Close ends everything that was started, and returns when it has ended.
func (p *Preview) Close() {
	p.closing.Do(func() {
		p.journal.end()
		for i := len(p.closers) - 1; i >= 0; i-- {
			p.closers[i]()
		}
	})
}
