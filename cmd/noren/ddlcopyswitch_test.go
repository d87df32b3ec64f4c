package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/testing/awsstub"
)

// TestClosed checks that the copy replaces the original only if template,
// listener and requests say that the product is closed, and no operation is in
// progress.
func TestClosed(t *testing.T) {
	for _, test := range []struct{ name, mode, state, want string }{
		{"closed", "closed", "", ""},
		{"open", "open", "", "the product is not closed"},
		{"read-only", "read-only", "", "the product is not closed"},
		{"closed, a deploy is under way", "closed", "UPDATE_IN_PROGRESS", "the product is not closed"},
		{"closed, a deploy is rolled back", "closed", "UPDATE_ROLLBACK_IN_PROGRESS", "the product is not closed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newLiveProduct(t, test.mode)
			p.state = test.state
			p.outputs("ApiUrl", p.web.URL+"/api/")
			cmd := &cobra.Command{}
			cmd.SetContext(t.Context())
			err := closed(t.Context(), cmd, &statusFlags{stack: "shop", region: "eu-central-1", confirm: live.DefaultConfirm})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	t.Run("a listener that cannot be read", func(t *testing.T) {
		newLiveProduct(t, "closed").aws.Answer("DescribeListeners", awsstub.Refuse("AccessDenied", "no DescribeListeners"))
		cmd := &cobra.Command{}
		cmd.SetContext(t.Context())
		if err := closed(t.Context(), cmd, &statusFlags{stack: "shop", region: "eu-central-1", confirm: live.DefaultConfirm}); err == nil {
			t.Error("it counts as closed")
		}
	})
}
