//go:build mysql || preview

package mysqld

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/preview/process"
)

// A Program is a server program on this machine.
type Program struct {
	// Name is the name of the server with its version, such as MySQL-9.7.4.
	Name string

	// Path is the path of the program.
	Path string
}

// MariaDB reports whether the program is MariaDB's.
func (p Program) MariaDB() bool { return strings.HasPrefix(p.Name, "MariaDB") }

// Programs returns the programs in NOREN_MYSQLD, separated by colons, the one
// that scripts/mysql.sh puts into the user's cache, and mysqld and mariadbd on
// PATH. Each version is returned once.
func Programs() []Program {
	paths := strings.FieldsFunc(os.Getenv("NOREN_MYSQLD"), func(c rune) bool { return c == ':' })
	if cache, err := os.UserCacheDir(); err == nil {
		paths = append(paths, filepath.Join(cache, "noren", "mysql", "mysqld"))
	}
	for _, name := range []string{"mysqld", "mariadbd"} {
		if path, err := exec.LookPath(name); err == nil {
			paths = append(paths, path)
		}
	}
	var all []Program
	var versions []string
	for _, path := range paths {
		text, err := exec.Command(path, "--version").Output()
		_, version, _ := strings.Cut(string(text), "Ver ")
		if err != nil || slices.Contains(versions, version) {
			continue
		}
		versions = append(versions, version)
		number := version
		if i := strings.IndexFunc(version, func(c rune) bool { return c != '.' && (c < '0' || c > '9') }); i >= 0 {
			number = version[:i]
		}
		name := "MySQL-" + number
		if strings.Contains(version, "MariaDB") {
			name = "MariaDB-" + number
		}
		all = append(all, Program{name, path})
	}
	return all
}

// A Process is a server program that a test has started.
type Process struct {
	// DSN is the DSN with which root logs in, without a schema.
	DSN string

	program, folder string
	args            []string
	command         *exec.Cmd
}

// New starts a server program on an empty data folder, with additional options.
func New(program string, options ...string) (*Process, error) {
	folder, err := os.MkdirTemp("", "noren-ddl-")
	if err != nil {
		return nil, err
	}
	data, socket := filepath.Join(folder, "data"), filepath.Join(folder, "s")
	// In a shared temporary folder, a starting server would remove what it takes
	// for the leftovers of another one.
	temporary := filepath.Join(folder, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return nil, err
	}
	common := []string{"--datadir=" + data, "--tmpdir=" + temporary}
	if os.Getuid() == 0 {
		common = append(common, "--user=root")
	}
	version, _ := exec.Command(program, "--version").Output()
	var initialize *exec.Cmd
	if strings.Contains(string(version), "MariaDB") {
		initialize = exec.Command("mariadb-install-db", append([]string{"--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"}, common...)...)
		common = append([]string{"--no-defaults", "--performance-schema=ON", "--performance-schema-instrument=wait/lock/metadata/sql/mdl=ON"}, common...)
	} else {
		common = append([]string{"--no-defaults"}, common...)
		for _, option := range options {
			if strings.HasPrefix(option, "--lower-case-table-names") { // it holds from the first start on
				common = append(common, option)
			}
		}
		initialize = exec.Command(program, append(slices.Clone(common), "--initialize-insecure")...)
		common = append(common, "--mysqlx=OFF", "--skip-log-bin")
	}
	if output, err := initialize.CombinedOutput(); err != nil {
		os.RemoveAll(folder)
		return nil, fmt.Errorf("%s: %w\n%s", initialize, err, output)
	}
	p := &Process{program: program, folder: folder, DSN: "root@unix(" + socket + ")/"}
	p.args = append(append(common, "--skip-networking", "--socket="+socket, "--pid-file="+filepath.Join(folder, "pid"), "--max-connections=400",
		"--innodb-buffer-pool-size=512M", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-flush-method=nosync", "--innodb-sort-buffer-size=65536", "--secure-file-priv="), options...)
	if err := p.Start(); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// Start starts the server on the existing data.
func (p *Process) Start() error {
	name := filepath.Join(p.folder, "log")
	log, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	p.command = exec.Command(p.program, p.args...)
	p.command.Stdout, p.command.Stderr = log, log
	if err := process.Start(p.command); err != nil {
		return err
	}
	if err := await(p.DSN); err != nil {
		text, _ := os.ReadFile(name)
		return fmt.Errorf("%s: %w\n%s", p.program, err, text)
	}
	return nil
}

// End ends the server with a signal.
func (p *Process) End(signal os.Signal) {
	if p.command != nil && p.command.Process != nil {
		_ = p.command.Process.Signal(signal)
		_ = p.command.Wait()
	}
}

// Stop ends the server and removes its data.
func (p *Process) Stop() {
	p.End(syscall.SIGTERM)
	os.RemoveAll(p.folder)
}

func await(dsn string) error {
	_ = mysql.SetLogger(quiet{}) // while nothing is listening yet
	pool, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err = pool.Ping(); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

type quiet struct{}

func (quiet) Print(...any) {}
