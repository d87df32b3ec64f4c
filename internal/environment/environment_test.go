package environment

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/noren-cdk/noren/maintenance"
)

var committed = []string{"dev", "staging", "prod"}

// environmentsDir returns the folder of the committed files, from wherever
// TestMain runs the tests.
func environmentsDir(t *testing.T) string {
	t.Helper()
	for _, dir := range []string{"../../environments"} {
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
	}
	t.Fatal("no environments folder")
	return ""
}

func TestCommittedEnvironments(t *testing.T) {
	dir := environmentsDir(t)
	for _, name := range committed {
		t.Run(name, func(t *testing.T) {
			env, warnings, err := Load(dir, name)
			if err != nil || len(warnings) > 0 {
				t.Fatalf("got %v, warnings %v", err, warnings)
			}
			if env.Name != name || env.StackName != "fieldreports-"+name {
				t.Errorf("got %q with stack %q", env.Name, env.StackName)
			}
			if got := env.Maintenance.Mode; got != maintenance.Open {
				t.Errorf("committed closed: mode %q", got)
			}
			if m := env.Maintenance; m.Guard != (name != "dev") || !m.Reopen.IsZero() {
				t.Errorf("guard %v, reopen %v", m.Guard, m.Reopen)
			}
		})
	}
}

func TestCommittedEnvironmentsShowEveryKey(t *testing.T) {
	for _, name := range committed {
		source, err := os.ReadFile(filepath.Join(environmentsDir(t), name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		d := newDecoder(name + ".yaml")
		root, ok := d.parse(source)
		if !ok {
			t.Fatal(joinProblems(d.problems))
		}
		d.decodeRoot(root, new(Environment))
		for _, key := range allKeys(reflect.TypeFor[Environment](), "") {
			if _, ok := d.found[key]; !ok {
				t.Errorf("%s.yaml does not show %s", name, key)
			}
		}
	}
}

func allKeys(t reflect.Type, outer string) (keys []string) {
	names, fields := keysOf(t)
	for _, name := range names {
		key := joinKey(outer, name)
		keys = append(keys, key)
		if isSection(fields[name].Type) {
			keys = append(keys, allKeys(fields[name].Type, key)...)
		}
	}
	return keys
}

func TestDevDeploysUnedited(t *testing.T) {
	env, _, err := Load(environmentsDir(t), "dev")
	if err != nil {
		t.Fatal(err)
	}
	if env.Account != "" || env.Region == "" || len(env.Network.AvailabilityZones) > 0 || env.API.Domain != "" || env.DeletionProtection {
		t.Errorf("dev is tied to an account: %+v", env)
	}
}

func TestProdSurvivesTheLossOfAZone(t *testing.T) {
	env, _, err := Load(environmentsDir(t), "prod")
	if err != nil {
		t.Fatal(err)
	}
	zones := len(env.Network.AvailabilityZones)
	if zones < 3 || env.Network.NATGateways != zones || env.Database.Readers+1 < zones || env.API.MinTasks < zones {
		t.Errorf("got %d zones, %d NAT gateways, %d readers, %d tasks", zones, env.Network.NATGateways, env.Database.Readers, env.API.MinTasks)
	}
	if !env.DeletionProtection || !env.Maintenance.ReadOnly || env.Database.BackupDays < 30 {
		t.Errorf("prod is not protected: %+v", env)
	}
}

func TestLoadUnknown(t *testing.T) {
	dir := environmentsDir(t)
	for _, name := range []string{
		"prd",
		"",
		"DEV",
		"dev.yaml",
		"./dev",
		"../environments/dev",
		"sub/../dev",
		"/etc/passwd",
		`..\dev`,
		"..",
		"dev\x00",
	} {
		_, _, err := Load(dir, name)
		want := "unknown environment " + strconv.Quote(name) + ": want dev, staging or prod"
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", name, err, want)
		}
	}
}

func TestLoadNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"prod.yaml", "qa.yaml", "dev.yaml", "production.yaml", ".hidden.yaml", "dev.old.yaml", "README.md", ".yaml"} {
		write(t, dir, name, "")
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, _, err := Load(dir, "x")
	if want := `unknown environment "x": want dev, qa, prod or production`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLoadUnreadable(t *testing.T) {
	empty, absent, large := t.TempDir(), filepath.Join(t.TempDir(), "absent"), t.TempDir()
	path := write(t, large, "dev.yaml", strings.Repeat("#\n", maxEnvironmentSize))
	for _, test := range []struct{ name, dir, want string }{
		{"no file in the folder", empty, "reading environments: no .yaml file in " + strconv.Quote(empty)},
		{"no folder", absent, "reading environments: open " + absent + ": no such file or directory"},
		{"too large a file", large, `reading environment "dev": ` + path + " is larger than 64 KiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, _, err := Load(test.dir, "dev"); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

// TestLoad_AsDocumented checks that Load reports two mistakes in dev as
// docs/environments.md shows.
func TestLoad_AsDocumented(t *testing.T) {
	file, err := os.ReadFile("../../environments/dev.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(file)
	for _, mistake := range [][2]string{{"\n  readers: 0\n", "\n  readers: two\n"}, {"\n    - POST /api/login\n", "\n    - /api/login\n"}} {
		if strings.Count(text, mistake[0]) != 1 {
			t.Fatalf("dev.yaml has no single %q", mistake[0])
		}
		text = strings.Replace(text, mistake[0], mistake[1], 1)
	}
	dir := t.TempDir()
	path := filepath.ToSlash(write(t, dir, "dev.yaml", text))
	_, _, err = Load(dir, "dev")
	if err == nil {
		t.Fatal("no error")
	}
	want := "$ npx cdk synth\n" + strings.ReplaceAll(err.Error(), path, "environments/dev.yaml") + "\n"
	const name, fence = "../../docs/environments.md", "```\n"
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(page), fence)
	got, tail, ok := strings.Cut(rest, fence)
	if !ok {
		t.Fatalf("%s shows nothing", name)
	}
	if *update {
		if err := os.WriteFile(name, []byte(head+fence+want+fence+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -want +got\n%s", name, diff)
	}
}

func TestLoadReportsAllProblemsInOrder(t *testing.T) {
	dir := t.TempDir()
	path := filepath.ToSlash(write(t, dir, "dev.yaml", `
stackName: 1st
region: us-east-1
api: {ingressPrefixList: pl-3b927c52}
network:
  cidr: 10.0.0.1/16
  natGatways: 2
database:
  engineVersion: 8.0.mysql_aurora.3.10.3
  readers: two
  minCapacity: 3
  maxCapacity: 2
maintenance:
  allow:
    - POST /api/login
    - 7
  bypass: {cidrs: [203.0.113.0/28]}
`))
	env, _, err := Load(dir, "dev")
	want := strings.ReplaceAll(strings.TrimSpace(`
FILE:2:1: stackName: want letters, digits and hyphens, a letter first, at most 128, got "1st"
FILE:6:3: network.cidr: want the first address of the range, 10.0.0.0/16, got 10.0.0.1/16
FILE:7:3: network.natGatways: unknown key: did you mean natGateways? want one of cidr, availabilityZones or natGateways
FILE:8:1: database.name: missing: want a database name: letters, digits and underscores, a letter first, at most 64
FILE:10:3: database.readers: want a whole number from 0 to 15, got "two"
FILE:11:3: database.minCapacity: want at most maxCapacity, which is 2, got 3
FILE:16:7: maintenance.allow[1]: want text, got 7
FILE:17:12: maintenance.bypass.cidrs: want none without api.domain: the load balancer is then behind CloudFront and does not see the client's address
`), "FILE", path)
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if !reflect.DeepEqual(env, Environment{}) {
		t.Errorf("an environment came with the error: %+v", env)
	}
}

func TestDefaults(t *testing.T) {
	env, warnings, problems := parseEnvironment("env.yaml", []byte(`
stackName: s
region: eu-west-1
network: {cidr: 10.0.0.0/16}
database: {engineVersion: 8.0.mysql_aurora.3.10.3, name: d, minCapacity: 0, maxCapacity: 1.5}
api: {cpu: 2048, minTasks: 3, ingressPrefixList: pl-4fa04526}
`), time.Now())
	if len(problems)+len(warnings) > 0 {
		t.Fatal(problems, warnings)
	}
	want := Environment{
		StackName: "s",
		Region:    "eu-west-1",
		LogDays:   30,
		Network:   Network{CIDR: netip.MustParsePrefix("10.0.0.0/16"), NATGateways: 1},
		Database: Database{
			EngineVersion: "8.0.mysql_aurora.3.10.3", Name: "d", MaxCapacity: 1.5,
			BackupDays: 7, OnlineAlterLogMaxSize: 1 << 30,
		},
		API: API{
			Port: 8080, HealthCheckPath: "/api/health", CPU: 2048, Memory: 4096,
			MinTasks: 3, MaxTasks: 6, SetupCommand: []string{"migrate"}, IngressPrefixList: "pl-4fa04526",
		},
		Sessions:     Sessions{Store: "database", NodeType: "cache.t4g.small"},
		SchemaChange: SchemaChange{Changes: "examples/fieldreports/schemachanges"},
		Maintenance:  Maintenance{Mode: maintenance.Open, Window: Window{Mode: maintenance.Closed, Reopen: "ask"}, RetryAfter: 10 * time.Minute, ExpectedDuration: 4 * time.Hour, Bypass: Bypass{SecretVersion: 1}},
	}
	if diff := cmp.Diff(want, env, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestUntilInThePastIsAWarning(t *testing.T) {
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	source := strings.Replace(valid, "  mode: false\n", "  mode: false\n  until: 2026-12-01T08:59:59+09:00\n", 1)
	_, warnings, problems := parseEnvironment("env.yaml", []byte(source), now)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := "env.yaml:41:3: maintenance.until: 2026-12-01T08:59:59+09:00 is past: clients are told to wait 10m0s instead"
	if len(warnings) != 1 || warnings[0].Error() != want {
		t.Errorf("got %v, want %s", warnings, want)
	}
	if _, warnings, _ := parseEnvironment("env.yaml", []byte(source), now.Add(-time.Second)); len(warnings) > 0 {
		t.Errorf("warned of the present: %v", warnings)
	}
}

func write(t *testing.T, dir, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
