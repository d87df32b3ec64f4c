//go:build e2e

package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/noren-cdk/noren/internal/ddl/bluegreen"
)

// TestBlueGreen takes a cluster in the emulator from checking the conditions to
// deleting what a switchover has replaced. The emulator finishes everything at
// once; the package's tests have RDS's answers over time.
func TestBlueGreen(t *testing.T) {
	e := startEmulator(t, t.TempDir(), "111111111111", "eu-central-1")
	ctx, cfg := t.Context(), e.config(t)
	api := rds.NewFromConfig(cfg)
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const version = "8.0.mysql_aurora.3.08.0"
	must(api.CreateDBClusterParameterGroup(ctx, &rds.CreateDBClusterParameterGroupInput{
		DBClusterParameterGroupName: aws.String("shop-parameters"), DBParameterGroupFamily: aws.String("aurora-mysql8.0"), Description: aws.String("x"),
	}))
	create := func(name string, managed bool) {
		in := &rds.CreateDBClusterInput{
			DBClusterIdentifier: &name, Engine: aws.String("aurora-mysql"), EngineVersion: aws.String(version), MasterUsername: aws.String("admin"),
			DBClusterParameterGroupName: aws.String("shop-parameters"),
		}
		if managed {
			in.ManageMasterUserPassword = aws.Bool(true)
		} else {
			in.MasterUserPassword = aws.String("a-password-of-ours")
		}
		must(api.CreateDBCluster(ctx, in))
		must(api.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{
			DBInstanceIdentifier: aws.String(name + "-writer"), DBClusterIdentifier: &name, Engine: aws.String("aurora-mysql"), DBInstanceClass: aws.String("db.r6g.large"),
		}))
	}
	create("shop-database", false)
	create("shop-managed", true)
	client := bluegreen.New(cfg, time.Millisecond)

	conditions := func(cluster string) map[string]bluegreen.Condition {
		all, err := client.Conditions(ctx, cluster, "visits", "")
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bluegreen.Condition{}
		for _, c := range all {
			found[c.Name] = c
		}
		return found
	}
	for name, want := range map[string]bluegreen.State{"engine": bluegreen.Met, "status": bluegreen.Met, "master password": bluegreen.Met, "other deployments": bluegreen.Met} {
		if got := conditions("shop-database")[name]; got.State != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := conditions("shop-managed")["master password"]; got.State != bluegreen.Unmet {
		t.Errorf("a managed password: %+v", got)
	}

	managed, err := client.Cluster(ctx, "shop-managed")
	must(nil, err)
	if _, err := client.Create(ctx, bluegreen.Request{Name: "managed", Source: managed}); err == nil || !strings.Contains(err.Error(), "SourceClusterNotSupportedFault") {
		t.Errorf("a managed password: got %v", err)
	}

	blue, err := client.Cluster(ctx, "shop-database")
	must(nil, err)
	tags := map[string]string{"noren:change": "0002"}
	made, err := client.Create(ctx, bluegreen.Request{Name: "visits", Source: blue, Tags: tags})
	must(nil, err)
	again, err := client.Create(ctx, bluegreen.Request{Name: "visits", Source: blue, Tags: tags})
	if err != nil || again.ID != made.ID {
		t.Errorf("a second start: %v, %v, want %s", again.ID, err, made.ID)
	}
	if got := conditions("shop-database")["other deployments"]; got.State != bluegreen.Met {
		t.Errorf("its own deployment: %+v", got)
	}
	ready, err := client.Await(ctx, "visits", nil)
	must(nil, err)
	green, err := client.Cluster(ctx, ready.Target)
	must(nil, err)
	if green.ARN == blue.ARN || !strings.HasPrefix(green.Name, "shop-database-green-") || green.ParameterGroup != blue.ParameterGroup {
		t.Errorf("green is %+v", green)
	}

	// A deployment that is no longer wanted is deleted, with its green cluster.
	other, err := client.Create(ctx, bluegreen.Request{Name: "orders", Source: blue})
	must(nil, err)
	if got := conditions("shop-database")["other deployments"]; got.State != bluegreen.Unmet || !strings.Contains(got.Found, "orders") {
		t.Errorf("another deployment: %+v", got)
	}
	for range 2 {
		must(nil, client.Abandon(ctx, "orders", nil))
	}
	if _, err := client.Cluster(ctx, other.Target); err == nil {
		t.Errorf("%s is still there", other.Target)
	}

	for range 2 {
		switched, err := client.Switch(ctx, "visits", time.Minute, nil)
		if err != nil || switched.Phase != bluegreen.Switched {
			t.Fatalf("got %+v, %v", switched, err)
		}
	}
	now, err := client.Cluster(ctx, "shop-database")
	must(nil, err)
	if now.ResourceID != green.ResourceID || now.ResourceID == blue.ResourceID {
		t.Errorf("shop-database is %s: blue was %s, green %s", now.ResourceID, blue.ResourceID, green.ResourceID)
	}
	if err := client.Abandon(ctx, "visits", nil); err == nil {
		t.Error("what is in use was abandoned")
	}
	old, err := client.Finish(ctx, "visits", nil)
	must(nil, err)
	if old != "shop-database-old1" {
		t.Errorf("the old cluster is %q", old)
	}
	if _, err := client.Deployment(ctx, "visits"); !errors.Is(err, bluegreen.ErrNone) {
		t.Errorf("the deployment: %v", err)
	}
	if err := client.DeleteOld(ctx, old, "shop-last", time.Hour); err == nil || !strings.Contains(err.Error(), "nothing was deleted") {
		t.Errorf("deleted too early: %v", err)
	}
	// The old cluster in the emulator has lost its instances, which remain on
	// their own.
	for range 2 {
		must(nil, client.DeleteOld(ctx, old, "shop-last", 0))
	}
	snapshots, err := api.DescribeDBClusterSnapshots(ctx, &rds.DescribeDBClusterSnapshotsInput{DBClusterSnapshotIdentifier: aws.String("shop-last")})
	if err != nil || len(snapshots.DBClusterSnapshots) != 1 {
		t.Errorf("the last snapshot: %v, %v", snapshots, err)
	}
	var gone *types.DBClusterNotFoundFault
	if _, err := api.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: &old}); !errors.As(err, &gone) {
		t.Errorf("the old cluster: %v", err)
	}
	if _, err := client.Cluster(ctx, "shop-database"); err != nil {
		t.Errorf("what is in use: %v", err)
	}
}
