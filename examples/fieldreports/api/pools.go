package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/go-sql-driver/mysql"
)

// The pools are the API's connections. What has to be there the moment it was
// written is read from the writer: a reader is some milliseconds behind.
type pools struct {
	writer *sql.DB
	reader *sql.DB // the writer, if there is no other
}

// open prepares the pools. It connects to nothing: the API starts, and answers
// its health check, without the database.
func (db database) open(ctx context.Context) (pools, error) {
	writer, err := db.pool(ctx, db.host)
	if err != nil {
		return pools{}, err
	}
	if db.reader == "" {
		return pools{writer, writer}, nil
	}
	reader, err := db.pool(ctx, db.reader)
	if err != nil {
		writer.Close()
		return pools{}, err
	}
	return pools{writer, reader}, nil
}

func (p pools) close() {
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
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(cmp.Or(db.connections, 20))
	pool.SetMaxIdleConns(cmp.Or(db.connections, 20))
	pool.SetConnMaxLifetime(5 * time.Minute) // after a failover the endpoint is another server
	return pool, nil
}

// token gives every new connection a fresh IAM token: one lasts 15 minutes, and
// only for logging in.
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

// duplicate says whether err is the server's refusal of a key that is there.
func duplicate(err error) bool {
	var refused *mysql.MySQLError
	return errors.As(err, &refused) && refused.Number == 1062
}
