package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/testing/awsstub"
)

// TestDDLWhile checks that a run begins only if template and listeners are in the
// mode, and that an unknown mode is asked for again.
func TestDDLWhile(t *testing.T) {
	for _, test := range []struct{ name, mode, product, state, want string }{
		{"closed", "closed", "closed", "", ""},
		{"read-only", "read-only", "read-only", "", ""},
		{"open", "closed", "open", "", "nothing was begun: the product is open, and not closed as this needs it: turn it to closed first"},
		{"open, and it was to be read-only", "read-only", "open", "", "the product is open, and not read-only"},
		{"read-only, and it was to be closed", "closed", "read-only", "", "the product is read-only, and not closed"},
		{"closed, and something is deployed", "closed", "closed", "UPDATE_IN_PROGRESS", "whether the product is closed is not known: the stack is UPDATE_IN_PROGRESS"},
		{"closed, and a rollback has failed", "closed", "closed", "UPDATE_ROLLBACK_FAILED", "whether the product is closed is not known: the stack is UPDATE_ROLLBACK_FAILED"},
		{"no mode to wait for", "open", "open", "", `--while "open": want closed or read-only`},
		{"a typing error", "close", "closed", "", `--while "close": want closed or read-only`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newLiveProduct(t, test.product)
			p.state = test.state
			p.outputs("ApiUrl", p.web.URL+"/api/")
			w := ddlWhile{mode: test.mode, stack: "shop", name: "Maintenance", every: time.Millisecond, longest: 10 * time.Millisecond}
			if err := w.check(t.Context(), io.Discard); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	t.Run("an answer that comes later", func(t *testing.T) {
		template := deployedTemplate(t, "closed")
		p := newLiveProduct(t, "closed")
		asked := 0
		p.aws.AnswerBy("GetTemplate", func(awsstub.Request) string {
			if asked++; asked < 3 {
				return awsstub.Refuse("Throttling", "Rate exceeded")
			}
			return "<TemplateBody>" + escape.Replace(template) + "</TemplateBody>"
		})
		w := ddlWhile{mode: "closed", stack: "shop", every: time.Millisecond, longest: time.Minute}
		if err := w.check(t.Context(), io.Discard); err != nil || asked != 3 {
			t.Errorf("asked %d times: %v", asked, err)
		}
	})
	t.Run("another switch", func(t *testing.T) {
		newLiveProduct(t, "closed")
		w := ddlWhile{mode: "closed", stack: "shop", name: "Admin", longest: time.Millisecond}
		if err := w.check(t.Context(), io.Discard); err == nil || !strings.Contains(err.Error(), "no switch that can be seen") {
			t.Errorf("got %v", err)
		}
	})
}

// TestDDLRun_WhileComesFirst checks that the mode is checked before any query to
// the database.
func TestDDLRun_WhileComesFirst(t *testing.T) {
	newLiveProduct(t, "open")
	write(t, "change.sql", "ALTER TABLE reports ADD COLUMN urgency TINYINT UNSIGNED NULL;")
	code, _, errs := noren("ddl", "run", "change.sql", "--without-rehearsal", "--dsn", "nobody@tcp(127.0.0.1:1)/none", "--while", "closed", "--stack", "shop")
	if code != 1 || !strings.Contains(errs, "the product is open, and not closed") {
		t.Errorf("code %d: %s", code, errs)
	}
	if code, _, errs = noren("ddl", "run", "change.sql", "--without-rehearsal", "--while", "closed"); code != 1 || !strings.Contains(errs, "--while needs --stack") {
		t.Errorf("code %d: %s", code, errs)
	}
	if code, _, errs = noren("ddl", "run", "change.sql", "--without-rehearsal", "--stack", "shop"); code != 1 || !strings.Contains(errs, "--stack and --switch are for --while") {
		t.Errorf("code %d: %s", code, errs)
	}
}
