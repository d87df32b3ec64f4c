package sqltext

import (
	"fmt"
	"testing"
)

func TestParseGrant(t *testing.T) {
	for line, want := range map[string]string{
		"GRANT USAGE ON *.* TO `a`@`%`":                                       "[USAGE] *.* [] false",
		"GRANT SELECT, SHOW VIEW ON `my\\_shop`.* TO `a`@`%`":                 "[SELECT SHOW VIEW] my\\_shop.* [] false",
		"GRANT SELECT (`a`, `b`), UPDATE (`c`) ON `s`.`t` TO `a`@`%`":         "[SELECT UPDATE] s.t [] false",
		"GRANT EXECUTE ON PROCEDURE `s`.`p` TO `a`@`%`":                       "[EXECUTE] s.p [] true",
		"GRANT `r1`@`%`,`r2`@`%` TO `a`@`%`":                                  "[] . [`r1`@`%` `r2`@`%`] false",
		"GRANT `r1` TO `a`@`%`":                                               "[] . [`r1`] false",
		"GRANT r1 TO `a`@`%`":                                                 "[] . [`r1`] false",
		"GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION": "[ALL PRIVILEGES GRANT OPTION] *.* [] false",
		"GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION":       "[PROXY] *.* [] false",
		"GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*00'":          "[USAGE] *.* [] false",
		"GRANT SHOW_ROUTINE,XA_RECOVER_ADMIN ON *.* TO `a`@`%`":               "[SHOW_ROUTINE XA_RECOVER_ADMIN] *.* [] false",
	} {
		g, ok := ParseGrant(line)
		if got := fmt.Sprintf("%v %s.%s %v %v", g.Privileges, g.Schema, g.Object, g.Roles, g.Routine); !ok || got != want {
			t.Errorf("%s:\n got %s, %v\nwant %s", line, got, ok, want)
		}
	}
	for _, line := range []string{"", "REVOKE SELECT ON a.* FROM b", "GRANT", "GRANT SELECT ON", "GRANT SELECT ON a TO b"} {
		if g, ok := ParseGrant(line); ok {
			t.Errorf("%q: got %+v, want that it cannot be read", line, g)
		}
	}
}

func TestMatchesSchema(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"shop", "shop", true}, {"shop", "shops", false}, {"my_shop", "my_shop", true}, {"my_shop", "my2shop", true}, {`my\_shop`, "my2shop", false},
		{"%", "anything", true}, {"noren%", "noren_scratch", true}, {`noren\_%`, "norens", false}, {"", "a", false},
	} {
		if got := MatchesSchema(test.pattern, test.name); got != test.want {
			t.Errorf("%q and %q: got %v", test.pattern, test.name, got)
		}
	}
}
