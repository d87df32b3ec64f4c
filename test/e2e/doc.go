// Package e2e deploys the product with the real cdk CLI and flips it, against an
// emulator of the AWS API on this machine: make e2e.
//
// The emulator is moto, of PyPI. It keeps what the API was told and answers what
// it keeps; it runs nothing and balances no load. So this shows that the CLI
// deploys what is synthesized, what a load balancer is told in which order, and
// that the same deployed twice changes nothing. Where a request goes is decided
// here by [github.com/noren-cdk/noren/internal/alb], from what the API answers.
//
// emulator.py starts moto and adds what it lacks: events of resources, conditions
// by regex, the end of a rule that leaves its stack, no update where nothing has
// changed. moto deletes first, then makes, then modifies; CloudFormation deletes
// last. That every order is safe is for the tests of maintenancemode.
//
// moto does not know every type of resource. Those it does not are left out of
// what is deployed; lacking_test.go lists them, with the test that covers each.
package e2e
