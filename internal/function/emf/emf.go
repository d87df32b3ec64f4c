// Package emf writes metrics into a log in CloudWatch's embedded metric format.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
package emf

import (
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// Metadata is the member _aws of a log line: it says which other members of the
// line are metrics.
type Metadata struct {
	// Timestamp is the time of the values, in milliseconds since 1970.
	Timestamp int64

	// CloudWatchMetrics are the metrics, by namespace.
	CloudWatchMetrics []Directive
}

// Directive names the metrics of a namespace.
type Directive struct {
	Namespace string

	// Dimensions are sets of members of the line. Each set makes a separate
	// metric.
	Dimensions [][]string

	Metrics []Metric
}

// Metric is a member of the line that is a metric, and its unit.
type Metric struct{ Name, Unit string }

// New returns the metadata of metrics of noren's namespace.
func New(at time.Time, dimensions [][]string, metrics ...Metric) Metadata {
	return Metadata{at.UnixMilli(), []Directive{{maintenance.MetricNamespace, dimensions, metrics}}}
}
