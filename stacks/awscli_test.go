//go:build awscli

package stacks

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// These tests run the commands that the stack prints with the AWS CLI itself, in
// both versions, against a stub of AWS: make awscli.

// cli is a version of the AWS CLI.
type cli struct {
	version string
	path    string
}

// clis returns version 1, installed with pip, and version 2, from Debian.
func clis(t *testing.T) []cli {
	t.Helper()
	one, err := filepath.Abs(".venv/awscli/bin/aws")
	if err != nil {
		t.Fatal(err)
	}
	all := []cli{{"1", one}, {"2", os.Getenv("NOREN_AWSCLI2")}}
	for _, c := range all {
		out, err := exec.Command(c.path, "--version").CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), "aws-cli/"+c.version+".") {
			t.Fatalf("%q is not version %s of the AWS CLI: %v %s", c.path, c.version, err, out)
		}
	}
	return all
}

// calls are the operations that a stub of AWS received.
type calls struct {
	mu  sync.Mutex
	all []string
}

func (c *calls) list() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}

func (c *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	operation := form.Get("Action")
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		operation = target[strings.LastIndexByte(target, '.')+1:]
	}
	said := operation
	c.mu.Lock()
	c.all = append(c.all, said)
	c.mu.Unlock()
	switch operation {
	case "RunTask": // long enough for a pager: more lines than the terminal has
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprintf(w, `{"tasks": [%s{"taskArn": "a"}], "failures": []}`, strings.Repeat(`{"taskArn": "b", "lastStatus": "PROVISIONING"},`, 40))
	case "FilterLogEvents":
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		io.WriteString(w, `{"events": [{"logStreamName": "s", "timestamp": 1, "message": "m", "ingestionTime": 1, "eventId": "1"}]}`)
	case "DescribeDBClusters":
		fmt.Fprint(w, "<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster><Endpoint>clone.example</Endpoint>"+
			"<ServerlessV2ScalingConfiguration><MinCapacity>0.5</MinCapacity><MaxCapacity>2</MaxCapacity></ServerlessV2ScalingConfiguration>"+
			"</DBCluster></DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>")
	case "DescribeDBInstances":
		fmt.Fprint(w, "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>"+
			"<DBInstanceStatus>available</DBInstanceStatus></DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>")
	case "RestoreDBClusterToPointInTime", "CreateDBInstance", "DeleteDBInstance", "DeleteDBCluster":
		fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult><DB><Status>creating</Status></DB></%[1]sResult></%[1]sResponse>", operation)
	default:
		http.Error(w, "the stub has no answer to "+operation, http.StatusNotImplemented)
	}
}

// printed returns the commands among the outputs of a template, with names in
// place of what CloudFormation fills in.
func printed(t template) map[string]string {
	commands := map[string]string{}
	for id, output := range t.Outputs {
		// The commands of the clone for rehearsals wait for it, and need an
		// Aurora.
		if text := filled(output.Value); regexp.MustCompile(`\baws (ecs|logs tail)`).MatchString(text) && !strings.Contains(text, "aws rds") {
			commands[id] = text
		}
	}
	return commands
}

// filled returns a value of a template with names instead of references.
func filled(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case map[string]any:
		for function, argument := range value {
			switch function {
			case "Ref":
				return "arn:aws:x:r:1:" + argument.(string)
			case "Fn::GetAtt":
				return "arn:aws:x:r:1:" + argument.([]any)[0].(string)
			case "Fn::Join":
				var parts []string
				for _, part := range argument.([]any)[1].([]any) {
					parts = append(parts, filled(part))
				}
				return strings.Join(parts, argument.([]any)[0].(string))
			}
		}
	}
	data, _ := json.Marshal(value)
	return string(data)
}

// onATerminal runs a command on a terminal of 24 lines, with a pager that, like
// less, waits for a person, and returns what it printed.
func (c cli) onATerminal(t *testing.T, endpoint, command string, limit time.Duration) (said string, paged bool, err error) {
	t.Helper()
	dir := t.TempDir()
	seen := filepath.Join(dir, "paged")
	write := func(name, script string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("less", "#!/bin/sh\ntouch "+seen+"\nexec sleep 600\n")
	// Version 2 supports AWS_ENDPOINT_URL from 2.13 on, Debian has 2.9.
	write("aws", "#!/bin/sh\nexec "+c.path+" --endpoint-url "+endpoint+" \"$@\"\n")
	write("command.sh", "stty rows 24 cols 80\n"+command+"\n")
	if err := os.MkdirAll(filepath.Join(dir, "examples/fieldreports/schemachanges"), 0o755); err != nil { // where a command writes
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	run := exec.CommandContext(ctx, "script", "-qec", "sh "+filepath.Join(dir, "command.sh"), "/dev/null")
	run.Dir, run.WaitDelay = dir, time.Second
	run.Env = []string{
		"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir, "TERM=xterm", "AWS_ENDPOINT_URL=" + endpoint,
		"AWS_ACCESS_KEY_ID=stub", "AWS_SECRET_ACCESS_KEY=stub", "AWS_EC2_METADATA_DISABLED=true",
	}
	out, err := run.CombinedOutput()
	_, missing := os.Stat(seen)
	return string(out), missing == nil, err
}

// TestPrintedCommandsRunToTheirEnd checks that every command of every environment
// makes the expected calls, on a short terminal, without a pager, in both
// versions of the CLI. aws logs tail needs version 2, as the runbook says.
func TestPrintedCommandsRunToTheirEnd(t *testing.T) {
	for _, c := range clis(t) {
		ran := 0
		for _, name := range environments {
			for id, command := range printed(synthesized(t, name, maintenance.Open).template) {
				follows := strings.Contains(command, "aws logs tail")
				want, limit := callsOf(command), 60*time.Second
				if follows {
					limit = 10 * time.Second // it runs until it is stopped
				}
				stub := &calls{}
				server := httptest.NewServer(stub)
				said, paged, err := c.onATerminal(t, server.URL, command, limit)
				server.Close()
				got := stub.list()
				ran++
				switch {
				case paged:
					t.Errorf("CLI %s, %s, %s: opens a pager after %q", c.version, name, id, got)
				case follows && c.version == "1":
					if !strings.Contains(said, "Invalid choice") {
						t.Errorf("CLI 1, %s, %s: the runbook says that it has no aws logs tail: %s", name, id, said)
					}
				case follows:
					if len(got) == 0 || got[0] != want[0] {
						t.Errorf("CLI %s, %s, %s: calls %q, want %q: %s", c.version, name, id, got, want, said)
					}
				case err != nil || !slices.Equal(got, want):
					t.Errorf("CLI %s, %s, %s: %v, calls %q, want %q: %s", c.version, name, id, err, got, want, said)
				}
			}
		}
		if ran < 6*len(environments) {
			t.Errorf("%d commands: is this test looking at the right thing?", ran)
		}
	}
}

// callsOf returns the expected calls of a printed command.
func callsOf(command string) []string {
	var plain []string
	for _, place := range regexp.MustCompile(`\baws ((?:rds|ecs|logs) (?:wait )?[a-z-]+)`).FindAllStringSubmatchIndex(command, -1) {
		call, ok := map[string]string{
			"ecs run-task": "RunTask", "logs tail": "FilterLogEvents", "logs filter-log-events": "FilterLogEvents",
			"rds describe-db-clusters": "DescribeDBClusters", "rds wait db-instance-available": "DescribeDBInstances",
			"rds restore-db-cluster-to-point-in-time": "RestoreDBClusterToPointInTime", "rds create-db-instance": "CreateDBInstance",
			"rds delete-db-instance": "DeleteDBInstance", "rds delete-db-cluster": "DeleteDBCluster",
		}[command[place[2]:place[3]]]
		if !ok {
			panic("callsOf does not know " + command[place[2]:place[3]])
		}
		at := len(plain)
		if strings.HasSuffix(command[:place[0]], "$(") { // the shell runs it first
			at--
		}
		plain = slices.Insert(plain, at, call)
	}
	return plain
}

// TestAPagerIsNoticed checks that version 2 opens a pager without the setting
// that prevents it.
func TestAPagerIsNoticed(t *testing.T) {
	command := strings.ReplaceAll(printed(synthesized(t, "prod", maintenance.Open).template)["DatabaseSetupCommand"], "AWS_PAGER= ", "")
	stub := &calls{}
	server := httptest.NewServer(stub)
	defer server.Close()
	_, paged, err := clis(t)[1].onATerminal(t, server.URL, command, 20*time.Second)
	if got := stub.list(); !paged || err == nil || len(got) != 1 {
		t.Errorf("paged %v, %v, calls %q: want a pager after the first", paged, err, got)
	}
}
