package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/bluegreen"
	"github.com/noren-cdk/noren/internal/ddl/copy"
	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/internal/testing/awsstub"
)

const (
	shopARN  = "arn:aws:rds:us-east-1:111111111111:cluster:shop"
	greenARN = shopARN + "-green-abc123"
	oldARN   = shopARN + "-old1"
	none     = "<BlueGreenDeployments></BlueGreenDeployments>"
)

// deployed returns an answer with the deployment in a state. An empty state means
// that there is none.
func deployed(state string) string {
	source, target := shopARN, greenARN
	switch state {
	case "":
		return none
	case "PROVISIONING":
		target = ""
	case "SWITCHOVER_COMPLETED":
		source, target = oldARN, shopARN
	}
	return "<BlueGreenDeployments><member>" + deploymentIn(state, source, target) + "</member></BlueGreenDeployments>"
}

func deploymentIn(state, source, target string) string {
	return fmt.Sprintf("<BlueGreenDeploymentIdentifier>bgd-1</BlueGreenDeploymentIdentifier><BlueGreenDeploymentName>noren-0007</BlueGreenDeploymentName>"+
		"<Source>%s</Source><Target>%s</Target><Status>%s</Status>", source, target, state)
}

// rdsOf returns the engine for the cluster shop. Its deployment goes through
// states and stays in the last one; more is added to the description of the
// cluster.
func rdsOf(t *testing.T, more string, states ...string) (blueGreen, *awsstub.AWS) {
	t.Helper()
	stub := awsstub.New(t)
	var answers []string
	for _, state := range states {
		answers = append(answers, deployed(state))
	}
	stub.Answer("DescribeBlueGreenDeployments", answers...)
	stub.AnswerBy("DescribeDBClusters", func(r awsstub.Request) string {
		name := r.Form.Get("DBClusterIdentifier")
		return "<DBClusters><DBCluster><DBClusterIdentifier>" + name + "</DBClusterIdentifier><DBClusterArn>arn:aws:rds:us-east-1:111111111111:cluster:" + name + "</DBClusterArn>" +
			"<Endpoint>" + name + ".cluster-x.us-east-1.rds.amazonaws.com</Endpoint><Status>available</Status><Engine>aurora-mysql</Engine><DBClusterParameterGroup>shop-parameters</DBClusterParameterGroup>" +
			"<DBClusterMembers><DBClusterMember><DBInstanceIdentifier>writer</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter><DBClusterParameterGroupStatus>in-sync</DBClusterParameterGroupStatus></DBClusterMember></DBClusterMembers>" +
			more + "</DBCluster></DBClusters>"
	})
	stub.Answer("DescribeDBInstances", "<DBInstances><DBInstance><DBParameterGroups><DBParameterGroup><DBParameterGroupName>shop-instances</DBParameterGroupName><ParameterApplyStatus>in-sync</ParameterApplyStatus></DBParameterGroup></DBParameterGroups></DBInstance></DBInstances>")
	stub.Answer("DescribeDBClusterParameters", "<Parameters><Parameter><ParameterName>binlog_format</ParameterName><ParameterValue>ROW</ParameterValue></Parameter></Parameters>")
	for operation, state := range map[string]string{"CreateBlueGreenDeployment": "PROVISIONING", "SwitchoverBlueGreenDeployment": "SWITCHOVER_IN_PROGRESS", "DeleteBlueGreenDeployment": "DELETING"} {
		stub.Answer(operation, "<BlueGreenDeployment>"+deploymentIn(state, shopARN, greenARN)+"</BlueGreenDeployment>")
	}
	stub.Answer("AddTagsToResource", "")
	return blueGreen{bluegreen.New(stub.Config(t), time.Millisecond), "shop"}, stub
}

// differs reports whether an error differs from the wanted one; empty means none.
func differs(err error, want string) bool {
	return (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want)
}

func TestBlueGreen_Make(t *testing.T) {
	exists := awsstub.Refuse("BlueGreenDeploymentAlreadyExistsFault", "it exists")
	const host = "shop-green-abc123.cluster-x.us-east-1.rds.amazonaws.com"
	tests := []struct {
		name   string
		create string // what RDS answers; empty if it makes one
		states []string
		host   string
		err    string
	}{
		{"nothing is there", "", []string{"PROVISIONING", "PROVISIONING", "AVAILABLE"}, host, ""},
		{"again, while it is made", exists, []string{"PROVISIONING", "PROVISIONING", "AVAILABLE"}, host, ""},
		{"again, when it is made", exists, []string{"AVAILABLE"}, host, ""},
		{"RDS throttles", awsstub.Refuse("Throttling", "Rate exceeded"), []string{""}, "", "nothing was changed by this call; run this again"},
		{"RDS refuses", awsstub.Refuse("SourceClusterNotSupportedFault", "no binary log"), []string{""}, "", "making deployment noren-0007: no binary log"},
		{"green cannot be used", "", []string{"PROVISIONING", "INVALID_CONFIGURATION"}, "", "green cannot be used; blue is as it was"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rds, stub := rdsOf(t, "", test.states...)
			if test.create != "" {
				stub.Answer("CreateBlueGreenDeployment", test.create)
			}
			var told []string
			host, err := rds.Make(t.Context(), "noren-0007", func(text string) { told = append(told, text) })
			if host != test.host || differs(err, test.err) {
				t.Errorf("got %q, %v; want %q, %q", host, err, test.host, test.err)
			}
			if test.host != "" && (len(told) == 0 || told[len(told)-1] != "deployment noren-0007 is available") {
				t.Errorf("told %q", told)
			}
			if call := stub.Calls("CreateBlueGreenDeployment")[0].Form; call.Get("Source") != shopARN || call.Get("BlueGreenDeploymentName") != "noren-0007" {
				t.Errorf("asked for %v", call)
			}
		})
	}
}

func TestBlueGreen_Switch(t *testing.T) {
	const is = "SWITCHOVER_IN_PROGRESS"
	tests := []struct {
		name        string
		states      []string
		refuse      string
		err         string
		notSwitched bool
		calls       int
	}{
		{"switched", []string{"AVAILABLE", is, is, "SWITCHOVER_COMPLETED"}, "", "", false, 1},
		{"again, while it switches", []string{is, is, "SWITCHOVER_COMPLETED"}, "", "", false, 0},
		{"again, after it", []string{"SWITCHOVER_COMPLETED"}, "", "", false, 0},
		{"taken back after the time-out", []string{"AVAILABLE", is, is, "AVAILABLE"}, "", "RDS took the switchover back", true, 1},
		{"failed", []string{"AVAILABLE", is, "SWITCHOVER_FAILED"}, "", "deployment noren-0007 is failed", true, 1},
		{"again, after it failed", []string{"SWITCHOVER_FAILED", is, "SWITCHOVER_COMPLETED"}, "", "", false, 1},
		{"refused by a guardrail", []string{"AVAILABLE"}, awsstub.Refuse("InvalidBlueGreenDeploymentStateFault", "lag"), "lag", true, 1},
		{"deleted by another", []string{""}, "", "there is no such deployment; nothing links the copy", false, 0},
		{"the answer was lost", []string{"AVAILABLE", is}, awsstub.Refuse("InternalFailure", "lost"), "RDS has begun all the same", false, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rds, stub := rdsOf(t, "", test.states...)
			if test.refuse != "" {
				stub.Answer("SwitchoverBlueGreenDeployment", test.refuse)
			}
			err := rds.Switch(t.Context(), "noren-0007", 45*time.Second, func(string) {})
			if differs(err, test.err) || errors.Is(err, copy.ErrNotSwitched) != test.notSwitched {
				t.Errorf("got %v (as it was: %v), want %q", err, errors.Is(err, copy.ErrNotSwitched), test.err)
			}
			if errors.Is(err, copy.ErrGone) != (test.states[0] == "") {
				t.Errorf("%v: that it is gone is %v", err, errors.Is(err, copy.ErrGone))
			}
			calls := stub.Calls("SwitchoverBlueGreenDeployment")
			if test.refuse == "" && len(calls) != test.calls || len(calls) > 0 && calls[0].Form.Get("SwitchoverTimeout") != "45" {
				t.Errorf("asked for %v, want %d", calls, test.calls)
			}
		})
	}
	t.Run("cut off", func(t *testing.T) { // RDS may still switch
		rds, _ := rdsOf(t, "", "AVAILABLE", is)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := rds.Switch(ctx, "noren-0007", 45*time.Second, func(string) {}); errors.Is(err, copy.ErrNotSwitched) || differs(err, "run this again") {
			t.Errorf("got %v", err)
		}
	})
}

func TestBlueGreen_Ends(t *testing.T) {
	tests := []struct {
		name, verb string
		states     []string
		old, err   string
		deleted    int
		target     string // whether green is deleted
	}{
		{"switched", "finish", []string{"SWITCHOVER_COMPLETED", "DELETING", ""}, "shop-old1", "", 1, ""},
		{"not switched", "finish", []string{"AVAILABLE"}, "", "only a deployment that was switched can be finished", 0, ""},
		{"available", "abandon", []string{"AVAILABLE", "DELETING", ""}, "", "", 1, "true"},
		{"after a failed switchover", "abandon", []string{"SWITCHOVER_FAILED", ""}, "", "", 1, "true"},
		{"again, when it is gone", "abandon", []string{""}, "", "", 0, ""},
		{"while it switches", "abandon", []string{"SWITCHOVER_IN_PROGRESS"}, "", "wait until it has ended", 0, ""},
		{"after the switch", "abandon", []string{"SWITCHOVER_COMPLETED"}, "", "there is nothing to abandon; finish it", 0, ""},
	}
	for _, test := range tests {
		t.Run(test.verb+" "+test.name, func(t *testing.T) {
			rds, stub := rdsOf(t, "", test.states...)
			var old string
			var err error
			if test.verb == "finish" {
				old, err = rds.Finish(t.Context(), "noren-0007", func(string) {})
			} else {
				err = rds.Abandon(t.Context(), "noren-0007", func(string) {})
			}
			if old != test.old || differs(err, test.err) {
				t.Errorf("got %q, %v; want %q, %q", old, err, test.old, test.err)
			}
			calls := stub.Calls("DeleteBlueGreenDeployment")
			if len(calls) != test.deleted || len(calls) > 0 && calls[0].Form.Get("DeleteTarget") != test.target {
				t.Errorf("deleted %v, want %d with target %q", calls, test.deleted, test.target)
			}
		})
	}
}

// TestBlueGreen_Ready checks that start refuses if a condition is known not to be
// met, and leaves unknown conditions to RDS.
func TestBlueGreen_Ready(t *testing.T) {
	rds, _ := rdsOf(t, "<MasterUserSecret><SecretArn>arn</SecretArn></MasterUserSecret>", "")
	if err := rds.Ready(t.Context(), "noren-0007", ""); differs(err, "RDS makes no copy of shop: master password: RDS manages the master password") {
		t.Errorf("got %v", err)
	}
	rds, stub := rdsOf(t, "", "") // whose proxies, integrations and quotas the stub does not know
	if err := rds.Ready(t.Context(), "noren-0007", ""); err != nil {
		t.Errorf("got %v", err)
	}
	stub.Answer("DescribeDBClusters", awsstub.Refuse("AccessDenied", "not you"))
	if err := rds.Ready(t.Context(), "noren-0007", ""); err != nil {
		t.Errorf("RDS cannot be asked: got %v", err)
	}
}

// TestCopyPlan_SaysTheConditions checks that a plan lists each of RDS's
// conditions, marks unknown ones, and refuses the copy if one is not met.
func TestCopyPlan_SaysTheConditions(t *testing.T) {
	tests := []struct {
		name    string
		more    string // of the cluster
		host    string // DB_HOST
		cluster string // --cluster
		dsn     bool
		refuse  bool // RDS refuses to describe the cluster
		allowed bool
		want    []string
	}{
		{"by --cluster", "", "", "shop", true, false, true, []string{"engine", "available, with 1 instances", "binlog_format is ROW", "proxies not known", "type conversions not known", "Allowed on a copy, as far as is known."}},
		{"by DB_HOST", "", "shop.cluster-x.us-east-1.rds.amazonaws.com", "", false, false, true, []string{"engine", "as far as is known"}},
		{"a managed password", "<MasterUserSecret><SecretArn>arn</SecretArn></MasterUserSecret>", "", "shop", false, false, false, []string{"master password NOT ALLOWED RDS manages the master password", "NOT ALLOWED on a copy."}},
		{"no permissions", "", "", "shop", false, true, true, []string{"RDS not known", "not you", "COPY_ROLE_ARN", "as far as is known"}},
		{"not on RDS", "", "127.0.0.1", "", false, false, true, []string{"RDS not known", `not asked: "127.0.0.1" is not the writer endpoint`, "unless the copy is made by hand"}},
		{"by a DSN, which may be of another database than DB_HOST", "", "shop.cluster-x.us-east-1.rds.amazonaws.com", "", true, false, true, []string{"RDS not known", "not asked: the database is named by a DSN"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, stub := rdsOf(t, test.more, "")
			for _, operation := range []string{"DescribeDBProxies", "DescribeIntegrations", "DescribeAccountAttributes"} {
				stub.Answer(operation, awsstub.Refuse("AccessDenied", "not you"))
			}
			if test.refuse {
				stub.Answer("DescribeDBClusters", awsstub.Refuse("AccessDenied", "not you"))
			}
			t.Setenv("DB_HOST", test.host)
			t.Setenv("COPY_ROLE_ARN", "")
			plan := &copy.Plan{Name: "0007", Schema: "shop", Server: ddl.Server{}, Deployment: "noren-0007", Conversions: "ALL_NON_LOSSY"}
			p := askedPlan{Plan: plan, Conditions: conditionsOfRDS(t.Context(), test.cluster, test.cluster != "" || !test.dsn, plan)}
			if p.Allowed = p.allowed(); p.Allowed != test.allowed {
				t.Errorf("allowed is %v, want %v: %+v", p.Allowed, test.allowed, p.Conditions)
			}
			var out bytes.Buffer
			p.write(term.New(&out))
			said := strings.Join(strings.Fields(out.String()), " ")
			for _, want := range test.want {
				if !strings.Contains(said, want) {
					t.Errorf("got\n%s\nwant %q", out.String(), want)
				}
			}
		})
	}
}

// TestCopySwitch_Timeout checks that a timeout that RDS does not accept is
// refused before anything is asked or written.
func TestCopySwitch_Timeout(t *testing.T) {
	for _, timeout := range []string{"10s", "2h", "31.5s"} {
		cmd := newDDLCopySwitch()
		cmd.SetArgs([]string{"--timeout", timeout})
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		if err := cmd.ExecuteContext(t.Context()); differs(err, "must be whole seconds from 30s to 1h0m0s") {
			t.Errorf("%s: got %v", timeout, err)
		}
	}
}
