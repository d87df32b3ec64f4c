package window

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Settings say whose maintenance the function runs.
type Settings struct {
	// Stack is the name of the stack, and Switch the path of the switch in it.
	// Required.
	Stack, Switch string

	// Role is the ARN of the role with which CloudFormation turns the switch.
	// Required.
	Role string

	// Topic is the ARN of the topic that notifies people. Required.
	Topic string

	// Planned is the name of the parameter that holds the digest of what was
	// deployed when the plan was recorded. Required.
	Planned string

	// Options are the options that name the product in a noren command, such as
	// --env prod. Required.
	Options string

	// URL is where the requests of verify are sent, without a path. Default: none
	// are sent.
	URL string

	// Header or Cookie is the name of the bypass, and Secret the ARN of its
	// secret. Default: no bypass.
	Header, Cookie, Secret string

	// Log is the command that shows the log of schema changes. Default: none.
	Log string

	// Announcement and Monitors are the names of the functions that tell clients
	// and mute monitors. Default: none.
	Announcement, Monitors string
}

// variables returns the environment variables and what they carry.
func (s *Settings) variables() map[string]*string {
	return map[string]*string{
		"WINDOW_STACK": &s.Stack, "WINDOW_SWITCH": &s.Switch, "WINDOW_ROLE": &s.Role, "WINDOW_TOPIC": &s.Topic,
		"WINDOW_PLANNED": &s.Planned, "WINDOW_OPTIONS": &s.Options, "WINDOW_URL": &s.URL,
		"WINDOW_HEADER": &s.Header, "WINDOW_COOKIE": &s.Cookie, "WINDOW_SECRET": &s.Secret,
		"WINDOW_ANNOUNCEMENT": &s.Announcement, "WINDOW_MONITORS": &s.Monitors, "WINDOW_LOG": &s.Log,
	}
}

// Environment encodes the settings as environment variables. It omits defaults.
func (s Settings) Environment() map[string]string {
	env := map[string]string{}
	for name, value := range s.variables() {
		env[name] = *value
	}
	maps.DeleteFunc(env, func(_, value string) bool { return value == "" })
	return env
}

// ParseEnvironment decodes what Environment encodes.
func ParseEnvironment(getenv func(string) string) (Settings, error) {
	var s Settings
	for name, value := range s.variables() {
		*value = getenv(name)
	}
	var errs []error
	for name, value := range map[string]string{"WINDOW_STACK": s.Stack, "WINDOW_SWITCH": s.Switch, "WINDOW_ROLE": s.Role, "WINDOW_TOPIC": s.Topic, "WINDOW_PLANNED": s.Planned, "WINDOW_OPTIONS": s.Options} {
		if value == "" {
			errs = append(errs, fmt.Errorf("%s is not set", name))
		}
	}
	return s, errors.Join(errs...)
}

// FromEnvironment returns the function that its environment describes.
func FromEnvironment(getenv func(string) string, cfg aws.Config, log *slog.Logger) *Function {
	settings, err := ParseEnvironment(getenv)
	return &Function{Settings: settings, Config: cfg, Log: log, Now: time.Now, err: err}
}
