// Package account emulates an AWS account with one stack, as far as a night needs
// it: CloudFormation with change sets, the description of the load balancer,
// parameters, secrets, topics, and functions that can be called. What the
// programs send is really sent, signed and parsed. An unknown call is refused by
// name.
package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Number and Region are the number and the region of the account.
const (
	Number = "000000000000"
	Region = "us-east-1"
)

// Config describes the account.
type Config struct {
	// Stack is the name of the stack. Required.
	Stack string

	// Template is the deployed template, in JSON. Required.
	Template []byte

	// Parameters are values for the template's parameters.
	Parameters map[string]string

	// Values are values of what only a deploy knows, by LogicalId.Attribute. They
	// take precedence over those that this package makes.
	Values map[string]string

	// Localize puts this machine's addresses into the outputs. Default: nil, they
	// stay.
	Localize func(string) string

	// Apply carries out an update of the stack, given the templates before and
	// after. If it fails, the update is rolled back. Default: nil, nothing is
	// done.
	Apply func(before, after []byte) error

	// Invoke calls a function by its logical id. Default: nil, there are no
	// functions.
	Invoke func(ctx context.Context, function string, payload []byte) ([]byte, error)

	// Secret returns the value of a secret, by its logical id. Default: nil,
	// there are no secrets.
	Secret func(id string) string

	// Published is called with what is published on a topic, by its logical id.
	// Default: nil, it is not called.
	Published func(topic, subject, message string)

	// Files are objects of S3 that are files on this machine: their paths, by
	// bucket/key. Default: all objects are in memory.
	Files map[string]string

	// Quick makes requests and connections end within a second, for which a drain
	// waits.
	Quick bool

	// Handle answers calls of JSON services that are not in this package, by
	// service:Operation, each with its input. Default: there are none.
	Handle map[string]func(input map[string]any) (any, error)

	// Pace is how long CloudFormation takes for each resource of an update.
	// Default: no time.
	Pace time.Duration
}

// Account is a running account. Make it with [Start], close it with
// [Account.Close].
type Account struct {
	// URL is its address, for AWS_ENDPOINT_URL.
	URL string

	config   Config
	server   *http.Server
	updating sync.WaitGroup

	mu         sync.Mutex
	stack      stack
	parameters map[string]string // of Systems Manager, by name
	objects    map[string][]byte // of S3, by bucket/key, except those that are files
	unknown    []string          // calls that were refused by name
}

// Start starts an account on a free port of the loopback address.
func Start(config Config) (*Account, error) {
	if config.Localize == nil {
		config.Localize = func(text string) string { return text }
	}
	a := &Account{config: config, parameters: map[string]string{}, objects: map[string][]byte{}}
	if err := a.deploy(); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a.URL = "http://" + listener.Addr().String()
	a.server = &http.Server{Handler: a, ReadHeaderTimeout: time.Minute}
	go func() { _ = a.server.Serve(listener) }() // until it is closed
	return a, nil
}

// Close closes the account, and waits for an update in progress.
func (a *Account) Close() {
	a.server.Close()
	a.updating.Wait()
}

// Environment returns the variables with which a program uses this account.
func (a *Account) Environment() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL": a.URL, "AWS_REGION": Region, "AWS_DEFAULT_REGION": Region,
		"AWS_ACCESS_KEY_ID": "preview", "AWS_SECRET_ACCESS_KEY": "preview", "AWS_SESSION_TOKEN": "",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "2",
	}
}

// Unknown returns the calls that were refused because they are not known here, as
// service:Operation, without duplicates.
func (a *Account) Unknown() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.unknown)
}

// Refusal is the error of a call that a service refuses.
type Refusal struct{ Code, Message string }

// Error implements error.
func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

func refuse(code, format string, arguments ...any) error {
	return &Refusal{code, fmt.Sprintf(format, arguments...)}
}

// operations are the supported calls, by service:Operation.
var operations = map[string]func(*Account, request) (any, error){}

// Settle is the delay before an answer. The SDK closes the body of a request once
// the answer is there (smithy-go, ClientHandler.Handle). If net/http has not
// closed it by then, which it does just after sending it, that is an error, and
// the connection is closed while the answer is read. AWS is never that fast.
const Settle = 5 * time.Millisecond

// ServeHTTP answers a call.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 8<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q := parse(r, body)
	do := operations[q.name()]
	if handle := a.config.Handle[q.name()]; handle != nil {
		do = func(_ *Account, q request) (any, error) { return handle(q.input) }
	}
	var answer any
	if do != nil {
		answer, err = do(a, q)
	} else {
		a.mu.Lock()
		if !slices.Contains(a.unknown, q.name()) {
			a.unknown = append(a.unknown, q.name())
		}
		a.mu.Unlock()
		err = refuse("UnknownOperationException", "%s is not in the preview's account", q.name())
	}
	var known *Refusal
	if err != nil && !errors.As(err, &known) {
		known = &Refusal{"InternalFailure", err.Error()}
	}
	time.Sleep(Settle)
	q.write(w, answer, known)
}
