package ddl

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// A Server identifies the server software. Verdicts and times apply only to an
// equal one.
type Server struct {
	// Flavor is MySQL, MariaDB or Aurora MySQL.
	Flavor string `json:"flavor"`

	// Version is the version of MySQL or MariaDB.
	Version string `json:"version"`

	// Aurora is the version of Aurora MySQL; empty elsewhere.
	Aurora string `json:"aurora,omitempty"`
}

// String returns the name of the server for people.
func (s Server) String() string {
	if s.Aurora != "" {
		return fmt.Sprintf("%s %s (MySQL %s)", s.Flavor, s.Aurora, s.Version)
	}
	return s.Flavor + " " + s.Version
}

// queryer is a session or a pool of sessions.
type queryer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// readServer asks the server for its identity.
func readServer(ctx context.Context, q queryer) (Server, error) {
	var full string
	if err := q.QueryRowContext(ctx, "SELECT VERSION()").Scan(&full); err != nil {
		return Server{}, err
	}
	aurora, err := variable(ctx, q, "aurora_version")
	if err != nil {
		return Server{}, err
	}
	server := Server{Flavor: "MySQL", Version: numbers(full), Aurora: numbers(aurora)}
	switch {
	case aurora != "":
		server.Flavor = "Aurora MySQL"
	case strings.Contains(full, "MariaDB"):
		server.Flavor = "MariaDB"
		server.Version = numbers(strings.TrimPrefix(full, "5.5.5-"))
	}
	return server, nil
}

// numbers returns the dotted number at the beginning of version.
func numbers(version string) string {
	for i, c := range version {
		if c != '.' && (c < '0' || c > '9') {
			return version[:i]
		}
	}
	return version
}

// number returns the version in the form of conditional comments: 80036.
func (s Server) number() int {
	n := 0
	parts := strings.Split(s.Version, ".")
	for i := range 3 {
		part := 0
		if i < len(parts) {
			part, _ = strconv.Atoi(parts[i])
		}
		n = n*100 + part
	}
	return n
}

// atLeast reports whether version, such as 3.04.2, is at least the given one.
func atLeast(version string, want ...int) bool {
	var got []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return false
		}
		got = append(got, n)
	}
	return slices.Compare(got, want) >= 0
}

// variable returns a variable of the session, or "" if the server has no such
// variable.
func variable(ctx context.Context, q queryer, name string) (string, error) {
	var key, value string
	err := q.QueryRowContext(ctx, "SHOW VARIABLES LIKE '"+strings.ReplaceAll(name, "_", `\_`)+"'").Scan(&key, &value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the variable %s: %w", name, err)
	}
	return value, nil
}

// rowVersionLimit returns how many row versions INSTANT may leave in a table, 0
// if the server does not count them.
func (s Server) rowVersionLimit() int {
	switch {
	case s.Flavor == "MariaDB" || !atLeast(s.Version, 8, 0, 29):
		return 0
	case atLeast(s.Version, 9, 1):
		return 255
	}
	return 64
}

// innodbTables returns the table that lists InnoDB's tables.
func (s Server) innodbTables() string {
	if s.Flavor == "MariaDB" || !atLeast(s.Version, 8) {
		return "information_schema.INNODB_SYS_TABLES"
	}
	return "information_schema.INNODB_TABLES"
}

// Error codes of the servers.
const (
	codeAccessDenied   = 1045
	codeUnknownTable   = 1146
	codeUnknownColumn  = 1054
	codeLockWait       = 1205
	codeKilled         = 1317
	codeLogOverflow    = 1799
	codeNotSupported   = 1845
	codeNotSupportedBy = 1846
	codeUnknownThread  = 1094
	codeNotOwner       = 1095
	codeNoPrivilege    = 1227
	codeDeadlock       = 1213
	codeNoGrant        = 1141
	codeNoRole         = 1959
	codeSyntax         = 1064

	codeAliasTwice    = 1066
	codeDuplicate     = 1062
	codeNoSuchAlias   = 1109
	codeTableDenied   = 1142
	codeColumnDenied  = 1143
	codeSchemaDenied  = 1044
	codeRoutineDenied = 1370
	codeNoRoutine     = 1305
	codeNotPreparable = 1295

	codeTooMany          = 1040 // connections
	codeOption           = 1290 // of the server, which does not allow the statement
	codeReadOnly         = 1836
	codeNotView          = 1347
	codeShutdown         = 1053
	codeConnectionKilled = 1927
	codeStatementTime    = 1969
	codeServerGone       = 2006
	codeTimeout          = 3024
	codeBackupLock       = 3989
	codeIdle             = 4031
	codeTooManyVersions  = 4092
	codeInstantFull      = 4157
)

// lost reports whether the session or the server went away, so that the outcome
// of the statement is not known.
func lost(err error) bool {
	switch code(err) {
	case codeShutdown, codeConnectionKilled, codeIdle, codeServerGone:
		return true
	case 0:
		var network net.Error
		return errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
			errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network)
	}
	return false
}

// passing reports whether what a server refuses may succeed when it is simply
// repeated.
func passing(err error) bool {
	switch code(err) {
	case codeLockWait, codeDeadlock, codeKilled, codeTimeout, codeStatementTime, codeBackupLock, codeTooMany, codeReadOnly:
		return true
	case codeOption: // as by a failover, which makes a writer a reader
		return strings.Contains(reason(err), "read-only")
	}
	return lost(err)
}

// MayRepeat reports whether what failed can simply be repeated, because the
// server or the network was not available, or because others were in the way.
func MayRepeat(err error) bool {
	var unknown *net.DNSError
	return errors.Is(err, ErrRepeat) || passing(err) && !errors.As(err, &unknown)
}

// code returns the server's code of err, or 0.
func code(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// reason returns the server's message, without the driver's decoration.
func reason(err error) string {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// AtLeast reports whether the version is at least the given one.
func (s Server) AtLeast(want ...int) bool { return atLeast(s.Version, want...) }

// NoTable reports whether an error says that a table does not exist.
func NoTable(err error) bool { return code(err) == codeUnknownTable }
