package main

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/go-sql-driver/mysql"
)

// The pools are the API's connections. What must be readable the moment it was
// written is read from the writer: a reader is some milliseconds behind.
type pools struct {
	writer *sql.DB
	reader *sql.DB // the writer, if there is no reader
	share  *share  // of the connections, for what uses the table of reports
	fixed  bool    // the number of connections was set, and does not follow the server's capacity

	sessions sessionStore
}

const (
	// mostConnections is the most connections of a pool, however many the server
	// allows.
	mostConnections = 20

	// poolShare is the part of the server's connections that one pool uses: a
	// tenth. That is enough for two pools in each of four tasks while a release
	// replaces another, with some to spare.
	poolShare = 10

	// lockSecondsOfStatement is how long a statement waits for a lock, and
	// statementSeconds how long it runs: less than the time of a request, so that
	// it also ends at the server.
	lockSecondsOfStatement = 8
	statementSeconds       = 12
)

// open prepares the pools and the session store. It does not connect: the API
// starts, and answers its health check, without the database.
func (db database) open(ctx context.Context) (pools, error) {
	p, err := db.openPools(ctx)
	if err != nil {
		return pools{}, err
	}
	p.sessions = rows{p}
	if db.sessions != nil {
		if p.sessions, err = newValkeyStore(*db.sessions, p); err != nil {
			p.writer.Close()
			p.reader.Close()
			return pools{}, err
		}
	}
	return p, nil
}

func (db database) openPools(ctx context.Context) (pools, error) {
	writer, err := db.pool(ctx, db.host)
	if err != nil {
		return pools{}, err
	}
	p := pools{writer: writer, reader: writer, share: newShare(), fixed: db.connections > 0}
	p.limit(cmp.Or(db.connections, mostConnections))
	if db.reader == "" || db.reader == db.host {
		return p, nil
	}
	reader, err := db.pool(ctx, db.reader)
	if err != nil {
		writer.Close()
		return pools{}, err
	}
	p.reader = reader
	p.limit(cmp.Or(db.connections, mostConnections))
	return p, nil
}

// limit sets the maximum number of connections of each pool.
func (p pools) limit(connections int) {
	for _, pool := range []*sql.DB{p.writer, p.reader} {
		pool.SetMaxOpenConns(connections)
		pool.SetMaxIdleConns(connections)
	}
	p.share.limit(max(1, connections*3/4))
}

// fit sets the number of connections by the server's capacity.
func (p pools) fit(ctx context.Context) error {
	if p.fixed {
		return nil
	}
	least := mostConnections
	for _, pool := range []*sql.DB{p.writer, p.reader} {
		var all int
		if err := pool.QueryRowContext(ctx, "SELECT @@max_connections").Scan(&all); err != nil {
			return err
		}
		least = min(least, max(2, all/poolShare))
	}
	p.limit(least)
	return nil
}

func (p pools) close() {
	p.sessions.close()
	p.writer.Close()
	p.reader.Close()
}

// pool prepares connections to host, or to the DSN's server.
func (db database) pool(ctx context.Context, host string) (*sql.DB, error) {
	var settings *mysql.Config
	if db.local != nil {
		settings = db.local.Clone()
	} else {
		db.host = host
		var err error
		if settings, err = db.verified(db.user, ""); err != nil {
			return nil, err
		}
		settings.DBName = db.schema
		settings.AllowCleartextPasswords = true // a token is sent as it is, and only over TLS
		if err := settings.Apply(mysql.BeforeConnect(db.token(ctx))); err != nil {
			return nil, err
		}
	}
	settings.ParseTime, settings.Loc = true, time.UTC
	settings.InterpolateParams = true // one round trip instead of two
	settings.Timeout = cmp.Or(settings.Timeout, 5*time.Second)
	connector, err := mysql.NewConnector(settings)
	if err != nil {
		return nil, err
	}
	if !db.inProcess {
		connector = bounding{connector}
	}
	pool := sql.OpenDB(connector)
	pool.SetConnMaxLifetime(5 * time.Minute) // after a failover the endpoint is another server
	return pool, nil
}

// token gives every new connection a fresh IAM token. A token is valid for 15
// minutes, and only for logging in.
func (db database) token(ctx context.Context) func(context.Context, *mysql.Config) error {
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion(db.region))
	address := net.JoinHostPort(db.host, db.port)
	return func(ctx context.Context, login *mysql.Config) error {
		if err != nil {
			return fmt.Errorf("configuring the AWS SDK: %w", err)
		}
		token, err := auth.BuildAuthToken(ctx, address, db.region, db.user, settings.Credentials)
		if err != nil {
			return fmt.Errorf("signing an IAM token for %q: %w", db.user, err)
		}
		login.Passwd = token
		return nil
	}
}

// bounding makes connections whose statements end by themselves: a request that
// has given up leaves nothing running at the server.
type bounding struct{ driver.Connector }

// boundStatements is one statement for MySQL and MariaDB: each reads its own
// part.
var boundStatements = fmt.Sprintf("SET SESSION lock_wait_timeout = %[1]d, innodb_lock_wait_timeout = %[1]d /*!50708 , max_execution_time = %[2]d000 */ /*M!100101 , max_statement_time = %[2]d */",
	lockSecondsOfStatement, statementSeconds)

func (b bounding) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := b.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	execer, ok := conn.(driver.ExecerContext)
	if !ok {
		_ = conn.Close()
		return nil, errors.New("the driver cannot run statements")
	}
	if _, err := execer.ExecContext(ctx, boundStatements, nil); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("bounding the statements: %w", err)
	}
	return conn, nil
}

// A share limits how many requests do something at the same time.
type share struct {
	mu    sync.Mutex
	slots chan struct{}
}

func newShare() *share { return &share{slots: make(chan struct{}, 1)} }

func (s *share) limit(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cap(s.slots) != n {
		s.slots = make(chan struct{}, n) // a holder of an old slot returns it there
	}
}

// take waits for a slot, until ctx ends or the client leaves.
func (s *share) take(ctx context.Context) (release func(), err error) {
	s.mu.Lock()
	slots := s.slots
	s.mu.Unlock()
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-client(ctx).Done():
		return nil, client(ctx).Err()
	}
}

// invalidInput reports whether err is the server's refusal of a value: too long,
// out of range, or with characters that the column does not support.
func invalidInput(err error) bool {
	var refused *mysql.MySQLError
	return errors.As(err, &refused) && slices.Contains([]uint16{1264, 1265, 1267, 1292, 1366, 1406, 1411, 3854, 3988}, refused.Number)
}

// duplicate reports whether err is the server's refusal of a duplicate key.
func duplicate(err error) bool {
	var refused *mysql.MySQLError
	return errors.As(err, &refused) && refused.Number == 1062
}
