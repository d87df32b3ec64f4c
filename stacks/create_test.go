package stacks

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/maintenance"
)

// inEveryMode runs a test on the template of each environment in each mode that
// it has.
func inEveryMode(t *testing.T, test func(t *testing.T, template template)) {
	for _, name := range environments {
		for _, mode := range maintenance.Modes() {
			if mode == maintenance.ReadOnly && !loadEnvironment(t, name).Maintenance.ReadOnly {
				continue
			}
			t.Run(name+" "+string(mode), func(t *testing.T) { test(t, synthesized(t, name, mode).template) })
		}
	}
}

// firstDeploy returns the template of an environment's first deploy: -c
// protection=false.
func firstDeploy(t *testing.T, name string, mode maintenance.Mode) template {
	t.Helper()
	env := loadEnvironment(t, name)
	if !env.DeletionProtection {
		return synthesized(t, name, mode).template
	}
	env.DeletionProtection = false
	a, err := synth(env, mode)
	if err != nil {
		t.Fatal(err)
	}
	return a.template
}

// references returns the resources that a value refers to.
func (t template) references(value any) map[string]bool {
	ids := map[string]bool{}
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, v := range value {
				walk(v)
			}
		case map[string]any:
			for key, v := range value {
				switch key {
				case "Ref":
					ids[v.(string)] = true
				case "Fn::GetAtt":
					ids[v.([]any)[0].(string)] = true
				case "Fn::Sub":
					for _, name := range regexp.MustCompile(`\$\{(\w+)[.}]`).FindAllStringSubmatch(fmt.Sprint(v), -1) {
						ids[name[1]] = true
					}
				}
				walk(v)
			}
		}
	}
	walk(value)
	maps.DeleteFunc(ids, func(id string, _ bool) bool { _, resource := t.Resources[id]; return !resource })
	return ids
}

// before returns the resources that CloudFormation creates before this one, and
// deletes after it.
func (t template) before(id string) map[string]bool {
	all := map[string]bool{}
	var walk func(string)
	walk = func(id string) {
		r := t.Resources[id]
		direct := t.references(r.Properties)
		switch on := r.DependsOn.(type) {
		case string:
			direct[on] = true
		case []any:
			for _, other := range on {
				direct[other.(string)] = true
			}
		}
		for other := range direct {
			if !all[other] {
				all[other] = true
				walk(other)
			}
		}
	}
	walk(id)
	return all
}

// TestACreateThatFailsCanBeDeletedAndMadeAgain checks that the rollback deletes
// everything that was created, whichever resource a first create stops at.
func TestACreateThatFailsCanBeDeletedAndMadeAgain(t *testing.T) {
	for _, name := range environments {
		for _, mode := range []maintenance.Mode{maintenance.Open, maintenance.Closed} {
			t.Run(name+" "+string(mode), func(t *testing.T) {
				for _, problem := range firstDeploy(t, name, mode).stuck() {
					t.Error(problem)
				}
			})
		}
	}
}

// stuck returns the reasons why a create that stops somewhere would leave
// something that can be neither deleted nor created again.
func (t template) stuck() (problems []string) {
	report := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	writers := 0
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		r := t.Resources[id]
		properties := text(r.Properties)
		if r.DeletionPolicy == "Retain" {
			report("%s stays when its creation is rolled back, and everything that it uses with it", id)
		}
		if r.Properties["DeletionProtection"] == true || r.Properties["DeletionProtectionEnabled"] == true ||
			strings.Contains(properties, `{"Key":"deletion_protection.enabled","Value":"true"}`) {
			report("%s is protected from its own rollback", id)
		}
		if r.Type == "AWS::S3::Bucket" && !t.emptied(id) {
			report("%s is deleted, but nothing empties it", id)
		}
		for bucket := range t.writesTo(id) {
			writers++
			if !t.emptiedBefore(bucket, id) {
				report("%s writes to %s before there is something that empties it", id, bucket)
			}
		}
		if r.Type == "AWS::SecretsManager::Secret" && r.Properties["Name"] != nil || r.Type == "AWS::KMS::Alias" {
			report("%s has a name that stays taken for days after its deletion", id)
		}
	}
	if writers == 0 {
		report("nothing writes to a bucket: is this test looking at the right thing?")
	}
	return problems
}

func (t template) emptied(bucket string) bool { return t.emptiedBefore(bucket, "") }

// emptiedBefore reports whether the custom resource that empties a bucket exists
// before a writer, or at all if writer is "".
func (t template) emptiedBefore(bucket, writer string) bool {
	for _, id := range t.ofType("Custom::S3AutoDeleteObjects") {
		if t.references(t.Resources[id].Properties["BucketName"])[bucket] {
			return writer == "" || t.before(writer)[id]
		}
	}
	return false
}

// writesTo returns the buckets that a resource names, except for resources that
// only grant access, read or empty.
func (t template) writesTo(id string) map[string]bool {
	r := t.Resources[id]
	properties := maps.Clone(r.Properties)
	delete(properties, "Description")
	switch r.Type {
	case "AWS::S3::BucketPolicy", "AWS::IAM::Policy", "Custom::S3AutoDeleteObjects", "AWS::Lambda::Permission":
		return nil
	case "AWS::S3::Bucket":
		// Server access logs come hours later, and the policy that allows them
		// names this bucket, which therefore cannot wait.
		delete(properties, "LoggingConfiguration")
	case "AWS::CloudFront::Distribution":
		config := maps.Clone(properties["DistributionConfig"].(map[string]any))
		delete(config, "Origins") // reads
		properties["DistributionConfig"] = config
	}
	buckets := t.references(properties)
	maps.DeleteFunc(buckets, func(id string, _ bool) bool { return t.Resources[id].Type != "AWS::S3::Bucket" })
	return buckets
}

// TestProtectionComesWithTheSecondDeploy checks that the first and second deploys
// of prod differ only in the protections.
func TestProtectionComesWithTheSecondDeploy(t *testing.T) {
	first, second := firstDeploy(t, "prod", maintenance.Open), synthesized(t, "prod", maintenance.Open).template
	if len(second.stuck()) == 0 {
		t.Error("the protected template counts as one that a failed create can be rolled back of: is the test looking at the right thing?")
	}
	allowed := regexp.MustCompile(`^((ApiTask|DatabaseSetupTask)\w+\.ContainerDefinitions.*|Database\w* outside its properties|Database\w+\.DeletionProtection|Alb\w+\.LoadBalancerAttributes.*|` +
		`\w+ outside its properties|\w+(AutoDeleteObjectsCustomResource|CustomS3AutoDelete)\w*|CustomS3AutoDelete\w+|` +
		`(AccessLogs|Site)\w*\.Tags.*|(AccessLogs|Site)Policy\w+\.PolicyDocument.*|(Database|ContainerInsights)\w*Logs\w+\.RemovalPolicy|LogRetention\w+DefaultPolicy\w+\.PolicyDocument\.Statement)$`)
	for _, difference := range first.differences(second) {
		if !allowed.MatchString(difference) {
			t.Errorf("the second deploy changes %s", difference)
		}
	}
}

// TestWhatIsKeptIsNotKeptOfACreateThatFailed checks deploys without -c
// protection=false too, and any deploy that adds a resource.
func TestWhatIsKeptIsNotKeptOfACreateThatFailed(t *testing.T) {
	kept := 0
	inEveryMode(t, func(t *testing.T, template template) {
		for id, r := range template.Resources {
			switch r.DeletionPolicy {
			case "Retain":
				t.Errorf("%s stays even if its own creation is rolled back", id)
			case "RetainExceptOnCreate":
				kept++
			}
		}
	})
	if kept == 0 {
		t.Error("nothing is kept in any environment")
	}
}

// TestTheServiceComesAfterWhatItNeeds checks the order: ECS refuses a service
// whose target group no listener or rule refers to, and a task without a route
// out pulls no image.
func TestTheServiceComesAfterWhatItNeeds(t *testing.T) {
	inEveryMode(t, func(t *testing.T, template template) {
		service := template.ofType("AWS::ECS::Service")[0]
		group := slices.Collect(maps.Keys(template.references(template.Resources[service].Properties["LoadBalancers"])))
		before := template.before(service)
		var attached []string
		for id := range before {
			r := template.Resources[id]
			actions := r.Properties["DefaultActions"]
			if r.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" {
				actions = r.Properties["Actions"]
			}
			if actions != nil && template.references(actions)[group[0]] {
				attached = append(attached, id)
			}
		}
		if len(attached) == 0 {
			t.Errorf("the service waits for no listener or rule that forwards to %s", group)
		}
		routes := 0
		for _, id := range template.ofType("AWS::EC2::Route") {
			routes++
			if private := strings.Contains(id, "Private"); private && !before[id] {
				t.Errorf("the service does not wait for the route %s", id)
			}
		}
		if routes < 3 {
			t.Errorf("%d routes to the internet: is this test looking at the right thing?", routes)
		}
	})
}

func TestProtectionIsOnlyEverTakenOffByItsFlag(t *testing.T) {
	for value, want := range map[any]string{nil: "protected", "false": "unprotected", false: "unprotected", "true": "error", "no": "error", true: "error"} {
		got := "error"
		if env, err := chosen(t, "prod", value); err == nil {
			if got = "unprotected"; env.DeletionProtection {
				got = "protected"
			}
		}
		if got != want {
			t.Errorf("-c protection=%v: %s, want %s", value, got, want)
		}
	}
}

// chosen returns the environment of -c env= and -c protection=.
func chosen(t *testing.T, name string, protection any) (environment.Environment, error) {
	app := newTestApp(t.TempDir())
	app.Node().SetContext(&[]string{"env"}[0], name)
	if protection != nil {
		app.Node().SetContext(&[]string{"protection"}[0], protection)
	}
	env, _, err := ChooseEnvironment(app, remembered("environments"))
	return env, err
}

// TestNoteUnfinished: what is to be replaced, and a guard that nobody hears of, are
// one note at synthesis, each with its place: --strict makes an error of a warning.
func TestNoteUnfinished(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "prod.yaml")
	for _, test := range []struct {
		name, source string
		want         []string
	}{
		{"finished", "stackName: shop\nalarmEmail: ops@fieldreports.example\nmaintenance:\n  guard: true\n", nil},
		{"two placeholders", "stackName: shop # REPLACE\nalarmEmail: ops@fieldreports.example # REPLACE with yours\nmaintenance:\n  guard: true\n", []string{
			"prod.yaml:1:1: stackName: the value is a placeholder: replace it, and take REPLACE out of its comment",
			"prod.yaml:2:1: alarmEmail: the value is a placeholder: replace it, and take REPLACE out of its comment",
		}},
		{"a guard that nobody hears of", "stackName: shop\nmaintenance:\n  guard: true\n", []string{
			"alarmEmail: nobody is told of alarms, of an environment that is guarded: want an address",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(test.source), 0o600); err != nil {
				t.Fatal(err)
			}
			stack := awscdk.NewStack(newTestApp(t.TempDir()), jsii.String("Shop"), nil)
			if err := NoteUnfinished(Stack{Stack: stack}, dir, "prod"); err != nil {
				t.Fatal(err)
			}
			var notes []string
			for _, entry := range *stack.Node().Metadata() {
				if *entry.Type == "aws:cdk:creationStack" {
					continue
				}
				if *entry.Type != "aws:cdk:info" {
					t.Errorf("%s %v, want notes only", *entry.Type, entry.Data)
				}
				notes = append(notes, fmt.Sprint(entry.Data))
			}
			if len(notes) != min(len(test.want), 1) {
				t.Fatalf("got %q, want %q", notes, test.want)
			}
			for _, want := range test.want {
				if !strings.Contains(notes[0], want) {
					t.Errorf("got %q, want %q", notes[0], want)
				}
			}
			if lines := strings.Count(strings.Join(notes, ""), "\n") + len(notes); lines != len(test.want) {
				t.Errorf("got %d lines, want %d", lines, len(test.want))
			}
		})
	}
	if err := NoteUnfinished(Stack{Stack: awscdk.NewStack(newTestApp(t.TempDir()), jsii.String("Shop"), nil)}, dir, "absent"); err == nil {
		t.Error("a file that is not there: no error")
	}
}

func TestAKeyThatStandsForAnotherIsRefused(t *testing.T) {
	for key, want := range map[string]string{
		"environment": "-c env=prod", "ENV": "-c env=prod", "Env": "-c env=prod", "stage": "-c env=prod", "mode": "-c maintenance=prod",
		"Maintenance": "-c maintenance=prod", "protected": "-c protection=prod",
	} {
		app := newTestApp(t.TempDir())
		app.Node().SetContext(&key, "prod")
		if _, _, err := ChooseEnvironment(app, remembered("environments")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("-c %s=prod: %v, want %s", key, err, want)
		}
	}
	if env, err := chosen(t, "staging", nil); err != nil || env.Name != "staging" {
		t.Errorf("%s, %v", env.Name, err)
	}
}
