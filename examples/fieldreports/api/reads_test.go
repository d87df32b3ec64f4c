package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// TestRead_OnceMoreFromTheWriter checks that a read that the reader has
// interrupted goes to the writer, once, and that every other failure is returned.
func TestRead_OnceMoreFromTheWriter(t *testing.T) {
	reader, writer := &sql.DB{}, &sql.DB{}
	for _, test := range []struct {
		err  error
		want int // number of reads
	}{
		{nil, 1},
		{driver.ErrBadConn, 2},
		{mysql.ErrInvalidConn, 2},
		{fmt.Errorf("reading: %w", mysql.ErrInvalidConn), 2},
		{&mysql.MySQLError{Number: 1317}, 2},
		{&mysql.MySQLError{Number: 1146}, 2},
		{&mysql.MySQLError{Number: 1064}, 1},
		{sql.ErrNoRows, 1},
		{context.Canceled, 1},
		{errors.New("another"), 1},
	} {
		for _, p := range []pools{{writer: writer, reader: reader}, {writer: writer, reader: writer}} {
			var from []*sql.DB
			err := p.read(func(pool *sql.DB) error {
				from = append(from, pool)
				return test.err
			})
			want := test.want
			if p.reader == p.writer {
				want = 1
			}
			if len(from) != want || from[0] != p.reader || from[want-1] != writer && want == 2 || !errors.Is(err, test.err) {
				t.Errorf("%v: %d reads and %v, want %d", test.err, len(from), err, want)
			}
		}
	}
}

func TestReadsFrom(t *testing.T) {
	for reads, want := range map[string]string{"": "ro", "reader": "ro", "writer": "", "both": "error"} {
		got, err := readsFrom(environment("DB_READER_HOST=ro", "DB_READS="+reads))
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("DB_READS=%s: got %q, want %q", reads, got, want)
		}
	}
}
