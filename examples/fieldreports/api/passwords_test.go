package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// TestLoginTakesTheSameTimeForEverybody checks that every hash that a log-in may
// compare has the same cost.
func TestLoginTakesTheSameTimeForEverybody(t *testing.T) {
	var made bytes.Buffer
	if err := run(t.Context(), []string{"password"}, environment(), strings.NewReader("correct horse battery\n"), &made, io.Discard); err != nil {
		t.Fatal(err)
	}
	for what, hash := range map[string]string{"nobody": nobody, "examples": exampleHash, "fieldreports password": strings.TrimSpace(made.String())} {
		if cost, err := bcrypt.Cost([]byte(hash)); err != nil || cost != passwordCost {
			t.Errorf("%s: got cost %d (%v), want %d", what, cost, err, passwordCost)
		}
	}
	taken := func(hash, text string) time.Duration {
		var all []time.Duration
		for range 5 {
			begun := time.Now()
			passwordMatches(hash, text)
			all = append(all, time.Since(begun))
		}
		slices.Sort(all)
		return all[0]
	}
	account := taken(exampleHash, "wrong")
	for what, hash := range map[string]string{"no account": "", "a removed one": "", "an old hash": "$2a$04$Fq2kkDUbK8nOTE2TM4J3IuMAxbdU9CUbAYXCnLX7Hh3Dbs8fLOpyq"} {
		if got := taken(hash, "wrong"); got < account/2 || got > account*2 {
			t.Errorf("%s takes %v, an account %v", what, got, account)
		}
	}
	if got := taken(exampleHash, strings.Repeat("x", 100)); got < account/2 {
		t.Errorf("a password that is too long takes %v, any other %v", got, account)
	}
}

func TestPasswordsOfMoreThan72Bytes(t *testing.T) {
	long := strings.Repeat("x", 72)
	hashed, err := bcrypt.GenerateFromPassword([]byte(long), passwordCost)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{long: true, long + "y": false, long[:71]: false} {
		if got := passwordMatches(string(hashed), text); got != want {
			t.Errorf("%d bytes: got %v, want %v", len(text), got, want)
		}
	}
	for text, want := range map[string]string{long + "y": "has 73 bytes: want at most 72", "short": "too short"} {
		err := run(t.Context(), []string{"password"}, environment(), strings.NewReader(text+"\n"), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: got %v, want %s", len(text), err, want)
		}
	}
}

// TestGuessesAreLimited checks that sixty wrong passwords on as many connections
// are limited and logged, and keep nobody else waiting.
func TestGuessesAreLimited(t *testing.T) {
	db, err := startEmbedded(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := db.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	var log lockedBuffer
	a := newAPI(p, nil, slog.New(slog.NewTextHandler(&log, nil)))
	server := httptest.NewServer(a.routes())
	t.Cleanup(server.Close)
	s := site{server, t, p, server.Client(), nil, a.guesses}

	statuses := map[int]int{}
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 60 {
		group.Go(func() {
			status, header, _ := s.send("POST", "/api/login", `{"name":"field","password":"guess"}`)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
			if status == 429 && header.Get("Retry-After") == "" {
				t.Error("a 429 without Retry-After")
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	alone := time.Now()
	passwordMatches("", "x")
	one := time.Since(alone)
	begun := time.Now()
	s.want(200, "token", "POST", "/api/login", `{"name":"manager","password":"example"}`)
	if took := time.Since(begun); took > 5*one+time.Second {
		t.Errorf("a good log-in took %v beside the guesses, want about two comparisons of %v", took, one)
	}
	group.Wait()
	if statuses[401] != pairLimit.burst || statuses[429] != 60-pairLimit.burst {
		t.Errorf("got %v, want %d compared and the others refused", statuses, pairLimit.burst)
	}
	if got := log.String(); strings.Count(got, "log-in failed") != pairLimit.burst || !strings.Contains(got, "too many attempts") ||
		!strings.Contains(got, "name=field address=127.0.0.1") || strings.Contains(got, "guess") {
		t.Errorf("got log\n%s\nwant each with name and address, and no password", got)
	}
	s.want(429, "too-many-attempts", "POST", "/api/login", `{"name":"field","password":"example"}`)
	// The account's owner gets in from elsewhere: the address that a client
	// claims is not believed.
	s.as("X-Forwarded-For", "127.0.0.1, 203.0.113.9").want(200, "token", "POST", "/api/login", `{"name":"field","password":"example"}`)
	s.as("X-Forwarded-For", "203.0.113.9, 127.0.0.1").want(429, "", "POST", "/api/login", `{"name":"field","password":"example"}`)
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestGuessesAreForgotten(t *testing.T) {
	g, now := newGuesses(), time.Now()
	for i := range 10 {
		if wait := g.wait("field", "a", now); (wait > 0) != (i >= pairLimit.burst) {
			t.Errorf("after %d failures: wait %v", i, wait)
		}
		g.failed("field", "a", now)
	}
	if wait := g.wait("field", "b", now); wait != 0 {
		t.Errorf("from another address: wait %v, want none", wait)
	}
	wait := g.wait("field", "a", now)
	if later := now.Add(wait); g.wait("field", "a", later) != 0 || g.wait("field", "a", later.Add(-time.Second)) == 0 {
		t.Errorf("the wait of %v is not what has to be waited", wait)
	}
	g.succeeded("field", "a")
	if wait := g.wait("field", "a", now); wait != 0 {
		t.Errorf("after the right password: wait %v, want none", wait)
	}
	// One address tries many names, and many addresses try one name.
	for i := range 200 {
		g.failed("name"+string(rune('a'+i)), "spray", now)
		g.failed("victim", "address"+string(rune('a'+i)), now)
	}
	if g.wait("another", "spray", now) == 0 || g.wait("victim", "fresh", now) == 0 || g.wait("another", "fresh", now) != 0 {
		t.Error("many names from one address, or one name from many, are not limited, or others are")
	}
	for i := range 3 * mostBuckets {
		g.failed("x", string(rune(i))+"y", now)
	}
	if len(g.pairs) > mostBuckets || len(g.sources) > mostBuckets {
		t.Errorf("%d pairs are kept, want at most %d", len(g.pairs), mostBuckets)
	}
}

func TestAddressOf(t *testing.T) {
	for forwarded, want := range map[string]string{
		"": "192.0.2.1", "203.0.113.9": "203.0.113.9", "10.0.0.1, 203.0.113.9": "203.0.113.9",
		"203.0.113.9, 2001:db8::1": "2001:db8::1", "nonsense": "192.0.2.1",
	} {
		r := httptest.NewRequest(http.MethodPost, "/api/login", nil) // from 192.0.2.1
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
		}
		if got := addressOf(r); got != want {
			t.Errorf("%q: got %s, want %s", forwarded, got, want)
		}
	}
}
