package main

import (
	"errors"
	"testing"

	"github.com/noren-cdk/noren/internal/ddl/copy"
)

// TestCopyStatusCode checks that a replication that could not be read never
// passes for one that works.
func TestCopyStatusCode(t *testing.T) {
	works := &copy.Replication{Receives: true, Applies: true}
	for _, test := range []struct {
		name   string
		status copy.Status
		want   int
	}{
		{"there is no copy", copy.Status{}, 0},
		{"replication works", copy.Status{Replication: works}, 0},
		{"rows do not arrive", copy.Status{Replication: &copy.Replication{Applies: true}}, 3},
		{"rows are not applied", copy.Status{Replication: &copy.Replication{Receives: true}}, 3},
		{"no login to the copy", copy.Status{Unknown: "access denied"}, 1},
	} {
		got := 0
		if coded := (*exitError)(nil); errors.As(copyStatusCode(&test.status), &coded) {
			got = coded.code
		}
		if got != test.want {
			t.Errorf("%s: got exit code %d, want %d", test.name, got, test.want)
		}
	}
}
