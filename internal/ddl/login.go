package ddl

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/go-sql-driver/mysql"
)

// A Login says how to reach the database: a DSN, or a host with a user who logs
// in with an IAM token, or with the login in a secret.
type Login struct {
	// DSN is user:password@tcp(host:port)/schema. It excludes everything else.
	DSN string

	// Host, Port and Schema are the writer endpoint and the schema to change.
	Host   string
	Port   string // Default: 3306
	Schema string

	// User logs in with an IAM token, which is signed for Region.
	User   string
	Region string

	// SecretARN is a secret with username and password, instead of User. It is
	// read for every connection, so that a rotation does no harm.
	SecretARN string

	// CA is a file of PEM certificates that verify the server. Default: the
	// system's.
	CA string

	variables string // the prefix of the names of the variables
}

// LoginFromEnvironment returns the login from the variables DB_DSN, DB_HOST,
// DB_PORT, DB_NAME, DB_USER, DB_SECRET_ARN, DB_TLS_CA and AWS_REGION.
func LoginFromEnvironment(getenv func(string) string) Login {
	return Login{
		DSN:       getenv("DB_DSN"),
		Host:      getenv("DB_HOST"),
		Port:      getenv("DB_PORT"),
		Schema:    getenv("DB_NAME"),
		User:      getenv("DB_USER"),
		Region:    getenv("AWS_REGION"),
		SecretARN: getenv("DB_SECRET_ARN"),
		CA:        getenv("DB_TLS_CA"),
	}
}

// PlanLogin returns the login of the user who plans, from the variables with the
// prefix PLAN_: PLAN_DB_USER and so on. Missing ones default to those without the
// prefix. ok reports whether they name a user.
func PlanLogin(getenv func(string) string) (Login, bool) {
	l := LoginFromEnvironment(getenv)
	p := LoginFromEnvironment(func(name string) string { return getenv("PLAN_" + name) })
	if p.DSN == "" && p.User == "" && p.SecretARN == "" {
		return Login{}, false
	}
	p.inherit(l)
	p.Host = cmp.Or(p.Host, l.Host)
	return p, true
}

// ReaderLogin returns the login to the reader endpoint in DB_READER_HOST, and
// whether there is one.
func ReaderLogin(getenv func(string) string) (Login, bool) {
	l := LoginFromEnvironment(getenv)
	l.DSN, l.Host = "", getenv("DB_READER_HOST")
	return l, l.Host != ""
}

// RehearseLogin returns the login to the clone, from the variables with the
// prefix REHEARSE_. The host is never that of DB_HOST.
func RehearseLogin(getenv func(string) string) Login { return elsewhere(getenv, "REHEARSE_") }

// CopyLogin returns the login to the copy that will replace the original, from
// the variables with the prefix COPY_. The host is never that of DB_HOST.
func CopyLogin(getenv func(string) string) Login { return elsewhere(getenv, "COPY_") }

func elsewhere(getenv func(string) string, prefix string) Login {
	l := LoginFromEnvironment(getenv)
	r := LoginFromEnvironment(func(name string) string { return getenv(prefix + name) })
	if r.User == "" && r.SecretARN == "" {
		r.User, r.SecretARN = l.User, l.SecretARN
	}
	r.inherit(l)
	r.variables = prefix
	return r
}

// inherit takes from l everything except the server and the user.
func (p *Login) inherit(l Login) {
	p.Port, p.Schema = cmp.Or(p.Port, l.Port), cmp.Or(p.Schema, l.Schema)
	p.Region, p.CA = cmp.Or(p.Region, l.Region), cmp.Or(p.CA, l.CA)
}

func (l Login) validate() error {
	if l.DSN != "" {
		return nil
	}
	var missing []string
	for _, need := range []struct{ name, value string }{
		{l.variables + "DB_HOST", l.Host}, {"DB_NAME", l.Schema}, {"AWS_REGION", l.Region}, {"DB_USER or DB_SECRET_ARN", cmp.Or(l.User, l.SecretARN)},
	} {
		if need.value == "" {
			missing = append(missing, need.name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("no database: give --dsn (or %sDB_DSN), or set %s", l.variables, strings.Join(missing, ", "))
	}
	if l.User != "" && l.SecretARN != "" {
		return errors.New("DB_USER logs in with an IAM token and DB_SECRET_ARN with a password: set one of them")
	}
	return nil
}

// Open logs in. Over the network it insists on TLS with a verified certificate,
// unless a DSN contains tls=....
func (l Login) Open(ctx context.Context) (*Database, error) {
	if err := l.validate(); err != nil {
		return nil, err
	}
	cfg, err := l.config(ctx)
	if err != nil {
		return nil, err
	}
	return OpenDatabase(ctx, cfg)
}

func (l Login) config(ctx context.Context) (*mysql.Config, error) {
	if l.DSN != "" {
		return l.fromDSN()
	}
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.DBName = "tcp", net.JoinHostPort(l.Host, cmp.Or(l.Port, "3306")), l.Schema
	var err error
	if cfg.TLS, err = l.verified(l.Host); err != nil {
		return nil, err
	}
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion(l.Region))
	if err != nil {
		return nil, fmt.Errorf("reading the settings of AWS: %w", err)
	}
	cfg.User = l.User
	credentials := l.token(settings)
	if l.SecretARN != "" {
		credentials = l.secret(settings)
	}
	settle(cfg)
	return cfg, cfg.Apply(mysql.BeforeConnect(credentials))
}

func (l Login) fromDSN() (*mysql.Config, error) {
	cfg, err := mysql.ParseDSN(l.DSN)
	if err != nil {
		return nil, fmt.Errorf("reading the DSN: %w", err)
	}
	if cfg.DBName == "" {
		return nil, errors.New("the DSN names no schema: want user:password@tcp(host:port)/schema")
	}
	host, _, err := net.SplitHostPort(cfg.Addr)
	if err == nil && cfg.TLSConfig == "" && cfg.Net == "tcp" && !loopback(host) {
		if cfg.TLS, err = l.verified(host); err != nil {
			return nil, err
		}
	}
	settle(cfg)
	return cfg, nil
}

// settle sets what noren needs in every connection.
func settle(cfg *mysql.Config) {
	cfg.Timeout = cmp.Or(cfg.Timeout, 15*time.Second)
	if cfg.Params == nil {
		cfg.Params = map[string]string{}
	}
	cfg.Params["lock_wait_timeout"] = "20" // not a year
	cfg.Params["autocommit"] = "1"
	cfg.Params["wait_timeout"] = strconv.Itoa(longestIdle)
	cfg.MultiStatements = false
	cfg.InterpolateParams = true
	cfg.ReadTimeout = 0 // an ALTER answers only when it is done
	cfg.Logger = silent{}
}

// silent keeps the driver from writing to stderr: what matters is returned.
type silent struct{}

func (silent) Print(...any) {}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// verified returns the TLS settings for a server whose certificate the CA
// verifies.
func (l Login) verified(host string) (*tls.Config, error) {
	cfg := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if l.CA == "" {
		return cfg, nil
	}
	certificates, err := os.ReadFile(l.CA)
	if err != nil {
		return nil, fmt.Errorf("reading the CA certificates (DB_TLS_CA): %w", err)
	}
	cfg.RootCAs = x509.NewCertPool()
	if !cfg.RootCAs.AppendCertsFromPEM(certificates) {
		return nil, fmt.Errorf("no CA certificate in %q (DB_TLS_CA)", l.CA)
	}
	return cfg, nil
}

type beforeConnect = func(context.Context, *mysql.Config) error

// token signs an IAM token for each connection: a token is valid for 15 minutes.
func (l Login) token(settings aws.Config) beforeConnect {
	return func(ctx context.Context, cfg *mysql.Config) error {
		token, err := auth.BuildAuthToken(ctx, cfg.Addr, l.Region, l.User, settings.Credentials)
		if err != nil {
			return fmt.Errorf("signing an IAM token for %q: %w", l.User, err)
		}
		cfg.Passwd, cfg.AllowCleartextPasswords = token, true // over TLS
		return nil
	}
}

// secret reads the login from Secrets Manager, at most once a minute.
func (l Login) secret(settings aws.Config) beforeConnect {
	api := secretsmanager.NewFromConfig(settings)
	var (
		mu    sync.Mutex
		until time.Time
		login struct{ Username, Password string }
	)
	return func(ctx context.Context, cfg *mysql.Config) error {
		mu.Lock()
		defer mu.Unlock()
		if time.Now().After(until) {
			got, err := api.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &l.SecretARN})
			if err != nil {
				return fmt.Errorf("reading the secret %q: %w", l.SecretARN, err)
			}
			// Without %w, since the error's text could quote the secret.
			if json.Unmarshal([]byte(aws.ToString(got.SecretString)), &login) != nil || login.Username == "" || login.Password == "" {
				return fmt.Errorf(`the secret %q is not the login of a database user: want {"username": ..., "password": ...}`, l.SecretARN)
			}
			until = time.Now().Add(time.Minute)
		}
		cfg.User, cfg.Passwd = login.Username, login.Password
		return nil
	}
}
