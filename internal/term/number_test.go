package term

import (
	"testing"
	"time"
)

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 rules", 1: "1 rule", 2: "2 rules", 999: "999 rules", 1000: "1,000 rules", 1234567: "1,234,567 rules", -1000: "-1,000 rules"} {
		if got := Plural(n, "rule"); got != want {
			t.Errorf("Plural(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Minute: "just now", time.Minute: "just now", 2 * time.Minute: "2 minutes ago", 119 * time.Minute: "119 minutes ago",
		2 * time.Hour: "2 hours ago", 47 * time.Hour: "47 hours ago", 48 * time.Hour: "2 days ago", 90 * 24 * time.Hour: "90 days ago",
	} {
		if got := Ago(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"message", "until", "retryAfter"}
	for misspelt, want := range map[string]string{"mesage": "message", "MESSAGE": "message", "untli": "until", "retry_after": "retryAfter", "x": "", "": "", "somethingElse": ""} {
		if got := Nearest(misspelt, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", misspelt, got, want)
		}
	}
}
