package main

import (
	"os"
	"testing"

	"github.com/noren-cdk/noren/internal/preview"
)

// TestMain is also noren's own functions, which a preview starts.
func TestMain(m *testing.M) {
	preview.RunFunction(os.Args[1:])
	os.Exit(m.Run())
}
