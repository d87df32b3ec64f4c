package window

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/testing/awsstub"
	night "github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

// TestMute_SaysWhatItKnows checks that a monitor that could not be muted is
// reported before the product closes, that closing goes on, and that ending is
// repeated until it is done.
func TestMute_SaysWhatItKnows(t *testing.T) {
	p := night.Payload{Mode: maintenance.ReadOnly, From: time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC), End: time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC)}
	for _, test := range []struct {
		name, answer, mutes string
		again               bool // ending is not done
	}{
		{"told", `{"results": [{"monitor": "mackerel", "done": true, "error": ""}]}`, "monitors are muted as long as it is read-only", false},
		{"not told", `{"results": [{"monitor": "mackerel", "done": false, "error": "status 503"}]}`, "monitors were not muted: monitor mackerel: status 503", true},
		{"nonsense", `"x"`, "monitors were not muted: monitors answers what cannot be read", true},
		{"refused", awsstub.Refuse("AccessDeniedException", "no"), "monitors were not muted: calling monitors", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			stub := awsstub.New(t)
			stub.Answer("Invoke", test.answer)
			f := &Function{Config: stub.Config(t), Settings: Settings{Stack: "shop", Switch: "Maintenance", Monitors: "monitors"}}
			said, err := f.mute(t.Context(), p)
			if err != nil || !strings.HasPrefix(said, test.mutes) {
				t.Errorf("mute: got %q, %v", said, err)
			}
			want := `{"action":"begin","stack":"shop","switch":"Maintenance","since":"2026-12-01T01:00:00Z","until":"2026-12-01T04:00:00Z","mode":"read-only"}`
			if calls := stub.Calls("Invoke"); len(calls) == 0 || calls[0].Body != want {
				t.Errorf("called with %v", calls)
			}
			_, err = f.unmute(t.Context(), p)
			if _, again := errors.AsType[NotYet](err); again != test.again || (err != nil) != test.again {
				t.Errorf("unmute: got %v", err)
			}
		})
	}
}
