package diff

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

func TestNight_IsShownOnceItIsNewOrOther(t *testing.T) {
	start := time.Date(2026, 12, 1, 2, 0, 0, 0, time.FixedZone("", 9*60*60))
	night := window.Window{
		Start: start, End: start.Add(2 * time.Hour), Announce: 72 * time.Hour, Announces: true, Mode: maintenance.Closed, Ask: true,
		Changes: []window.Change{{Name: "a`\n```b", Rehearsed: 14 * time.Minute}},
	}
	template := func(metadata string) Template {
		text := `{"Resources": {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"A": "` + fmt.Sprint(len(metadata)) + `"}, "Metadata": {"noren:window": ` + maintenance.JSON(metadata) + `}}}}`
		read, err := Read([]byte(text), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return read
	}
	planned := template((window.Deployed{Window: night}).Metadata())
	later := night
	later.End = later.End.Add(time.Minute)
	for _, test := range []struct {
		name      string
		old, next Template
		want      string // part of the comment; empty if it says nothing about a night
	}{
		{"new", Nothing(), planned, "```text\nTuesday, 1 December 2026, 02:00 to 04:00 (+09:00), closed\n28 Nov 02:00  clients are told of it\n01 Dec 02:00  it begins, by 02:15 at the latest or not at all\n"},
		{"the same", planned, planned, ""},
		{"another end", planned, template((window.Deployed{Window: later}).Metadata()), "02:00 to 04:01"},
		{"taken out", planned, Nothing(), ""},
		{"not readable", Nothing(), template("nonsense"), "does not describe a window"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Markdown([]Pair{{Template: "shop", Diff: Compare(test.old, test.next)}}, "", "")
			if test.want == "" && strings.Contains(got, "The maintenance that is planned") || !strings.Contains(got, test.want) {
				t.Errorf("got\n%s\nwant %s", got, test.want)
			}
			if strings.Contains(got, "a`") || strings.Count(got, "```")%2 != 0 {
				t.Errorf("a name breaks out of the block:\n%s", got)
			}
		})
	}
}
