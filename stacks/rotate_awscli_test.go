//go:build awscli

package stacks

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/testing/awsstub"
)

// oldVersion and newVersion are ids of versions of a secret, which have at least
// 32 characters.
const (
	oldVersion = "11111111-1111-1111-1111-111111111111"
	newVersion = "22222222-2222-2222-2222-222222222222"
)

// TestRotate_Printed replaces the master password with scripts/rotate.sh, with
// the AWS CLI in both versions.
func TestRotate_Printed(t *testing.T) {
	for _, cli := range clis(t) {
		t.Run("version "+cli.version, func(t *testing.T) {
			// vault is the secret: its versions, and which one is current.
			type vault struct {
				versions map[string]string
				current  string
				database string
				order    []string
			}
			start := func(t *testing.T, refuse string) (*vault, []byte, error) {
				v := &vault{versions: map[string]string{oldVersion: `{"username":"admin","password":"old"}`}, current: oldVersion, database: "old"}
				aws := awsstub.New(t)
				answer := func(operation string, answer func(awsstub.Request) string) {
					aws.AnswerBy(operation, func(r awsstub.Request) string {
						v.order = append(v.order, operation)
						if operation == refuse {
							return awsstub.Refuse("InvalidDBClusterStateFault", "busy")
						}
						return answer(r)
					})
				}
				answer("DescribeStackResources", func(awsstub.Request) string {
					return "<StackResources>" +
						"<member><ResourceType>AWS::RDS::DBCluster</ResourceType><PhysicalResourceId>shop</PhysicalResourceId></member>" +
						"<member><ResourceType>AWS::SecretsManager::SecretTargetAttachment</ResourceType><PhysicalResourceId>arn:secret</PhysicalResourceId></member>" +
						"<member><ResourceType>AWS::SecretsManager::Secret</ResourceType><PhysicalResourceId>arn:bypass</PhysicalResourceId></member></StackResources>"
				})
				answer("GetSecretValue", func(awsstub.Request) string { return fmt.Sprintf(`{"SecretString": %q}`, v.versions[v.current]) })
				answer("GetRandomPassword", func(awsstub.Request) string { return `{"RandomPassword": "Fresh30"}` })
				answer("PutSecretValue", func(r awsstub.Request) string {
					var put struct {
						SecretId, SecretString string
						VersionStages          []string
					}
					if err := json.Unmarshal([]byte(r.Body), &put); err != nil || put.SecretId != "arn:secret" || !slices.Equal(put.VersionStages, []string{"AWSPENDING"}) {
						t.Errorf("put %s", r.Body)
					}
					v.versions[newVersion] = put.SecretString
					return fmt.Sprintf(`{"VersionId": %q}`, newVersion)
				})
				answer("ModifyDBCluster", func(r awsstub.Request) string {
					if r.Form.Get("DBClusterIdentifier") != "shop" || r.Form.Get("ApplyImmediately") != "true" {
						t.Errorf("modify %v", r.Form)
					}
					v.database = r.Form.Get("MasterUserPassword")
					return "<DBCluster><Status>available</Status></DBCluster>"
				})
				answer("DescribeSecret", func(awsstub.Request) string {
					return fmt.Sprintf(`{"VersionIdsToStages": {%q: ["AWSCURRENT"], %q: ["AWSPENDING"]}}`, oldVersion, newVersion)
				})
				answer("UpdateSecretVersionStage", func(r awsstub.Request) string {
					var move struct{ MoveToVersionId, RemoveFromVersionId string }
					if err := json.Unmarshal([]byte(r.Body), &move); err != nil || move.RemoveFromVersionId != v.current {
						t.Errorf("move %s", r.Body)
					}
					v.current = move.MoveToVersionId
					return "{}"
				})
				cmd := exec.Command("bash", "scripts/rotate.sh", "shop-prod")
				bin := t.TempDir() // Debian's version 2 does not support AWS_ENDPOINT_URL
				wrapper := fmt.Sprintf("#!/bin/sh\nexec %s --endpoint-url %s \"$@\"\n", cli.path, os.Getenv("AWS_ENDPOINT_URL"))
				if err := os.WriteFile(filepath.Join(bin, "aws"), []byte(wrapper), 0o755); err != nil {
					t.Fatal(err)
				}
				cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
				out, err := cmd.CombinedOutput()
				return v, out, err
			}
			v, out, err := start(t, "")
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if want := `{"username": "admin", "password": "Fresh30"}`; v.database != "Fresh30" || v.current != newVersion || !sameJSON(v.versions[newVersion], want) {
				t.Errorf("the database has %q, the secret %s: %q", v.database, v.current, v.versions)
			}
			if kept, got := slices.Index(v.order, "PutSecretValue"), slices.Index(v.order, "ModifyDBCluster"); kept > got {
				t.Errorf("RDS got the password before it was kept: %q", v.order)
			}
			if strings.Contains(string(out), "Fresh30") {
				t.Errorf("the password is printed: %s", out)
			}
			v, out, err = start(t, "ModifyDBCluster")
			if err == nil || v.database != "old" || v.current != oldVersion {
				t.Errorf("RDS has refused: got %v, the database has %q, the secret %s\n%s", err, v.database, v.current, out)
			}
		})
	}
}

func sameJSON(a, b string) bool {
	var x, y map[string]any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && fmt.Sprint(x) == fmt.Sprint(y)
}
