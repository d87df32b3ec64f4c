// Package preview has the tests of the whole product on this machine: the
// synthesized templates of dev, the load balancer and the functions as `noren
// preview` runs them, the example's API and its clients as processes. Run them
// with make preview-test.
package preview
