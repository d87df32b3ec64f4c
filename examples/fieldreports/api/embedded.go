//go:build !image

package main

import (
	"context"
	"fmt"
	"io"
	"net"

	engine "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/memory"
	"github.com/dolthub/go-mysql-server/server"
	mysqlctx "github.com/dolthub/go-mysql-server/sql"
	"github.com/go-sql-driver/mysql"
	"github.com/sirupsen/logrus"
)

// startEmbedded starts a MySQL-compatible server in this process, on a free port
// of 127.0.0.1, with the tables and the example users. It needs nothing on the
// machine and stores nothing: it is for trying things out. The image is built
// without it.
func startEmbedded(ctx context.Context) (database, error) {
	logrus.SetOutput(io.Discard) // it logs every connection
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return database{}, fmt.Errorf("starting the embedded database: %w", err)
	}
	provider := memory.NewDBProvider()
	mysqld, err := server.NewServer(server.Config{
		Protocol: "tcp",
		Address:  listener.Addr().String(),
		Listener: listener,
	}, engine.NewDefault(provider), mysqlctx.NewContext, memory.NewSessionBuilder(provider), nil)
	if err != nil {
		return database{}, fmt.Errorf("starting the embedded database: %w", err)
	}
	go func() { _ = mysqld.Start() }() // runs until the process ends

	login := mysql.NewConfig()
	login.Net, login.Addr, login.User, login.DBName = "tcp", listener.Addr().String(), "root", "fieldreports"
	// Its tables do not support several writers at a time.
	db := database{local: login, schema: login.DBName, connections: 1, inProcess: true}
	m, err := begin(ctx, db, masterLogin{}, io.Discard)
	if err != nil {
		return database{}, err
	}
	defer m.end()
	if err := m.schema(ctx, db.schema); err != nil {
		return database{}, err
	}
	if err := m.tables(ctx, db.schema, migrations()); err != nil {
		return database{}, err
	}
	return db, m.examples(ctx)
}
