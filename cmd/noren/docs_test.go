package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestDocs_CLI compares docs/cli.md and docs/cli/ with the output of --help.
func TestDocs_CLI(t *testing.T) {
	want := map[string]string{}
	var index strings.Builder
	index.WriteString("# The command line\n\n`noren VERB --help` prints these pages. Data goes to stdout, everything else to stderr. The page of each verb that does something lists its exit codes.\n\n| verb | does |\n| --- | --- |\n")
	for _, verb := range verbs(newRoot()) {
		name := strings.ReplaceAll(strings.TrimPrefix(verb.CommandPath(), "noren "), " ", "-") + ".md"
		fmt.Fprintf(&index, "| [`%s`](cli/%s) | %s |\n", verb.CommandPath(), name, verb.Short)

		var help bytes.Buffer
		verb.SetOut(&help)
		if err := verb.Help(); err != nil {
			t.Fatal(err)
		}
		want["cli/"+name] = fmt.Sprintf("# %s\n\n```\n%s\n```\n", verb.CommandPath(), strings.TrimSpace(help.String()))
	}
	want["cli.md"] = index.String()

	const docs = "../../docs"
	if *update {
		if err := os.RemoveAll(filepath.Join(docs, "cli")); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(docs, "cli"), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range want {
			if err := os.WriteFile(filepath.Join(docs, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, text := range want {
		if got, err := os.ReadFile(filepath.Join(docs, name)); err != nil || string(got) != text {
			t.Errorf("docs/%s is not what --help says (%v): run go test ./cmd/noren -run Docs -update", name, err)
		}
	}
	files, err := os.ReadDir(filepath.Join(docs, "cli"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if want["cli/"+file.Name()] == "" {
			t.Errorf("docs/cli/%s is of a verb that does not exist", file.Name())
		}
	}
}

// verbs returns a command's verbs and their own, without those that cobra adds.
func verbs(parent *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, verb := range parent.Commands() {
		if !slices.Contains([]string{"help", "completion"}, verb.Name()) {
			all = append(append(all, verb), verbs(verb)...)
		}
	}
	return all
}
