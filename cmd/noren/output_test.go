package main

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// TestExec_OutputThatIsLost checks that no verb succeeds if its output could not
// be written.
func TestExec_OutputThatIsLost(t *testing.T) {
	const template = "../../internal/diff/testdata/own.closed.json"
	for _, args := range [][]string{
		{"explain", "GET /", "--template", template},
		{"diff", "--mode", template},
		{"diff", template, template, "--json"},
		{"--help"},
	} {
		var errs strings.Builder
		code := exec(context.Background(), args, strings.NewReader(""), fullDisk{}, &errs)
		if code != 1 || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("%q: got exit code %d and %q, want 1 and why", args, code, errs.String())
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestExplain_Nothing checks that a request without words is an error.
func TestExplain_Nothing(t *testing.T) {
	for _, request := range []string{"", " ", "\t", "GET /a b c"} {
		var out, errs strings.Builder
		if code := exec(context.Background(), []string{"explain", request, "--template", "../../internal/diff/testdata/own.closed.json"}, strings.NewReader(""), &out, &errs); code != 1 || !strings.Contains(errs.String(), `want "METHOD /path"`) {
			t.Errorf("explain %q: got exit code %d and %q", request, code, errs.String())
		}
	}
}
