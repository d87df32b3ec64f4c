package environment

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// scratchPrefix begins the names of the schemas that noren ddl makes and drops.
const scratchPrefix = "noren_"

// auroraVersion is the minor and the patch number of an Aurora MySQL 3 version.
type auroraVersion struct{ minor, patch int }

var (
	auroraMySQL3Pattern = regexp.MustCompile(`^8\.0\.mysql_aurora\.3\.([0-9]{2})\.([0-9]{1,2})$`)
	databaseNamePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

	systemDatabases = []string{"information_schema", "mysql", "performance_schema", "sys"}
)

func (c *checker) checkDatabase() {
	database := c.env.Database
	c.match("database.name", database.Name, databaseNamePattern, "letters, digits and underscores, a letter first, at most 64")
	lower := strings.ToLower(database.Name)
	switch {
	case slices.Contains(systemDatabases, lower):
		c.fail("database.name", "want a name that MySQL does not use itself, got %q", database.Name)
	case isReserved(database.Name):
		c.fail("database.name", "want a name that is not a reserved word of MySQL, got %q", database.Name)
	case strings.HasPrefix(lower, scratchPrefix):
		c.fail("database.name", "want a name that does not begin with %s, where schema changes are tried out and thrown away, got %q", scratchPrefix, database.Name)
	}
	c.checkCapacity(c.checkEngineVersion())
}

func (c *checker) checkEngineVersion() auroraVersion {
	const key = "database.engineVersion"
	text := c.env.Database.EngineVersion
	parts := auroraMySQL3Pattern.FindStringSubmatch(text)
	if parts == nil {
		c.fail(key, "want an Aurora MySQL 3 version in full, such as 8.0.mysql_aurora.3.10.0, got %q", text)
		return auroraVersion{}
	}
	minor, _ := strconv.Atoi(parts[1]) // digits, both
	patch, _ := strconv.Atoi(parts[2])
	if minor < 4 || minor == 4 && patch < 2 {
		c.fail(key, "want 8.0.mysql_aurora.3.04.2 or later: before it, a table is invisible on readers while an in-place ALTER of it runs; got %q", text)
	}
	return auroraVersion{minor, patch}
}

func (c *checker) checkCapacity(version auroraVersion) {
	database := c.env.Database
	const minKey, maxKey = "database.minCapacity", "database.maxCapacity"
	for key, capacity := range map[string]float64{minKey: database.MinCapacity, maxKey: database.MaxCapacity} {
		if capacity*2 != math.Trunc(capacity*2) {
			c.fail(key, "want steps of 0.5, got %v", capacity)
		}
	}
	if c.decoder.sound(minKey, maxKey) && database.MinCapacity > database.MaxCapacity {
		c.fail(minKey, "want at most maxCapacity, which is %v, got %v", database.MaxCapacity, database.MinCapacity)
	}
	if !c.decoder.sound("database.engineVersion") {
		return
	}
	if database.MinCapacity == 0 && version.minor < 8 {
		c.fail(minKey, "want at least 0.5: only 8.0.mysql_aurora.3.08.0 and later pause at 0; got 0")
	}
	if database.MaxCapacity > 128 && version.minor < 6 {
		c.fail(maxKey, "want at most 128: only 8.0.mysql_aurora.3.06.0 and later go beyond; got %v", database.MaxCapacity)
	}
}
