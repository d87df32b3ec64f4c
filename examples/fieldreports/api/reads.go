package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/go-sql-driver/mysql"
)

// read reads from the reader and, if the reader was interrupted, once more from
// the writer: a schema change ends the connections of Aurora's readers that use
// the table, and may hide the table from them for a moment. Do must set whatever
// it reads into from the beginning, since it may run twice.
func (p pools) read(do func(from *sql.DB) error) error {
	err := do(p.reader)
	if p.reader != p.writer && interrupted(err) {
		return do(p.writer)
	}
	return err
}

// interrupted reports whether a read failed because of the connection or the
// server, and not because of the query.
func interrupted(err error) bool {
	var answer *mysql.MySQLError
	var network net.Error
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &answer):
		// shut down, lost, killed, or a table that is missing or has changed
		return slices.Contains([]uint16{1053, 1146, 1317, 1412, 1683, 1927, 2006, 2013, 3168, 4031}, answer.Number)
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}

// readsFrom returns the host to read from. DB_READS may say that all reads go to
// the writer, for the time of a schema change.
func readsFrom(getenv func(string) string) (reader string, err error) {
	switch reads := getenv("DB_READS"); reads {
	case "", "reader":
		return getenv("DB_READER_HOST"), nil
	case "writer":
		return "", nil
	default:
		return "", fmt.Errorf("DB_READS is %q: want reader or writer", reads)
	}
}
