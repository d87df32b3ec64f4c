package main

import (
	"slices"
	"strings"
	"testing"
)

func TestSchemaStatement(t *testing.T) {
	tests := []struct{ schema, want string }{
		{"fieldreports", "CREATE DATABASE IF NOT EXISTS `fieldreports` CHARACTER SET utf8mb4"},
		{"a`; DROP", "CREATE DATABASE IF NOT EXISTS `a``; DROP` CHARACTER SET utf8mb4"},
	}
	for _, test := range tests {
		if got := schemaStatement(test.schema); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestAccountStatements(t *testing.T) {
	tests := []struct {
		name     string
		patterns bool
		want     []string
	}{
		{"schemas taken as they are written", false, []string{
			"CREATE USER IF NOT EXISTS 'app'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL",
			"ALTER USER 'app'@'%' REQUIRE SSL",
			"GRANT SELECT, INSERT, UPDATE, DELETE ON `field_reports`.* TO 'app'@'%'",
			"CREATE USER IF NOT EXISTS 'ddl'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL",
			"ALTER USER 'ddl'@'%' REQUIRE SSL",
			"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, TRIGGER, LOCK TABLES ON `field_reports`.* TO 'ddl'@'%'",
			"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW ON `noren_scratch`.* TO 'ddl'@'%'",
			"GRANT REPLICATION CLIENT ON *.* TO 'ddl'@'%'",
			"GRANT PROCESS ON *.* TO 'ddl'@'%'",
			"GRANT SELECT ON `performance_schema`.* TO 'ddl'@'%'",
			"CREATE USER IF NOT EXISTS 'plan'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL",
			"ALTER USER 'plan'@'%' REQUIRE SSL",
			"GRANT SELECT, SHOW VIEW ON `field_reports`.* TO 'plan'@'%'",
			"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW ON `noren_scratch`.* TO 'plan'@'%'",
			"GRANT PROCESS ON *.* TO 'plan'@'%'",
			"GRANT SELECT ON `performance_schema`.* TO 'plan'@'%'",
		}},
		{"schemas taken as patterns", true, []string{
			"GRANT SELECT, INSERT, UPDATE, DELETE ON `field\\_reports`.* TO 'app'@'%'",
			"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, TRIGGER, LOCK TABLES ON `field\\_reports`.* TO 'ddl'@'%'",
			"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW ON `noren\\_scratch`.* TO 'ddl'@'%'",
			"GRANT REPLICATION CLIENT ON *.* TO 'ddl'@'%'",
			"GRANT PROCESS ON *.* TO 'ddl'@'%'",
			"GRANT SELECT ON `performance_schema`.* TO 'ddl'@'%'",
			"GRANT SELECT, SHOW VIEW ON `field\\_reports`.* TO 'plan'@'%'",
			"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW ON `noren\\_scratch`.* TO 'plan'@'%'",
			"GRANT PROCESS ON *.* TO 'plan'@'%'",
			"GRANT SELECT ON `performance_schema`.* TO 'plan'@'%'",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := accounts{"app", "ddl", "plan"}.statements("field_reports", test.patterns)
			if test.patterns { // the users are created in the same way
				got = grants(got)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// grants returns the GRANT statements.
func grants(statements []string) []string {
	return slices.DeleteFunc(slices.Clone(statements), func(s string) bool { return !strings.HasPrefix(s, "GRANT") })
}
