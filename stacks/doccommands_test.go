//go:build awscli

package stacks

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// anyCall is a stub of AWS that answers every call and counts them.
type anyCall struct{ calls }

func (a *anyCall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	operation := form.Get("Action")
	target := r.Header.Get("X-Amz-Target")
	switch {
	case operation != "":
	case target != "":
		operation = target[strings.LastIndexByte(target, '.')+1:]
	default:
		operation = r.Method + " " + r.URL.Path
	}
	a.mu.Lock()
	a.all = append(a.all, operation)
	a.mu.Unlock()
	switch {
	case operation == "DescribeStacks":
		status := "UPDATE_COMPLETE"
		if slices.Contains(a.list(), "ContinueUpdateRollback") { // the state that the command waits for
			status = "UPDATE_ROLLBACK_COMPLETE"
		}
		fmt.Fprint(w, "<R><DescribeStacksResult><Stacks><member><StackName>s</StackName><StackStatus>"+status+"</StackStatus>"+
			"<Outputs><member><OutputKey>ClusterName</OutputKey><OutputValue>c</OutputValue></member><member><OutputKey>ServiceName</OutputKey><OutputValue>s</OutputValue></member></Outputs>"+
			"</member></Stacks></DescribeStacksResult></R>")
	case operation == "DescribeDBInstances":
		fmt.Fprint(w, "<R><DescribeDBInstancesResult><DBInstances><DBInstance><DBInstanceStatus>available</DBInstanceStatus></DBInstance></DBInstances></DescribeDBInstancesResult></R>")
	case strings.HasPrefix(operation, "PUT /"): // an object
	case strings.HasPrefix(operation, "GET /BUCKET"), strings.HasPrefix(operation, "GET /") && r.URL.Query().Has("list-type"):
		fmt.Fprint(w, "<ListBucketResult><Name>b</Name></ListBucketResult>")
	case form.Get("Action") != "":
		// A cluster, an instance, a deployment: resources with a status that is
		// printed.
		fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult><DBCluster><Status>s</Status></DBCluster><DBInstance><DBInstanceStatus>s</DBInstanceStatus></DBInstance>"+
			"<DBClusterParameterGroupName>g</DBClusterParameterGroupName><StackResources><member><ResourceType>t</ResourceType></member></StackResources>"+
			"</%[1]sResult></%[1]sResponse>", operation)
	case operation == "FilterLogEvents":
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprint(w, `{"events": []}`)
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprint(w, `{"services": [{"serviceName": "s"}], "AccountLimit": {"ConcurrentExecutions": 10}, "SecretString": "s", "logGroups": [{"logGroupName": "g"}], "ResourceTagMappingList": [{"ResourceARN": "a"}]}`)
	}
}

// awsIn returns the commands of the AWS CLI in a document, each with its line
// number: in blocks, where a backslash continues a line, and in code spans. shell
// are the lines that the shell needs first: exports and functions.
func awsIn(t *testing.T, file string) (shell []string, commands map[int]string) {
	t.Helper()
	data, err := os.ReadFile(remembered(file))
	if err != nil {
		t.Fatal(err)
	}
	commands = map[int]string{}
	lines := strings.Split(string(data), "\n")
	fenced := false
	for n := 0; n < len(lines); n++ {
		line, at := lines[n], n+1
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "```") {
			fenced = !fenced
			continue
		}
		if !fenced && !strings.HasPrefix(line, "    ") {
			for _, span := range regexp.MustCompile("`(aws [a-z0-9]+ [^`]+)`").FindAllStringSubmatch(line, -1) {
				if strings.Contains(span[1], " --") || strings.Contains(span[1], "get-account-settings") { // not only a name
					commands[at] = span[1]
				}
			}
			continue
		}
		for strings.HasSuffix(lines[n], "\\") && n+1 < len(lines) {
			n++
			trimmed = strings.TrimSuffix(trimmed, "\\") + strings.TrimSpace(lines[n])
		}
		switch {
		case strings.HasPrefix(trimmed, "export "), regexp.MustCompile(`^[a-z]+\(\) \{`).MatchString(trimmed):
			shell = append(shell, trimmed)
		case regexp.MustCompile(`^([A-Z]+=\$\()?aws `).MatchString(trimmed):
			commands[at] = trimmed
		}
	}
	return shell, commands
}

// TestPrintedInDocs checks that both versions accept every AWS CLI command in the
// documents, that it reaches AWS, and that it opens no pager on a short terminal.
// A document says where version 2 is needed.
func TestPrintedInDocs(t *testing.T) {
	files, err := filepath.Glob(remembered("docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, c := range clis(t) {
		for _, file := range files {
			shell, commands := awsIn(t, file)
			if len(commands) == 0 {
				continue
			}
			stub := &anyCall{}
			server := httptest.NewServer(stub)
			// Files that commands read, and a function that other pages explain.
			script := "mkdir -p web/dist && touch web/dist/index.html && echo k | tee key.txt >begin.json\noutput() { echo value; }\n" +
				"CLUSTER=fieldreports CHANGE=0001_x GUARD=MaintenanceGuard NAME=x STACK=fieldreports-prod\n" + strings.Join(shell, "\n") + "\n"
			if !strings.Contains(script, "AWS_DEFAULT_REGION=") {
				script += "export AWS_DEFAULT_REGION=us-east-1\n" // readers have it in their settings
			}
			var at []int
			for line := range commands {
				at = append(at, line)
			}
			slices.Sort(at)
			for _, line := range at {
				script += fmt.Sprintf("%s\necho \"=line %d: $?=\"\n", commands[line], line)
				ran++
			}
			said, paged, _ := c.onATerminal(t, server.URL, script, 4*time.Minute)
			server.Close()
			if paged {
				t.Errorf("CLI %s, %s: opens a pager: %s", c.version, filepath.Base(file), said)
			}
			for _, line := range at {
				if !strings.Contains(said, fmt.Sprintf("=line %d: 0=", line)) {
					t.Errorf("CLI %s, %s:%d: %s: fails, or is not reached", c.version, filepath.Base(file), line, commands[line])
				}
			}
			if t.Failed() {
				t.Logf("%s", said)
			}
			if got := stub.list(); len(got) < len(commands) {
				t.Errorf("CLI %s, %s: %d commands make the calls %q", c.version, filepath.Base(file), len(commands), got)
			}
		}
	}
	if ran < 40 {
		t.Errorf("%d commands: is this test looking at the right thing?", ran)
	}
}
