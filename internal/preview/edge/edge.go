// Package edge serves on this machine what a synthesized template would deploy in
// front of an application: the load balancer ([ALB]) with its rules, target
// groups and health checks, and the distribution before it.
//
// Where AWS documents how an Application Load Balancer answers, or a named party
// has observed it, the ALB here answers the same way; package alb names the
// sources. Comments in the code say where behaviour is not documented. Known
// differences:
//
//   - Every listener is served without TLS, on a port of this machine, whatever
//     its protocol. To rules and targets it is what the template says: with an
//     HTTPS listener on port 443 X-Forwarded-Proto is https.
//   - What Go's net/http refuses as malformed before a handler sees it is
//     answered with the load balancer's page for the status that net/http gives,
//     also where the load balancer would be more lenient, as with a space in
//     the URL.
//   - Header names reach the target in Go's canonical case.
//   - Targets of gRPC count as healthy without being checked.
//   - Sticky sessions by a cookie of the application are not kept, those by the
//     load balancer's own cookies are.
//   - There is no identity provider: see [ALBConfig.Identity].
package edge
