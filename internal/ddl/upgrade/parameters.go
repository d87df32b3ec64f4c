package upgrade

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/ddl"
)

// The types of parameter groups.
const (
	clusterGroup  = "AWS::RDS::DBClusterParameterGroup"
	instanceGroup = "AWS::RDS::DBParameterGroup"
)

// Group is a parameter group of a template.
type Group struct {
	LogicalID  string
	Cluster    bool // of the cluster; otherwise of instances
	Family     string
	Parameters []string // the names of the parameters that it sets, sorted
}

// Groups reads the Aurora MySQL parameter groups of a template.
func Groups(template io.Reader) ([]Group, error) {
	resources, err := cfn.Resources(template, cfn.Options{}, clusterGroup, instanceGroup)
	if err != nil {
		return nil, err
	}
	var groups []Group
	for _, r := range resources {
		family, _ := r.Properties["Family"].(string)
		if !strings.HasPrefix(family, "aurora-mysql") && !cfn.IsOpaque(family) {
			continue
		}
		parameters, readable := r.Properties["Parameters"].(map[string]any)
		if _, given := r.Properties["Parameters"]; given && !readable || r.Unread {
			return nil, fmt.Errorf("the parameters of %s cannot be read", r.LogicalID)
		}
		groups = append(groups, Group{r.LogicalID, r.Type == clusterGroup, family, slices.Sorted(maps.Keys(parameters))})
	}
	return groups, nil
}

// removed are parameters of Aurora MySQL 3 that 8.4 does not have, for when RDS
// is not asked. Source: "System variables removed" of the MySQL 8.4 reference
// manual, and "Comparing Aurora MySQL version 3 and version 8.4" of the Aurora
// User Guide.
var removed = []string{
	"avoid_temporal_upgrade", "binlog_transaction_dependency_tracking", "default_authentication_plugin", "expire_logs_days",
	"innodb_api_bk_commit_interval", "innodb_api_disable_rowlock", "innodb_api_enable_binlog", "innodb_api_enable_mdl", "innodb_api_trx_level",
	"log_bin_use_v1_row_events", "master_info_repository", "old_style_user_limits", "relay_log_info_file", "relay_log_info_repository",
	"show_old_temporals", "slave_rows_search_algorithms", "transaction_write_set_extraction",
}

// parameters judges whether the groups of the template can be groups of the new
// version: RDS refuses one with a parameter that its family does not have. RDS is
// asked which parameters exist; otherwise only those known to be gone are found.
func (s Subject) parameters(ctx context.Context) ddl.UpgradeFinding {
	const check, credentials = "parameter groups", "have credentials for RDS in the cluster's region"
	asked, groups, where := s.RDS != nil, s.Groups, "the template sets"
	switch {
	case s.NoGroups != "" && !asked:
		return finding(check, ddl.UpgradeUnknown, "name the synthesized template with --template", "%s", s.NoGroups)
	case s.NoGroups != "":
		deployed, err := s.RDS.ParameterGroups(ctx, s.Cluster)
		if err != nil {
			return finding(check, ddl.UpgradeUnknown, credentials, "%v", err)
		}
		where = "the deployed groups set"
		for _, g := range deployed {
			groups = append(groups, Group{g.Name, g.Cluster, s.To.Family(), g.Set})
		}
	}
	if len(groups) == 0 {
		return finding(check, ddl.UpgradeOK, "", "there are none for Aurora MySQL")
	}
	var gone, others []string
	for _, g := range groups {
		lacks := func(name string) bool { return slices.Contains(removed, name) }
		if asked {
			has, err := s.RDS.FamilyParameters(ctx, s.To.Family(), g.Cluster)
			if err != nil {
				return finding(check, ddl.UpgradeUnknown, credentials, "%v", err)
			}
			lacks = func(name string) bool { return !slices.Contains(has, name) }
		}
		for _, name := range g.Parameters {
			if lacks(name) {
				gone = append(gone, g.LogicalID+" "+name)
			}
		}
		if g.Family != s.To.Family() {
			others = append(others, g.LogicalID+" "+g.Family)
		}
	}
	f := finding(check, ddl.UpgradeOK, "", "%s has all parameters that %s", s.To.Family(), where)
	switch {
	case len(gone) > 0:
		f = finding(check, ddl.UpgradeBlocks, "take them out of the template (stacks/database.go)", "%s does not have all parameters that %s", s.To.Family(), where)
		f.Objects = gone
	case !asked:
		f = finding(check, ddl.UpgradeUnknown, "name the cluster with --cluster, and have credentials for RDS", "the template sets nothing that is known to be gone; RDS was not asked which parameters %s has", s.To.Family())
	case len(others) > 0:
		f.Found += ", in groups of another family"
		f.Level, f.Objects, f.Do = ddl.UpgradeWarning, others, fmt.Sprintf("set database.engineVersion to %s and database.majorUpgrade to %q: the groups follow", s.To.Full, s.To.Major)
	}
	return f
}
