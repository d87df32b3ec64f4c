package maintenancemode

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/noren-cdk/noren/internal/rules"
)

// plainWord matches a word that a shell takes unquoted.
var plainWord = regexp.MustCompile("^[A-Za-z0-9/_.-]+$")

// addEmergency defines the parameter that records a turn without CloudFormation,
// and the commands that make such a turn.
func (m *MaintenanceMode) addEmergency(this constructs.Construct) {
	m.ByHand = newRecordParameter(this, rules.ByHandID, "Who turned maintenance without CloudFormation, and why")
	stack := awscdk.Stack_Of(this)
	name := pathInStack(this)
	if !plainWord.MatchString(name) {
		name = "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	now := func(verb string) string {
		return fmt.Sprintf("noren %s --now --stack %s --region %s --switch %s", verb, *stack.StackName(), *stack.Region(), name)
	}
	m.EmergencyClose, m.EmergencyOpen = now("close"), now("open")
}
