// Command noren is the CDK app: it defines the product in the environment that
// -c env= names, in the mode that -c maintenance= names.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/constructs/schemachange"
	"github.com/noren-cdk/noren/stacks"
)

func main() {
	schemachange.Compile()
	os.Exit(maintenancemode.Run(define))
}

func define(app awscdk.App) error {
	flags, err := maintenancemode.ReadFlags(app)
	if err != nil {
		return err
	}
	env, warnings, err := stacks.ChooseEnvironment(app, "environments")
	for _, warning := range warnings {
		fmt.Fprintln(os.Stderr, "warning:", warning)
	}
	if err != nil {
		return err
	}
	return stacks.NoteUnfinished(stacks.Build(app, env, flags), "environments", env.Name)
}
