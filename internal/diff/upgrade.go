package diff

import (
	"fmt"
	"strings"
)

// upgrades are databases whose major version changes: they are offline for that
// long, and there is no way back in place.
func (d *deploy) upgrades() []Hazard {
	var found []Hazard
	for _, id := range sortedIDs(d.next.resources) {
		before, after := d.old.resources[id], d.next.resources[id]
		if before.Type != after.Type || !strings.HasSuffix(after.Type, "::DBCluster") && !strings.HasSuffix(after.Type, "::DBInstance") && !strings.HasSuffix(after.Type, "::GlobalCluster") {
			continue
		}
		from, to := show(before.Properties["EngineVersion"]), show(after.Properties["EngineVersion"])
		engine := show(after.Properties["Engine"])
		if from == to || from == "" || to == "" || majorOf(engine, from) == majorOf(engine, to) {
			continue
		}
		found = append(found, Hazard{Offline, fmt.Sprintf("database %s goes from version %s to %s, another major version: it is offline while it is upgraded, and cannot go back in place", id, from, to), []string{id},
			"Close the product first, and rehearse it on a copy"})
	}
	return found
}

// majorOf is the part of a version that counts as major: two numbers, or one
// where the engine counts so. A version that is known only after a deploy is all
// of it.
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
