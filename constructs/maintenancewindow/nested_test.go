package maintenancewindow_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/constructs/maintenancewindow"
)

// TestNew_NestedStack checks that a night is refused at synthesis where its change
// of the switch would be refused.
func TestNew_NestedStack(t *testing.T) {
	stack := awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Shop"), nil)
	nested := awscdk.NewNestedStack(stack, jsii.String("Edge"), nil)
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "maintenancewindow Shop/Edge/Night: Shop/Edge is a nested stack") {
			t.Errorf("got %s", got)
		}
	}()
	start := time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)
	maintenancewindow.New(nested, "Night", maintenancewindow.Props{
		Maintenance: maintenancemode.MaintenanceMode{Function: struct{ awslambda.Function }{}},
		Start:       start, End: start.Add(2 * time.Hour), Ask: true,
		Topic: awssns.NewTopic(stack, jsii.String("People"), nil), Options: "--stack Shop",
	})
}
