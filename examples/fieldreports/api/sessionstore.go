package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/valkey-io/valkey-go"
)

// A sessionStore stores sessions. If it loses them, people log in again, and what
// their apps have queued stays queued.
type sessionStore interface {
	// newSession creates a session of u, and a token that is never stored.
	newSession(ctx context.Context, u user, now time.Time) (token string, expires time.Time, err error)

	// sessionUser returns the user whose session has the token, or sql.ErrNoRows.
	sessionUser(ctx context.Context, token string, now time.Time) (user, error)

	// endSession ends the session of token, if there is one.
	endSession(ctx context.Context, token string) error

	// usable reports whether the store can be used.
	usable(ctx context.Context) error

	close()
}

const (
	// storeTime is the time limit of one command of the store.
	storeTime = 3 * time.Second

	// signatureTime is how long a log-in token is valid, and renewAfter is when a
	// connection logs in again with a new one: ElastiCache ends the connection 12
	// hours after the last log-in.
	signatureTime = 15 * time.Minute
	renewAfter    = time.Hour
)

// A valkeyAddress is an ElastiCache replication group for Valkey, and the user
// who logs in there with an IAM token.
type valkeyAddress struct {
	host, port string
	group      string // the replication group's id
	user       string
	region     string
	ca         string // file of CA certificates, PEM; "" for those of the system

	renewAfter time.Duration
}

// valkeyFrom reads the session store from the environment. Without one, sessions
// are rows in the database.
func valkeyFrom(getenv func(string) string) (*valkeyAddress, error) {
	address := valkeyAddress{
		host: getenv("SESSIONS_HOST"), port: getenv("SESSIONS_PORT"), group: getenv("SESSIONS_GROUP"), user: getenv("SESSIONS_USER"),
		region: getenv("AWS_REGION"), ca: getenv("SESSIONS_TLS_CA"), renewAfter: renewAfter,
	}
	if address.host == "" {
		return nil, nil
	}
	var missing []string
	for _, name := range []string{"SESSIONS_PORT", "SESSIONS_GROUP", "SESSIONS_USER", "AWS_REGION"} {
		if getenv(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("SESSIONS_HOST names a store of sessions: set %s, too", strings.Join(missing, ", "))
	}
	if port, err := strconv.ParseUint(address.port, 10, 16); err != nil || port == 0 {
		return nil, fmt.Errorf("SESSIONS_PORT is %q: want 1 to 65535", address.port)
	}
	return &address, nil
}

// A valkeyStore stores sessions in Valkey, each as session:HASH until it expires,
// and reads their users from the database.
type valkeyStore struct {
	address valkeyAddress
	users   pools
	tls     *tls.Config

	mu       sync.Mutex
	client   valkey.Client
	err      error // why the last attempt to connect failed
	failed   time.Time
	settings func() (aws.Config, error) // read once: the credentials in it renew themselves
}

// storedSession is the stored form of a session. It has a hash of the password's
// hash: a new password, or a removed one, ends the session, although whoever
// changes it cannot reach the store.
type storedSession struct {
	User int64  `json:"user"`
	Hash string `json:"hash"`
}

func newValkeyStore(address valkeyAddress, users pools) (*valkeyStore, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12} // each node must have the name by which it is found
	if address.ca != "" {
		certificates, err := os.ReadFile(address.ca)
		if err != nil {
			return nil, fmt.Errorf("reading the CA certificates (SESSIONS_TLS_CA): %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(certificates) {
			return nil, fmt.Errorf("no CA certificate in %q (SESSIONS_TLS_CA)", address.ca)
		}
	}
	return &valkeyStore{address: address, users: users, tls: settings, settings: sync.OnceValues(func() (aws.Config, error) {
		return config.LoadDefaultConfig(context.Background(), config.WithRegion(address.region))
	})}, nil
}

func (s *valkeyStore) newSession(ctx context.Context, u user, now time.Time) (token string, expires time.Time, err error) {
	token, expires = rand.Text(), now.Add(sessionTime)
	value, err := json.Marshal(storedSession{u.id, hash(u.passwordHash)})
	if err != nil {
		return "", time.Time{}, err
	}
	_, err = s.do(ctx, func(c valkey.Client) valkey.Completed {
		return c.B().Set().Key(sessionKey(token)).Value(string(value)).Ex(sessionTime).Build() // never without an expiry
	})
	return token, expires, err
}

func (s *valkeyStore) sessionUser(ctx context.Context, token string, _ time.Time) (user, error) {
	answer, err := s.do(ctx, func(c valkey.Client) valkey.Completed { return c.B().Get().Key(sessionKey(token)).Build() })
	if valkey.IsValkeyNil(err) {
		return user{}, sql.ErrNoRows
	}
	if err != nil {
		return user{}, err
	}
	value, err := answer.AsBytes()
	var stored storedSession
	if err != nil || json.Unmarshal(value, &stored) != nil {
		return user{}, sql.ErrNoRows // not written by this release
	}
	u := user{id: stored.User}
	whose := func(from *sql.DB) error {
		err := from.QueryRowContext(ctx, "SELECT name, role, password_hash FROM users WHERE id = ?", u.id).Scan(&u.Name, &u.Role, &u.passwordHash)
		if err == nil && hash(u.passwordHash) != stored.Hash {
			err = sql.ErrNoRows
		}
		return err
	}
	err = s.users.read(whose)
	if errors.Is(err, sql.ErrNoRows) && s.users.reader != s.users.writer { // the reader may not have it yet
		err = whose(s.users.writer)
	}
	return u, err
}

func (s *valkeyStore) endSession(ctx context.Context, token string) error {
	_, err := s.do(ctx, func(c valkey.Client) valkey.Completed { return c.B().Del().Key(sessionKey(token)).Build() })
	return err
}

// usable reads a session that does not exist.
func (s *valkeyStore) usable(ctx context.Context) error {
	_, err := s.do(ctx, func(c valkey.Client) valkey.Completed { return c.B().Get().Key(sessionKey("")).Build() })
	if valkey.IsValkeyNil(err) {
		return nil
	}
	return err
}

func (s *valkeyStore) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		s.client.Close()
	}
}

func sessionKey(token string) string { return "session:" + hash(token) }

// A storeError is a failure of the store, not of the database.
type storeError struct{ error }

func (e storeError) Unwrap() error { return e.error }

// do sends one command. It returns the store's answer as it is; if the store
// cannot be reached the error is a storeError.
func (s *valkeyStore) do(ctx context.Context, command func(valkey.Client) valkey.Completed) (valkey.ValkeyMessage, error) {
	client, err := s.connected()
	if err != nil {
		return valkey.ValkeyMessage{}, storeError{err}
	}
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	answer, err := client.Do(ctx, command(client)).ToMessage()
	if err != nil && !valkey.IsValkeyNil(err) {
		err = storeError{err}
	}
	return answer, err
}

// connected returns the client, and creates it when it is first needed: the API
// starts without the store, as it does without the database.
func (s *valkeyStore) connected() (valkey.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		return s.client, nil
	}
	if time.Since(s.failed) < time.Second { // whoever waited for that attempt makes no other
		return nil, s.err
	}
	client, err := valkey.NewClient(valkey.ClientOption{
		InitAddress:       []string{net.JoinHostPort(s.address.host, s.address.port)},
		TLSConfig:         s.tls,
		Dialer:            net.Dialer{Timeout: storeTime},
		ConnWriteTimeout:  storeTime,
		AuthCredentialsFn: s.login,
		DisableCache:      true, // it would need another right
		ClientSetInfo:     valkey.DisableClientSetInfo,
		ClusterOption:     valkey.ClusterOption{PreferClusterShards: true}, // the only such command that the access string allows
	})
	if err != nil {
		s.err, s.failed = err, time.Now()
		return nil, err
	}
	s.client = client
	return client, nil
}

// login gives a connection a token, and a fresh one before the last is too old.
func (s *valkeyStore) login(valkey.AuthCredentialsContext) (valkey.AuthCredentials, error) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	settings, err := s.settings()
	if err != nil {
		return valkey.AuthCredentials{}, fmt.Errorf("configuring the AWS SDK: %w", err)
	}
	token, err := s.address.token(ctx, settings.Credentials, time.Now())
	return valkey.AuthCredentials{Username: s.address.user, Password: token, RefreshAfter: time.Now().Add(s.address.renewAfter)}, err
}

// token returns a presigned request to connect, without its scheme. Source:
// ElastiCache user guide, Authenticating with IAM.
func (a valkeyAddress) token(ctx context.Context, credentials aws.CredentialsProvider, now time.Time) (string, error) {
	signer, err := credentials.Retrieve(ctx)
	if err != nil {
		return "", fmt.Errorf("signing an IAM token for %q: %w", a.user, err)
	}
	query := url.Values{"Action": {"connect"}, "User": {a.user}, "X-Amz-Expires": {strconv.Itoa(int(signatureTime.Seconds()))}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.group+"/?"+query.Encode(), nil)
	if err != nil {
		return "", err
	}
	nothing := sha256.Sum256(nil)
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, signer, request, hex.EncodeToString(nothing[:]), "elasticache", a.region, now)
	return strings.TrimPrefix(signed, "http://"), err
}
