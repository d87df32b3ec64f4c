package bluegreen

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Cluster is an Aurora cluster as RDS describes it.
type Cluster struct {
	// ARN and Name change with a rename; ResourceID never changes.
	ARN        string `json:"arn"`
	Name       string `json:"name"`
	ResourceID string `json:"resourceId"`

	Status string `json:"status"`

	// Version is the engine version, such as 8.0.mysql_aurora.3.10.3.
	Version string `json:"version"`

	// Endpoint and Port are those of the writer.
	Endpoint string `json:"endpoint"`
	Port     int    `json:"port"`

	// ParameterGroup is the cluster parameter group.
	ParameterGroup string `json:"parameterGroup"`

	// Instances are the names of the instances, the writer first.
	Instances []string `json:"instances"`

	// Protected reports whether the cluster is protected against deletion.
	Protected bool `json:"protected"`

	Tags map[string]string `json:"tags,omitempty"`

	described types.DBCluster
}

// Cluster reads a cluster by name or ARN.
func (c *Client) Cluster(ctx context.Context, cluster string) (Cluster, error) {
	name := NameOf(cluster)
	out, err := c.rds.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: &name})
	if err != nil {
		return Cluster{}, plain("reading cluster "+name, err)
	}
	if len(out.DBClusters) != 1 {
		return Cluster{}, fmt.Errorf("reading cluster %s: the answer has %d clusters", name, len(out.DBClusters))
	}
	d := out.DBClusters[0]
	got := Cluster{
		ARN: aws.ToString(d.DBClusterArn), Name: aws.ToString(d.DBClusterIdentifier), ResourceID: aws.ToString(d.DbClusterResourceId),
		Status: aws.ToString(d.Status), Version: aws.ToString(d.EngineVersion), Endpoint: aws.ToString(d.Endpoint), Port: int(aws.ToInt32(d.Port)),
		ParameterGroup: aws.ToString(d.DBClusterParameterGroup), Protected: aws.ToBool(d.DeletionProtection), described: d,
	}
	for _, m := range d.DBClusterMembers {
		if id := aws.ToString(m.DBInstanceIdentifier); aws.ToBool(m.IsClusterWriter) {
			got.Instances = slices.Insert(got.Instances, 0, id)
		} else {
			got.Instances = append(got.Instances, id)
		}
	}
	for _, tag := range d.TagList {
		if got.Tags == nil {
			got.Tags = map[string]string{}
		}
		got.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return got, nil
}

// NameOf returns the name of a cluster or an instance from its ARN or its name.
func NameOf(arn string) string {
	return arn[strings.LastIndexByte(arn, ':')+1:]
}

var clusterEndpoint = regexp.MustCompile(`^([a-z][a-z0-9-]*)\.cluster-[a-z0-9]+\.[a-z0-9-]+\.rds\.amazonaws\.com(\.cn)?$`)

// ClusterOf returns the name of the cluster whose writer endpoint a host is.
func ClusterOf(host string) (string, error) {
	parts := clusterEndpoint.FindStringSubmatch(strings.ToLower(host))
	if parts == nil {
		return "", fmt.Errorf("%q is not the writer endpoint of an Aurora cluster: want NAME.cluster-XXXX.REGION.rds.amazonaws.com", host)
	}
	return parts[1], nil
}
