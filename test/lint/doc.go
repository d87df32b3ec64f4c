// Package judges has what is written here judged by tools that nobody here
// wrote: make judges.
//
//	cfn-lint, checkov   every template: three environments in three modes
//	cdk diff            what a reviewer reads of the flip, as a golden
//	actionlint          the workflows, and the shell in them
//	shellcheck          the scripts
//	asl-validator       the state machine of a night, in every shape
//
// TestGeneratedProperties holds what internal/diff knows of resource types to the
// schemas of cfn-lint.
//
// A finding that is meant is in skips.yaml, with the fact about this design that
// makes it so; one that is not found any more has to leave the file. CDK's own
// validation is in make synth, cdk-nag in the tests of stacks.
package lint
