package bluegreen

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// Target is a version to which a version of Aurora MySQL can be upgraded.
type Target struct {
	Version string `json:"version"`
	Major   bool   `json:"major"` // another major version
}

// Targets returns the versions to which a version can be upgraded in place.
func (c *Client) Targets(ctx context.Context, version string) ([]Target, error) {
	in := &rds.DescribeDBEngineVersionsInput{Engine: aws.String(engine), EngineVersion: &version, IncludeAll: aws.Bool(true)}
	out, err := c.rds.DescribeDBEngineVersions(ctx, in)
	if err != nil {
		return nil, plain("reading the versions", err)
	}
	for _, v := range out.DBEngineVersions {
		if aws.ToString(v.EngineVersion) != version {
			continue
		}
		var targets []Target
		for _, t := range v.ValidUpgradeTarget {
			targets = append(targets, Target{aws.ToString(t.EngineVersion), aws.ToBool(t.IsMajorVersionUpgrade)})
		}
		return targets, nil
	}
	return nil, fmt.Errorf("RDS does not know version %s of %s in this region", version, engine)
}
