//go:build preview

package preview

import (
	"os"
	"testing"

	"github.com/noren-cdk/noren/internal/testing/tempdir"

	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/internal/preview/nightfunctions"
)

// TestMain also runs noren's own functions, which a preview starts.
func TestMain(m *testing.M) {
	preview.RunFunction(os.Args[1:], nightfunctions.Functions())
	tempdir.Use()
	os.Exit(m.Run())
}
