//go:build mysql || preview

package mysqld

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"

	_ "github.com/go-sql-driver/mysql" // the driver
)

// A Pair is a server and one that replicates from it, in row format.
type Pair struct {
	Original, Copy *Process

	// From and To are sessions of root.
	From, To *sql.DB

	program Program
	port    int
}

// NewPair starts two servers on 127.0.0.1, without any data, and replication
// between them. Both get the options.
func NewPair(program Program, options ...string) (*Pair, error) {
	p := &Pair{program: program}
	var group sync.WaitGroup
	var errs [2]error
	var ports [2]int
	for i := range 2 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		ports[i] = listener.Addr().(*net.TCPAddr).Port
		listener.Close()
	}
	p.port = ports[0]
	for i, process := range []**Process{&p.Original, &p.Copy} {
		group.Go(func() {
			own := append([]string{"--skip-networking=0", "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(ports[i]), "--log-bin=bin", "--binlog-format=ROW",
				"--server-id=" + strconv.Itoa(i+1), "--relay-log=relay", "--innodb-buffer-pool-size=128M", "--sync-binlog=0", "--loose-replica-checkpoint-period=10", "--loose-performance-schema=ON"}, options...)
			*process, errs[i] = New(program.Path, own...)
		})
	}
	group.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		p.Stop()
		return nil, err
	}
	if err := p.replicate(); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// Stop ends both servers.
func (p *Pair) Stop() {
	for _, pool := range []*sql.DB{p.From, p.To} {
		if pool != nil {
			pool.Close()
		}
	}
	for _, process := range []*Process{p.Original, p.Copy} {
		if process != nil {
			process.Stop()
		}
	}
}

func (p *Pair) replicate() error {
	var err error
	if p.From, err = sql.Open("mysql", p.Original.DSN); err != nil {
		return err
	}
	if p.To, err = sql.Open("mysql", p.Copy.DSN); err != nil {
		return err
	}
	for _, statement := range []string{"CREATE USER repl@'%' IDENTIFIED BY 'repl'", "GRANT REPLICATION SLAVE ON *.* TO repl@'%'"} {
		if _, err := p.From.Exec(statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return p.Begin()
}

// Begin makes the copy replicate what the original writes from now on.
func (p *Pair) Begin() error {
	show, stop, start := "SHOW BINARY LOG STATUS", "STOP REPLICA", "START REPLICA"
	change := "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=%d, SOURCE_USER='repl', SOURCE_PASSWORD='repl', SOURCE_LOG_FILE='%s', SOURCE_LOG_POS=%s, SOURCE_SSL=0, GET_SOURCE_PUBLIC_KEY=1"
	if p.program.MariaDB() {
		show = "SHOW MASTER STATUS"
		change = "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=%d, MASTER_USER='repl', MASTER_PASSWORD='repl', MASTER_LOG_FILE='%s', MASTER_LOG_POS=%s"
	}
	rows, err := p.From.Query(show)
	if err != nil {
		return err
	}
	columns, _ := rows.Columns()
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	rows.Next()
	err = rows.Scan(into...)
	rows.Close()
	if err != nil {
		return err
	}
	for _, statement := range []string{stop, fmt.Sprintf(change, p.port, values[0].String, values[1].String), start} {
		if _, err := p.To.Exec(statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}
