package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

var update = flag.Bool("update", false, "write the goldens")

// flips is the prefix of an app's templates in every mode.
const flips = "../../internal/diff/testdata/own."

// noren runs a command line in process.
func noren(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = exec(context.Background(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// inAssemblies runs a test in a folder with assemblies as make synth writes them,
// in all modes unless some are given.
func inAssemblies(t *testing.T, modes ...string) {
	t.Helper()
	if len(modes) == 0 {
		for _, mode := range maintenance.Modes() {
			modes = append(modes, string(mode))
		}
	}
	dir := t.TempDir()
	for _, mode := range modes {
		data, err := os.ReadFile(flips + mode + ".json")
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(dir, "cdk.out", "dev", mode)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{"fieldreports.template.json": data, "other.template.json": []byte(`{"Resources": {}}`), "manifest.json": []byte("{}")} {
			if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Chdir(dir)
}

// TestOutputs compares what people see on a narrow and on a wide terminal.
func TestOutputs(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	inAssemblies(t)
	for _, test := range []struct {
		golden string
		width  string
		args   []string
		code   int
	}{
		{"routes.80", "80", []string{"routes"}, 0},
		{"routes.160", "160", []string{"routes"}, 0},
		{"explain.80", "80", []string{"explain", "POST /api/reports?x=1", "-H", "X-Client: ios", "--from", "203.0.113.9", "--host", "api.example.com"}, 0},
		{"explain-uncertain.80", "80", []string{"explain", "/api/templates//7", "-H", "Cookie: maintenance-bypass=guess"}, 0},
		{"check.80", "80", []string{"check"}, 0},
		{"diff.80", "80", []string{"diff", "cdk.out/dev/open", "cdk.out/dev/closed"}, 0},
		{"diff.160", "160", []string{"diff", "cdk.out/dev/open", "cdk.out/dev/closed"}, 0},
		{"diff.md", "", []string{"diff", "cdk.out/dev/open", "cdk.out/dev/closed", "--format", "markdown"}, 0},
		{"diff.json", "", []string{"diff", "cdk.out/dev/open", "cdk.out/dev/read-only", "--json"}, 0},
		{"explain.json", "", []string{"explain", "POST /api/reports", "--json"}, 0},
	} {
		t.Run(test.golden, func(t *testing.T) {
			t.Setenv("COLUMNS", test.width)
			code, stdout, stderr := noren(test.args...)
			if code != test.code || stderr != "" {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
			golden := filepath.Join(here, "testdata", test.golden)
			if *update {
				if err := os.WriteFile(golden, []byte(stdout), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if stdout != string(want) {
				t.Errorf("got\n%s\nwant\n%s", stdout, want)
			}
			if width, ok := strings.CutPrefix(filepath.Ext(test.golden), "."); ok && width == "80" {
				for line := range strings.Lines(stdout) {
					if len([]rune(strings.TrimSuffix(line, "\n"))) > 80 {
						t.Errorf("longer than 80: %q", line)
					}
				}
			}
			if strings.Contains(stdout, "\x1b") {
				t.Error("colours where there is no terminal")
			}
		})
	}
}

// TestExits checks exit codes and the output on stderr.
func TestExits(t *testing.T) {
	inAssemblies(t)
	const o, c, r = "cdk.out/dev/open", "cdk.out/dev/closed", "cdk.out/dev/read-only"
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"Resources": {"Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": "arn",
		"Priority": 1, "Actions": [{"Type": "forward", "TargetGroupArn": "g"}], "Conditions": [{"Field": "path-pattern", "Values": ["/a(b)"]}]}}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(t.TempDir(), "parameter.json")
	if err := os.WriteFile(open, []byte(`{"Parameters": {"Weight": {"Type": "Number"}}, "Resources": {"L": {"Type": "AWS::ElasticLoadBalancingV2::Listener",
		"Properties": {"Port": 80, "Protocol": "HTTP", "LoadBalancerArn": "arn", "DefaultActions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [
		{"TargetGroupArn": "a", "Weight": {"Ref": "Weight"}}, {"TargetGroupArn": "b", "Weight": 1}]}}]}}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	database := func(version, metadata string) string {
		file := filepath.Join(t.TempDir(), "database.json")
		if err := os.WriteFile(file, []byte(`{"Resources": {"D": {"Type": "AWS::RDS::DBCluster", "Metadata": {`+metadata+`}, "Properties": {"Engine": "aurora-mysql", "EngineVersion": "`+version+`"}}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	eight, eightFour := database("8.0.mysql_aurora.3.10.3", ""), database("8.4.mysql_aurora.8.4.7", "")
	meant := database("8.4.mysql_aurora.8.4.7", `"noren:majorUpgrade": "8.4"`)
	for _, test := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"routes --env prod", 1, "", `no templates in cdk.out/prod/open: run "make synth ENV=prod", or name a template`},
		{"ddl runn change.sql", 1, "", `unknown verb "runn" of ddl: want plan, rehearse, run, status, resolve, quiet, copy or upgrade`},
		{"ddl copy comparee", 1, "", `unknown verb "comparee" of ddl copy: want plan, start, status, compare, switch, finish or abandon`},
		{"explain", 1, "", `want one request, such as "POST /api/reports", got 0 arguments`},
		{"replay", 1, "", "want access logs: files, folders, or - for standard input"},
		{"routes -c env=dev", 0, "CLOSED", ""},
		{"routes nowhere.json", 1, "", `reading template "nowhere.json": no such file or directory`},
		{"routes " + o + " " + c, 0, "CLOSED", ""},
		{"routes --json", 0, `"priority": "default"`, ""},
		{"explain nonsense", 1, "", `request "nonsense": want "METHOD /path" or a URL`},
		{"close --stack shop --region eu-central-1 --json", 1, "", "--json needs --yes"},
		{"close --stack shop --region eu-central-1 --until tomorrow", 1, "", `--until: "tomorrow" is not a time`},
		{"open --stack shop --region eu-central-1 --until 2026-12-01T04:00:00Z", 1, "", "unknown flag: --until"},
		{"read-only extra", 1, "", `unknown command "extra"`},
		{"explain /a -H nonsense", 1, "", `header "nonsense": want "Name: value"`},
		{"explain /a --from nowhere", 1, "", `--from "nowhere" is not an IP address`},
		{"explain /a --listener 443", 1, "", `unknown listener "443"`},
		{"explain /a --listener 80", 0, "rule 191 Read0", ""},
		{"explain TRACE /a", 0, "ALB answers 405", ""},
		{"explain GET https://api.example.com/a?b=c --template " + o, 0, "rule 191 Read0", ""},
		{"routes " + open, 0, "not known", "${Weight} is known only after a deploy: give its parameter"},
		{"check " + open, 1, "not read: resource \"L\"", ""},
		{"routes --parameter Wait=3 " + open, 1, "", `unknown parameter "Wait": want Weight`},
		{"routes --parameter Weight=much " + open, 1, "", `parameter "Weight": "much" is not a number`},
		{"routes " + open + " --value X.Y=3", 1, "", `the template has no resource "X"`},
		{"routes --parameter Weight=3 " + open, 0, "a 75 %, b 25 %", ""},
		{"explain /a --parameter Weight=3 --template " + open, 0, "a 75 %, b 25 %", ""},
		{"check --parameter Weight=3000 " + open, 1, "999", ""},
		{"diff --parameter Weight=3 " + open + " " + open, 0, "no differences", ""},
		{"check " + c, 0, "0 errors, 0 warnings", ""},
		{"check " + bad, 1, "error: path pattern", ""},
		{"check --json " + bad, 1, `"severity": "error"`, ""},
		{"diff " + o, 1, "", "want OLD and NEW, got 1 argument"},
		{"diff " + o + " " + c + " --expect closed", 0, "everything but the allowed requests", "nothing but the flip to closed changes"},
		{"diff " + c + " " + o + " --expect open", 0, "", "nothing but the flip to open changes"},
		{"diff " + o + " " + r + " --expect read-only", 0, "", "nothing but the flip to read-only changes"},
		{"diff " + o + " " + r + " --expect closed", 3, "", "not only the flip to closed:\n  the mode is read-only, want closed"},
		{"diff " + o + " " + o + " --expect closed", 3, "no differences", "not only the flip to closed"},
		{"diff " + o + " " + c + " --expect everything", 1, "", `--expect: unknown mode "everything": want open, read-only or closed`},
		{"diff " + o + " " + c + " --format html", 1, "", `unknown --format "html": want text, markdown or json`},
		{"diff " + o + " " + o, 0, "no differences", ""},
		{"diff " + o + " " + o + " --format markdown", 0, "No differences.", ""},
		{"diff " + o + " " + c + " --mode-unchanged", 3, "", "the mode changes from open to closed"},
		{"diff " + c + " " + c + " --mode-unchanged", 0, "closed\n", ""},
		{"diff " + o + " " + c + " --upgrades-named", 0, "", ""},
		{"diff " + eight + " " + eightFour + " --upgrades-named", 3, "", "database D goes from version 8.0.mysql_aurora.3.10.3 to 8.4.mysql_aurora.8.4.7, another major version, which the template does not name. If it is meant, say database.majorUpgrade: \"8.4\""},
		{"diff " + eight + " " + meant + " --upgrades-named", 0, "", ""},
		{"diff " + meant + " " + eight + " --upgrades-named", 3, "", "to 8.0.mysql_aurora.3.10.3, another major version, which the template does not name"},
		{"diff --mode " + o, 0, "open\n", ""},
		{"diff --mode " + c, 0, "closed\n", ""},
		{"diff --mode " + r, 0, "read-only\n", ""},
		{"diff --json --mode " + c, 0, `"mode": "closed",
  "flag": "true",
  "message": {
    "en": "Field Reports (dev) is down for maintenance."
  }`, ""},
		{"diff --mode " + bad, 1, "", "no function that answers during maintenance"},
	} {
		t.Run(test.args, func(t *testing.T) {
			code, stdout, stderr := noren(splitArgs(test.args)...)
			if code != test.code || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) || test.stderr == "" && stderr != "" {
				t.Errorf("got %d\n%s\n%s\nwant %d, %q, %q", code, stdout, stderr, test.code, test.stdout, test.stderr)
			}
		})
	}
}

// splitArgs splits a command line; a method and the path after it are one
// argument.
func splitArgs(line string) []string {
	var args []string
	for _, word := range strings.Fields(line) {
		if n := len(args); n > 0 && strings.ToUpper(args[n-1]) == args[n-1] && !strings.HasPrefix(args[n-1], "-") {
			args[n-1] += " " + word
			continue
		}
		args = append(args, word)
	}
	return args
}
