package preview

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/preview/account"
	"github.com/noren-cdk/noren/internal/preview/states"
	"github.com/noren-cdk/noren/internal/window"
)

// NightConfig says how a night is played.
type NightConfig struct {
	// Changes is the folder of the schema changes. Required for a window that has
	// some.
	Changes string

	// Noren is the command that runs schema changes. Default: this program.
	Noren []string

	// Phones is the number of mobile apps that write all the time. Default: none.
	Phones int

	// Every is how long an app waits between two reports. Default: a second.
	Every time.Duration

	// Fail is the name of the step that fails on its first attempt. Default:
	// none.
	Fail string

	// Yes answers the question whether to open. Default: false, someone calls
	// Approve.
	Yes bool

	// Kill is asked before every call of a function for a step, by its state,
	// whether to end the function while it works. Default: nil, never.
	Kill func(state string) bool

	// Mailed is called with the mails that people get. Default: nil, it is not
	// called.
	Mailed func(Mail)
}

// Mail is a message to people.
type Mail struct {
	Subject string `json:"subject"`
	Message string `json:"message"`
}

// Night is a planned maintenance of a product that runs here: the template's
// state machine, run by an interpreter, with the real functions. Make it with
// [Preview.StartNight].
type Night struct {
	p         *Preview
	config    NightConfig
	planned   window.Deployed
	template  []byte // as deployed, open
	account   *account.Account
	execution *states.Execution
	functions map[string]*nightFunction // by logical id
	phones    []*phone
	requests  requestTally
	ended     chan struct{} // closed at the end
	ending    sync.Once
	again     chan struct{} // receives a value when a failed night should continue

	mu     sync.Mutex
	failed map[string]bool // the steps that have deliberately failed
	mails  []Mail
	queued int // reports that were queued when the product was opened
}

// StartNight prepares the night that the template describes. The product is open.
func (p *Preview) StartNight(ctx context.Context, config NightConfig) (*Night, error) {
	i := slices.IndexFunc(p.sources, func(s source) bool { return s.mode == "open" })
	if i < 0 {
		return nil, errors.New("a night begins open: there is no template of the mode open")
	}
	data, err := cfn.JSON(p.sources[i].data)
	if err != nil {
		return nil, err
	}
	windows, err := window.Find(data)
	if err != nil {
		return nil, err
	}
	if len(windows) != 1 {
		return nil, fmt.Errorf("the template describes %d windows: want one, by maintenance.window in the environment file", len(windows))
	}
	if config.Every == 0 {
		config.Every = time.Second
	}
	n := &Night{
		p: p, config: config, planned: windows[0], template: data, functions: map[string]*nightFunction{},
		failed: map[string]bool{}, ended: make(chan struct{}), again: make(chan struct{}, 1),
	}
	if config.Fail != "" && !slices.ContainsFunc(n.planned.Steps(), func(s window.Step) bool { return s.Name == config.Fail }) {
		return nil, fmt.Errorf("unknown step %q: want one of %s", config.Fail, strings.Join(n.steps(), ", "))
	}
	if err := p.Flip("open"); err != nil {
		return nil, err
	}
	if err := n.open(ctx); err != nil {
		n.Close()
		return nil, err
	}
	p.night.Store(n)
	return n, nil
}

// steps returns the names of the steps.
func (n *Night) steps() []string {
	var names []string
	for _, s := range n.planned.Steps() {
		names = append(names, s.Name)
	}
	return names
}

// open prepares what the night needs: the account, the functions, the state
// machine, and the users of the product.
func (n *Night) open(ctx context.Context) error {
	p := n.p
	var err error
	n.account, err = account.Start(account.Config{
		Stack: n.stackName(), Template: n.template, Parameters: p.config.Parameters, Values: p.config.Values,
		Localize: p.addresses.localize, Secret: p.secrets.value, Apply: n.apply, Invoke: n.invoke, Published: n.published,
		Files: p.announced.object(),
		Pace:  50 * time.Millisecond, Quick: true, Handle: n.machineCalls(),
	})
	if err != nil {
		return err
	}
	machine, definition, err := n.definition()
	if err != nil {
		return err
	}
	read, err := states.Read([]byte(definition))
	if err != nil {
		return fmt.Errorf("the state machine %s: %w", n.planned.Machine, err)
	}
	n.execution, err = read.Execution(states.Config{
		Tasks: map[string]states.Task{"lambda:invoke": n.callFunction, "ecs:runTask": n.runTask},
		Input: []byte(n.planned.Input()), Name: n.planned.ID(), Machine: machine,
		Clock:    nightClock{planned: n.planned.Start, begun: time.Now()},
		Happened: n.happened,
	})
	if err != nil {
		return err
	}
	p.watchRequests(n.requests.add)
	return n.startPhones(ctx)
}

// stackName returns the name of the stack, after which CDK names its files.
func (n *Night) stackName() string {
	name := n.p.sources[0].file
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name, _, _ = strings.Cut(name, ".template.")
	name, _, _ = strings.Cut(name, ".")
	return name
}

// definition returns the state machine's ARN and its definition, as deployed.
func (n *Night) definition() (machine, definition string, err error) {
	all, err := cfn.Resources(bytes.NewReader(n.template), n.account.Options(), "AWS::StepFunctions::StateMachine")
	if err != nil {
		return "", "", err
	}
	for _, r := range all {
		if r.LogicalID != n.planned.Machine {
			continue
		}
		text, _ := r.Properties["DefinitionString"].(string)
		given, _ := r.Properties["DefinitionSubstitutions"].(map[string]any)
		for name, value := range given {
			text = strings.ReplaceAll(text, "${"+name+"}", fmt.Sprint(value))
		}
		if text == "" {
			return "", "", fmt.Errorf("the state machine %s has no definition in the template", r.LogicalID)
		}
		return n.account.Options().Values[r.LogicalID], text, nil
	}
	return "", "", fmt.Errorf("the template has no state machine %s", n.planned.Machine)
}

// Run plays the night to its end.
func (n *Night) Run(ctx context.Context) (states.Status, error) {
	status, err := n.execution.Run(ctx)
	return n.over(ctx, status, err)
}

// Retry continues with the step that failed, as noren window retry does.
func (n *Night) Retry(ctx context.Context) (states.Status, error) {
	status, err := n.execution.Redrive(ctx)
	return n.over(ctx, status, err)
}

// Play plays the night, and continues after a failure whenever that is asked for.
func (n *Night) Play(ctx context.Context) (states.Status, error) {
	status, err := n.Run(ctx)
	for err == nil && status != states.Succeeded {
		select {
		case <-ctx.Done():
			return status, nil
		case <-n.again:
			status, err = n.Retry(ctx)
		}
	}
	return status, err
}

// over notifies people of a night that has failed, as EventBridge does.
func (n *Night) over(ctx context.Context, status states.Status, err error) (states.Status, error) {
	if err != nil || status == states.Succeeded || ctx.Err() != nil {
		return status, err
	}
	payload, err := json.Marshal(map[string]any{
		"step": window.Tell, "window": n.planned.ID(), "execution": n.execution.ID(), "status": status, "mode": n.planned.Mode, "from": n.planned.Start, "end": n.planned.End,
	})
	if err != nil {
		return status, err
	}
	if _, err := n.invoke(ctx, n.planned.Function, payload); err != nil {
		return status, fmt.Errorf("telling people: %w", err)
	}
	return status, nil
}

// Approve answers the question whether to open with yes.
func (n *Night) Approve() error {
	for _, p := range n.Timeline() {
		if p.Stage == window.Asking {
			return n.execution.SendTaskSuccess(p.Token, []byte(`{"said":"yes"}`))
		}
	}
	return errors.New("the night asks nothing now")
}

// Abort ends the night where it is.
func (n *Night) Abort() { n.execution.Abort() }

// AccountURL returns the address of the night's account, for AWS_ENDPOINT_URL.
func (n *Night) AccountURL() string { return n.account.URL }

// Timeline returns the progress of each step.
func (n *Night) Timeline() []window.Progress {
	var events []window.Event
	for _, e := range n.execution.History() {
		events = append(events, window.Event{At: e.Time, Kind: e.Type, State: e.State, Parameters: e.Parameters, Output: e.Output, Error: e.Error, Cause: e.Cause})
	}
	return window.Timeline(n.planned.Steps(), events)
}

// happened handles every event of the execution.
func (n *Night) happened(e states.Event) {
	if e.Type == "TaskStateEntered" && e.State == window.Open {
		waiting := n.waiting()
		n.mu.Lock()
		n.queued = waiting
		n.mu.Unlock()
	}
	n.p.journal.changed()
	n.p.tell(Event{Event: "night", Mode: n.p.Mode(), State: e.State, Happened: e.Type, Why: window.Why(e.Error, e.Cause)})
}

// published records a mail, and answers the question if it should.
func (n *Night) published(_, subject, message string) {
	m := Mail{subject, message}
	n.mu.Lock()
	n.mails = append(n.mails, m)
	n.mu.Unlock()
	if n.config.Mailed != nil {
		n.config.Mailed(m)
	}
	if n.config.Yes && n.execution.State() == window.Ask {
		_ = n.Approve() // otherwise it no longer asks
	}
}

// Close ends the night and everything that it has started.
func (n *Night) Close() {
	n.ending.Do(func() {
		close(n.ended)
		if n.execution != nil {
			n.execution.Abort()
		}
		for _, c := range n.phones {
			c.end()
		}
		for _, f := range n.functions {
			f.close()
		}
		if n.account != nil {
			n.account.Close()
		}
	})
}
