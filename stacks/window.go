package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/constructs/maintenancewindow"
	"github.com/noren-cdk/noren/constructs/schemachange"
	"github.com/noren-cdk/noren/internal/environment"
)

// addWindow defines the state machine of the planned maintenance in the
// environment's file, if there is one.
func addWindow(scope constructs.Construct, env environment.Environment, maintenance maintenancemode.MaintenanceMode, topic awssns.Topic, cluster awsecs.ICluster, change schemachange.SchemaChange, url string) {
	night := env.Night
	if night == nil {
		return
	}
	props := maintenancewindow.Props{
		Maintenance: maintenance,
		Start:       night.Start, End: night.End, Announce: night.Announce, Mode: night.Mode,
		SchemaChange: &change, Cluster: cluster,
		URL:          url,
		Announcement: maintenance.Announcement,
		BypassHeader: env.Maintenance.Bypass.Header, BypassCookie: env.Maintenance.Bypass.Cookie,
		Ask:      night.Ask,
		Monitors: maintenance.Monitors,
		Topic:    topic, TopicKey: topic.MasterKey(),
		Options:      "--env " + env.Name,
		LogRetention: retention(env),

		EncryptionKey: encryptionKey(scope, "Window", env),
	}
	if maintenance.Monitors != nil {
		props.Monitors = maintenance.Monitors
	}
	for _, c := range night.Changes {
		props.Changes = append(props.Changes, maintenancewindow.Change(c))
	}
	for _, r := range night.Verify {
		props.Verify = append(props.Verify, maintenancewindow.Request(r))
	}
	maintenancewindow.New(scope, "Window", props)
}
