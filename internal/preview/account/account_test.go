package account

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/turn"
	"github.com/noren-cdk/noren/maintenance"
)

// start starts an account with a golden template of the stack.
func start(t *testing.T, c Config) (*Account, aws.Config) {
	t.Helper()
	template, err := os.ReadFile(filepath.Join("testdata", "dev.open.json"))
	if err != nil {
		t.Fatal(err)
	}
	c.Stack, c.Template = "fieldreports-dev", template
	a, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	for name, value := range a.Environment() {
		t.Setenv(name, value)
	}
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return a, cfg
}

func operation(cfg aws.Config) *turn.Operation {
	o := &turn.Operation{API: cloudformation.NewFromConfig(cfg), Stack: "fieldreports-dev", Poll: 10 * time.Millisecond}
	o.Upload = func(ctx context.Context, key string, template []byte) (string, error) {
		bucket, err := o.BootstrapBucket(ctx, template)
		if err != nil {
			return "", err
		}
		return bucket.Upload(cfg)(ctx, key, template)
	}
	return o
}

func closeIt(t *testing.T, o *turn.Operation) error {
	t.Helper()
	plan, err := o.Prepare(t.Context(), turn.Wish{Mode: maintenance.Closed, Typed: time.Now(), Until: time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC)})
	if err != nil {
		return err
	}
	return o.Execute(t.Context(), plan, nil)
}

// TestAccount_IsTurned checks that the change set of noren close is made,
// verified and executed, that noren status sees the listener turned, and that the
// application gets the templates before and after.
func TestAccount_IsTurned(t *testing.T) {
	var before, after []byte
	_, cfg := start(t, Config{
		Secret: func(string) string { return "abcdefghijklmnopqrstuvwxyz012345" },
		Apply:  func(b, a []byte) error { before, after = b, a; return nil },
	})
	if err := closeIt(t, operation(cfg)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(before), "2026-12-01T04:00:00Z") || !strings.Contains(string(after), "2026-12-01T04:00:00Z") {
		t.Error("the templates do not differ by the end")
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(maintenance.Marker, "on")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer api.Close()
	report, err := live.Query{Stack: "fieldreports-dev", AWS: cfg, URL: api.URL + "/api/x", Confirm: 1}.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Switches) != 1 {
		t.Fatalf("%d switches", len(report.Switches))
	}
	s := report.Switches[0]
	if s.Listener.Mode != maintenance.Closed || s.Deployed.Mode != maintenance.Closed || s.Listener.Problem != "" {
		t.Errorf("listener %+v, deployed %+v", s.Listener, s.Deployed)
	}
}

// TestAccount_RollsBack checks that an update that fails leaves the template
// unchanged, and that the stack can be updated again.
func TestAccount_RollsBack(t *testing.T) {
	fails := true
	a, cfg := start(t, Config{Apply: func([]byte, []byte) error {
		if fails {
			return errors.New("the guard says no")
		}
		return nil
	}})
	was := string(a.Template())
	if err := closeIt(t, operation(cfg)); err == nil || !strings.Contains(err.Error(), "the guard says no") {
		t.Errorf("got %v", err)
	}
	if string(a.Template()) != was {
		t.Error("the template has changed")
	}
	fails = false
	if err := closeIt(t, operation(cfg)); err != nil {
		t.Error(err)
	}
	if string(a.Template()) == was {
		t.Error("the template has not changed")
	}
}

// TestAccount_OneUpdateAtATime checks that no other update begins while one is in
// progress, and that a change set that was overtaken is gone.
func TestAccount_OneUpdateAtATime(t *testing.T) {
	begun, proceed := make(chan bool), make(chan bool)
	_, cfg := start(t, Config{Apply: func([]byte, []byte) error { begun <- true; <-proceed; return nil }})
	first := operation(cfg)
	plan, err := first.Prepare(t.Context(), turn.Wish{Mode: maintenance.Closed, Typed: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	other, err := operation(cfg).Prepare(t.Context(), turn.Wish{Mode: maintenance.ReadOnly, Typed: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	plan, err = first.Prepare(t.Context(), turn.Wish{Mode: maintenance.Closed, Typed: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- first.Execute(context.WithoutCancel(t.Context()), plan, nil) }()
	<-begun
	if _, err := operation(cfg).Prepare(t.Context(), turn.Wish{Mode: maintenance.Open, Typed: time.Now()}); err == nil || !strings.Contains(err.Error(), "UPDATE_IN_PROGRESS") {
		t.Errorf("during an update: %v", err)
	}
	proceed <- true
	if err := <-done; err != nil {
		t.Error(err)
	}
	var lost *turn.LostError
	if err := operation(cfg).Execute(t.Context(), other, nil); !errors.As(err, &lost) {
		t.Errorf("an overtaken change set: %v", err)
	}
}

// TestAccount_Services checks that what a program sends with the SDK is
// understood, and that unknown calls are refused by name.
func TestAccount_Services(t *testing.T) {
	var said []string
	a, cfg := start(t, Config{
		Secret:    func(string) string { return "abcdefghijklmnopqrstuvwxyz012345" },
		Published: func(topic, subject, message string) { said = append(said, topic, subject, message) },
	})
	store := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	put := func(body, match string) error {
		in := &s3.PutObjectInput{Bucket: aws.String("site"), Key: aws.String("maintenance.json"), Body: strings.NewReader(body)}
		if match != "" {
			in.IfMatch = &match
		}
		_, err := store.PutObject(t.Context(), in)
		return err
	}
	if err := put("{}", ""); err != nil {
		t.Fatal(err)
	}
	if err := put("[]", `"other"`); err == nil || !strings.Contains(err.Error(), "PreconditionFailed") {
		t.Errorf("another tag: %v", err)
	}
	if body, _ := a.Object("site/maintenance.json"); string(body) != "{}" {
		t.Errorf("the object is %q", body)
	}
	if _, err := sns.NewFromConfig(cfg).Publish(t.Context(), &sns.PublishInput{TopicArn: aws.String(arn("sns", "Alarms")), Subject: aws.String("Open?"), Message: aws.String("noren window approve")}); err != nil {
		t.Error(err)
	}
	if got := strings.Join(said, "|"); got != "Alarms|Open?|noren window approve" {
		t.Errorf("published %q", got)
	}
	if _, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("nobody")}); err == nil || !strings.Contains(err.Error(), "ResourceNotFoundException") {
		t.Errorf("a secret that is not there: %v", err)
	}
	if _, err := sns.NewFromConfig(cfg).ListTopics(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "sns:ListTopics") {
		t.Errorf("an unknown call: %v", err)
	}
	if got := a.Unknown(); len(got) != 1 || got[0] != "sns:ListTopics" {
		t.Errorf("unknown: %q", got)
	}
}
