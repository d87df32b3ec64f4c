package preview

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/noren-cdk/noren/internal/preview/account"
)

// secretStore makes a value for every secret that a rule or a function needs, and
// answers as Secrets Manager does for functions that read them.
type secretStore struct {
	server *http.Server
	url    string
	mu     sync.Mutex
	values map[string]string // by logical id
}

func startSecretStore() (*secretStore, error) {
	s := &secretStore{values: map[string]string{}}
	listener, err := listenAt(0)
	if err != nil {
		return nil, err
	}
	s.url = "http://" + listener.Addr().String()
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
	go func() { _ = s.server.Serve(listener) }() // until it is closed
	return s, nil
}

func (s *secretStore) close() { s.server.Close() }

// reveal returns the value of a generated secret, for [cfn.Options].
func (s *secretStore) reveal(name string) (string, bool) {
	id, ok := strings.CutPrefix(name, "<secret ")
	if !ok {
		return "", false
	}
	return s.value(strings.TrimSuffix(id, ">")), true
}

func (s *secretStore) value(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values[id] == "" {
		s.values[id] = strings.ToLower(rand.Text() + rand.Text())[:32] // the length that the construct asks for
	}
	return s.values[id]
}

func (s *secretStore) used() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.values)
}

// secretARN returns what a function gets where its template refers to a secret.
func secretARN(id string) string {
	return "arn:aws:secretsmanager:us-east-1:000000000000:secret:" + id
}

// ServeHTTP answers GetSecretValue. A page in a browser cannot ask for it, since
// the header with the operation's name requires a preflight.
func (s *secretStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": "InvalidRequestException", "message": "only GetSecretValue is here"})
		return
	}
	var input struct{ SecretId string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&input); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	id := input.SecretId[strings.LastIndexByte(input.SecretId, ':')+1:]
	time.Sleep(account.Settle)
	_ = json.NewEncoder(w).Encode(map[string]string{"ARN": input.SecretId, "Name": id, "SecretString": s.value(id)})
}
