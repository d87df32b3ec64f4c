package maintenancewindow

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/constructs/schemachange"
	"github.com/noren-cdk/noren/maintenance"
)

// Props configures a MaintenanceWindow.
type Props struct {
	// Maintenance is the switch that is turned. Required. It is in the same stack.
	Maintenance maintenancemode.MaintenanceMode

	// Start and End are when the maintenance is planned to begin and to end, to the
	// minute and at most 24 hours apart. Required. The end ends nothing by itself.
	Start, End time.Time

	// Announce is how long before Start clients are told, by Announcement. Default:
	// only when it begins.
	Announce time.Duration

	// Mode is what the product is turned to: maintenance.Closed or
	// maintenance.ReadOnly, which the switch has to be prepared for.
	// Default: maintenance.Closed.
	Mode maintenance.Mode

	// Changes are the schema changes, in this order. Default: none.
	Changes []Change

	// SchemaChange is the task that runs Changes, in Cluster. Required with Changes.
	SchemaChange *schemachange.SchemaChange
	Cluster      awsecs.ICluster

	// Verify are the requests that are sent through the bypass of the switch before
	// it opens, to URL. Required without Ask.
	Verify []Request

	// URL is where the application is reached, without a path:
	// https://api.example.com. Required with Verify.
	URL string

	// BypassHeader or BypassCookie is the name that the bypass of the switch has.
	// One is required with Verify.
	BypassHeader, BypassCookie string

	// Ask says that a person is asked before it opens. Default: Verify decides.
	Ask bool

	// Topic tells people. Required.
	Topic awssns.ITopic

	// TopicKey is the key with which Topic is encrypted. Default: it is not.
	TopicKey awskms.IKey

	// Announcement is the function that tells clients. Default: they are not told.
	Announcement awslambda.IFunction

	// Monitors is the function that mutes monitors elsewhere. Default: none are.
	Monitors awslambda.IFunction

	// Options are what follows a command of noren to name the product, such as
	// --env prod or --stack shop. Required.
	Options string

	// LogRetention is how long the logs are kept. Default: one month.
	LogRetention awslogs.RetentionDays

	// EncryptionKey encrypts the logs. Its policy has to let CloudWatch Logs use it.
	// Default: a key of AWS.
	EncryptionKey awskms.IKey
}

// longest is how long a maintenance window of Systems Manager may last.
const longest = 24 * time.Hour

func (p Props) retention() awslogs.RetentionDays {
	return cmp.Or(p.LogRetention, awslogs.RetentionDays_ONE_MONTH)
}

func (p Props) validate() error {
	var errs []error
	require := func(missing bool, format string, args ...any) {
		if missing {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	require(p.Maintenance.Function == nil, "Maintenance is required")
	require(p.Topic == nil, "Topic is required")
	require(p.Options == "", "Options are required, such as --env prod")
	length := p.End.Sub(p.Start)
	switch {
	case p.Start.IsZero() || p.End.IsZero():
		errs = append(errs, errors.New("Start and End are required"))
	case length <= 0 || length > longest:
		errs = append(errs, fmt.Errorf("End must be after Start, by at most 24h, got %v", length))
	case p.Start.Truncate(time.Minute) != p.Start || p.End.Truncate(time.Minute) != p.End:
		errs = append(errs, fmt.Errorf("Start and End must be to the minute, got %s and %s", p.Start.Format(time.RFC3339), p.End.Format(time.RFC3339)))
	}
	require(p.Announce < 0 || p.Announce%time.Minute != 0, "Announce must be whole minutes, got %v", p.Announce)
	require(p.mode() != maintenance.Closed && p.mode() != maintenance.ReadOnly, "unknown Mode %q: want closed or read-only", string(p.Mode))
	require(len(p.Changes) > 0 && (p.SchemaChange == nil || p.Cluster == nil), "Changes need a SchemaChange and a Cluster")
	seen := map[string]bool{}
	for _, c := range p.Changes {
		require(c.Name == "" || len(c.Name) > 60 || seen[c.Name], "Changes: %q must be a name of at most 60 characters, once", c.Name)
		seen[c.Name] = true
	}
	require(len(p.Verify) == 0 && !p.Ask, "Verify is required without Ask: nothing would say that it may open")
	if len(p.Verify) > 0 {
		require(p.URL == "", "Verify needs a URL")
		require(p.Maintenance.BypassSecret == nil || p.BypassHeader == "" && p.BypassCookie == "", "Verify needs a bypass with a header or a cookie, and its name")
	}
	for _, r := range p.Verify {
		require(r.Method != http.MethodGet && r.Method != http.MethodHead || len(r.Path) == 0 || r.Path[0] != '/' || r.Status < 100 || r.Status > 599,
			"Verify: want GET or HEAD, a path and a status, got %s %s -> %d", r.Method, r.Path, r.Status)
	}
	return errors.Join(errs...)
}
