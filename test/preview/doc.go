// Package preview tests the whole product on this machine: the synthesized
// templates of dev, the load balancer and the functions as `noren preview` runs
// them, and the example's API and clients as processes. Run the tests with make
// preview-test.
package preview
