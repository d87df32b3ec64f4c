package announcement

import (
	"fmt"
	"testing"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// TestProperties checks that the announcement survives encoding, in ASCII.
func TestProperties(t *testing.T) {
	for _, a := range []maintenance.Announcement{
		{}, {From: noon}, {From: noon, Until: noon.Add(time.Hour), Message: map[string]string{"ja": "停止\n\"4時\" 🚧", "en": "a"}},
	} {
		properties := Properties(a)
		for name, value := range properties {
			for _, r := range value.(string) {
				if r > 0x7e {
					t.Errorf("%s has %q", name, r)
				}
			}
		}
		got, err := Decode(properties)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(a) {
			t.Errorf("got %v, %v, want %v", got, err, a)
		}
	}
	if _, err := Decode(map[string]any{"From": "soon"}); err == nil {
		t.Error("a time that is none is not an error")
	}
}
