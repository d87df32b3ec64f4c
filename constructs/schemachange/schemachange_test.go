package schemachange_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/testing/tempdir"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/schemachange"
)

// TestMain starts one jsii kernel for the package and closes it once.
func TestMain(m *testing.M) {
	tempdir.Use()
	os.Setenv("CDK_VALIDATION", "false") // make synth validates; here it costs seconds
	jsii.Close()                         // drop the client made at init, so Node starts with this environment
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// synth synthesizes a stack with a database and a SchemaChange, and returns its
// template as text and the folder of the assembly.
func synth(t *testing.T, change func(*schemachange.Props)) (template, outdir string, err error) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	outdir = t.TempDir()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &outdir, Context: &map[string]any{"aws:cdk:disable-asset-staging": true}})
	stack := awscdk.NewStack(app, jsii.String("Stack"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsii.String("eu-west-1")}})
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), nil)
	props := schemachange.Props{
		Vpc:     vpc,
		Cluster: awsecs.NewCluster(stack, jsii.String("Cluster"), &awsecs.ClusterProps{Vpc: vpc}),
		Database: awsrds.NewDatabaseCluster(stack, jsii.String("Database"), &awsrds.DatabaseClusterProps{
			Engine: awsrds.DatabaseClusterEngine_AuroraMysql(&awsrds.AuroraMysqlClusterEngineProps{Version: awsrds.AuroraMysqlEngineVersion_VER_3_10_3()}),
			Writer: awsrds.ClusterInstance_ServerlessV2(jsii.String("Writer"), nil),
			Vpc:    vpc, IamAuthentication: jsii.Bool(true),
		}),
		DatabaseName: "shop",
		Image:        awsecs.ContainerImage_FromRegistry(jsii.String("registry.example/changes:1"), nil),
	}
	change(&props)
	task := schemachange.New(stack, "SchemaChange", props)
	for id, command := range map[string]string{
		"Plan": task.Commands.Plan, "Clone": task.Commands.Clone, "Rehearse": task.Commands.Rehearse, "Rehearsal": task.Commands.Rehearsal,
		"RemoveClone": task.Commands.RemoveClone, "Check": task.Commands.Check, "Run": task.Commands.Run, "Upgrade": task.Commands.Upgrade, "Log": task.Commands.Log,
	} {
		awscdk.NewCfnOutput(stack, &id, &awscdk.CfnOutputProps{Value: &command})
	}
	data, err := json.Marshal(app.Synth(nil).GetStackArtifact(stack.ArtifactId()).Template())
	return string(data), outdir, err
}

func TestTheTaskMayChangeTheSchemaAndNothingElse(t *testing.T) {
	template, _, err := synth(t, func(*schemachange.Props) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"Action":"rds-db:connect"`,
		`"ReadonlyRootFilesystem":true`, `"StopTimeout":120`, `"CpuArchitecture":"ARM64"`,
		`{"Name":"DB_NAME","Value":"shop"}`, `{"Name":"DB_USER","Value":"schemachange"}`, `{"Name":"PLAN_DB_USER","Value":"schemaplan"}`, `{"Name":"DB_TLS_CA"`,
		`:dbuser:cluster-*/schemachange`, `:dbuser:cluster-*/schemaplan`, // of a clone, too
		`aws ecs run-task --region eu-west-1`, `/changes/CHANGE.sql`,
	} {
		if !strings.Contains(template, want) {
			t.Errorf("no %s in the template", want)
		}
	}
	if strings.Contains(template, "DB_READER_HOST") {
		t.Error("the task is told a reader, and there is none")
	}
	if strings.Contains(template, `"Secrets":`) {
		t.Error("the container is given a secret")
	}
}

// TestCopyRole checks that only the task may assume the role for changes of a
// copy, and that the role deletes only what RDS has named green or old.
func TestCopyRole(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(awsrds.DatabaseCluster)
		want   []string // prefixes of the names of its resources
	}{
		{"names of CloudFormation", func(awsrds.DatabaseCluster) {}, []string{"stack-"}},
		{"a name of the app's", func(d awsrds.DatabaseCluster) {
			d.Node().DefaultChild().(awsrds.CfnDBCluster).SetDbClusterIdentifier(jsii.String("Shop"))
		}, []string{"shop", "stack-"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			data, _, err := synth(t, func(p *schemachange.Props) { test.change(p.Database) })
			if err != nil {
				t.Fatal(err)
			}
			var template struct {
				Resources map[string]struct {
					Type       string
					Properties map[string]any
				}
			}
			if err := json.Unmarshal([]byte(data), &template); err != nil {
				t.Fatal(err)
			}
			task, role, rights := "", "", ""
			for id, r := range template.Resources {
				text, _ := json.Marshal(r.Properties)
				switch {
				case strings.HasPrefix(id, "SchemaChangeTaskTaskRole") && r.Type == "AWS::IAM::Role":
					task = id
				case strings.HasPrefix(id, "SchemaChangeCopyRole") && r.Type == "AWS::IAM::Role":
					role = string(text)
				case strings.HasPrefix(id, "SchemaChangeCopyRole"):
					rights = string(text)
				case strings.Contains(string(text), `"sts:AssumeRole"`) && r.Type == "AWS::IAM::Policy" && !strings.HasPrefix(id, "SchemaChangeTaskTaskRole"):
					t.Errorf("%s may assume roles", id)
				case strings.HasPrefix(id, "SchemaChangeTaskTaskRole") && strings.Contains(string(text), "rds:"):
					t.Errorf("the task itself has rights to RDS: %s", text)
				}
			}
			if want := `"Principal":{"AWS":{"Fn::GetAtt":["` + task + `","Arn"]}}`; task == "" || !strings.Contains(role, want) || strings.Count(role, "Principal") != 1 {
				t.Errorf("no %s alone in %s", want, role)
			}
			for _, name := range test.want {
				for _, part := range []string{":cluster:" + name + "*-green-*", ":db:" + name + "*-old*"} {
					if !strings.Contains(rights, part) {
						t.Errorf("no %s in %s", part, rights)
					}
				}
			}
			if !strings.Contains(data, `{"Name":"COPY_ROLE_ARN","Value":{"Fn::GetAtt":["SchemaChangeCopyRole`) {
				t.Error("the task is not told the role")
			}
		})
	}
}

// TestReaders_AreToldToTheTask checks that the effect of a change on readers is
// watched where there are readers.
func TestReaders_AreToldToTheTask(t *testing.T) {
	template, _, err := synth(t, func(p *schemachange.Props) { p.Readers = true })
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(template, `{"Name":"DB_READER_HOST","Value":{"Fn::GetAtt":["`) || !strings.Contains(template, `"ReadEndpoint.Address"]}}`) {
		t.Error("the task is not told the reader endpoint")
	}
}

// TestCommands_AreTheWholeWay follows the commands from a plan to the removal of
// the clone. No name in them is another stack's.
func TestCommands_AreTheWholeWay(t *testing.T) {
	template, _, err := synth(t, func(p *schemachange.Props) {})
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Outputs map[string]struct{ Value any }
	}
	if err := json.Unmarshal([]byte(template), &parsed); err != nil {
		t.Fatal(err)
	}
	for id, wants := range map[string][]string{
		"Plan":        {`"ddl","plan","/changes/CHANGE.sql"`},
		"Clone":       {"--restore-type copy-on-write", "--db-cluster-identifier Stack-rehearsal", "--enable-iam-database-authentication", "--serverless-v2-scaling-configuration", "--db-instance-class db.serverless", "--vpc-security-group-ids", "DatabaseSecurityGroup", "--db-subnet-group-name", "DatabaseSubnets", "rds wait db-instance-available"},
		"Rehearse":    {`"ddl","rehearse","/changes/CHANGE.sql"`, `REHEARSE_DB_HOST`, "--db-cluster-identifier Stack-rehearsal", `"--out","-"`},
		"Rehearsal":   {"aws logs filter-log-events", `$.name = "CHANGE.sql"`, "./CHANGE.rehearsal.json"},
		"RemoveClone": {"delete-db-instance --region eu-west-1 --db-instance-identifier Stack-rehearsal-1", "delete-db-cluster --region eu-west-1 --db-cluster-identifier Stack-rehearsal --skip-final-snapshot"},
		"Run":         {`"ddl","run","/changes/CHANGE.sql","--rehearsal","/changes/CHANGE.rehearsal.json"`},
		"Upgrade":     {`"ddl","upgrade","plan","--to","VERSION"`},
		"Log":         {"aws logs tail"},
	} {
		text, _ := json.Marshal(parsed.Outputs[id].Value)
		var plain strings.Builder
		encoder := json.NewEncoder(&plain)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(parsed.Outputs[id].Value)
		got := strings.ReplaceAll(plain.String(), `\"`, `"`)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %s in %s", id, want, text)
			}
		}
	}
}

// TestTheImageIsBuiltFromTheProgramAndTheChanges checks the folder that a deploy
// builds from when it is not copied to the assembly (cdk --no-staging).
func TestTheImageIsBuiltFromTheProgramAndTheChanges(t *testing.T) {
	changes := t.TempDir()
	const sql = "ALTER TABLE t ADD COLUMN c INT;\n"
	if err := os.WriteFile(filepath.Join(changes, "0001_c.sql"), []byte(sql), 0o644); err != nil {
		t.Fatal(err)
	}
	var hashes []string
	build := func() string {
		_, outdir, err := synth(t, func(p *schemachange.Props) { p.Image, p.Changes = nil, changes })
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(outdir, "Stack.assets.json"))
		if err != nil {
			t.Fatal(err)
		}
		var manifest struct {
			DockerImages map[string]struct{ Source struct{ Directory string } }
		}
		if err := json.Unmarshal(data, &manifest); err != nil {
			t.Fatal(err)
		}
		if len(manifest.DockerImages) != 1 {
			t.Fatalf("%d images", len(manifest.DockerImages))
		}
		for hash, image := range manifest.DockerImages {
			hashes = append(hashes, hash)
			return image.Source.Directory
		}
		return ""
	}
	image := build()
	if got, _ := os.ReadFile(filepath.Join(image, "changes", "0001_c.sql")); string(got) != sql {
		t.Errorf("the image's change is %q", got)
	}
	program, err := os.Stat(filepath.Join(image, "noren"))
	if err != nil || program.Mode()&0o111 == 0 {
		t.Errorf("no program in the image: %v, %v", program, err)
	}
	if _, err := os.Stat(filepath.Join(image, "Dockerfile")); err != nil {
		t.Error(err)
	}
	if again := build(); again != image {
		t.Errorf("the same sources are in %s, then in %s", image, again)
	}
	if err := os.WriteFile(filepath.Join(changes, "0002_d.sql"), []byte(sql), 0o644); err != nil {
		t.Fatal(err)
	}
	if other := build(); other == image || hashes[0] != hashes[1] || hashes[1] == hashes[2] {
		t.Errorf("images %s, after another change in %s", hashes, other)
	}
}

func TestWrongProps(t *testing.T) {
	empty := t.TempDir()
	tests := []struct {
		name   string
		change func(*schemachange.Props)
		want   string
	}{
		{"no database", func(p *schemachange.Props) { p.Database, p.DatabaseName = nil, "" }, "schemachange Stack/SchemaChange: Database is required\nDatabaseName is required"},
		{"neither changes nor an image", func(p *schemachange.Props) { p.Image = nil }, "Changes is required, the folder of .sql files, or an Image that holds them"},
		{"changes and an image", func(p *schemachange.Props) { p.Changes = "x" }, "give either Changes or Image"},
		{"no change in the folder", func(p *schemachange.Props) { p.Image, p.Changes = nil, empty }, fmt.Sprintf("no .sql file in Changes %q", empty)},
		{"one user for both", func(p *schemachange.Props) { p.Planner = "schemachange" }, `User and Planner are both "schemachange"`},
		{"a user that is not a name", func(p *schemachange.Props) { p.User = "a'b" }, `User must be a plain MySQL user name, got "a'b"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, _, err := synth(t, test.change); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
