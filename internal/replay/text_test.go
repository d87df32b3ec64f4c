package replay

import "testing"

func TestPercent(t *testing.T) {
	for _, test := range []struct {
		n, total int64
		want     string
	}{{0, 0, "  0.0 %"}, {1, 2, " 50.0 %"}, {1, 100_000, " <0.1 %"}, {99_999, 100_000, ">99.9 %"}, {5, 5, "100.0 %"}} {
		if got := percent(test.n, test.total); got != test.want {
			t.Errorf("%d of %d: got %q, want %q", test.n, test.total, got, test.want)
		}
	}
}
