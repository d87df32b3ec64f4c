package ddl

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// UpgradeLevel is what a finding means for an upgrade to another major version.
type UpgradeLevel string

// Levels of a finding. Busy is in the way now, temporarily; Blocks is in the way
// until it is changed. Slow makes the upgrade, and with it the time offline,
// longer. Unknown could not be checked.
const (
	UpgradeOK      UpgradeLevel = "ok"
	UpgradeWarning UpgradeLevel = "warning"
	UpgradeSlow    UpgradeLevel = "slow"
	UpgradeBusy    UpgradeLevel = "busy"
	UpgradeBlocks  UpgradeLevel = "blocks"
	UpgradeUnknown UpgradeLevel = "unknown"
)

// UpgradeFinding is what was found about one thing that an upgrade depends on.
type UpgradeFinding struct {
	Check string       `json:"check"`
	Level UpgradeLevel `json:"level"`
	Found string       `json:"found"`

	// Objects are the tables, accounts or sessions that were found.
	Objects []string `json:"objects,omitempty"`

	// Do says what to do about it. Empty if the level is ok.
	Do string `json:"do,omitempty"`
}

// An upgradeCheck examines a server before an upgrade.
type upgradeCheck struct {
	name string
	look func(context.Context, *Database) (UpgradeFinding, error)
}

// upgradeChecks are the checks that need only the server. The Aurora User Guide
// says which of them RDS makes itself, and what it refuses: "Precheck
// descriptions for upgrading Aurora MySQL version 3 to version 8.4".
var upgradeChecks = []upgradeCheck{
	{"what was looked at", upgradeSight},
	{"XA transactions", upgradeXA},
	{"running DDL", upgradeDDL},
	{"transactions", upgradeTransactions},
	{"history list", upgradeHistory},
	{"foreign keys", upgradeForeignKeys},
	{"AUTO_INCREMENT", upgradeAutoIncrement},
	{"partitions", upgradePartitions},
	{"accounts", upgradeAccounts},
	{"reserved words", upgradeWords},
	{"routines", upgradeRoutines},
}

// UpgradeFindings examines a server before an upgrade to MySQL 8.4. It only
// reads. What cannot be read is unknown, with the reason.
func UpgradeFindings(ctx context.Context, d *Database) []UpgradeFinding {
	var all []UpgradeFinding
	for _, check := range upgradeChecks {
		found, err := check.look(ctx, d)
		if err != nil {
			found = UpgradeFinding{Level: UpgradeUnknown, Found: reason(err), Do: "ask as a user who may see it, such as the master user"}
		}
		found.Check = check.name
		all = append(all, found)
	}
	return all
}

// none returns a finding without objects.
func none(format string, args ...any) (UpgradeFinding, error) {
	return UpgradeFinding{Level: UpgradeOK, Found: fmt.Sprintf(format, args...)}, nil
}

// some returns a finding with objects, or one without if there are none.
func some(objects []string, level UpgradeLevel, found, do, otherwise string) (UpgradeFinding, error) {
	if len(objects) == 0 {
		return none("%s", otherwise)
	}
	slices.Sort(objects)
	return UpgradeFinding{Level: level, Found: found, Objects: slices.Compact(objects), Do: do}, nil
}

// ofUsers returns the condition that a schema is not the server's own.
func ofUsers(column string) string {
	return column + " NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys', '" + ScratchSchema + "')"
}

// upgradeSight says which parts of the server the user can see:
// information_schema hides what the user has no rights to.
func upgradeSight(ctx context.Context, d *Database) (UpgradeFinding, error) {
	schemas, err := collect[string](ctx, d.pool, "SELECT schema_name FROM information_schema.schemata WHERE "+ofUsers("schema_name")+" ORDER BY schema_name")
	if err != nil {
		return UpgradeFinding{}, err
	}
	var everywhere int
	err = d.pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.user_privileges WHERE privilege_type = 'SELECT'").Scan(&everywhere)
	if err != nil {
		return UpgradeFinding{}, err
	}
	if everywhere == 0 {
		return UpgradeFinding{Level: UpgradeUnknown, Found: "the user may not read all schemas: what others there are was not looked at", Objects: schemas, Do: "ask as a user with SELECT on *.*, such as the master user"}, nil
	}
	return none("all schemas: %s", strings.Join(schemas, ", "))
}

// sinceText formats a duration on the server in whole seconds.
func sinceText(seconds int64) string { return (time.Duration(seconds) * time.Second).String() }
