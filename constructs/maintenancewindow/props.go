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
	// Maintenance is the switch, in the same stack. Required.
	Maintenance maintenancemode.MaintenanceMode

	// Start and End are the planned beginning and end of the maintenance, to the
	// minute and at most 24 hours apart. Nothing happens automatically at End.
	// Required.
	Start, End time.Time

	// Announce is how long before Start clients are told, through Announcement.
	// Default: 0, clients are told when it begins.
	Announce time.Duration

	// Mode is the mode that the product is switched to: maintenance.Closed or
	// maintenance.ReadOnly, for which the switch must be prepared. Default:
	// maintenance.Closed.
	Mode maintenance.Mode

	// Changes are the schema changes, in order. Default: none.
	Changes []Change

	// SchemaChange is the task that runs Changes, in Cluster. Required with Changes.
	SchemaChange *schemachange.SchemaChange
	Cluster      awsecs.ICluster

	// Verify are the requests that are sent to URL, through the bypass of the
	// switch, before it opens. Required without Ask.
	Verify []Request

	// URL is the address of the application, without a path:
	// https://api.example.com. Required with Verify.
	URL string

	// BypassHeader or BypassCookie is the name of the bypass of the switch. One
	// is required with Verify.
	BypassHeader, BypassCookie string

	// Ask makes the maintenance ask a person before it opens. Default: false,
	// Verify decides.
	Ask bool

	// Topic is the topic through which people are told. Required.
	Topic awssns.ITopic

	// TopicKey is the key with which Topic is encrypted. Default: Topic is not
	// encrypted.
	TopicKey awskms.IKey

	// Announcement is the function that tells clients. Default: none, clients are
	// not told.
	Announcement awslambda.IFunction

	// Monitors is the function that mutes outside monitors. Default: none,
	// nothing is muted.
	Monitors awslambda.IFunction

	// Options are the options that name the product in a noren command, such as
	// --env prod or --stack shop. Required.
	Options string

	// LogRetention is how long the logs are kept. Default: one month.
	LogRetention awslogs.RetentionDays

	// EncryptionKey encrypts the logs. Its policy must let CloudWatch Logs use
	// it. Default: a key of AWS.
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
