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

// read reads from the reader, and once more, from the writer, where the reader
// was interrupted: a schema change ends the connections of Aurora's readers that
// use the table, and may hide it from them for a moment. What do reads into it
// has to set from the beginning.
func (p pools) read(do func(from *sql.DB) error) error {
	err := do(p.reader)
	if p.reader != p.writer && interrupted(err) {
		return do(p.writer)
	}
	return err
}

// interrupted says whether a read failed because of the connection or the
// server, and not by what was asked.
func interrupted(err error) bool {
	var answer *mysql.MySQLError
	var network net.Error
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &answer):
		// shut down, lost, killed, a table that is not there or has changed
		return slices.Contains([]uint16{1053, 1146, 1317, 1412, 1683, 1927, 2006, 2013, 3168, 4031}, answer.Number)
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}

// readsFrom returns the host that reads go to: none but the writer where DB_READS
// says so, for the time of a schema change.
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
