package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/internal/turn"
)

// unturnable returns warnings about what keeps noren close, open and read-only
// from turning the switch of a template, on the night. It returns none for a
// template without a switch.
func unturnable(template []byte) []finding {
	if !bytes.Contains(template, []byte(turn.MetadataKey)) {
		return nil
	}
	var findings []finding
	warn := func(id, property, value, format string, args ...any) {
		findings = append(findings, finding{Severity: alb.Warning.String(), LogicalID: id, Property: property, Value: value, Message: fmt.Sprintf(format, args...)})
	}
	if n := len([]rune(strings.Map(notASCII, string(template)))); n > 0 {
		warn("", "", "", "%s outside of ASCII, for which CloudFormation gives back question marks: noren close refuses this template; write them as escapes, or leave them out", term.Plural(n, "character"))
	}
	again, err := turn.ReadsAgain(template)
	if err != nil {
		return findings // what cannot be read is reported elsewhere
	}
	for _, name := range again.Parameters {
		warn(name, "", "", "every update reads the parameter again from Systems Manager: if it is another value on the night, noren close refuses, since more than the switch would change; give it a fixed value")
	}
	for _, id := range slices.Sorted(maps.Keys(again.References)) {
		warn(id, "", strings.Join(again.References[id], ", "), "every update reads the reference again from Systems Manager, so noren close refuses this template; give it a version")
	}
	return findings
}

// notASCII maps ASCII characters to -1, so that strings.Map drops them.
func notASCII(r rune) rune {
	if r < 0x80 {
		return -1
	}
	return r
}
