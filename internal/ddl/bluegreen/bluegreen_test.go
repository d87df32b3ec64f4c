package bluegreen_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/bluegreen"
	"github.com/noren-cdk/noren/internal/testing/awsstub"
)

const (
	blueARN  = "arn:aws:rds:us-east-1:111111111111:cluster:shop-database-x"
	greenARN = blueARN + "-green-abc123"
	oldARN   = blueARN + "-old1"
)

// described returns an answer with a deployment in a state, and RDS's
// explanation.
func described(status, details string) string {
	source, target := blueARN, greenARN
	if status == "SWITCHOVER_COMPLETED" {
		source, target = oldARN, blueARN
	}
	return "<BlueGreenDeployments><member>" + deployment(status, details, source, target) + "</member></BlueGreenDeployments>"
}

func deployment(status, details, source, target string) string {
	return fmt.Sprintf("<BlueGreenDeploymentIdentifier>bgd-1</BlueGreenDeploymentIdentifier><BlueGreenDeploymentName>visits</BlueGreenDeploymentName>"+
		"<Source>%s</Source><Target>%s</Target><Status>%s</Status><StatusDetails>%s</StatusDetails>"+
		"<Tasks><member><Name>CREATING_READ_REPLICA_OF_SOURCE</Name><Status>IN_PROGRESS</Status></member></Tasks>"+
		"<TagList><Tag><Key>noren:change</Key><Value>0002</Value></Tag></TagList>", source, target, status, details)
}

const none = "<BlueGreenDeployments></BlueGreenDeployments>"

// client returns a client with short waits.
func client(t *testing.T) (*bluegreen.Client, *awsstub.AWS) {
	t.Helper()
	stub := awsstub.New(t)
	stub.Answer("SwitchoverBlueGreenDeployment", "<BlueGreenDeployment>"+deployment("SWITCHOVER_IN_PROGRESS", "", blueARN, greenARN)+"</BlueGreenDeployment>")
	stub.Answer("DeleteBlueGreenDeployment", "<BlueGreenDeployment>"+deployment("DELETING", "", blueARN, greenARN)+"</BlueGreenDeployment>")
	stub.Answer("AddTagsToResource", "")
	return bluegreen.New(stub.Config(t), time.Millisecond), stub
}

// source is blue as a caller has read it.
var source = bluegreen.Cluster{ARN: blueARN, Name: "shop-database-x", ParameterGroup: "shop-parameters"}

func TestSwitch_ByWhatRDSSaysOverTime(t *testing.T) {
	const is = "SWITCHOVER_IN_PROGRESS"
	tests := []struct {
		name   string
		states []string // one after the other; the last one repeats
		phase  bluegreen.Phase
		calls  int
		err    string
	}{
		{"at once", []string{"AVAILABLE", "SWITCHOVER_COMPLETED"}, bluegreen.Switched, 1, ""},
		{"after a while", []string{"AVAILABLE", is, is, is, is, "SWITCHOVER_COMPLETED"}, bluegreen.Switched, 1, ""},
		{"begun late: RDS says available for a moment", []string{"AVAILABLE", "AVAILABLE", "AVAILABLE", is, "SWITCHOVER_COMPLETED"}, bluegreen.Switched, 1, ""},
		{"taken back, and available again", []string{"AVAILABLE", is, is, "AVAILABLE"}, bluegreen.Available, 1, "blue is as it was"},
		{"failed", []string{"AVAILABLE", is, "SWITCHOVER_FAILED"}, bluegreen.Failed, 1, "RDS took the switchover back, deployment visits is failed"},
		{"failed at once", []string{"AVAILABLE", "SWITCHOVER_FAILED"}, bluegreen.Failed, 1, "blue is as it was"},
		{"tried again after a failure", []string{"SWITCHOVER_FAILED", is, "SWITCHOVER_COMPLETED"}, bluegreen.Switched, 1, ""},
		{"tried again after a failure, which RDS says for a moment", []string{"SWITCHOVER_FAILED", "SWITCHOVER_FAILED", is, "SWITCHOVER_COMPLETED"}, bluegreen.Switched, 1, ""},
		{"resumed while it is in progress", []string{is, is, "SWITCHOVER_COMPLETED"}, bluegreen.Switched, 0, ""},
		{"resumed, and taken back", []string{is, "AVAILABLE"}, bluegreen.Available, 0, "blue is as it was"},
		{"resumed after it was done", []string{"SWITCHOVER_COMPLETED"}, bluegreen.Switched, 0, ""},
		{"not yet available", []string{"PROVISIONING"}, bluegreen.Provisioning, 0, "deployment visits is provisioning"},
		{"green was broken", []string{"INVALID_CONFIGURATION"}, bluegreen.Invalid, 0, "blue is as it was"},
		{"green breaks meanwhile", []string{"AVAILABLE", is, "INVALID_CONFIGURATION"}, bluegreen.Invalid, 1, "blue is as it was"},
		{"a status of another time", []string{"AVAILABLE", "HALFWAY"}, "", 1, `the status "HALFWAY", which this version of noren does not know`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, stub := client(t)
			var answers []string
			for _, state := range test.states {
				answers = append(answers, described(state, ""))
			}
			stub.Answer("DescribeBlueGreenDeployments", answers...)
			var told []string
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			d, err := c.Switch(ctx, "visits", 45*time.Second, func(d bluegreen.Deployment) { told = append(told, string(d.Phase)) })
			if got := fmt.Sprint(err); test.err == "" && err != nil || !strings.Contains(got, test.err) {
				t.Errorf("got %v, want %q", err, test.err)
			}
			if strings.Contains(test.err, "as it was") && !errors.Is(err, bluegreen.ErrNotSwitched) {
				t.Errorf("%v is not ErrNotSwitched", err)
			}
			if d.Phase != test.phase {
				t.Errorf("the deployment is %q, want %q", d.Phase, test.phase)
			}
			calls := stub.Calls("SwitchoverBlueGreenDeployment")
			if len(calls) != test.calls {
				t.Errorf("%d switchovers were asked for, want %d", len(calls), test.calls)
			}
			for _, call := range calls {
				if call.Form.Get("SwitchoverTimeout") != "45" || call.Form.Get("BlueGreenDeploymentIdentifier") != "bgd-1" {
					t.Errorf("asked for %v", call.Form)
				}
			}
			if len(slices.Compact(slices.Clone(told))) != len(told) {
				t.Errorf("told twice of the same: %q", told)
			}
		})
	}
}

// TestSwitch_NeverBegun checks that a switchover that RDS never begins ends as
// not switched when the time is over.
func TestSwitch_NeverBegun(t *testing.T) {
	c, stub := client(t)
	stub.Answer("DescribeBlueGreenDeployments", described("AVAILABLE", ""))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := c.Switch(ctx, "visits", bluegreen.ShortestTimeout, nil)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "run this again to wait for it") {
		t.Errorf("got %v: RDS may still begin", err)
	}
}

func TestSwitch_Refused(t *testing.T) {
	tests := []struct {
		name   string
		answer string
		after  string // RDS's answer about the deployment afterwards
		want   []string
		as     bool // ErrNotSwitched
	}{
		{"by a guardrail", awsstub.Refuse("InvalidBlueGreenDeploymentStateFault", "replication lag is too high"), described("AVAILABLE", ""),
			[]string{"switching deployment visits: replication lag is too high (InvalidBlueGreenDeploymentStateFault)", "wait until the deployment is available", "blue is as it was"}, true},
		{"for want of rights", awsstub.Refuse("AccessDenied", "not authorized"), described("AVAILABLE", ""), []string{"use the role of these verbs"}, true},
		{"and begun all the same", awsstub.Refuse("InternalFailure", "lost"), described("SWITCHOVER_IN_PROGRESS", ""), []string{"RDS has begun all the same", "run this again"}, false},
		{"and nobody knows", awsstub.Refuse("InternalFailure", "lost"), awsstub.Refuse("AccessDenied", "expired"), []string{"whether RDS switches is not known"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, stub := client(t)
			stub.Answer("DescribeBlueGreenDeployments", described("AVAILABLE", ""), test.after)
			stub.Answer("SwitchoverBlueGreenDeployment", test.answer)
			_, err := c.Switch(t.Context(), "visits", time.Minute, nil)
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
			if errors.Is(err, bluegreen.ErrNotSwitched) != test.as {
				t.Errorf("%v: ErrNotSwitched %v, want %v", err, !test.as, test.as)
			}
		})
	}
}

func TestSwitch_Timeout(t *testing.T) {
	c, stub := client(t)
	for _, timeout := range []time.Duration{0, 29 * time.Second, time.Hour + time.Second, 30*time.Second + time.Millisecond} {
		if _, err := c.Switch(t.Context(), "visits", timeout, nil); err == nil || !strings.Contains(err.Error(), "whole seconds from 30s to 1h0m0s") {
			t.Errorf("%v: got %v", timeout, err)
		}
	}
	if len(stub.Calls("DescribeBlueGreenDeployments")) > 0 {
		t.Error("RDS was asked")
	}
}

// TestThrottling checks that throttled calls are retried, however often RDS
// throttles others in the account, and that a call that is throttled to the end
// says that it changed nothing.
func TestThrottling(t *testing.T) {
	t.Run("nine times", func(t *testing.T) {
		c, stub := client(t)
		throttled := slices.Repeat([]string{awsstub.Refuse("Throttling", "Rate exceeded")}, 9)
		stub.Answer("DescribeBlueGreenDeployments", append(throttled, described("AVAILABLE", ""), described("SWITCHOVER_COMPLETED", ""))...)
		stub.Answer("SwitchoverBlueGreenDeployment", append(throttled, "<BlueGreenDeployment>"+deployment("SWITCHOVER_IN_PROGRESS", "", blueARN, greenARN)+"</BlueGreenDeployment>")...)
		if d, err := c.Switch(t.Context(), "visits", time.Minute, nil); err != nil || d.Phase != bluegreen.Switched {
			t.Errorf("got %v, %v", d, err)
		}
		if n := len(stub.Calls("SwitchoverBlueGreenDeployment")); n != 10 {
			t.Errorf("%d calls, want 10", n)
		}
	})
	t.Run("for ever", func(t *testing.T) {
		c, stub := client(t)
		stub.Answer("DescribeBlueGreenDeployments", awsstub.Refuse("Throttling", "Rate exceeded"))
		_, err := c.Deployment(t.Context(), "visits")
		if err == nil || !strings.Contains(err.Error(), "nothing was changed by this call; run this again") {
			t.Errorf("got %v", err)
		}
	})
}

func TestCreate(t *testing.T) {
	made := "<BlueGreenDeployment>" + deployment("PROVISIONING", "", blueARN, "") + "</BlueGreenDeployment>"
	exists := awsstub.Refuse("BlueGreenDeploymentAlreadyExistsFault", "it exists")
	instances := func(groups ...string) string {
		text := "<DBInstances>"
		for _, g := range groups {
			text += "<DBInstance><DBParameterGroups><DBParameterGroup><DBParameterGroupName>" + g + "</DBParameterGroupName><ParameterApplyStatus>in-sync</ParameterApplyStatus></DBParameterGroup></DBParameterGroups></DBInstance>"
		}
		return text + "</DBInstances>"
	}
	tag := map[string]string{"noren:change": "0002"}
	tests := []struct {
		name     string
		request  bluegreen.Request
		answer   string
		existing string
		err      string
		form     map[string]string // what is sent
	}{
		{"made", bluegreen.Request{Name: "visits", Source: source, Tags: tag}, made, "", "",
			map[string]string{"Source": blueARN, "TargetDBClusterParameterGroupName": "shop-parameters", "TargetDBParameterGroupName": "shop-instances", "TargetEngineVersion": "", "Tags.Tag.1.Key": "noren:change"}},
		{"of another version", bluegreen.Request{Name: "visits", Source: source, Version: "8.4.mysql_aurora.8.4.7", ParameterGroup: "shop84", InstanceParameterGroup: "shop84i"}, made, "", "",
			map[string]string{"TargetDBClusterParameterGroupName": "shop84", "TargetDBParameterGroupName": "shop84i", "TargetEngineVersion": "8.4.mysql_aurora.8.4.7"}},
		{"found", bluegreen.Request{Name: "visits", Source: source, Tags: tag}, exists, described("AVAILABLE", ""), "", nil},
		{"another's", bluegreen.Request{Name: "visits", Source: bluegreen.Cluster{ARN: blueARN + "2", Name: "shop-database-x2"}}, exists, described("AVAILABLE", ""), "of shop-database-x and not of shop-database-x2", nil},
		{"of another change", bluegreen.Request{Name: "visits", Source: source, Tags: map[string]string{"noren:change": "0003"}}, exists, described("AVAILABLE", ""), `its tag noren:change is "0002" where this one's is "0003"`, nil},
		{"a managed password", bluegreen.Request{Name: "visits", Source: source}, awsstub.Refuse("SourceClusterNotSupportedFault", "isn't supported"), "", "isn't supported (SourceClusterNotSupportedFault); the conditions say which part", nil},
		{"a quota", bluegreen.Request{Name: "visits", Source: source}, awsstub.Refuse("DBClusterQuotaExceededFault", "too many"), "", "green is a cluster of its own", nil},
		{"no name", bluegreen.Request{Source: source}, made, "", `got ""`, nil},
		{"two hyphens", bluegreen.Request{Name: "a--b", Source: source}, made, "", `got "a--b"`, nil},
		{"a hyphen at the end", bluegreen.Request{Name: "a-", Source: source}, made, "", `got "a-"`, nil},
		{"61 characters", bluegreen.Request{Name: strings.Repeat("a", 61), Source: source}, made, "", "at most 60", nil},
		{"no source", bluegreen.Request{Name: "a"}, made, "", `deployment "a" has no source`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, stub := client(t)
			stub.Answer("CreateBlueGreenDeployment", test.answer)
			stub.Answer("DescribeBlueGreenDeployments", test.existing)
			stub.Answer("DescribeDBInstances", instances("shop-instances", "shop-instances"))
			d, err := c.Create(t.Context(), test.request)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %q", err, test.err)
				}
				return
			}
			if err != nil || d.ID != "bgd-1" || d.Name != "visits" {
				t.Fatalf("got %+v, %v", d, err)
			}
			for name, want := range test.form {
				if got := stub.Calls("CreateBlueGreenDeployment")[0].Form.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
	t.Run("instances with two groups: RDS is told none", func(t *testing.T) {
		c, stub := client(t)
		stub.Answer("CreateBlueGreenDeployment", made)
		stub.Answer("DescribeDBInstances", instances("a", "b"))
		if _, err := c.Create(t.Context(), bluegreen.Request{Name: "visits", Source: source}); err != nil {
			t.Fatal(err)
		}
		if form := stub.Calls("CreateBlueGreenDeployment")[0].Form; form.Has("TargetDBParameterGroupName") {
			t.Errorf("sent %v", form)
		}
	})
}

func TestAwait(t *testing.T) {
	tests := []struct {
		name   string
		states []string
		err    string
	}{
		{"made after a while", []string{described("PROVISIONING", ""), described("PROVISIONING", ""), described("AVAILABLE", "")}, ""},
		{"switched meanwhile", []string{described("SWITCHOVER_COMPLETED", "")}, ""},
		{"cannot be made", []string{described("PROVISIONING", ""), described("INVALID_CONFIGURATION", "the writer is pending-reboot")}, "deployment visits is invalid, creating_read_replica_of_source in_progress: the writer is pending-reboot: green cannot be used; blue is as it was"},
		{"deleted by another", []string{described("PROVISIONING", ""), none}, `deployment "visits": there is no such deployment`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, stub := client(t)
			stub.Answer("DescribeBlueGreenDeployments", test.states...)
			_, err := c.Await(t.Context(), "visits", nil)
			if got := fmt.Sprint(err); test.err == "" && err != nil || !strings.Contains(got, test.err) {
				t.Errorf("got %v, want %q", err, test.err)
			}
		})
	}
}

func cluster(name, more string) string {
	return "<DBClusters><DBCluster><DBClusterIdentifier>" + name + "</DBClusterIdentifier><DBClusterArn>" + strings.Replace(blueARN, "shop-database-x", name, 1) + "</DBClusterArn>" +
		"<Status>available</Status>" + more + "</DBCluster></DBClusters>"
}

func TestAbandon(t *testing.T) {
	gone := awsstub.Refuse("BlueGreenDeploymentNotFoundFault", "none")
	tests := []struct {
		name    string
		states  []string
		green   string // of the cluster
		err     string
		deleted bool
		opened  bool // the protection is removed
	}{
		{"available", []string{described("AVAILABLE", ""), described("DELETING", ""), gone}, "", "", true, false},
		{"protected as blue is", []string{described("AVAILABLE", ""), gone}, "<DeletionProtection>true</DeletionProtection>", "", true, true},
		{"never became available", []string{described("INVALID_CONFIGURATION", ""), none}, "", "", true, false},
		{"after a failed switchover", []string{described("SWITCHOVER_FAILED", ""), none}, "", "", true, false},
		{"gone", []string{none}, "", "", false, false},
		{"being deleted", []string{described("DELETING", ""), described("DELETING", ""), gone}, "", "", false, false},
		{"switched: what would be deleted is in use", []string{described("SWITCHOVER_COMPLETED", "")}, "", "there is nothing to abandon; finish it", false, false},
		{"switching", []string{described("SWITCHOVER_IN_PROGRESS", "")}, "", "wait until it has ended", false, false},
		{"green has a name that RDS does not give", []string{strings.ReplaceAll(described("AVAILABLE", ""), greenARN, blueARN)}, "", "is not a name that RDS gives: nothing was deleted", false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, stub := client(t)
			stub.Answer("DescribeBlueGreenDeployments", test.states...)
			stub.Answer("DescribeDBClusters", cluster("shop-database-x-green-abc123", test.green))
			stub.Answer("ModifyDBCluster", "")
			err := c.Abandon(t.Context(), "visits", nil)
			if got := fmt.Sprint(err); test.err == "" && err != nil || !strings.Contains(got, test.err) {
				t.Errorf("got %v, want %q", err, test.err)
			}
			calls := stub.Calls("DeleteBlueGreenDeployment")
			if (len(calls) > 0) != test.deleted || test.deleted && calls[0].Form.Get("DeleteTarget") != "true" {
				t.Errorf("deleted: %v, want %v", calls, test.deleted)
			}
			modified := stub.Calls("ModifyDBCluster")
			if (len(modified) > 0) != test.opened {
				t.Errorf("modified: %v, want %v", modified, test.opened)
			}
			for _, m := range modified {
				if m.Form.Get("DBClusterIdentifier") != "shop-database-x-green-abc123" {
					t.Errorf("modified %v", m.Form)
				}
			}
		})
	}
}

func TestFinish(t *testing.T) {
	gone := awsstub.Refuse("BlueGreenDeploymentNotFoundFault", "none")
	tests := []struct {
		name   string
		states []string
		old    string
		err    string
	}{
		{"switched", []string{described("SWITCHOVER_COMPLETED", ""), described("DELETING", ""), gone}, "shop-database-x-old1", ""},
		{"not switched", []string{described("AVAILABLE", "")}, "", "only a deployment that was switched can be finished"},
		{"switching", []string{described("SWITCHOVER_IN_PROGRESS", "")}, "", "only a deployment that was switched can be finished"},
		{"gone", []string{none}, "", "there is no such deployment"},
		{"blue has a name that RDS does not give", []string{strings.ReplaceAll(described("SWITCHOVER_COMPLETED", ""), oldARN, blueARN)}, "", "nothing was deleted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, stub := client(t)
			stub.Answer("DescribeBlueGreenDeployments", test.states...)
			stub.Answer("DescribeDBClusters", "<DBClusters></DBClusters>")
			old, err := c.Finish(t.Context(), "visits", nil)
			if got := fmt.Sprint(err); test.err == "" && err != nil || !strings.Contains(got, test.err) {
				t.Errorf("got %v, want %q", err, test.err)
			}
			if test.err != "" {
				if len(stub.Calls("DeleteBlueGreenDeployment"))+len(stub.Calls("AddTagsToResource")) > 0 {
					t.Error("something was changed")
				}
				return
			}
			if old != test.old {
				t.Errorf("the old cluster is %q, want %q", old, test.old)
			}
			if calls := stub.Calls("DeleteBlueGreenDeployment"); len(calls) != 1 || calls[0].Form.Has("DeleteTarget") {
				t.Errorf("deleted: %v", calls)
			}
			if tags := stub.Calls("AddTagsToResource"); len(tags) != 1 || tags[0].Form.Get("ResourceName") != oldARN {
				t.Errorf("marked: %v", tags)
			}
		})
	}
}

// TestFinish_Again checks that a finish that was interrupted after the deployment
// was deleted finds the old cluster by its tag.
func TestFinish_Again(t *testing.T) {
	tag := "<TagList><Tag><Key>noren:replaced-by-deployment</Key><Value>%s</Value></Tag></TagList>"
	for _, test := range []struct{ name, cluster, of, old, err string }{
		{"marked", "shop-database-x-old1", "visits", "shop-database-x-old1", ""},
		{"marked for another deployment", "shop-database-x-old1", "orders", "", "there is no such deployment"},
		{"in use, which a copied tag does not change", "shop-database-x", "visits", "", "there is no such deployment"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, stub := client(t)
			stub.Answer("DescribeBlueGreenDeployments", none)
			stub.Answer("DescribeDBClusters", cluster(test.cluster, fmt.Sprintf(tag, test.of)))
			old, err := c.Finish(t.Context(), "visits", nil)
			if old != test.old || (err == nil) != (test.err == "") || test.err != "" && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %q, %v; want %q, %q", old, err, test.old, test.err)
			}
			if n := len(stub.Calls("AddTagsToResource")) + len(stub.Calls("DeleteBlueGreenDeployment")); n > 0 {
				t.Errorf("%d calls changed something", n)
			}
		})
	}
	c, stub := client(t)
	stub.Answer("DescribeBlueGreenDeployments", none)
	stub.Answer("DescribeDBClusters", awsstub.Refuse("AccessDenied", "not you"))
	if _, err := c.Finish(t.Context(), "visits", nil); err == nil || !strings.Contains(err.Error(), "not you") {
		t.Errorf("clusters that cannot be read: %v", err)
	}
}

func TestDeleteOld(t *testing.T) {
	tags := func(at time.Time) string {
		return "<TagList><Tag><Key>noren:replaced-by-deployment</Key><Value>visits</Value></Tag><Tag><Key>noren:replaced-at</Key><Value>" + at.Format(time.RFC3339) + "</Value></Tag></TagList>"
	}
	members := "<DBClusterMembers><DBClusterMember><DBInstanceIdentifier>reader-old1</DBInstanceIdentifier></DBClusterMember><DBClusterMember><DBInstanceIdentifier>writer-old1</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter></DBClusterMember></DBClusterMembers>"
	long := time.Now().UTC().Add(-100 * time.Hour)
	const old = "shop-database-x-old1"
	tests := []struct {
		name    string
		cluster string
		answer  string
		err     string
	}{
		{"marked long ago", old, cluster(old, members+tags(long)), ""},
		{"protected", old, cluster(old, members+tags(long)+"<DeletionProtection>true</DeletionProtection>"), ""},
		{"gone", old, awsstub.Refuse("DBClusterNotFoundFault", "none"), ""},
		{"marked an hour ago", old, cluster(old, members+tags(time.Now().UTC().Add(-time.Hour))), "less than 72h0m0s: nothing was deleted"},
		{"not marked", old, cluster(old, members), "does not have the tags noren:replaced-by-deployment and noren:replaced-at"},
		{"marked with another text", old, cluster(old, strings.Replace(tags(long), long.Format(time.RFC3339), "yesterday", 1)), "nothing was deleted"},
		{"in use", "shop-database-x", cluster("shop-database-x", members+tags(long)), "is not the name of a cluster that a switchover has replaced"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, stub := client(t)
			stub.Answer("DescribeDBClusters", test.answer)
			for _, operation := range []string{"ModifyDBCluster", "DeleteDBInstance", "DeleteDBCluster"} {
				stub.Answer(operation, "")
			}
			err := c.DeleteOld(t.Context(), test.cluster, "shop-last", 72*time.Hour)
			deleted := len(stub.Calls("DeleteDBInstance")) + len(stub.Calls("DeleteDBCluster"))
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || deleted > 0 {
					t.Errorf("got %v, %d deleted; want %q", err, deleted, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if test.name == "gone" {
				return
			}
			if calls := stub.Calls("DeleteDBCluster"); len(calls) != 1 || calls[0].Form.Get("FinalDBSnapshotIdentifier") != "shop-last" || calls[0].Form.Get("SkipFinalSnapshot") != "false" {
				t.Errorf("deleted: %v", calls)
			}
			if n := len(stub.Calls("DeleteDBInstance")); n != 2 {
				t.Errorf("%d instances were deleted, want 2", n)
			}
			if got, want := len(stub.Calls("ModifyDBCluster")), strings.Count(test.answer, "DeletionProtection>true"); got != want {
				t.Errorf("the protection was taken away %d times, want %d", got, want)
			}
		})
	}
}

func TestClusterOf(t *testing.T) {
	tests := []struct{ host, want, err string }{
		{"shop-database-x.cluster-abc123.eu-central-1.rds.amazonaws.com", "shop-database-x", ""},
		{"Shop.cluster-abc123.cn-north-1.rds.amazonaws.com.cn", "shop", ""},
		{"shop.cluster-ro-abc123.eu-central-1.rds.amazonaws.com", "", "is not the writer endpoint"},
		{"writer.abc123.eu-central-1.rds.amazonaws.com", "", "is not the writer endpoint"},
		{"db.example.com", "", "is not the writer endpoint"},
		{"127.0.0.1", "", "is not the writer endpoint"},
	}
	for _, test := range tests {
		got, err := bluegreen.ClusterOf(test.host)
		if got != test.want || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%s: got %q, %v", test.host, got, err)
		}
	}
}

// TestAssume checks that the verbs' role is assumed under a name that CloudTrail
// shows.
func TestAssume(t *testing.T) {
	stub := awsstub.New(t)
	stub.Answer("AssumeRole", "<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>")
	got, err := bluegreen.Assume(stub.Config(t), "arn:aws:iam::111111111111:role/copy").Credentials.Retrieve(t.Context())
	if err != nil || got.AccessKeyID != "ASIA" {
		t.Fatalf("got %v, %v", got.AccessKeyID, err)
	}
	form := stub.Calls("AssumeRole")[0].Form
	if form.Get("RoleSessionName") != "noren-ddl-copy" || form.Get("RoleArn") != "arn:aws:iam::111111111111:role/copy" {
		t.Errorf("assumed %v", form)
	}
	if os.Getenv("AWS_ACCESS_KEY_ID") == "ASIA" {
		t.Error("the environment was changed")
	}
}
