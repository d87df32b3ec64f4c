package stacks

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/maintenance"
)

// runbook returns the document and the commands in it: in its code blocks,
// without comments, and in its code spans. cmd/noren checks the noren commands
// against its verbs.
func runbook(tb testing.TB) (document string, commands []string) {
	tb.Helper()
	return documented(tb, "runbook.md")
}

// documented returns a document of docs, and the commands in it.
func documented(tb testing.TB, file string) (document string, commands []string) {
	tb.Helper()
	data, err := os.ReadFile(remembered("docs/" + file))
	if err != nil {
		tb.Fatal(err)
	}
	document = string(data)
	blocks := regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```$")
	for _, block := range blocks.FindAllStringSubmatch(document, -1) {
		for line := range strings.Lines(block[1]) {
			command, _, _ := strings.Cut(line, " #")
			if command = strings.TrimSpace(command); command != "" {
				commands = append(commands, command)
			}
		}
	}
	for _, span := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(blocks.ReplaceAllString(document, ""), -1) {
		commands = append(commands, span[1])
	}
	return document, commands
}

func TestEveryAlarmIsInTheRunbook(t *testing.T) {
	document, _ := runbook(t)
	said := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+Alarm)` \\| (\\w+) \\| ([^|]+) \\| (.+) \\|$").FindAllStringSubmatch(document, -1) {
		if row[2] != "quiet" && row[2] != "always" {
			t.Errorf("%s is %q during maintenance: want quiet or always", row[1], row[2])
		}
		if !strings.HasPrefix(row[4], "`") && !strings.HasPrefix(row[4], "stop ") {
			t.Errorf("%s does not say what to do first: %s", row[1], row[4])
		}
		said[row[1]] = row[2] == "quiet"
	}
	for _, name := range environments {
		for id, quiet := range synthesized(t, name, maintenance.Open).template.alarmIDs(t) {
			if got, ok := said[id]; !ok || got != quiet {
				t.Errorf("%s: %s is quiet during maintenance: %v; the runbook has it: %v, and says %v", name, id, quiet, ok, got)
			}
		}
	}
	deployed := withEverything(t).alarmIDs(t)
	for id := range said {
		if _, ok := deployed[id]; !ok {
			t.Errorf("the runbook has an alarm that prod has not: %s", id)
		}
	}
}

// awsCommands are the commands of the AWS CLI that the runbook may use, with
// their options. Source: the reference of AWS CLI version 2.
var awsCommands = map[string][]string{
	"cloudformation describe-stacks":               {"--stack-name", "--query", "--output"},
	"cloudformation describe-stack-events":         {"--stack-name", "--max-items", "--query", "--output"},
	"cloudformation wait":                          {"--stack-name"},
	"cloudformation continue-update-rollback":      {"--stack-name", "--resources-to-skip"},
	"cloudformation update-termination-protection": {"--stack-name", "--no-enable-termination-protection"},
	"cloudformation describe-stack-resources":      {"--stack-name", "--query", "--output"},
	"cloudformation delete-stack":                  {"--stack-name"},
	"elbv2 modify-load-balancer-attributes":        {"--load-balancer-arn", "--attributes"},
	"rds modify-db-cluster":                        {"--db-cluster-identifier", "--no-deletion-protection", "--manage-master-user-password", "--master-user-password", "--apply-immediately", "--engine-version", "--allow-major-version-upgrade", "--db-cluster-parameter-group-name", "--db-instance-parameter-group-name"},
	"secretsmanager get-secret-value":              {"--secret-id", "--query", "--output"},
	"s3 rm":                                        {"--recursive"},
	"resourcegroupstaggingapi get-resources":       {"--tag-filters", "--query", "--output"},
	"logs tail":                                    {"--region", "--since", "--follow"},
	"logs describe-log-groups":                     {"--query", "--output"},
	"logs delete-log-group":                        {"--log-group-name"},
	"ec2 describe-security-groups":                 {"--filters", "--query", "--output"},
	"ecs update-service":                           {"--cluster", "--service", "--force-new-deployment"},
	"ecs describe-services":                        {"--cluster", "--services"},
	"lambda get-account-settings":                  {},
	"rds describe-db-clusters":                     {"--db-cluster-identifier", "--query", "--output"},
	"rds describe-db-instances":                    {"--db-instance-identifier", "--query", "--output"},
	"rds describe-events":                          {"--duration", "--output", "--query", "--source-identifier", "--source-type"},
	"s3 sync":                                      {"--delete", "--exclude"},
	"rds restore-db-cluster-to-point-in-time":      {"--source-db-cluster-identifier", "--db-cluster-identifier", "--restore-to-time", "--db-subnet-group-name", "--vpc-security-group-ids", "--db-cluster-parameter-group-name", "--enable-iam-database-authentication", "--serverless-v2-scaling-configuration"},
	"rds create-db-instance":                       {"--db-instance-identifier", "--db-cluster-identifier", "--db-instance-class", "--engine"},
	"rds wait":                                     {"--db-instance-identifier"},
	"rds delete-db-instance":                       {"--db-instance-identifier"},
	"rds delete-db-cluster":                        {"--db-cluster-identifier", "--skip-final-snapshot"},
	"rds download-db-log-file-portion":             {"--db-instance-identifier", "--log-file-name", "--output"},
	"rds create-db-cluster-parameter-group":        {"--db-cluster-parameter-group-name", "--db-parameter-group-family", "--description"},
	"rds create-db-parameter-group":                {"--db-parameter-group-name", "--db-parameter-group-family", "--description"},
	"rds create-blue-green-deployment":             {"--blue-green-deployment-name", "--source", "--target-engine-version", "--target-db-cluster-parameter-group-name", "--target-db-parameter-group-name"},
	"rds describe-blue-green-deployments":          {"--query", "--output"},
	"rds switchover-blue-green-deployment":         {"--blue-green-deployment-identifier", "--switchover-timeout"},
}

func TestTheCommandsOfTheRunbookExist(t *testing.T) {
	_, commands := runbook(t)
	_, first := documented(t, "first-deploy.md")
	_, guard := documented(t, "guard.md")
	_, upgrade := documented(t, "aurora-upgrade.md")
	_, announcement := documented(t, "announcement.md")
	commands = slices.Concat(commands, first, guard, upgrade, announcement)
	outputs := withEverything(t).Outputs
	option := regexp.MustCompile(`(^|\s)(--[a-z0-9-]+)`)
	counts := map[string]int{}
	for _, command := range commands {
		for _, name := range regexp.MustCompile(`(?:^|[^-\w])output ([A-Za-z]+)`).FindAllStringSubmatch(command, -1) {
			counts["output"]++
			if _, ok := outputs[name[1]]; !ok && name[1] != "NAME" {
				t.Errorf("%s: prod has no output %s", command, name[1])
			}
		}
		for _, call := range regexp.MustCompile(`\baws (\w+ [a-z-]+)([^;}|]*)`).FindAllStringSubmatch(command, -1) {
			counts["aws"]++
			options, ok := awsCommands[call[1]]
			if !ok {
				t.Errorf("%s: is aws %s a command? add it to the test", command, call[1])
			}
			for _, o := range option.FindAllStringSubmatch(call[2], -1) {
				if !slices.Contains(options, o[2]) {
					t.Errorf("%s: does aws %s have %s? add it to the test", command, call[1], o[2])
				}
			}
		}
		if rest, ok := strings.CutPrefix(command, "npx cdk "); ok {
			counts["cdk"]++
			checkCDK(t, rest)
		}
		if target, ok := strings.CutPrefix(command, "make "); ok {
			counts["make"]++
			makefile, err := os.ReadFile(remembered("Makefile"))
			target, _, _ = strings.Cut(target, " ")
			if err != nil || !strings.Contains(string(makefile), "\n"+target+":") {
				t.Errorf("%s: %v, or no such target", command, err)
			}
		}
	}
	for _, kind := range []string{"output", "aws", "cdk", "make"} {
		if counts[kind] == 0 {
			t.Errorf("no command of %s: is this test looking at the right thing?", kind)
		}
	}
	for _, id := range []string{"MaintenanceGuard", "SchemaChangeCommand", "EmergencyCloseCommand", "EmergencyOpenCommand", "DashboardUrl"} {
		if _, ok := outputs[id]; !ok || !slices.ContainsFunc(commands, func(c string) bool { return strings.Contains(c, id) }) {
			t.Errorf("the runbook does not say what the output %s is for, or prod has none: %v", id, slices.Sorted(maps.Keys(outputs)))
		}
	}
}

// checkCDK checks the flags of a CDK CLI command against what the app accepts.
func checkCDK(t *testing.T, command string) {
	t.Helper()
	words := strings.Fields(command)
	if !slices.Contains([]string{"bootstrap", "synth", "diff", "deploy", "destroy", "gc"}, words[0]) {
		t.Errorf("cdk %s: unknown command", command)
	}
	for i := 1; i < len(words); i++ {
		if words[i] == "--unstable=gc" {
			continue
		}
		if words[i] != "-c" || i+1 == len(words) {
			t.Errorf("cdk %s: %s", command, words[i])
			continue
		}
		i++
		key, value, _ := strings.Cut(words[i], "=")
		var err error
		switch key {
		case "env":
			_, _, err = environment.Load("environments", value)
		case "protection":
			if value != "false" {
				err = fmt.Errorf("want false, got %q", value)
			}
		case "maintenance":
			_, err = maintenance.ParseFlag(value)
		case "maintenance-guard":
			if value != "absent" {
				err = fmt.Errorf("want absent, got %q", value)
			}
		case "maintenance-until":
			_, err = time.Parse(time.RFC3339, value)
		default:
			err = fmt.Errorf("unknown context key %q", key)
		}
		if err != nil {
			t.Errorf("cdk %s: %v", command, err)
		}
	}
}

// TestWhatTheRunbookNames checks the keys of environment files and the links to
// sections.
func TestWhatTheRunbookNames(t *testing.T) {
	document, commands := runbook(t)
	yaml, err := os.ReadFile(remembered("environments/prod.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"maintenance.expectedDuration", "bypass.cidrs", "reservedConcurrency", "database.maxCapacity", "backupDays", "deletionProtection", "reopen:"} {
		last := strings.TrimSuffix(key[strings.LastIndex(key, ".")+1:], ":")
		if !slices.Contains(commands, key) || !strings.Contains(string(yaml), last+":") {
			t.Errorf("the runbook does not name %s, or environments have no %s", key, last)
		}
	}
	env := loadEnvironment(t, "prod")
	for _, value := range []string{"AWS_REGION=" + env.Region, "STACK=" + env.StackName} {
		if !strings.Contains(document, "export "+value+" ") {
			t.Errorf("the runbook does not begin with %s", value)
		}
	}
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(document, -1) {
		anchor := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		anchors["#"+strings.ReplaceAll(anchor, " ", "-")] = true
	}
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(document, -1) {
		file, anchor, _ := strings.Cut(link[1], "#")
		if file == "" && !anchors["#"+anchor] { // lint checks links to other pages
			t.Errorf("no heading is %s: there are %v", anchor, slices.Sorted(maps.Keys(anchors)))
		}
	}
}
