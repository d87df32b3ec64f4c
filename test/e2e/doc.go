// Package e2e deploys the product with the real cdk CLI and flips it, against an
// emulator of the AWS API on this machine: make e2e.
//
// The emulator is moto, from PyPI. It stores what it is told and returns what it
// stores; it runs nothing and balances no load. So these tests show that the CLI
// deploys what is synthesized, what a load balancer is told in which order, and
// that deploying the same twice changes nothing.
// [github.com/noren-cdk/noren/internal/alb] decides here where a request goes,
// from the API's answers.
//
// emulator.py starts moto and adds what it lacks: events of resources, conditions
// by regex, the removal of a rule that leaves its stack, no update if nothing has
// changed. moto deletes first, then creates, then modifies; CloudFormation
// deletes last. The tests of maintenancemode check that every order is safe.
//
// moto does not know every type of resource. Those that it does not know are left
// out of the deployment; lacking_test.go lists them, with the test that covers
// each.
package e2e
