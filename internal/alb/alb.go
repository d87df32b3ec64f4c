// Package alb decides where an AWS Application Load Balancer sends a request, and
// finds in listener rules what the ALB API would refuse at deploy time.
//
// It reads synthesized CloudFormation templates, so that its answers are about
// what is deployed, not about a second model. Where ALB's behaviour is documented
// or was observed by a named party, the answer is certain. Where no one has
// published it (percent-escapes, duplicate slashes, unanchored regexes, the case
// of a regex), the answer is the most likely one, marked uncertain, with the
// reason.
//
// Comments name the source of a fact:
//
//	BC        botocore's elbv2 service model: API shapes and their documentation
//	UG23      the ALB user guide of 2023-06
//	UGnow     the current ALB user guide
//	LBC-conf  Gateway API conformance of aws-load-balancer-controller on real ALBs
//	LBC-e2e   end-to-end tests of aws-load-balancer-controller on real ALBs
//	#n        an issue, with its repository
package alb
