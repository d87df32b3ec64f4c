package environment

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// scratchPrefix begins the names of the schemas that noren ddl creates and drops.
const scratchPrefix = "noren_"

// auroraVersion is a version of Aurora MySQL, such as 3.10.3 or 8.4.7.
type auroraVersion [3]int

func (v auroraVersion) before(other ...int) bool { return slices.Compare(v[:], other) < 0 }

// MajorVersion returns the MySQL version of the engine, for which its parameter
// groups are: 8.0 or 8.4.
func (d Database) MajorVersion() string {
	major, _, _ := strings.Cut(d.EngineVersion, ".mysql_aurora.")
	return major
}

// ParameterFamily returns the family of parameter groups of the engine's version.
func (d Database) ParameterFamily() string { return "aurora-mysql" + d.MajorVersion() }

var (
	// Aurora's version follows MySQL's: 3 corresponds to 8.0, later ones use
	// MySQL's own number.
	auroraPattern       = regexp.MustCompile(`^(?:8\.0\.mysql_aurora\.(3)\.([0-9]{2})|8\.4\.mysql_aurora\.(8)\.(4))\.([0-9]{1,2})$`)
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
	parts := auroraPattern.FindStringSubmatch(text)
	if parts == nil {
		c.fail(key, "want an Aurora MySQL version in full, such as 8.0.mysql_aurora.3.10.0 or 8.4.mysql_aurora.8.4.7, got %q", text)
		return auroraVersion{}
	}
	var version auroraVersion
	for i, digits := range []string{parts[1] + parts[3], parts[2] + parts[4], parts[5]} {
		version[i], _ = strconv.Atoi(digits)
	}
	if named := c.env.Database.MajorUpgrade; named != "" && named != c.env.Database.MajorVersion() {
		c.fail("database.majorUpgrade", "want %q, the major version of engineVersion, or nothing, got %q", c.env.Database.MajorVersion(), named)
	}
	if version.before(3, 4, 2) {
		c.fail(key, "want 8.0.mysql_aurora.3.04.2 or later: before it, a table is invisible on readers while an in-place ALTER of it runs; got %q", text)
	}
	return version
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
	// Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
	if database.MinCapacity == 0 && version.before(3, 8) {
		c.fail(minKey, "want at least 0.5: only 8.0.mysql_aurora.3.08.0 and later take 0; got 0")
	}
	if database.MaxCapacity > 128 && version.before(3, 6) {
		c.fail(maxKey, "want at most 128: only 8.0.mysql_aurora.3.06.0 and later go beyond; got %v", database.MaxCapacity)
	}
}
