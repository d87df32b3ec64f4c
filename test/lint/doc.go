// Package lint checks this repository: its layers, links, pages and workflows,
// and, with make judges, what third-party tools say:
//
//	cfn-lint, checkov   every template: three environments in three modes
//	cdk diff            what a reviewer sees of the flip, as a golden
//	actionlint          the workflows, and the shell in them
//	shellcheck          the scripts
//	asl-validator       the state machine of a night, in every shape
//
// TestGeneratedProperties compares what internal/diff knows of resource types
// with the schemas of cfn-lint.
//
// Accepted findings are in skips.yaml, each with the fact about this design that
// is the reason. A finding that no longer occurs must be removed from the file.
// CDK's own validation is in make synth, cdk-nag in the tests of stacks.
package lint
