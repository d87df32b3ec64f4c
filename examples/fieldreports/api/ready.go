package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Readiness says whether this process can serve. It becomes ready with the first
// query that succeeds, and stays ready: a release that cannot use the database
// replaces none that can, and a database that fails later does not take every
// task out of service at once.
//
// With notSetUp a database without this process's user or tables is enough: the
// setup task creates them after the first deploy, which could not finish
// otherwise.
type readiness struct {
	is       atomic.Bool
	notSetUp bool
}

// readyQuery requires the connection, the user, its rights, every table, and the
// columns that this release needs and the previous one does not: if it is
// deployed before its schema change, it never becomes ready and replaces nothing.
const readyQuery = `SELECT COUNT(*) FROM (
	SELECT reports.priority FROM users, sessions, templates, reports WHERE 1 = 0) AS nothing`

// await queries both pools until they answer, or ctx ends.
func (ready *readiness) await(ctx context.Context, p pools, log *slog.Logger) {
	for said := ""; ctx.Err() == nil; {
		err := p.usable(ctx)
		if ready.notSetUp && isNotSetUp(err) {
			log.Warn("ready, but the database is not set up: run the setup task", "error", err)
			ready.is.Store(true)
			return
		}
		if err == nil {
			ready.is.Store(true)
			log.Info("ready", "connections", p.writer.Stats().MaxOpenConnections)
			return
		}
		if text := err.Error(); text != said && ctx.Err() == nil { // once for each reason
			log.Error("not ready: the database or the store of sessions cannot be used", "error", err)
			said = text
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// isNotSetUp reports whether the server answers that the user, the schema or a
// table is missing.
// Source: MySQL server error reference, ER_DBACCESS_DENIED_ERROR,
// ER_ACCESS_DENIED_ERROR, ER_BAD_DB_ERROR, ER_NO_SUCH_TABLE.
func isNotSetUp(err error) bool {
	var answer *mysql.MySQLError
	return errors.As(err, &answer) && slices.Contains([]uint16{1044, 1045, 1049, 1146}, answer.Number)
}

// usable reports whether the pools can be used, and sizes them by the server's
// capacity.
func (p pools) usable(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	var none int
	if err := p.writer.QueryRowContext(ctx, readyQuery).Scan(&none); err != nil {
		return err
	}
	if p.reader != p.writer {
		if err := p.reader.QueryRowContext(ctx, readyQuery).Scan(&none); err != nil {
			return err
		}
	}
	if err := p.sessions.usable(ctx); err != nil {
		return err
	}
	return p.fit(ctx)
}

// health answers 200 once the process is ready.
func (a api) health(w http.ResponseWriter, _ *http.Request) {
	if !a.ready.is.Load() {
		w.Header().Set("Retry-After", "1")
		writeError(w, http.StatusServiceUnavailable, "not-ready", "the database has not answered yet")
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}
