package stacks

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

// TestEncryptionKey checks that with a key in the environment, every log group
// and every secret of the stack is encrypted with it, that whoever reads a secret
// may decrypt it, and that no function needs the key to start.
func TestEncryptionKey(t *testing.T) {
	const key = "arn:aws:kms:ap-northeast-1:111111111111:key/00000000-0000-0000-0000-000000000000"
	env := planned(t)
	env.Sessions.Store, env.EncryptionKey = "valkey", key
	with, err := synth(env, maintenance.Open)
	if err != nil {
		t.Fatal(err)
	}
	env.EncryptionKey = ""
	without, err := synth(env, maintenance.Open)
	if err != nil {
		t.Fatal(err)
	}
	if len(with.template.Resources) != len(without.template.Resources) {
		t.Errorf("%d resources with a key, %d without", len(with.template.Resources), len(without.template.Resources))
	}
	count := map[string]int{}
	for id, r := range with.template.Resources {
		count[r.Type]++
		switch r.Type {
		case "AWS::Logs::LogGroup", "AWS::SecretsManager::Secret":
			if r.Properties["KmsKeyId"] != key {
				t.Errorf("%s, %s: key %v", id, r.Type, r.Properties["KmsKeyId"])
			}
			if without.template.Resources[id].Properties["KmsKeyId"] != nil {
				t.Errorf("%s has a key without one", id)
			}
		case "AWS::Lambda::Function":
			if r.Properties["KmsKeyArn"] != nil {
				t.Errorf("%s does not start while its key is disabled", id)
			}
		case "AWS::IAM::Policy":
			policy := text(r.Properties["PolicyDocument"])
			if reads, decrypts := strings.Contains(policy, `"secretsmanager:GetSecretValue"`), strings.Contains(policy, key); reads != decrypts {
				t.Errorf("%s reads a secret: %v, uses the key: %v", id, reads, decrypts)
			}
		}
	}
	if count["AWS::Logs::LogGroup"] < 12 || count["AWS::SecretsManager::Secret"] != 3 {
		t.Errorf("got %d log groups and %d secrets", count["AWS::Logs::LogGroup"], count["AWS::SecretsManager::Secret"])
	}
}
