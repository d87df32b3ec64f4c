package preflight

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

const (
	engine     = "aurora-mysql"
	serverless = "db.serverless"
)

func (i *inspector) engineVersion() (Finding, error) {
	database := i.Env.Database
	out, err := i.aws.rds.DescribeDBEngineVersions(i.ctx, &rds.DescribeDBEngineVersionsInput{Engine: aws.String(engine), IncludeAll: aws.Bool(true)})
	if err != nil {
		return Finding{}, err
	}
	var versions []string
	for _, version := range out.DBEngineVersions {
		name := aws.ToString(version.EngineVersion)
		if aws.ToString(version.Status) == "available" {
			versions = append(versions, name)
		}
		if name != database.EngineVersion {
			continue
		}
		if status := aws.ToString(version.Status); status != "available" {
			return wrong("set database.engineVersion to a later one", "%s is %s: no new cluster can be made of it", name, status)
		}
		if s := version.ServerlessV2FeaturesSupport; s != nil && (database.MinCapacity < aws.ToFloat64(s.MinCapacity) || database.MaxCapacity > aws.ToFloat64(s.MaxCapacity)) {
			return wrong("set database.minCapacity and maxCapacity within it", "%s has %v to %v ACU", name, aws.ToFloat64(s.MinCapacity), aws.ToFloat64(s.MaxCapacity))
		}
		return ok("%s is available", name)
	}
	return wrong("set database.engineVersion to one of "+strings.Join(versions, ", "), "%s has no version %s", i.Env.Region, database.EngineVersion)
}

func (i *inspector) instanceClass() (Finding, error) {
	out, err := i.aws.rds.DescribeOrderableDBInstanceOptions(i.ctx, &rds.DescribeOrderableDBInstanceOptionsInput{
		Engine: aws.String(engine), EngineVersion: &i.Env.Database.EngineVersion, DBInstanceClass: aws.String(serverless),
	})
	if err != nil {
		return Finding{}, err
	}
	if len(out.OrderableDBInstanceOptions) == 0 {
		return wrong("choose another version or region", "%s of %s cannot be had in %s", serverless, i.Env.Database.EngineVersion, i.Env.Region)
	}
	return ok("%s can be had in %d zones", serverless, len(out.OrderableDBInstanceOptions[0].AvailabilityZones))
}

func (i *inspector) clusterParameters() (Finding, error) {
	var known []types.Parameter
	in := &rds.DescribeEngineDefaultClusterParametersInput{DBParameterGroupFamily: aws.String(i.Env.Database.ParameterFamily())}
	for {
		out, err := i.aws.rds.DescribeEngineDefaultClusterParameters(i.ctx, in)
		if err != nil {
			return Finding{}, err
		}
		known = append(known, out.EngineDefaults.Parameters...)
		if in.Marker = out.EngineDefaults.Marker; aws.ToString(in.Marker) == "" {
			return compareParameters(known, i.Env.Database.ParameterFamily(), i.Env.Database.ClusterParameters())
		}
	}
}

func (i *inspector) instanceParameters() (Finding, error) {
	var known []types.Parameter
	in := &rds.DescribeEngineDefaultParametersInput{DBParameterGroupFamily: aws.String(i.Env.Database.ParameterFamily())}
	for {
		out, err := i.aws.rds.DescribeEngineDefaultParameters(i.ctx, in)
		if err != nil {
			return Finding{}, err
		}
		known = append(known, out.EngineDefaults.Parameters...)
		if in.Marker = out.EngineDefaults.Marker; aws.ToString(in.Marker) == "" {
			return compareParameters(known, i.Env.Database.ParameterFamily(), i.Env.Database.InstanceParameters())
		}
	}
}

// compareParameters compares values with what RDS accepts in groups of the
// family.
func compareParameters(known []types.Parameter, family string, values map[string]string) (Finding, error) {
	var refused, checked []string
	for _, parameter := range known {
		name := aws.ToString(parameter.ParameterName)
		value, set := values[name]
		if !set {
			continue
		}
		checked = append(checked, name)
		if !aws.ToBool(parameter.IsModifiable) {
			refused = append(refused, name+" cannot be modified")
		} else if allowed := aws.ToString(parameter.AllowedValues); !allowedValue(value, allowed) {
			refused = append(refused, fmt.Sprintf("%s is %s, and RDS takes %s", name, value, allowed))
		}
	}
	for name := range values {
		if !slices.Contains(checked, name) {
			refused = append(refused, family+" has no "+name)
		}
	}
	if len(refused) > 0 {
		slices.Sort(refused)
		return wrong("change it in stacks/database.go, or database.onlineAlterLogMaxSize", "%s", strings.Join(refused, "; "))
	}
	return ok("RDS takes all %d", len(checked))
}

// allowedValue reports whether RDS's description of allowed values allows a
// value: it is a range such as 0-1000, or a comma-separated list, of which a
// parameter with a list of values takes some. An empty description allows
// everything.
func allowedValue(value, allowed string) bool {
	if allowed == "" || value == allowed {
		return true
	}
	for _, part := range strings.Split(allowed, ",") {
		least, most, isRange := strings.Cut(part, "-")
		n, err := strconv.ParseFloat(value, 64)
		a, errA := strconv.ParseFloat(least, 64)
		b, errB := strconv.ParseFloat(most, 64)
		if isRange && err == nil && errA == nil && errB == nil && a <= n && n <= b {
			return true
		}
	}
	list := strings.Split(allowed, ",")
	for _, one := range strings.Split(value, ",") {
		if !slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(strings.TrimSpace(other), one) }) {
			return false
		}
	}
	return true
}

// databaseQuotas returns RDS's quotas for the account.
func (i *inspector) databaseQuotas() (Finding, error) {
	out, err := i.aws.rds.DescribeAccountAttributes(i.ctx, &rds.DescribeAccountAttributesInput{})
	if err != nil {
		return Finding{}, err
	}
	stack, err := i.deployed()
	if err != nil {
		return Finding{}, err
	}
	needed := map[string]int64{"DBClusters": 1, "DBInstances": int64(1 + i.Env.Database.Readers), "DBClusterParameterGroups": 1, "DBParameterGroups": 1, "DBSubnetGroups": 1}
	if stack != nil {
		needed = map[string]int64{}
	}
	var short []string
	for _, quota := range out.AccountQuotas {
		name, used, most := aws.ToString(quota.AccountQuotaName), aws.ToInt64(quota.Used), aws.ToInt64(quota.Max)
		if more := needed[name]; more > 0 && used+more > most {
			short = append(short, fmt.Sprintf("%d %s of %d are used, %d more are needed", used, name, most, more))
		}
	}
	if len(short) > 0 {
		return wrong("raise the quotas of RDS, or delete some", "%s", strings.Join(short, "; "))
	}
	return ok("there is room")
}
