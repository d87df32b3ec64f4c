package maintenancemode

import (
	"cmp"
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/gofunction"
	"github.com/noren-cdk/noren/internal/function/unlock"
	"github.com/noren-cdk/noren/maintenance"
)

// newBypassSecret defines the secret that lets operators through. It has letters
// and digits only, since * and ? would be wildcards in a listener rule. Its
// logical id contains the version: a new version is a new secret, and the rules
// that refer to it change with it. Rotating it in place would leave the old value
// in the rules, since CloudFormation resolves a reference only when the reference
// changes.
func newBypassSecret(this constructs.Construct, version int, key awskms.IKey) awssecretsmanager.Secret {
	secret := awssecretsmanager.NewSecret(this, jsii.String(fmt.Sprintf("BypassSecret%d", cmp.Or(version, 1))), &awssecretsmanager.SecretProps{
		Description: jsii.String("Lets operators use the application during maintenance, as the value of a header or cookie"),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			PasswordLength:     jsii.Number(32),
			ExcludePunctuation: jsii.Bool(true),
		},
		EncryptionKey: key,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	meant(secret, "AwsSolutions-SMG4", "A listener rule holds the value: it is rotated by a deploy with another Bypass.SecretVersion, never behind the rule's back.")
	return secret
}

// addUnlock defines the function behind UnlockPath and returns the ARN of its
// target group.
func (m *MaintenanceMode) addUnlock(this constructs.Construct, props Props) *string {
	function := gofunction.New(this, "Unlocker", gofunction.Props{
		Program:       unlockProgram,
		Package:       props.functionPackage(),
		Repository:    props.FunctionRepository,
		Description:   "Gives staff the bypass cookie for the secret",
		Environment:   unlock.Settings{Cookie: props.Bypass.Cookie, SecretARN: *m.BypassSecret.SecretArn()}.Environment(),
		Timeout:       10 * time.Second,
		LogRetention:  props.LogRetention,
		LogGroup:      props.FunctionLogs,
		EncryptionKey: props.EncryptionKey,
	})
	m.BypassSecret.GrantRead(function.Function, nil)
	if props.EncryptionKey != nil { // GrantRead does not do it for an imported key
		props.EncryptionKey.GrantDecrypt(function.Function)
	}
	m.Unlock = function.Function
	return newFunctionTargetGroup(this, "UnlockTargetGroup", function.Function).TargetGroupArn()
}

func (p Props) unlockPath() string { return cmp.Or(p.Bypass.UnlockPath, maintenance.UnlockPath) }
