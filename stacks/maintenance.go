package stacks

import (
	"cmp"
	"fmt"

	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/maintenance"
)

// newMaintenance puts the listener under the switch, in the mode that the
// operator typed or, by default, the environment's.
func newMaintenance(scope constructs.Construct, env environment.Environment, flags maintenancemode.Flags, listener elbv2.ApplicationListener, app elbv2.ApplicationTargetGroup, site site) maintenancemode.MaintenanceMode {
	m := env.Maintenance
	props := maintenancemode.Props{
		Listener:       listener,
		AppTargetGroup: app,
		Mode:           m.Mode,
		ReadOnly:       m.ReadOnly,
		Allow:          m.Allow,
		Clients:        maintenancemode.Clients{Header: m.Clients.Header, Values: m.Clients.Values},
		Bypass: maintenancemode.Bypass{
			CIDRs:         m.Bypass.CIDRs,
			Header:        m.Bypass.Header,
			Cookie:        m.Bypass.Cookie,
			SecretVersion: m.Bypass.SecretVersion,
		},
		HealthCheckPath: env.API.HealthCheckPath,
		Answer:          m.Answer(),
		Guard: maintenancemode.Guard{
			Enabled:   m.Guard,
			Reopens:   m.Reopen,
			Command:   "npx cdk deploy -c env=" + env.Name,
			ReopensAt: "maintenance.reopen in environments/" + env.Name + ".yaml",
			ByHand:    "the outputs EmergencyCloseCommand and EmergencyOpenCommand of the stack",
		},
		Status:              announced(env, site),
		ExpectedDuration:    m.ExpectedDuration,
		Monitors:            monitors(scope, m.Monitors),
		ReservedConcurrency: m.ReservedConcurrency,
		LogRetention:        retention(env),
		EncryptionKey:       encryptionKey(scope, "Maintenance", env),
	}
	return maintenancemode.New(scope, "Maintenance", flags.Apply(props))
}

// announced returns the configuration of the document on the site that announces
// maintenance. At the API's own domain, the listener redirects to it; without
// such a domain, the site is the only one.
func announced(env environment.Environment, site site) maintenancemode.Status {
	s := maintenancemode.Status{Bucket: site.bucket, Announce: maintenance.Announcement(env.Maintenance.Announce)}
	if env.API.Domain != "" {
		s.URL = "https://" + cmp.Or(env.Site.Domain, *site.distribution.DistributionDomainName()) + maintenance.StatusPath
	}
	return s
}

// monitors returns the outside monitors, with secrets that exist outside the
// stack.
func monitors(scope constructs.Construct, all []environment.Monitor) []maintenancemode.Monitor {
	var with []maintenancemode.Monitor
	for i, m := range all {
		id := fmt.Sprintf("MonitorSecret%d", i+1)
		with = append(with, maintenancemode.Monitor{Outside: m.Outside(), Secret: awssecretsmanager.Secret_FromSecretCompleteArn(scope, &id, &m.Secret)})
	}
	return with
}
