package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheRunbooksVerbsExist checks that every noren command in the runbook, and
// on the pages about the first deploy and upgrades, exists and has the given
// flags. The stacks package tests the other commands.
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
