//go:build mysql

package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/testing/awsstub"
	"github.com/noren-cdk/noren/internal/testing/mysqld"
)

// copyPage is the page whose commands are typed here, and whose outputs are
// compared.
const copyPage = "../../docs/schema-copy.md"

// typed matches a command on the page and its output.
var typed = regexp.MustCompile("(?s)```sh\n(noren ddl copy [^\n]*)\n```\n\n```text\n(.*?)```\n")

// differing matches what varies between runs.
var differing = []struct {
	text *regexp.Regexp
	is   string
}{
	{regexp.MustCompile(`[\w.-]+\.\d{6}:\d+`), "POSITION"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?`), "TIME"},
	{regexp.MustCompile(`\b\d+(\.\d+)? ?m?s\b`), "DURATION"},
	{regexp.MustCompile(` +`), " "},
}

func alike(text string) string {
	for _, d := range differing {
		text = d.text.ReplaceAllString(text, d.is)
	}
	return text
}

// TestDocs_SchemaCopy types the commands of docs/schema-copy.md, one after the
// other, against two servers, one of which replicates from the other, with
// stand-ins for RDS and for the load balancer of a closed product. With -update
// it writes the output into the page.
func TestDocs_SchemaCopy(t *testing.T) {
	page, err := filepath.Abs(copyPage)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	program := mysqld.Programs()[0]
	if program.MariaDB() {
		t.Fatal("no MySQL: set NOREN_MYSQLD=$(scripts/mysql.sh)")
	}
	pair, err := mysqld.NewPair(program)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pair.Stop)
	both := append([]string{"CREATE DATABASE fieldreports CHARACTER SET utf8mb4", "USE fieldreports", "CREATE USER schemachange@'%'", "GRANT ALL ON *.* TO schemachange@'%'", "CREATE USER schemaplan@'%'"},
		plannersGrants(t, filepath.Join(filepath.Dir(page), "schema-changes.md"))...)
	both = append(both, "CREATE TABLE visits (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, place VARCHAR(100) NOT NULL)", "CREATE TABLE photos (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, visit INT NOT NULL)")
	pair.From.SetMaxOpenConns(1)     // USE applies to a session
	for _, statement := range both { // replication brings them to the copy
		if _, err := pair.From.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for range 3 {
		for _, statement := range []string{"INSERT INTO visits (place) SELECT CONCAT('place ', n) FROM (WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 800) SELECT n FROM n) AS n", "INSERT INTO photos (visit) SELECT id FROM visits"} {
			if _, err := pair.From.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
	}

	product := newLiveProduct(t, "closed")
	endpoint := newEndpoint(t, pair)
	rdsSwitches(product.aws, endpoint)
	for name, value := range map[string]string{"DB_DSN": "schemachange@tcp(" + endpoint.address() + ")/fieldreports", "COPY_DB_DSN": as(t, pair.Copy, "schemachange"), "PLAN_DB_DSN": as(t, pair.Original, "schemaplan"), "COPY_ROLE_ARN": "", "DB_HOST": ""} {
		t.Setenv(name, value)
	}
	write(t, "0007_wider_ids.sql", "ALTER TABLE visits MODIFY id BIGINT NOT NULL AUTO_INCREMENT;\n")

	commands := 0
	now := typed.ReplaceAllStringFunc(string(text), func(block string) string {
		commands++
		m := typed.FindStringSubmatch(block)
		// The page names the cluster in DB_HOST, and logs in with IAM tokens.
		line := regexp.MustCompile(` --login \S+`).ReplaceAllString(m[1], "")
		args := append(strings.Fields(line)[1:], "--cluster", "shop")
		code, stdout, stderr := noren(args...)
		if code != 0 {
			t.Errorf("%s: exit code %d", m[1], code)
		}
		got := stderr + stdout
		if alike(got) != alike(m[2]) && !*update {
			t.Errorf("%s prints\n%s\nand the page has\n%s", m[1], got, m[2])
		}
		if alike(got) == alike(m[2]) {
			return block
		}
		return "```sh\n" + m[1] + "\n```\n\n```text\n" + got + "```\n"
	})
	if commands != 6 {
		t.Errorf("the page has %d commands with what they print, want plan, start, status, compare, switch and finish", commands)
	}
	if *update {
		if err := os.WriteFile(page, []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// plannersGrants returns the grants on the page for the user who plans.
func plannersGrants(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^    (GRANT .* TO )\.\.\.$`).FindAllStringSubmatch(string(text), 4)
	var all []string
	for _, m := range found {
		all = append(all, m[1]+"schemaplan@'%'")
	}
	return all
}

// as returns the DSN of a user on a server.
func as(t *testing.T, process *mysqld.Process, user string) string {
	t.Helper()
	config, err := mysql.ParseDSN(process.DSN)
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.DBName = user, "fieldreports"
	return config.FormatDSN()
}

// endpoint is where the application finds its database: it leads to the original,
// and after the switch, which drops its connections, to the copy.
type endpoint struct {
	listener net.Listener
	pair     *mysqld.Pair

	mu       sync.Mutex
	switched bool
	open     []net.Conn
}

func newEndpoint(t *testing.T, pair *mysqld.Pair) *endpoint {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	e := &endpoint{listener: listener, pair: pair}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			e.serve(client)
		}
	}()
	return e
}

func (e *endpoint) address() string { return e.listener.Addr().String() }

func (e *endpoint) serve(client net.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	process := e.pair.Original
	if e.switched {
		process = e.pair.Copy
	}
	config, err := mysql.ParseDSN(process.DSN)
	if err != nil {
		client.Close()
		return
	}
	server, err := net.Dial(config.Net, config.Addr)
	if err != nil {
		client.Close()
		return
	}
	e.open = append(e.open, client, server)
	for from, to := range map[net.Conn]net.Conn{client: server, server: client} {
		go func() {
			_, _ = io.Copy(to, from)
			to.Close()
		}()
	}
}

// move returns a function that switches the endpoint.
func (e *endpoint) move() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.switched = true
	for _, conn := range e.open {
		conn.Close()
	}
}

// rdsSwitches makes a stub of AWS answer as RDS does for the cluster shop, whose
// deployment moves an endpoint.
func rdsSwitches(stub *awsstub.AWS, e *endpoint) {
	name, state := "", ""
	described := func() string { return strings.ReplaceAll(deployed(state), "noren-0007", name) }
	cluster := fitCluster
	for operation, answer := range map[string]string{
		"DescribeDBClusterParameters": "<Parameters><Parameter><ParameterName>binlog_format</ParameterName><ParameterValue>ROW</ParameterValue></Parameter><Parameter><ParameterName>replica_type_conversions</ParameterName><ParameterValue>ALL_NON_LOSSY</ParameterValue></Parameter></Parameters>",
		"DescribeDBInstances":         "<DBInstances><DBInstance><DBParameterGroups><DBParameterGroup><DBParameterGroupName>shop-instances</DBParameterGroupName><ParameterApplyStatus>in-sync</ParameterApplyStatus></DBParameterGroup></DBParameterGroups></DBInstance></DBInstances>",
		"DescribeDBProxies":           "<DBProxies></DBProxies>",
		"DescribeIntegrations":        "<Integrations></Integrations>",
		"DescribeAccountAttributes":   "<AccountQuotas><AccountQuota><AccountQuotaName>DBClusters</AccountQuotaName><Used>1</Used><Max>40</Max></AccountQuota><AccountQuota><AccountQuotaName>DBInstances</AccountQuotaName><Used>2</Used><Max>40</Max></AccountQuota></AccountQuotas>",
		"AddTagsToResource":           "",
	} {
		stub.Answer(operation, answer)
	}
	stub.AnswerBy("DescribeDBClusters", func(r awsstub.Request) string {
		return strings.ReplaceAll(cluster, "NAME", r.Form.Get("DBClusterIdentifier"))
	})
	stub.AnswerBy("DescribeBlueGreenDeployments", func(awsstub.Request) string { return described() })
	one := func() string {
		return strings.NewReplacer("<BlueGreenDeployments><member>", "<BlueGreenDeployment>", "</member></BlueGreenDeployments>", "</BlueGreenDeployment>").Replace(described())
	}
	stub.AnswerBy("CreateBlueGreenDeployment", func(r awsstub.Request) string {
		name, state = r.Form.Get("BlueGreenDeploymentName"), "AVAILABLE"
		return one()
	})
	stub.AnswerBy("SwitchoverBlueGreenDeployment", func(awsstub.Request) string {
		state = "SWITCHOVER_COMPLETED"
		e.move()
		return one()
	})
	stub.AnswerBy("DeleteBlueGreenDeployment", func(awsstub.Request) string {
		last := one()
		state = ""
		return last
	})
}

const fitCluster = "<DBClusters><DBCluster><DBClusterIdentifier>NAME</DBClusterIdentifier><DBClusterArn>arn:aws:rds:us-east-1:111111111111:cluster:NAME</DBClusterArn>" +
	"<Endpoint>NAME.cluster-x.us-east-1.rds.amazonaws.com</Endpoint><Status>available</Status><Engine>aurora-mysql</Engine><EngineMode>provisioned</EngineMode><EngineVersion>8.0.mysql_aurora.3.10.3</EngineVersion><DBClusterParameterGroup>shop-parameters</DBClusterParameterGroup>" +
	"<DBClusterMembers><DBClusterMember><DBInstanceIdentifier>writer</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter><DBClusterParameterGroupStatus>in-sync</DBClusterParameterGroupStatus></DBClusterMember></DBClusterMembers></DBCluster></DBClusters>"
