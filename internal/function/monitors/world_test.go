package monitors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/internal/testing/awsstub"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	listenerARN = "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/alb/1/2"
	secretARN   = "arn:aws:secretsmanager:us-east-1:111111111111:secret:monitor"
)

// world is a product whose listener is in a mode, with the function as in Lambda
// except for the process.
type world struct {
	*Monitors
	t       testing.TB
	aws     *awsstub.AWS
	mode    maintenance.Mode // empty for a mixed state
	unread  bool             // the listener cannot be read
	secrets map[string]string
	clock   time.Time
	logged  bytes.Buffer
}

// night is when the tests take place, a Saturday before midnight.
var night = time.Date(2026, 12, 5, 23, 30, 0, 0, time.UTC)

// newWorld returns an open product with monitors, each with its own secret.
func newWorld(t *testing.T, all ...maintenance.Monitor) *world {
	t.Helper()
	w := &world{t: t, aws: awsstub.New(t), mode: maintenance.Open, clock: night, secrets: map[string]string{}}
	settings := settingsOf(all...)
	dir := t.TempDir()
	for name, data := range settings.Files() {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := settings.Environment()
	env["LAMBDA_TASK_ROOT"] = dir
	w.Monitors = FromEnvironment(func(name string) string { return env[name] }, w.aws.Config(t), slog.New(slog.NewJSONHandler(&w.logged, nil)))
	if w.settings.Err != nil {
		t.Fatal(w.settings.Err)
	}
	w.now, w.pause, w.poll, w.turnTime = func() time.Time { return w.clock }, time.Millisecond, 5*time.Millisecond, 300*time.Millisecond
	w.serveAWS()
	return w
}

func settingsOf(all ...maintenance.Monitor) Settings {
	s := Settings{
		Monitors: all, Stack: "shop", SwitchName: "Maintenance",
		Switch: rules.Switch{Responder: "responder", Listeners: []rules.Listener{{Name: listenerARN, Apps: []string{"app"}}}},
	}
	for _, m := range all {
		s.Secrets = append(s.Secrets, secretARN+"-"+m.Name)
	}
	return s
}

// serveAWS answers for the listener and the secrets.
func (w *world) serveAWS() {
	action := func() string {
		group := map[maintenance.Mode]string{maintenance.Open: "app", maintenance.Closed: "responder", "": "somebody"}[w.mode]
		return "<member><Type>forward</Type><TargetGroupArn>" + group + "</TargetGroupArn></member>"
	}
	w.aws.AnswerBy("DescribeListeners", func(awsstub.Request) string {
		if w.unread {
			return awsstub.Refuse("AccessDenied", "no")
		}
		return "<Listeners><member><ListenerArn>" + listenerARN + "</ListenerArn><Port>443</Port><DefaultActions>" + action() + "</DefaultActions></member></Listeners>"
	})
	w.aws.AnswerBy("DescribeRules", func(awsstub.Request) string {
		return "<Rules><member><RuleArn>default</RuleArn><Priority>default</Priority><IsDefault>true</IsDefault><Actions>" + action() + "</Actions></member></Rules>"
	})
	w.aws.AnswerBy("GetSecretValue", func(r awsstub.Request) string {
		var in struct{ SecretId string }
		_ = json.Unmarshal([]byte(r.Body), &in)
		value, ok := w.secrets[strings.TrimPrefix(in.SecretId, secretARN+"-")]
		if !ok {
			return awsstub.Refuse("ResourceNotFoundException", "no such secret")
		}
		answer, _ := json.Marshal(map[string]string{"SecretString": value})
		return string(answer)
	})
}

// invoke sends a payload.
func (w *world) invoke(payload string) (Answer, error) {
	w.t.Helper()
	return w.Handle(w.t.Context(), json.RawMessage(payload))
}

// ask sends a call and returns its only result.
func (w *world) ask(payload string) Result {
	w.t.Helper()
	answer, err := w.invoke(payload)
	if err != nil || len(answer.Results) != 1 {
		w.t.Fatalf("%s: got %v, %v", payload, answer, err)
	}
	return answer.Results[0]
}

const scheduled = `{"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}`

// turned returns the mode event of a turn.
func turned(to maintenance.Mode, since time.Time) string {
	detail, _ := json.Marshal(live.ModeEvent{Version: 1, Stack: "shop", Switch: "Maintenance", From: maintenance.Open, To: to, Since: since, How: live.TurnedByDeploy})
	return fmt.Sprintf(`{"source": "noren", "detail-type": "noren mode change", "detail": %s}`, detail)
}

// atMackerel returns a monitor at a stub of Mackerel with a valid key.
func atMackerel(t *testing.T, more ...func(*maintenance.Mackerel)) (*stub, *world) {
	t.Helper()
	s := newStub(t, mackerelStub())
	m := maintenance.Mackerel{Services: []string{"fieldreports"}, Monitors: []string{"m1", "m2"}, URL: s.URL}
	for _, change := range more {
		change(&m)
	}
	w := newWorld(t, maintenance.Monitor{Name: "mackerel", Mackerel: m})
	w.secrets["mackerel"] = mackerelKey + "\n"
	s.now = w.now
	return s, w
}

// documented returns the monitors in docs/monitors.md, by name, at stubs.
func documented(t *testing.T) map[string]maintenance.Monitor {
	t.Helper()
	page, err := os.ReadFile("../../../docs/monitors.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]maintenance.Monitor{}
	for _, block := range strings.Split(string(page), "```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		var file struct {
			Maintenance struct {
				Monitors []struct {
					Name     string                  `yaml:"name"`
					Secret   string                  `yaml:"secret"`
					Mackerel maintenance.Mackerel    `yaml:"mackerel"`
					HTTP     maintenance.HTTPMonitor `yaml:"http"`
				} `yaml:"monitors"`
			} `yaml:"maintenance"`
		}
		if err := yaml.UnmarshalWithOptions([]byte(block), &file, yaml.Strict()); err != nil {
			t.Fatal(err)
		}
		for _, m := range file.Maintenance.Monitors {
			all[m.Name] = maintenance.Monitor{Name: m.Name, Mackerel: m.Mackerel, HTTP: m.HTTP}
		}
	}
	return all
}

// at redirects the requests of a monitor to a stub.
func (s *stub) at(m maintenance.HTTPMonitor) maintenance.HTTPMonitor {
	for _, r := range []*maintenance.HTTPRequest{&m.Find, &m.Begin, &m.Extend, &m.End} {
		r.URL = s.hostOf(r.URL)
	}
	return m
}
