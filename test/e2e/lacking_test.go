//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// lacking is a type of resource that is not deployed to the emulator.
type lacking struct {
	resourceType string
	reason       string
	test         string // the test that covers it: package and function
}

const (
	ignored = "moto has no such resource in CloudFormation"
	invoked = "moto would run the function behind it, in Docker"
)

// lackings are all types that are left out. The test fails for a type that is
// neither in this list nor known to the emulator.
var lackings = []lacking{
	{"AWS::ApplicationAutoScaling::ScalableTarget", ignored, "stacks.TestTheServiceScalesWithItsLoad"},
	{"AWS::ApplicationAutoScaling::ScalingPolicy", ignored, "stacks.TestTheServiceScalesWithItsLoad"},
	{"AWS::CloudFront::Distribution", ignored, "stacks.TestTheSiteIsServedByCloudFrontOnly"},
	{"AWS::CloudFront::Function", ignored, "stacks.TestTheSiteIsServedByCloudFrontOnly"},
	{"AWS::CloudFront::OriginAccessControl", ignored, "stacks.TestTheSiteIsServedByCloudFrontOnly"},
	{"AWS::CloudFront::ResponseHeadersPolicy", ignored, "stacks.TestTheSiteIsServedByCloudFrontOnly"},
	{"AWS::CloudFront::VpcOrigin", ignored, "stacks.TestTheSiteIsServedByCloudFrontOnly"},
	{"AWS::CloudWatch::Alarm", ignored, "stacks.TestEveryAlarmTellsTheTopicOrIsToldOf"},
	{"AWS::CloudWatch::CompositeAlarm", ignored, "stacks.TestEveryAlarmTellsTheTopicOrIsToldOf"},
	{"AWS::EC2::SecurityGroupEgress", ignored, "stacks.TestTheLoadBalancerReachesTheServiceAndNothingElse"},
	{"AWS::EC2::SecurityGroupIngress", "moto takes no prefix list for a source", "stacks.TestNothingButTheServiceAndTheTasksReachesTheDatabase"},
	{"AWS::Lambda::EventInvokeConfig", ignored, "maintenancemode.TestAStackNeverHangs"},
	{"AWS::RDS::DBCluster", ignored, "stacks.TestTheDatabaseIsPrivateAndHoldsNoPasswordOfOurs"},
	{"AWS::RDS::DBClusterParameterGroup", ignored, "stacks.TestTheDatabaseIsReadyForSchemaChanges"},
	{"AWS::RDS::DBInstance", "moto takes none of a cluster that it does not have", "stacks.TestTheDatabaseIsPrivateAndHoldsNoPasswordOfOurs"},
	{"AWS::S3::BucketPolicy", ignored, "stacks.TestBucketsAreReadOverTLSAndByWhomTheyAreFor"},
	{"AWS::SNS::TopicPolicy", ignored, "stacks.TestWhoMayTellTheTopic"},
	{"AWS::SSM::Parameter", "moto takes none without a name", "maintenancemode.TestTheRecordIsNotWrittenByADeploy"},
	{"AWS::Scheduler::Schedule", ignored, "stacks.TestTheProbeRunsEveryMinute"},
	{"AWS::SecretsManager::Secret", ignored, "stacks.TestSecretsAreGenerated"},
	{"AWS::SecretsManager::SecretTargetAttachment", ignored, "stacks.TestTheDatabaseIsPrivateAndHoldsNoPasswordOfOurs"},
	{"Custom::CDKBucketDeployment", invoked, "stacks.TestCustomResourcesAreCDKsOwn"},
	{"Custom::LogRetention", invoked, "stacks.TestCustomResourcesAreCDKsOwn"},
	{"Custom::NorenAnnouncement", invoked, "maintenancemode.TestStatus_Kept"},
	{"Custom::NorenReopenGuard", invoked, "maintenancemode.TestTheGuardComesBeforeEverythingThatFlips"},
	{"Custom::S3AutoDeleteObjects", invoked, "stacks.TestCustomResourcesAreCDKsOwn"},
	{"Custom::VpcRestrictDefaultSG", invoked, "stacks.TestCustomResourcesAreCDKsOwn"},
}

// lackingType reports whether a type is not deployed, and why.
func lackingType(resourceType string) (lacking, bool) {
	for _, l := range lackings {
		if l.resourceType == resourceType {
			return l, true
		}
	}
	return lacking{}, false
}

// checkCovered checks that the list contains only what was left out, and runs the
// tests that it names: each must mention the type, and pass.
func checkCovered(t *testing.T, filtered map[string]bool) {
	functions := map[string]string{}
	tests := map[string][]string{} // by folder
	for _, l := range lackings {
		if !filtered[l.resourceType] {
			t.Errorf("%s is on the list of what is left out, and no environment has it: take it off", l.resourceType)
		}
		pkg, name, _ := strings.Cut(l.test, ".")
		folder := pkg
		if pkg != "stacks" {
			folder = "constructs/" + pkg
		}
		if functions[l.test] == "" {
			functions[l.test] = sourceOf(t, folder, name)
			tests[folder] = append(tests[folder], name)
		}
		if !speaksOf(t, folder, functions[l.test], l.resourceType) {
			t.Errorf("%s does not speak of %s, which it is to cover", l.test, l.resourceType)
		}
	}
	env := plainEnvironment(scratch(t))
	for folder, names := range tests {
		start := time.Now()
		cmd := exec.Command("go", "test", "-v", "-run", "^("+strings.Join(names, "|")+")$", "./"+folder)
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", cmd, err, out)
		}
		for _, name := range names {
			if !bytes.Contains(out, []byte("--- PASS: "+name+" ")) {
				t.Errorf("%s.%s did not pass", folder, name)
			}
		}
		took(t, fmt.Sprintf("%d tests of %s that cover what is not deployed", len(names), folder), start)
	}
}

// speaksOf reports whether the source of a test contains the name of the type, or
// of a constant with that value.
func speaksOf(t *testing.T, folder, source, resourceType string) bool {
	t.Helper()
	quoted := strconv.Quote(resourceType)
	if strings.Contains(source, quoted) {
		return true
	}
	constant := regexp.MustCompile(`(?m)^\s*(?:const )?(\w+)\s+= ` + regexp.QuoteMeta(quoted) + `$`)
	name := constant.FindStringSubmatch(testSources(t, folder))
	return name != nil && regexp.MustCompile(`\b`+name[1]+`\b`).MatchString(source)
}

// testSources returns the sources of a package's tests.
func testSources(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources.Write(source)
	}
	return sources.String()
}

// sourceOf returns the source of a test function.
func sourceOf(t *testing.T, folder, name string) string {
	t.Helper()
	if _, body, found := strings.Cut(testSources(t, folder), "\nfunc "+name+"("); found {
		body, _, _ = strings.Cut(body, "\n}\n")
		return body
	}
	t.Errorf("there is no test %s in %s", name, folder)
	return "none"
}

// emulated returns the types of resources that the emulator knows.
var emulated = sync.OnceValues(func() (map[string]bool, error) {
	cmd := exec.Command(python, "test/e2e/emulator.py", "types")
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var types map[string]bool
	return types, json.Unmarshal(out, &types)
})

func emulatedTypes(t *testing.T) map[string]bool {
	t.Helper()
	types, err := emulated()
	if err != nil {
		t.Fatalf("asking the emulator for the types it knows: %v", err)
	}
	return types
}

// printFiltered prints which resources of an assembly are not deployed.
func printFiltered(t *testing.T, a assembly) {
	t.Helper()
	t.Log("not deployed, and covered by a test of the template:")
	for _, resourceType := range slices.Sorted(maps.Keys(a.filtered)) {
		l, _ := lackingType(resourceType)
		t.Logf("%4d %s: %s; %s", a.filtered[resourceType], resourceType, l.reason, l.test)
	}
}
