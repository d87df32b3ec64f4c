package diff

import (
	"fmt"
	"strings"
)

// MajorUpgradeKey is the metadata key under which a database names the major
// version to which a deploy may upgrade it, such as 8.4.
const MajorUpgradeKey = "noren:majorUpgrade"

// Upgrade is a database whose major version changes. The database is offline
// during the upgrade, and cannot be downgraded in place. CloudFormation upgrades
// it after any edit of the version, even a typo.
type Upgrade struct {
	LogicalID string `json:"logicalId"`
	From      string `json:"from"` // the full versions
	To        string `json:"to"`

	// Named reports whether the database's metadata names the new major version.
	Named bool `json:"named"`

	major string
}

// Upgrades returns the databases whose major version changes.
func (d Diff) Upgrades() []Upgrade { return upgrades(d.old, d.next) }

func upgrades(old, next Template) []Upgrade {
	var found []Upgrade
	for _, id := range sortedIDs(next.resources) {
		before, after := old.resources[id], next.resources[id]
		if before.Type != after.Type || !strings.HasSuffix(after.Type, "::DBCluster") && !strings.HasSuffix(after.Type, "::DBInstance") && !strings.HasSuffix(after.Type, "::GlobalCluster") {
			continue
		}
		from, to := old.value(id, "EngineVersion"), next.value(id, "EngineVersion")
		engine := next.value(id, "Engine")
		if from == to || from == "" || to == "" || majorOf(engine, from) == majorOf(engine, to) {
			continue
		}
		major := majorOf(engine, to)
		found = append(found, Upgrade{LogicalID: id, From: from, To: to, Named: after.Metadata[MajorUpgradeKey] == major, major: major})
	}
	return found
}

// String says what changes, and whether the template asks for it.
func (u Upgrade) String() string {
	text := fmt.Sprintf("database %s goes from version %s to %s, another major version", u.LogicalID, u.From, u.To)
	if u.Named {
		return text + ", which the template names"
	}
	return text + ", which the template does not name"
}

// Way returns what to do for an upgrade that is not named.
func (u Upgrade) Way() string {
	return fmt.Sprintf("If it is meant, say database.majorUpgrade: %q in the environment's file (metadata %s of the resource)", u.major, MajorUpgradeKey)
}

func (d *deploy) upgrades() []Hazard {
	var found []Hazard
	for _, u := range upgrades(d.old, d.next) {
		way := "Close the product first, and rehearse it on a copy"
		if !u.Named {
			way = u.Way() + ". " + way
		}
		found = append(found, Hazard{Offline, u.String() + ": it is offline while it is upgraded, and cannot go back in place", []string{u.LogicalID}, way})
	}
	return found
}

// majorOf returns the major part of a version: two numbers, or one where the
// engine counts that way. A version known only after a deploy is returned whole.
func majorOf(engine, version string) string {
	parts := strings.Split(version, ".")
	if strings.Trim(parts[0], "0123456789") != "" {
		return version
	}
	one := strings.Contains(engine, "postgres") && len(parts[0]) > 1 || strings.Contains(engine, "oracle")
	if one || len(parts) < 2 {
		return parts[0]
	}
	return parts[0] + "." + parts[1]
}
