package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheRunbooksVerbsExist: every command of noren in the runbook, and in the pages
// on the first deploy and on upgrades, is one, with the flags that it has. The others are tested with the stack.
func TestTheRunbooksVerbsExist(t *testing.T) {
	var data []byte
	for _, file := range []string{"runbook.md", "first-deploy.md", "aurora-upgrade.md"} {
		document, err := os.ReadFile("../../docs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, document...)
	}
	checked := 0
	for _, found := range regexp.MustCompile("(?m)(?:^ *|`)noren ([^`#|\n]+)").FindAllStringSubmatch(string(data), -1) {
		command, _, _ := strings.Cut(found[1], " > ")
		args := strings.Fields(command)
		cmd, rest, err := newRoot().Find(args)
		if err == nil && !cmd.Runnable() {
			t.Errorf("noren %s: not a verb by itself", found[1])
		}
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err == nil {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		if err != nil {
			t.Errorf("noren %s: %v", found[1], err)
		}
		checked++
	}
	if checked < 5 {
		t.Errorf("%d commands of noren in the runbook: is this test looking at the right thing?", checked)
	}
}
