package keeper

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/noren-cdk/noren/internal/function/announcement"
	"github.com/noren-cdk/noren/maintenance"
)

// bucket is S3 with one object, as strict about conditional requests as S3 is.
type bucket struct {
	*httptest.Server
	mu      sync.Mutex
	object  []byte // nil if it does not exist
	header  http.Header
	version int
	writes  int
	between func()                    // called once before a write, with the lock held
	refuse  func(r *http.Request) int // returns a status, 0 to go on
}

func openBucket(t *testing.T) *bucket {
	b := &bucket{}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *bucket) put(object string) {
	b.object, b.header = []byte(object), http.Header{}
	b.version++
}

func (b *bucket) etag() string { return fmt.Sprintf(`"v%d"`, b.version) }

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	say := func(status int, code string) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
	}
	if r.URL.Path != "/site/maintenance.json" {
		say(http.StatusForbidden, "AccessDenied")
		return
	}
	if b.refuse != nil {
		if status := b.refuse(r); status != 0 {
			say(status, "Refused")
			return
		}
	}
	switch r.Method {
	case http.MethodGet:
		if b.object == nil {
			say(http.StatusNotFound, "NoSuchKey")
			return
		}
		w.Header().Set("ETag", b.etag())
		_, _ = w.Write(b.object)
	case http.MethodPut:
		if b.between != nil {
			do := b.between
			b.between = nil
			do()
		}
		match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
		switch {
		case match == "" && none == "":
			say(http.StatusBadRequest, "Unconditional")
			return
		case match != "" && b.object == nil:
			say(http.StatusNotFound, "NoSuchKey")
			return
		case match != "" && match != b.etag(), none == "*" && b.object != nil:
			say(http.StatusPreconditionFailed, "PreconditionFailed")
			return
		}
		b.object, _ = io.ReadAll(r.Body)
		b.header = r.Header.Clone()
		b.version++
		b.writes++
		w.Header().Set("ETag", b.etag())
	default:
		say(http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
}

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func (b *bucket) handler(log io.Writer) *Handler {
	endpoint := b.URL
	h := FromEnvironment(func(name string) string {
		return announcement.Settings{Bucket: "site", Key: "maintenance.json"}.Environment()[name]
	}, aws.Config{
		Region: "eu-central-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), RetryMaxAttempts: 1,
	}, slog.New(slog.NewJSONHandler(log, nil)))
	h.store.Now = func() time.Time { return noon }
	return h
}

// says returns the document without what is the same in every document.
func (b *bucket) says(t *testing.T) string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var d announcement.Document
	if err := json.Unmarshal(b.object, &d); err != nil {
		t.Fatalf("%v: %s", err, b.object)
	}
	if d.Version != 1 || d.PollAfter != 60 || d.UpdatedAt != noon {
		t.Errorf("got %s", b.object)
	}
	clock := func(at time.Time) string {
		if at.IsZero() {
			return "-"
		}
		return at.Format("2T15:04")
	}
	text := fmt.Sprintf("%s %s since %s until %s", d.Status, d.Mode, clock(d.Since), clock(d.Until))
	if d.ID != "" {
		text += fmt.Sprintf("; %s: %s to %s %v", d.ID, clock(d.ScheduledFor), clock(d.ScheduledUntil), d.Message)
	}
	return text
}

func deployed(t *testing.T, announce maintenance.Announcement) func(reply string) string {
	t.Helper()
	return func(reply string) string {
		properties := announcement.Properties(announce)
		properties["ServiceToken"] = "arn"
		return maintenance.JSON(map[string]any{
			"RequestType": "Update", "ResponseURL": reply, "StackId": "s", "RequestId": "r", "LogicalResourceId": "l", "PhysicalResourceId": PhysicalID,
			"announcement.ResourceType": announcement.ResourceType, "ResourceProperties": properties,
		})
	}
}

func turn(to, since, until string) string {
	detail := map[string]any{"version": 1, "id": "x", "stack": "s", "switch": "Maintenance", "from": "open", "to": to, "how": "deploy"}
	if since != "" {
		detail["since"] = since
	}
	if until != "" {
		detail["until"] = until
	}
	return maintenance.JSON(map[string]any{"source": "noren", "detail-type": "noren mode change", "detail": detail})
}

// TestStory checks what the document says after a series of events.
func TestStory(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	night := maintenance.Announcement{From: at("2026-11-28T01:00:00+09:00"), Until: at("2026-11-28T04:00:00+09:00"), Message: map[string]string{"ja": "停止"}}
	const announced = "; 2026-11-27T16:00:00Z: 27T16:00 to 27T19:00 map[ja:停止]"
	type step struct {
		do   any // an event, or what is deployed
		says string
	}
	for name, steps := range map[string][]step{
		"a planned night": {
			{maintenance.Announcement{}, "none open since - until -"},
			{night, "scheduled open since - until -" + announced},
			{turn("closed", "2026-11-27T16:00:05Z", "2026-11-27T19:00:00Z"), "in_progress closed since 27T16:00 until 27T19:00" + announced},
			{turn("open", "2026-11-27T18:30:00Z", ""), "completed open since 27T18:30 until -" + announced},
			{maintenance.Announcement{}, "none open since 27T18:30 until -"},
		},
		"a deploy during maintenance keeps the status": {
			{turn("read-only", "2026-11-27T16:00:05Z", ""), "in_progress read-only since 27T16:00 until -"},
			{night, "in_progress read-only since 27T16:00 until -" + announced},
			{maintenance.Announcement{}, "in_progress read-only since 27T16:00 until -"},
		},
		"an emergency before the planned night": {
			{night, "scheduled open since - until -" + announced},
			{turn("closed", "2026-11-27T10:00:00Z", ""), "in_progress closed since 27T10:00 until -" + announced},
			{turn("open", "2026-11-27T11:00:00Z", ""), "scheduled open since 27T11:00 until -" + announced},
		},
		"events late and twice": {
			{turn("closed", "2026-11-27T10:00:00Z", "2026-11-27T11:00:00Z"), "in_progress closed since 27T10:00 until 27T11:00"},
			{turn("open", "2026-11-27T10:30:00Z", ""), "none open since 27T10:30 until -"},
			{turn("closed", "2026-11-27T10:00:00Z", "2026-11-27T11:00:00Z"), "none open since 27T10:30 until -"},
			{turn("open", "2026-11-27T10:30:00Z", ""), "none open since 27T10:30 until -"},
		},
		"closed again with a later end": {
			{turn("closed", "2026-11-27T10:00:00Z", "2026-11-27T11:00:00Z"), "in_progress closed since 27T10:00 until 27T11:00"},
			{turn("closed", "2026-11-27T10:00:00Z", "2026-11-27T13:00:00Z"), "in_progress closed since 27T10:00 until 27T13:00"},
		},
		"by noren close, which is now": {
			{turn("closed", "", "2026-11-27T13:00:00Z"), "in_progress closed since 27T12:00 until 27T13:00"},
			{turn("closed", "2026-11-27T11:59:40Z", ""), "in_progress closed since 27T12:00 until 27T13:00"},
		},
		"a night that announces itself": {
			{`{"announce":{"from":"2026-11-27T12:05:00Z","until":"2026-11-27T13:00:00Z","message":"Back at one."},"status":"scheduled","id":"n1"}`,
				"scheduled open since - until -; n1: 27T12:05 to 27T13:00 map[und:Back at one.]"},
			{`{"status":"in_progress"}`, "in_progress closed since 27T12:00 until -; n1: 27T12:05 to 27T13:00 map[und:Back at one.]"},
			{turn("closed", "2026-11-27T12:06:00Z", "2026-11-27T13:00:00Z"), "in_progress closed since 27T12:06 until 27T13:00; n1: 27T12:05 to 27T13:00 map[und:Back at one.]"},
			{turn("open", "2026-11-27T12:40:00Z", ""), "completed open since 27T12:40 until -; n1: 27T12:05 to 27T13:00 map[und:Back at one.]"},
			{`{"status":"completed"}`, "completed open since 27T12:40 until -; n1: 27T12:05 to 27T13:00 map[und:Back at one.]"},
		},
		"a night that ends before it was planned to begin": {
			{night, "scheduled open since - until -" + announced},
			{`{"status":"in_progress","mode":"read-only"}`, "in_progress read-only since 27T12:00 until -" + announced},
			{`{"status":"completed"}`, "completed open since 27T12:00 until -" + announced},
			{turn("open", "2026-11-27T12:00:01Z", ""), "completed open since 27T12:00 until -" + announced},
		},
		"a night keeps the message of the deploy": {
			{night, "scheduled open since - until -" + announced},
			{`{"announce":{"from":"2026-11-27T16:00:00Z","until":"2026-11-27T20:00:00Z"},"status":"in_progress","mode":"read-only","id":"w"}`,
				"in_progress read-only since 27T12:00 until -; w: 27T16:00 to 27T20:00 map[ja:停止]"},
			{`{"status":"completed","id":"w"}`, "completed open since 27T12:00 until -; w: 27T16:00 to 27T20:00 map[ja:停止]"},
		},
		"a night that is cancelled takes back its own announcement": {
			{`{"announce":{"from":"2026-11-28T12:00:00Z"},"status":"scheduled","id":"n1"}`, "scheduled open since - until -; n1: 28T12:00 to - map[]"},
			{`{"status":"none","id":"n2"}`, "scheduled open since - until -; n1: 28T12:00 to - map[]"},
			{`{"status":"none","id":"n1"}`, "none open since - until -"},
			{`{"status":"none","id":"n1"}`, "none open since - until -"},
			{night, "scheduled open since - until -" + announced},
			{`{"status":"none","id":"n1"}`, "scheduled open since - until -" + announced},
		},
		"taken back while it is closed for another reason": {
			{`{"announce":{"from":"2026-11-28T12:00:00Z"},"status":"scheduled","id":"n1"}`, "scheduled open since - until -; n1: 28T12:00 to - map[]"},
			{turn("closed", "2026-11-27T10:00:00Z", ""), "in_progress closed since 27T10:00 until -; n1: 28T12:00 to - map[]"},
			{`{"status":"none","id":"n1"}`, "in_progress closed since 27T10:00 until -"},
		},
		"scheduled while it is closed stays in progress": {
			{turn("closed", "2026-11-27T10:00:00Z", ""), "in_progress closed since 27T10:00 until -"},
			{`{"announce":{"from":"2026-11-28T12:00:00Z","message":{"en":"a"}},"status":"scheduled"}`,
				"in_progress closed since 27T10:00 until -; 2026-11-28T12:00:00Z: 28T12:00 to - map[en:a]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBucket(t)
			h := b.handler(io.Discard)
			for _, s := range steps {
				if a, ok := s.do.(maintenance.Announcement); ok {
					if reply := deploy(t, h, deployed(t, a)); reply.Status != "SUCCESS" || reply.PhysicalResourceID != PhysicalID {
						t.Fatalf("CloudFormation got %+v", reply)
					}
				} else if _, err := h.Invoke(context.Background(), json.RawMessage(s.do.(string))); err != nil {
					t.Fatal(err)
				}
				if got := b.says(t); got != s.says {
					t.Errorf("after %v\n got %s\nwant %s", s.do, got, s.says)
				}
			}
			if b.header.Get("Content-Type") != "application/json" || !strings.Contains(b.header.Get("Cache-Control"), "max-age=60") {
				t.Errorf("written with %v", b.header)
			}
		})
	}
}

type reply struct{ Status, Reason, PhysicalResourceID string }

// deploy invokes the function as CloudFormation does.
func deploy(t *testing.T, h *Handler, event func(reply string) string) reply {
	t.Helper()
	var got []reply
	cloudFormation := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var said struct{ Status, Reason, PhysicalResourceId string }
		if r.Method != http.MethodPut || json.NewDecoder(r.Body).Decode(&said) != nil {
			t.Errorf("%s is not an answer", r.Method)
		}
		got = append(got, reply{said.Status, said.Reason, said.PhysicalResourceId})
	}))
	defer cloudFormation.Close()
	_, _ = h.Invoke(context.Background(), json.RawMessage(event(cloudFormation.URL)))
	if len(got) != 1 {
		t.Fatalf("CloudFormation was answered %d times", len(got))
	}
	return got[0]
}

// TestChange_LosesNothing checks that what someone else writes in between is
// kept.
func TestChange_LosesNothing(t *testing.T) {
	for name, between := range map[string]func(*bucket){
		"another change": func(b *bucket) {
			b.put(`{"version":1,"status":"scheduled","id":"n","scheduledFor":"2026-11-28T00:00:00Z","mode":"open","updatedAt":"2026-11-27T11:00:00Z","pollAfter":60}`)
		},
		"deleted": func(b *bucket) { b.object = nil },
	} {
		t.Run(name, func(t *testing.T) {
			b := openBucket(t)
			if name == "deleted" {
				b.put(`{"version":1,"status":"none","mode":"open","updatedAt":"2026-11-27T11:00:00Z","pollAfter":60}`)
			}
			b.between = func() { between(b) }
			if _, err := b.handler(io.Discard).Invoke(context.Background(), json.RawMessage(turn("closed", "2026-11-27T11:30:00Z", ""))); err != nil {
				t.Fatal(err)
			}
			want := "in_progress closed since 27T11:30 until -"
			if name == "another change" {
				want += "; n: 28T00:00 to - map[]"
			}
			if got := b.says(t); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestChange_AtOnce checks that concurrent changes all end up in the document.
func TestChange_AtOnce(t *testing.T) {
	b := openBucket(t)
	h := b.handler(io.Discard)
	var all sync.WaitGroup
	for _, event := range []string{
		`{"announce":{"from":"2026-11-28T00:00:00Z"},"id":"n"}`,
		turn("closed", "2026-11-27T11:00:00Z", ""), turn("read-only", "2026-11-27T11:10:00Z", ""), turn("closed", "2026-11-27T10:00:00Z", ""),
	} {
		all.Go(func() {
			if _, err := h.Invoke(context.Background(), json.RawMessage(event)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, want := b.says(t), "in_progress read-only since 27T11:10 until -; n: 28T00:00 to - map[]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestChange_WritesNothingTwice checks that repeating an event leaves the object
// as it is.
func TestChange_WritesNothingTwice(t *testing.T) {
	b := openBucket(t)
	h := b.handler(io.Discard)
	for range 3 {
		if _, err := h.Invoke(context.Background(), json.RawMessage(turn("closed", "2026-11-27T11:00:00Z", ""))); err != nil {
			t.Fatal(err)
		}
	}
	if b.writes != 1 {
		t.Errorf("written %d times, want once", b.writes)
	}
}

// TestDamaged checks that an invalid document is started over, conditional on its
// ETag.
func TestDamaged(t *testing.T) {
	for _, object := range []string{"", "<html>", "null", "[]", `{"version":2,"mode":"open"}`, `{"version":1,"mode":"shut"}`} {
		b := openBucket(t)
		b.put(object)
		if _, err := b.handler(io.Discard).Invoke(context.Background(), json.RawMessage(turn("closed", "2026-11-27T11:00:00Z", ""))); err != nil {
			t.Fatal(err)
		}
		if got, want := b.says(t), "in_progress closed since 27T11:00 until -"; got != want {
			t.Errorf("%q: got %s, want %s", object, got, want)
		}
	}
}

// TestRefused checks that an invalid event changes nothing and is an error.
func TestRefused(t *testing.T) {
	for event, want := range map[string]string{
		`7`:                     "not a JSON object",
		`{}`:                    "want announce, status or both",
		`{"state":"completed"}`: "unknown field",
		`{"status":"over"}`:     `want scheduled, in_progress, completed or none, got "over"`,
		`{"status":"none"}`:     "want its id",
		`{"status":"none","id":"a","announce":{"from":"2026-11-28T00:00:00Z"}}`:       "and no other announcement",
		`{"status":"in_progress","mode":"open"}`:                                      `want read-only or closed, got "open"`,
		`{"announce":{"until":"2026-11-28T00:00:00Z"}}`:                               "want from",
		`{"announce":{"from":"2026-11-28T00:00:00Z","until":"2026-11-28T00:00:00Z"}}`: "want an end after the beginning",
		`{"announce":{"from":"tomorrow"}}`:                                            "tomorrow",
		`{"announce":{"from":"2026-11-28T00:00:00Z","message":7}}`:                    "want a text",
		`{"source":"aws.s3","detail-type":"Object Created","detail":{}}`:              `want "noren mode change" of "noren"`,
		`{"source":"noren","detail-type":"noren mode change","detail":{"to":"true"}}`: `unknown mode "true"`,
		`{"source":"noren","detail-type":"noren mode change","detail":7}`:             "the mode event",
		`{"source":"noren","detail-type":"noren mode change"}`:                        "the mode event",
	} {
		b := openBucket(t)
		var log bytes.Buffer
		_, err := b.handler(&log).Invoke(context.Background(), json.RawMessage(event))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(log.String(), "was not written") {
			t.Errorf("%s: got %v, want %q; logged %s", event, err, want, &log)
		}
		if b.object != nil {
			t.Errorf("%s has written %s", event, b.object)
		}
	}
}

// TestS3Fails checks that a failure of S3 fails the function, and the deploy.
func TestS3Fails(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		b := openBucket(t)
		b.refuse = func(r *http.Request) int {
			if r.Method == method {
				return http.StatusForbidden
			}
			return 0
		}
		h := b.handler(io.Discard)
		if _, err := h.Invoke(context.Background(), json.RawMessage(turn("closed", "2026-11-27T11:00:00Z", ""))); err == nil || !strings.Contains(err.Error(), "s3://site/maintenance.json") {
			t.Errorf("%s is refused: got %v", method, err)
		}
		got := deploy(t, h, deployed(t, maintenance.Announcement{From: noon}))
		if got.Status != "FAILED" || !strings.Contains(got.Reason, "s3://site/maintenance.json") || got.PhysicalResourceID != PhysicalID {
			t.Errorf("%s is refused: CloudFormation got %+v", method, got)
		}
	}
	b := openBucket(t)
	b.put("x")
	b.refuse = func(r *http.Request) int {
		if r.Method == http.MethodPut {
			return http.StatusPreconditionFailed
		}
		return 0
	}
	if _, err := b.handler(io.Discard).Invoke(context.Background(), json.RawMessage(turn("closed", "2026-11-27T11:00:00Z", ""))); err == nil {
		t.Error("a write that never succeeds is not an error")
	}
}

// TestDeleted checks that deleting the resource leaves the document.
func TestDeleted(t *testing.T) {
	b := openBucket(t)
	b.put("kept")
	event := func(to string) string {
		return strings.Replace(deployed(t, maintenance.Announcement{})(to), `"Update"`, `"Delete"`, 1)
	}
	if got := deploy(t, b.handler(io.Discard), event); got.Status != "SUCCESS" || string(b.object) != "kept" {
		t.Errorf("got %+v, and the document is %q", got, b.object)
	}
}
