package environment

import (
	"cmp"
	"time"

	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/maintenance"
)

// fillDefaults sets what the file leaves open, so that a stack reads values and
// never asks whether they were given.
func (e *Environment) fillDefaults() {
	e.LogDays = cmp.Or(e.LogDays, 30)

	e.Network.NATGateways = cmp.Or(e.Network.NATGateways, 1)

	e.Database.BackupDays = cmp.Or(e.Database.BackupDays, 7)
	e.Database.OnlineAlterLogMaxSize = cmp.Or(e.Database.OnlineAlterLogMaxSize, 1<<30)

	e.API.Port = cmp.Or(e.API.Port, 8080)
	e.API.HealthCheckPath = cmp.Or(e.API.HealthCheckPath, "/api/health")
	e.API.CPU = cmp.Or(e.API.CPU, 256)
	e.API.Memory = cmp.Or(e.API.Memory, fargateMemory[e.API.CPU][0])
	e.API.MinTasks = cmp.Or(e.API.MinTasks, 1)
	e.API.MaxTasks = cmp.Or(e.API.MaxTasks, 2*e.API.MinTasks)
	if len(e.API.SetupCommand) == 0 {
		e.API.SetupCommand = []string{"migrate"}
	}

	if e.SchemaChange.Image == "" {
		e.SchemaChange.Changes = cmp.Or(e.SchemaChange.Changes, "examples/fieldreports/schemachanges")
	}

	m := &e.Maintenance
	m.Mode = cmp.Or(m.Mode, maintenance.Open)
	m.RetryAfter = cmp.Or(m.RetryAfter, responder.DefaultRetryAfter)
	m.ExpectedDuration = cmp.Or(m.ExpectedDuration, 4*time.Hour)
	m.Bypass.SecretVersion = cmp.Or(m.Bypass.SecretVersion, 1)
}
