package bluegreen

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// The tags of the cluster that a switchover has replaced.
const (
	// TagReplaced is the name of the deployment, TagReplacedAt when it was
	// finished.
	TagReplaced   = "noren:replaced-by-deployment"
	TagReplacedAt = "noren:replaced-at"
)

// Names that RDS assigns.
var (
	greenName = regexp.MustCompile(`-green-[a-z0-9]+$`)
	oldName   = regexp.MustCompile(`-old[0-9]+$`)
)

// Abandon deletes a deployment that was not switched, and its green. It succeeds
// if the deployment no longer exists.
func (c *Client) Abandon(ctx context.Context, name string, report func(Deployment)) error {
	d, err := c.Deployment(ctx, name)
	if errors.Is(err, ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	switch d.Phase {
	case Switching:
		return fmt.Errorf("%s: wait until it has ended", d)
	case Switched:
		return fmt.Errorf("%s: there is nothing to abandon; finish it", d)
	case Deleting:
		return c.gone(ctx, name, report)
	}
	withTarget := d.Target != ""
	if withTarget {
		green := NameOf(d.Target)
		if !greenName.MatchString(green) {
			return fmt.Errorf("%s: its green is called %s, which is not a name that RDS gives: nothing was deleted", d, green)
		}
		if err := c.unprotect(ctx, green); err != nil {
			return err
		}
	}
	if err := c.deleteDeployment(ctx, d, withTarget); err != nil {
		return err
	}
	return c.gone(ctx, name, report)
}

// Finish deletes a deployment that was switched, and returns the name of the old
// cluster, which stays. It tags that cluster, so that DeleteOld can recognize it,
// and Finish itself after the deployment is gone.
func (c *Client) Finish(ctx context.Context, name string, report func(Deployment)) (old string, err error) {
	d, err := c.Deployment(ctx, name)
	if errors.Is(err, ErrNone) {
		if old, unread := c.marked(ctx, name); old != "" || unread != nil {
			return old, unread
		}
	}
	if err != nil {
		return "", err
	}
	if d.Phase != Switched && d.Phase != Deleting {
		return "", fmt.Errorf("%s: only a deployment that was switched can be finished", d)
	}
	if old = NameOf(d.Source); !oldName.MatchString(old) {
		return "", fmt.Errorf("%s: its old cluster is called %s, which is not a name that RDS gives after a switchover: nothing was deleted", d, old)
	}
	if d.Phase == Switched {
		_, err := c.rds.AddTagsToResource(ctx, &rds.AddTagsToResourceInput{ResourceName: &d.Source, Tags: []types.Tag{
			{Key: aws.String(TagReplaced), Value: &name},
			{Key: aws.String(TagReplacedAt), Value: aws.String(time.Now().UTC().Format(time.RFC3339))},
		}})
		if err != nil {
			return "", plain("marking "+old, err)
		}
		if err := c.deleteDeployment(ctx, d, false); err != nil {
			return "", err
		}
	}
	return old, c.gone(ctx, name, report)
}

// marked returns the name of the cluster that Finish has tagged for a deployment;
// empty if there is none.
func (c *Client) marked(ctx context.Context, deployment string) (string, error) {
	for pages := rds.NewDescribeDBClustersPaginator(c.rds, &rds.DescribeDBClustersInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", plain("reading the clusters", err)
		}
		for _, cluster := range page.DBClusters {
			for _, tag := range cluster.TagList {
				if name := aws.ToString(cluster.DBClusterIdentifier); aws.ToString(tag.Key) == TagReplaced && aws.ToString(tag.Value) == deployment && oldName.MatchString(name) {
					return name, nil
				}
			}
		}
	}
	return "", nil
}

func (c *Client) deleteDeployment(ctx context.Context, d Deployment, withTarget bool) error {
	in := &rds.DeleteBlueGreenDeploymentInput{BlueGreenDeploymentIdentifier: &d.ID}
	if withTarget {
		in.DeleteTarget = &withTarget
	}
	_, err := c.rds.DeleteBlueGreenDeployment(ctx, in)
	if gone := (*types.BlueGreenDeploymentNotFoundFault)(nil); err != nil && !errors.As(err, &gone) {
		return plain("deleting deployment "+d.Name, err)
	}
	return nil
}

// gone waits until the deployment no longer exists.
func (c *Client) gone(ctx context.Context, name string, report func(Deployment)) error {
	d, err := c.until(ctx, name, report, func(d Deployment) bool { return d.Phase != Deleting })
	if errors.Is(err, ErrNone) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("%s: RDS has not deleted it", d)
	}
	return err
}

// unprotect removes the deletion protection of a cluster. Green has blue's
// protection.
func (c *Client) unprotect(ctx context.Context, name string) error {
	cluster, err := c.Cluster(ctx, name)
	if refusedAs(err, "DBClusterNotFoundFault") {
		return nil
	}
	if err != nil || !cluster.Protected {
		return err
	}
	_, err = c.rds.ModifyDBCluster(ctx, &rds.ModifyDBClusterInput{DBClusterIdentifier: &name, DeletionProtection: aws.Bool(false), ApplyImmediately: aws.Bool(true)})
	if err != nil {
		return plain("taking the deletion protection from "+name, err)
	}
	return nil
}

// DeleteOld deletes the cluster that a switchover has replaced, with its
// instances, and keeps a final snapshot named snapshot. It refuses every cluster
// that Finish has not tagged, and one that was tagged less than after ago. It
// succeeds if the cluster no longer exists.
func (c *Client) DeleteOld(ctx context.Context, name, snapshot string, after time.Duration) error {
	if !oldName.MatchString(name) {
		return fmt.Errorf("%q is not the name of a cluster that a switchover has replaced: want NAME-old1", name)
	}
	cluster, err := c.Cluster(ctx, name)
	if refusedAs(err, "DBClusterNotFoundFault") {
		return nil
	}
	if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, cluster.Tags[TagReplacedAt])
	if cluster.Tags[TagReplaced] == "" || err != nil {
		return fmt.Errorf("cluster %s does not have the tags %s and %s, which finish gives to a replaced cluster: nothing was deleted", name, TagReplaced, TagReplacedAt)
	}
	if age := time.Since(at); age < after {
		return fmt.Errorf("cluster %s was replaced %v ago, less than %v: nothing was deleted", name, age.Round(time.Second), after)
	}
	if err := c.unprotect(ctx, name); err != nil {
		return err
	}
	for _, instance := range cluster.Instances {
		_, err := c.rds.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &instance})
		var gone *types.DBInstanceNotFoundFault
		var deleting *types.InvalidDBInstanceStateFault
		if err != nil && !errors.As(err, &gone) && !errors.As(err, &deleting) {
			return plain("deleting instance "+instance, err)
		}
	}
	if cluster.Status == "deleting" {
		return nil
	}
	_, err = c.rds.DeleteDBCluster(ctx, &rds.DeleteDBClusterInput{DBClusterIdentifier: &name, FinalDBSnapshotIdentifier: &snapshot, SkipFinalSnapshot: aws.Bool(false)})
	if gone := (*types.DBClusterNotFoundFault)(nil); err != nil && !errors.As(err, &gone) {
		return plain("deleting cluster "+name, err)
	}
	return nil
}
