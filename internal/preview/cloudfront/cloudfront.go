// Package cloudfront reads the CloudFront distributions of a synthesized
// template: which behaviour answers a path, which parts of a request reach the
// origin and which are in the cache key, which headers an answer gets, and the
// functions, which it runs.
//
// Comments name the source of a fact:
//
//	CFDev     the CloudFront developer guide
//	CFN       the CloudFormation reference of AWS::CloudFront::*
package cloudfront

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Distribution is a distribution in a template.
type Distribution struct {
	LogicalID string
	Path      string // the construct path, if CDK wrote the template

	// Aliases are the host names of the distribution in addition to CloudFront's own.
	Aliases []string

	// DefaultRootObject is the path, without a slash, with which a request for /
	// is answered. Default: none, / goes to the origin.
	DefaultRootObject string

	// Behaviors are tried in order; the last one matches every path.
	Behaviors []*Behavior

	// Origins are the origins by id.
	Origins map[string]*Origin

	// Groups are the origin groups by id.
	Groups map[string]OriginGroup

	// Errors are the configurations for errors, by status.
	Errors map[int]ErrorResponse

	// LeftOut are sentences about what the template asks for and this package
	// does not support, each with a logical id.
	LeftOut []string
}

// Behavior returns the behaviour for a path.
func (d *Distribution) Behavior(path string) *Behavior {
	path = withoutDots(path)
	for _, b := range d.Behaviors {
		if b.matches(path) {
			return b
		}
	}
	return d.Behaviors[len(d.Behaviors)-1] // not reached: the default behaviour matches everything
}

// Types of resources that concern CloudFront, or say where an origin is.
var types = []string{
	"AWS::CloudFront::Distribution",
	"AWS::CloudFront::Function",
	"AWS::CloudFront::CachePolicy",
	"AWS::CloudFront::OriginRequestPolicy",
	"AWS::CloudFront::ResponseHeadersPolicy",
	"AWS::CloudFront::VpcOrigin",
	"AWS::ElasticLoadBalancingV2::LoadBalancer",
	"AWS::Lambda::Function",
	"AWS::Lambda::Url",
	"AWS::Route53::RecordSet",
	"AWS::S3::Bucket",
	"AWS::S3::BucketPolicy",
}

// Read reads the distributions of a template. Its error names the logical id and
// property of everything that cannot be read.
func Read(template []byte, options cfn.Options) ([]*Distribution, error) {
	resources, err := cfn.Resources(bytes.NewReader(template), options, types...)
	if err != nil {
		return nil, err
	}
	r := &reader{resources: map[string]cfn.Resource{}}
	for _, resource := range resources {
		r.resources[resource.LogicalID] = resource
	}
	var distributions []*Distribution
	for _, resource := range resources {
		if resource.Type == "AWS::CloudFront::Distribution" {
			distributions = append(distributions, r.distribution(resource))
		}
	}
	if err := errors.Join(r.faults...); err != nil {
		return nil, err
	}
	return distributions, nil
}

// reader reads the resources of a template and records what cannot be read.
type reader struct {
	resources map[string]cfn.Resource
	faults    []error
	leftOut   []string
}

// without records what is left out.
func (r *reader) without(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.leftOut, text) {
		r.leftOut = append(r.leftOut, text)
	}
}

// named returns the resource of a type that a text refers to.
func (r *reader) named(text, resourceType string) (cfn.Resource, bool) {
	id, _, ok := cfn.Attribute(text)
	if !ok {
		return cfn.Resource{}, false
	}
	resource, ok := r.resources[id]
	return resource, ok && resource.Type == resourceType
}

func (r *reader) distribution(resource cfn.Resource) *Distribution {
	r.leftOut = nil
	config := r.properties(resource).field("DistributionConfig")
	d := &Distribution{
		LogicalID:         resource.LogicalID,
		Path:              resource.Path,
		Aliases:           config.field("Aliases").texts(),
		DefaultRootObject: config.field("DefaultRootObject").text(),
		Origins:           map[string]*Origin{},
		Groups:            map[string]OriginGroup{},
		Errors:            map[int]ErrorResponse{},
	}
	for _, n := range config.field("Origins").items() {
		d.Origins[n.field("Id").text()] = r.origin(n)
	}
	for _, n := range config.field("OriginGroups").field("Items").items() {
		d.Groups[n.field("Id").text()] = originGroup(n)
	}
	for _, n := range config.field("CacheBehaviors").items() {
		d.Behaviors = append(d.Behaviors, r.behavior(n))
	}
	last := r.behavior(config.field("DefaultCacheBehavior"))
	last.Pattern = "*"
	d.Behaviors = append(d.Behaviors, last)
	for _, n := range config.field("CustomErrorResponses").items() {
		response := errorResponse(n)
		d.Errors[response.Status] = response
	}
	for _, b := range d.Behaviors {
		_, isOrigin := d.Origins[b.Origin]
		if _, isGroup := d.Groups[b.Origin]; !isOrigin && !isGroup {
			config.fault("behaviour %q: no origin and no origin group %q", b.Pattern, b.Origin)
		}
	}
	d.LeftOut = r.leftOut
	return d
}
