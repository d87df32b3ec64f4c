package preview

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/preview/process"
)

// OwnDatabase is the DSN that asks for a database server from PATH.
const OwnDatabase = "own"

// openDatabase creates the tables and the users of the example in its database.
// It starts the server if it is one from PATH.
func (p *Preview) openDatabase(ctx context.Context, binary string) error {
	p.database = p.config.DSN
	if p.config.DSN == OwnDatabase {
		dsn, end, err := StartDatabase(ctx)
		if err != nil {
			return err
		}
		p.closers, p.database = append(p.closers, end), dsn
	}
	setup := exec.CommandContext(ctx, binary, "migrate", "--example", "--dsn", p.database)
	if out, err := setup.CombinedOutput(); err != nil {
		return fmt.Errorf("making its tables: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// StartDatabase starts mysqld or mariadbd from PATH with a new data folder, on a
// socket. It returns the DSN of the example's schema, which does not exist yet,
// and a function that ends the server and removes its data.
func StartDatabase(ctx context.Context) (dsn string, end func(), err error) {
	program, maria := "", false
	for _, name := range []string{"mysqld", "mariadbd"} {
		if found, err := exec.LookPath(name); err == nil {
			program, maria = found, isMariaDB(found)
			break
		}
	}
	if program == "" {
		return "", nil, errors.New("neither mysqld nor mariadbd is on PATH: name a MySQL or MariaDB with --dsn")
	}
	folder, err := os.MkdirTemp("", "noren-db-") // the path must be short enough for a socket
	if err != nil {
		return "", nil, err
	}
	stop := func() {}
	remove := func() {
		stop()
		os.RemoveAll(folder)
	}
	defer func() {
		if err != nil {
			remove()
		}
	}()
	data, socket := filepath.Join(folder, "data"), filepath.Join(folder, "s")
	options := []string{"--no-defaults", "--datadir=" + data}
	if os.Getuid() == 0 {
		options = append(options, "--user=root")
	}
	install := exec.CommandContext(ctx, program, append(options, "--initialize-insecure")...)
	if maria {
		install = exec.CommandContext(ctx, "mariadb-install-db", append(options, "--auth-root-authentication-method=normal", "--skip-test-db")...)
	}
	if out, err := install.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("%s: %w\n%s", filepath.Base(install.Path), err, bytes.TrimSpace(out))
	}
	last := &tail{}
	options = append(options, "--skip-networking", "--socket="+socket, "--pid-file="+filepath.Join(folder, "pid"))
	if !maria {
		options = append(options, "--mysqlx=OFF", "--secure-file-priv=NULL")
	}
	server := exec.Command(program, options...)
	server.Stdout, server.Stderr = io.Discard, last
	if err := process.Start(server); err != nil {
		return "", nil, err
	}
	ended := make(chan struct{})
	go func() {
		_ = server.Wait() // it was told to end
		close(ended)
	}()
	stop = func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			process.Kill(server.Process)
		}
	}
	_ = mysql.SetLogger(&mysql.NopLogger{}) // while nothing is listening yet
	root := "root@unix(" + socket + ")/"
	db, err := sql.Open("mysql", root)
	if err != nil {
		return "", nil, err
	}
	defer db.Close()
	for late := time.After(time.Minute); db.PingContext(ctx) != nil; {
		select {
		case <-time.After(50 * time.Millisecond):
			continue
		case <-ctx.Done():
		case <-ended:
		case <-late:
		}
		return "", nil, fmt.Errorf("%s does not answer:\n%s", program, last)
	}
	return root + "fieldreports", remove, nil
}

// isMariaDB reports whether a server is MariaDB, which may be named mysqld.
func isMariaDB(program string) bool {
	out, err := exec.Command(program, "--no-defaults", "--version").CombinedOutput()
	return err == nil && strings.Contains(string(out), "MariaDB")
}
