package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// imageCA is the file in the image that has Amazon's CA certificates for RDS.
const imageCA = "/etc/ssl/certs/rds-global-bundle.pem"

var (
	schemaName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)
	userName   = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,31}$`)
)

// A database is where the data is: Aurora MySQL, or the server of a DSN.
type database struct {
	local       *mysql.Config // the DSN's; nil on AWS
	connections int           // of each pool; 0 follows the server's capacity
	inProcess   bool          // the embedded server, whose statements have no time limits

	sessions *valkeyAddress // where sessions are; nil for the database

	host   string
	port   string
	reader string // "" without one
	schema string
	user   string // the user that this process logs in as with an IAM token; "" for migrate
	ca     string // file of CA certificates, PEM
	region string
}

// databaseFrom reads the database from dsn or, if dsn is empty, from the
// environment. The calling verb also needs the variables that required names.
func databaseFrom(dsn string, getenv func(string) string, required ...string) (database, error) {
	if dsn = cmp.Or(dsn, getenv("DB_DSN")); dsn != "" {
		config, err := mysql.ParseDSN(dsn)
		if err != nil {
			return database{}, fmt.Errorf("reading the DSN: %w", err)
		}
		if config.DBName == "" {
			return database{}, errors.New("the DSN names no schema: want user:password@tcp(host:port)/schema")
		}
		connections, err := connectionsFrom(getenv)
		return database{local: config, schema: config.DBName, connections: connections}, err
	}

	var missing []string
	for _, name := range append([]string{"DB_HOST", "DB_NAME", "AWS_REGION"}, required...) {
		if getenv(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return database{}, fmt.Errorf("no database: set %s, or give --dsn (or DB_DSN) for a server that is not on AWS", strings.Join(missing, ", "))
	}
	db := database{
		host:   getenv("DB_HOST"),
		port:   cmp.Or(getenv("DB_PORT"), "3306"),
		schema: getenv("DB_NAME"),
		user:   getenv("DB_USER"),
		ca:     cmp.Or(getenv("DB_TLS_CA"), imageCA),
		region: getenv("AWS_REGION"),
	}
	var err error
	if db.reader, err = readsFrom(getenv); err != nil {
		return database{}, err
	}
	if db.connections, err = connectionsFrom(getenv); err != nil {
		return database{}, err
	}
	return db, db.validate()
}

// connectionsFrom returns the number of connections of each pool, 0 if it is not
// set.
func connectionsFrom(getenv func(string) string) (int, error) {
	value := getenv("DB_CONNECTIONS")
	if value == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 1000 {
		return 0, fmt.Errorf("DB_CONNECTIONS is %q: want 1 to 1000", value)
	}
	return n, nil
}

func (db database) validate() error {
	if port, err := strconv.ParseUint(db.port, 10, 16); err != nil || port == 0 {
		return fmt.Errorf("DB_PORT is %q: want 1 to 65535", db.port)
	}
	if !schemaName.MatchString(db.schema) {
		return fmt.Errorf("DB_NAME is %q: want a letter or _, then up to 63 letters, digits and _", db.schema)
	}
	if db.user != "" {
		return validUser("DB_USER", db.user)
	}
	return nil
}

// validUser says what is wrong with the database user that variable names.
func validUser(variable, user string) error {
	if !userName.MatchString(user) {
		return fmt.Errorf("%s is %q: want a small letter or _, then up to 31 small letters, digits and _", variable, user)
	}
	return nil
}

// LogValue returns the database without anything secret.
func (db database) LogValue() slog.Value {
	if db.local != nil {
		return slog.GroupValue(slog.String("host", db.local.Addr), slog.String("schema", db.schema), slog.String("user", db.local.User))
	}
	return slog.GroupValue(
		slog.String("host", net.JoinHostPort(db.host, db.port)),
		slog.String("reader", db.reader),
		slog.String("schema", db.schema),
		slog.String("user", db.user),
	)
}

// connect opens one connection to the server, with no schema selected. On AWS it
// logs in with user and password, only over TLS and with a certificate of the CA.
func (db database) connect(ctx context.Context, user, password string) (*sql.DB, *sql.Conn, error) {
	config := db.local
	if config == nil {
		var err error
		if config, err = db.verified(user, password); err != nil {
			return nil, nil, err
		}
	}
	config = config.Clone()
	config.DBName = ""
	config.Timeout = cmp.Or(config.Timeout, 30*time.Second)
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, nil, err
	}
	pool := sql.OpenDB(connector)
	conn, err := pool.Conn(ctx)
	if err != nil {
		pool.Close()
		return nil, nil, fmt.Errorf("connecting to %s: %w", config.Addr, err)
	}
	return pool, conn, nil
}

// verified returns the settings for logging in on AWS. They always verify the
// certificate.
func (db database) verified(user, password string) (*mysql.Config, error) {
	certificates, err := os.ReadFile(db.ca)
	if err != nil {
		return nil, fmt.Errorf("reading the CA certificates (DB_TLS_CA): %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(certificates) {
		return nil, fmt.Errorf("no CA certificate in %q (DB_TLS_CA)", db.ca)
	}
	config := mysql.NewConfig()
	config.Net = "tcp"
	config.Addr = net.JoinHostPort(db.host, db.port)
	config.User = user
	config.Passwd = password
	config.TLS = &tls.Config{RootCAs: roots, ServerName: db.host, MinVersion: tls.VersionTLS12}
	return config, nil
}
