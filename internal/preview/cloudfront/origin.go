package cloudfront

import (
	"net/http"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Origin is where the requests of a behaviour go: a bucket, a load balancer, or
// another host.
type Origin struct {
	ID string

	// Domain is the origin's host name. It is invented if it is known only after
	// a deploy.
	Domain string

	// Bucket is the logical id of the bucket if the origin is one, or empty.
	Bucket string

	// Lists says that CloudFront may list the bucket: a missing file is then a
	// 404, otherwise a 403 like a forbidden one. Source: S3 API, GetObject.
	Lists bool

	// LoadBalancer is the logical id of the load balancer if the origin is one,
	// or empty.
	LoadBalancer string

	// Why says, if the template does not determine the origin, what it is assumed
	// to be or why it cannot be reached.
	Why string

	// Path is prepended to every path at the origin.
	Path string

	// Headers are sent with every request to the origin.
	Headers http.Header

	// ReadTimeout is how long the origin may take to answer. Default: 30
	// seconds.
	ReadTimeout time.Duration
}

// OriginGroup is two origins. The second one is used if the first fails.
type OriginGroup struct {
	Members  []string // ids of origins, in order
	Statuses []int    // statuses that count as a failure of the first one
}

func originGroup(n node) OriginGroup {
	var g OriginGroup
	for _, member := range n.field("Members").field("Items").items() {
		g.Members = append(g.Members, member.field("OriginId").text())
	}
	for _, status := range n.field("FailoverCriteria").field("StatusCodes").field("Items").items() {
		g.Statuses = append(g.Statuses, status.integer(0))
	}
	if len(g.Members) == 0 {
		n.fault("the origin group has no members")
	}
	return g
}

func (r *reader) origin(n node) *Origin {
	domain := n.field("DomainName").text()
	o := &Origin{
		ID:      n.field("Id").text(),
		Domain:  cfn.Display(domain),
		Path:    n.field("OriginPath").text(),
		Headers: http.Header{},
		ReadTimeout: max(n.field("CustomOriginConfig").field("OriginReadTimeout").seconds(0),
			n.field("VpcOriginConfig").field("OriginReadTimeout").seconds(0)),
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout = 30 * time.Second
	}
	for _, header := range n.field("OriginCustomHeaders").items() {
		o.Headers.Set(header.field("HeaderName").text(), header.field("HeaderValue").text())
	}
	switch vpc := n.field("VpcOriginConfig"); {
	case n.field("S3OriginConfig").exists():
		r.bucketOrigin(o, domain)
	case vpc.exists():
		r.vpcOrigin(o, vpc)
	default:
		r.customOrigin(o, domain)
	}
	if cfn.IsOpaque(domain) && o.LoadBalancer != "" {
		o.Domain = strings.ToLower(o.LoadBalancer) + ".elb.amazonaws.com"
	}
	return o
}

func (r *reader) bucketOrigin(o *Origin, domain string) {
	bucket, ok := r.named(domain, "AWS::S3::Bucket")
	if !ok {
		o.Why = "the bucket " + o.Domain + " is not in the template"
		return
	}
	o.Bucket = bucket.LogicalID
	o.Lists = r.letsCloudFrontList(bucket.LogicalID)
}

// letsCloudFrontList looks for a statement that allows CloudFront to list a
// bucket.
func (r *reader) letsCloudFrontList(bucket string) bool {
	for _, resource := range r.resources {
		policy := r.properties(resource)
		if resource.Type != "AWS::S3::BucketPolicy" {
			continue
		}
		if id, _, _ := cfn.Attribute(policy.field("Bucket").text()); id != bucket {
			continue
		}
		statements, _ := policy.field("PolicyDocument").field("Statement").value.([]any)
		for _, s := range statements {
			statement, _ := s.(map[string]any)
			principal, _ := statement["Principal"].(map[string]any)
			if statement["Effect"] != "Allow" || !contains(principal["Service"], "cloudfront.amazonaws.com") {
				continue
			}
			for _, action := range []string{"s3:ListBucket", "s3:List*", "s3:*", "*"} {
				if contains(statement["Action"], action) {
					return true
				}
			}
		}
	}
	return false
}

// contains reports whether v is a text, or a list with it.
func contains(v any, text string) bool {
	if list, ok := v.([]any); ok {
		for _, entry := range list {
			if entry == text {
				return true
			}
		}
	}
	return v == text
}

func (r *reader) vpcOrigin(o *Origin, config node) {
	id := config.field("VpcOriginId").text()
	origin, ok := r.named(id, "AWS::CloudFront::VpcOrigin")
	if !ok {
		o.Why = "the VPC origin " + cfn.Display(id) + " is not in the template"
		return
	}
	arn := r.properties(origin).field("VpcOriginEndpointConfig").field("Arn").text()
	balancer, ok := r.named(arn, "AWS::ElasticLoadBalancingV2::LoadBalancer")
	if !ok {
		o.Why = "VPC origin " + origin.LogicalID + " leads to " + cfn.Display(arn) + ", which is not a load balancer of the template"
		return
	}
	o.LoadBalancer = balancer.LogicalID
}

// customOrigin finds the load balancer behind a host name: its own name, a name
// from a DNS record or, for a name that the template does not mention, the name
// of the template's only load balancer.
func (r *reader) customOrigin(o *Origin, domain string) {
	if balancer, ok := r.named(domain, "AWS::ElasticLoadBalancingV2::LoadBalancer"); ok {
		o.LoadBalancer = balancer.LogicalID
		return
	}
	for _, resource := range r.resources {
		record := r.properties(resource)
		if resource.Type != "AWS::Route53::RecordSet" || !sameName(record.field("Name").text(), domain) {
			continue
		}
		target := record.field("AliasTarget").field("DNSName").text()
		for id, other := range r.resources {
			if other.Type == "AWS::ElasticLoadBalancingV2::LoadBalancer" && strings.Contains(target, cfn.Opaque(id+".DNSName")) {
				o.LoadBalancer = id
				return
			}
		}
	}
	balancers := r.ofType("AWS::ElasticLoadBalancingV2::LoadBalancer")
	switch {
	case cfn.IsOpaque(domain):
		o.Why = "the origin " + o.Domain + " is outside of what is served"
	case len(balancers) == 1:
		o.LoadBalancer = balancers[0]
		o.Why = o.Domain + " is taken for the template's only load balancer, " + balancers[0]
	default:
		o.Why = "the origin " + o.Domain + " is outside of the template"
	}
}

func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}

func (r *reader) ofType(resourceType string) []string {
	var ids []string
	for id, resource := range r.resources {
		if resource.Type == resourceType {
			ids = append(ids, id)
		}
	}
	return ids
}
