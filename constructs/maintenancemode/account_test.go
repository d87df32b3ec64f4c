package maintenancemode_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
)

// TestNew_EncryptionKey checks that the account's key encrypts the logs and the
// secret, and that no function needs the key to start.
func TestNew_EncryptionKey(t *testing.T) {
	template := mustSynth(t, func(p product) {
		p.new(maintenancemode.Props{
			Bypass:        maintenancemode.Bypass{Cookie: "bypass"},
			EncryptionKey: awskms.NewKey(p.stack, jsii.String("Key"), nil),
		})
	})
	counts := map[string]int{}
	for id, r := range template.Resources {
		switch r.Type {
		case "AWS::Lambda::Function":
			if key := r.Properties["KmsKeyArn"]; key != nil {
				t.Errorf("%s does not start while %v is disabled", id, key)
			}
		case "AWS::Logs::LogGroup", "AWS::SecretsManager::Secret":
			if key := text(r.Properties["KmsKeyId"]); !strings.Contains(key, `{"Fn::GetAtt":["Key`) {
				t.Errorf("%s of type %s has the key %s", id, r.Type, key)
			}
		}
		counts[r.Type]++
	}
	if counts["AWS::Lambda::Function"] != 4 || counts["AWS::Logs::LogGroup"] != 4 || counts["AWS::SecretsManager::Secret"] != 1 {
		t.Errorf("got %v, want four functions with their logs, and the secret", counts)
	}
}

// TestNew_FunctionLogs checks that all functions log to the given group, and have
// the right to.
func TestNew_FunctionLogs(t *testing.T) {
	template := mustSynth(t, func(p product) {
		p.new(maintenancemode.Props{
			Bypass:       maintenancemode.Bypass{Cookie: "bypass"},
			FunctionLogs: awslogs.NewLogGroup(p.stack, jsii.String("Logs"), nil),
		})
	})
	functions, groups, rights := 0, 0, 0
	for id, r := range template.Resources {
		switch r.Type {
		case "AWS::Lambda::Function":
			functions++
			if group := text(r.Properties["LoggingConfig"]); !strings.Contains(group, `{"Ref":"Logs`) {
				t.Errorf("%s logs to %s", id, group)
			}
		case "AWS::Logs::LogGroup":
			groups++
		case "AWS::IAM::Policy":
			if policy := text(r.Properties["PolicyDocument"]); strings.Contains(policy, `"logs:PutLogEvents"`) && strings.Contains(policy, `{"Fn::GetAtt":["Logs`) {
				rights++
			}
		}
	}
	if functions != 4 || groups != 1 || rights != 4 {
		t.Errorf("%d functions, %d log groups, %d rights to write: want 4, 1 and 4", functions, groups, rights)
	}
}
