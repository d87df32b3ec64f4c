//go:build preview

package preview

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/preview"
)

const (
	workers = 8
	pace    = 40 * time.Millisecond // between two requests of a worker
	slow    = 10 * time.Second      // a longer answer is abnormal
)

// A load sends requests at a steady rate and checks each answer.
type load struct {
	product *preview.Preview
	stop    context.CancelFunc
	done    sync.WaitGroup

	mu       sync.Mutex
	counted  map[string]int // answers by kind
	abnormal []string
	stored   []string      // ids of reports that were answered 201
	worst    time.Duration // of an answer
	closing  time.Time     // when the flip to closed began, if it has
	closed   time.Time     // when that flip had ended
	opening  time.Time
	opened   time.Time
}

func startLoad(t *testing.T, product *preview.Preview) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{product: product, stop: stop, counted: map[string]int{}}
	for range workers {
		var session struct{ Token string }
		status, _, body, err := l.send(ctx, "POST", "/api/login", "", `{"name":"field","password":"example"}`)
		if err != nil || status != 200 || json.Unmarshal(body, &session) != nil {
			t.Fatalf("logging in: %d %v %s", status, err, body)
		}
		l.done.Go(func() { l.work(ctx, session.Token) })
	}
	t.Cleanup(func() { stop(); l.done.Wait() })
	return l
}

// work sends one request after another, and judges each answer.
func (l *load) work(ctx context.Context, token string) {
	last := "" // a report by this worker
	for ctx.Err() == nil {
		method, path, body, want := "GET", "/api/templates", "", `"cable-fault"`
		id := uuid()
		switch n := mathrand.IntN(10); {
		case n == 0:
			method, path, want = "POST", "/api/reports", id
			body = fmt.Sprintf(`{"id":%q,"template":"cable-fault","title":"Load","text":"wet","writtenAt":"2026-11-20T01:00:00Z"}`, id)
		case n < 3:
			path, want = "/api/templates/cable-fault", `"Cable fault"`
		case n < 6:
			path, want = "/api/reports", `"reports":[`
		case n < 9 && last != "":
			path, want = "/api/reports/"+last, last
		}
		begun := time.Now()
		status, header, answer, err := l.send(ctx, method, path, token, body)
		if ctx.Err() != nil {
			return
		}
		if l.judge(begun, method, path, status, header, answer, want, err) && method == "POST" && status == 201 {
			last = id
			l.mu.Lock()
			l.stored = append(l.stored, id)
			l.mu.Unlock()
		}
		time.Sleep(pace)
	}
}

// judge counts an answer, and reports whether it is the expected one: the answer
// of the version that serves or, for a write, the refusal of maintenance if the
// product was closed at some time during the request.
func (l *load) judge(begun time.Time, method, path string, status int, header http.Header, answer []byte, want string, err error) bool {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.worst = max(l.worst, now.Sub(begun))
	refused := status == 503 && header.Get("X-Maintenance-Mode") == "on"
	mayBeRefused := method == "POST" && !l.closing.IsZero() && now.After(l.closing) && (l.opened.IsZero() || begun.Before(l.opened))
	mustBeRefused := method == "POST" && !l.closed.IsZero() && begun.After(l.closed) && l.opening.IsZero()
	wanted := map[string]int{"GET": 200, "POST": 201}[method]
	switch {
	case err == nil && refused && mayBeRefused:
		l.counted["refused by the maintenance"]++
	case err == nil && status == wanted && strings.Contains(string(answer), want) && !mustBeRefused && now.Sub(begun) < slow:
		l.counted["normal"]++
		return true
	default:
		l.counted["abnormal"]++
		l.abnormal = append(l.abnormal, fmt.Sprintf("%s %s %s after %v: %d %v %.200s", begun.UTC().Format("15:04:05.000"), method, path, now.Sub(begun).Round(time.Millisecond), status, err, answer))
	}
	return false
}

func (l *load) send(ctx context.Context, method, path, token, body string) (int, http.Header, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, l.product.API+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, nil, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, content, err
}

// until waits until the given number of answers has been counted.
func (l *load) until(t *testing.T, answers int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Minute); l.total() < answers; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d answers after 10 minutes", l.total(), answers)
		}
	}
}

func (l *load) total() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, count := range l.counted {
		n += count
	}
	return n
}

// close and open flip the mode, and record when.
func (l *load) close(t *testing.T) { l.flip(t, "closed", &l.closing, &l.closed) }
func (l *load) open(t *testing.T)  { l.flip(t, "open", &l.opening, &l.opened) }

func (l *load) flip(t *testing.T, mode string, begun, ended *time.Time) {
	t.Helper()
	note := func(at *time.Time) {
		l.mu.Lock()
		defer l.mu.Unlock()
		*at = time.Now()
	}
	note(begun)
	if err := l.product.Flip(mode); err != nil {
		t.Fatal(err)
	}
	note(ended)
}

func (l *load) end(t *testing.T) {
	t.Helper()
	l.stop()
	l.done.Wait()
}

// check fails the test for any abnormal answer, and unless every report that was
// answered 201 is stored once.
func (l *load) check(t *testing.T, db *sql.DB) {
	t.Helper()
	t.Logf("load: %d answers: %d normal, %d writes refused by the maintenance, %d abnormal; the slowest took %v",
		l.total(), l.counted["normal"], l.counted["refused by the maintenance"], l.counted["abnormal"], l.worst.Round(time.Millisecond))
	for i, text := range l.abnormal {
		if i == 20 {
			t.Errorf("and %d more", len(l.abnormal)-i)
			break
		}
		t.Error(text)
	}
	rows, err := db.Query("SELECT id FROM reports WHERE title = 'Load'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	there := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		there[id] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, id := range l.stored {
		if !there[id] {
			t.Errorf("report %s was answered 201, and is not stored", id)
		}
	}
	if len(l.stored) < 100 || l.counted["refused by the maintenance"] == 0 {
		t.Error("too little was written or refused to show anything")
	}
}

func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
