package diff

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestChangeOf checks that a long text is shown wherever it differs, completely.
func TestChangeOf(t *testing.T) {
	long := strings.Repeat("abc def ", 30)
	for _, test := range []struct{ before, after, want string }{
		{"1", "2", "1 -> 2"},
		{long, long + "end", "...abc def abc def abc def {+end+}"},
		{"x " + long + "y", "z " + long + "w", "[-x-]{+z+} abc def abc def abc def...abc def abc def abc def [-y-]{+w+}"},
		{long + "old " + long, long + long, "...abc def abc def abc def [-old -]abc def abc def abc def ..."},
	} {
		got := changeOf(test.before, test.after)
		if got != test.want {
			t.Errorf("got  %q\nwant %q", got, test.want)
		}
	}
}

// TestChangeOf_NeverEqual checks that what is shown of a changed text has a part
// that was added or removed.
func TestChangeOf_NeverEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab {}é\n,")), 0, 300, -1)
		before, after := text.Draw(t, "before"), text.Draw(t, "after")
		if before == after {
			return
		}
		got := changeOf(before, after)
		if left, right, ok := strings.Cut(got, " -> "); ok && len([]rune(before)) <= shortValue && len([]rune(after)) <= shortValue {
			if left == right {
				t.Fatalf("%q and %q: both shown as %q", before, after, left)
			}
		} else if !strings.Contains(got, "[-") && !strings.Contains(got, "{+") {
			t.Fatalf("%q and %q: got %q", before, after, got)
		}
	})
}

// TestDifferences_NeverEqual checks that two values that differ are shown with
// parts that are not written alike, and that equal values are shown without any.
func TestDifferences_NeverEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawValue(t, 3), drawValue(t, 3)
		found := differences("", map[string]any{"P": before}, map[string]any{"P": after})
		if same := exactly(before) == exactly(after); same != (len(found) == 0) {
			t.Fatalf("%s and %s: %d differences", exactly(before), exactly(after), len(found))
		}
		for _, p := range found {
			if p.Before == p.After || !strings.HasPrefix(p.Name, "P") {
				t.Fatalf("%s and %s: %s: %q -> %q", exactly(before), exactly(after), p.Name, p.Before, p.After)
			}
		}
	})
}

func drawValue(t *rapid.T, depth int) any {
	kind := rapid.IntRange(0, 7).Draw(t, "kind")
	if depth == 0 {
		kind %= 4
	}
	switch kind {
	case 0:
		return rapid.SampledFrom([]any{"", "1", "true", `{"a":1}`, "x-${A}"}).Draw(t, "text")
	case 1:
		return rapid.SampledFrom([]any{1.0, 2.0, true, false}).Draw(t, "scalar")
	case 2:
		return map[string]any{"Ref": rapid.SampledFrom([]string{"A", "B"}).Draw(t, "ref")}
	case 3:
		return map[string]any{"Fn::Sub": "x-${A}"}
	case 4:
		return map[string]any{"Fn::Join": []any{"", []any{"x-", drawValue(t, depth-1)}}}
	case 5:
		return map[string]any{"Fn::If": []any{"C", drawValue(t, depth-1), drawValue(t, depth-1)}}
	case 6:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			list = append(list, drawValue(t, depth-1))
		}
		return list
	}
	object := map[string]any{}
	for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"Id", "A", "B"}), 0, 3, rapid.ID).Draw(t, "keys") {
		object[key] = drawValue(t, depth-1)
	}
	return object
}
