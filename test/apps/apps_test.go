// Package apps synthesizes other people's CDK apps, in a module outside this tree
// that imports the construct, and checks that the results are what the construct
// promises: make apps. Every test run includes some of them.
package apps

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/diff"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/internal/turn"
	"github.com/noren-cdk/noren/maintenance"
)

// app is an app and the expected result.
type app struct {
	name string
	want string   // part of the error in every mode; "" is none
	open []string // how the ids of target groups begin that are named, or belong to other products
	part bool     // included in every test run

	notes  string // a part of the notes
	unseen bool   // the rules to the application are in another app
	other  string // a switch with its own flags, which are not set
}

var apps = []app{
	{name: "01-pattern-http"},
	{name: "01-pattern-https", part: true},
	{name: "01-pattern-guard"},
	{name: "01-pattern-wrong-listener", want: "nothing on Shop/Web/LB/PublicRedirectListener forwards to AppTargetGroup"},
	{name: "01-multi-pattern", want: "stays open when the switch is closed: list its target group in Services, or name it in KeepOpen"},
	{name: "01-multi-services", part: true},
	{name: "02-two-constructs"},
	{name: "02-both", part: true},
	{name: "02-one-of-two", want: "the default action of Shop/Alb/Http, another listener of the load balancer, stays open when the switch is closed: give the listener in Listeners", part: true},
	{name: "02-quota", want: "its quota is 100", part: true},
	{name: "03-shared-two", open: []string{"Shop", "Blog"}},
	{name: "03-shared-low-priorities", want: "give it a priority above 199"},
	{name: "03-shared-same-band", want: "has rules in the same band, 100 to 199: set Priority of one of them, such as"},
	{name: "03-shared-overlapping-bands", want: "has rules in the same band"},
	{name: "03-forgot-hosts", want: "and without MaintenanceMode to a fixed-response by the default action of Shared/Alb/Http: leave it out of what is allowed, set Hosts,"},
	{name: "03-wildcard-hosts", open: []string{"Blog"}},
	{name: "03-hosts-five", open: []string{"Shop"}, unseen: true},
	{name: "03-hosts-three-clients", open: []string{"Shop"}, unseen: true},
	{name: "03-hosts-port-and-upper", want: `host "https://Shop.example.com:443/"`},
	{name: "03-two-flags", open: []string{"shop", "blog", "Shop", "Blog"}, other: "Shared/Blog"},
	{name: "04-imported"},
	{name: "04-imported-guard-hosts"},
	{name: "05-cross-stack", want: "each would wait for the other; make MaintenanceMode in the listener's stack, import the listener by its ARN, or set Hosts", part: true},
	{name: "05-cross-stack-guard", want: "each would wait for the other"},
	{name: "05-cross-stack-hosts", open: []string{"App"}, part: true},
	{name: "05-cross-stack-bare", open: []string{"App"}, unseen: true},
	{name: "05-own-stack", want: "each would wait for the other", part: true},
	{name: "05-foreign-in-band", want: "lies in the band 100 to 199", part: true},
	{name: "05-foreign-to-app", want: "make MaintenanceMode after all rules of the application"},
	{name: "05-foreign-before-hosts", want: "comes before the band 100 to 199 and can match"},
	{name: "05-foreign-after-hosts", want: "by Neighbour/Theirs (priority 1000)"},
	{name: "06-asg"},
	{name: "06-instance"},
	{name: "07-lambda-app"},
	{name: "08-weighted", part: true},
	{name: "08-weighted-hosts", open: []string{"Blue", "Green"}},
	{name: "08-sticky-forward"},
	{name: "08-ecs-bluegreen", want: "with the strategy BLUE_GREEN move it to another target group"},
	{name: "08-ecs-bluegreen-hosts", want: "with the strategy BLUE_GREEN move it to another target group", part: true},
	{name: "08-codedeploy", want: "by CODE_DEPLOY move it to another target group"},
	{name: "09-cognito", part: true},
	{name: "09-cognito-hosts", open: []string{"App"}},
	{name: "09-cognito-elsewhere", part: true},
	{name: "09-cognito-elsewhere-hosts", open: []string{"App"}},
	{name: "09-oidc"},
	{name: "10-micro-low", want: "stays open when the switch is closed: list its target group in Services"},
	{name: "10-micro-high", want: "stays open when the switch is closed: list its target group in Services", part: true},
	{name: "10-micro-three", want: "list its target group in Services"},
	{name: "10-micro-hosts", want: "goes to Shop/App by Allow0, and without MaintenanceMode to Shop/orders by", part: true},
	{name: "10-micro-hack", want: "and without MaintenanceMode to"},
	{name: "10-micro-services", part: true},
	{name: "10-micro-services-hosts", open: []string{"App", "orders", "users"}},
	{name: "10-micro-wide-rule"},
	{name: "10-micro-full-rule", want: "ReadOnly, for what goes by Shop/UsersRule: no rule has room", part: true},
	{name: "11-nlb"},
	{name: "11-nlb-root-health"},
	{name: "13-nested-all", notes: "the switch is in a nested stack: it changes with a deploy", part: true},
	{name: "13-nested-listener", want: "each would wait for the other"},
	{name: "13-nested-construct", want: "each would wait for the other"},
	{name: "13-stages", part: true},
	{name: "13-two-stacks", part: true},
	{name: "13-regions"},
	{name: "13-pipeline"},
	{name: "14-org"},
	{name: "14-legacy"},
	{name: "14-nag", part: true},
	{name: "15-message-5k", want: "Answer: "},
	{name: "15-60-patterns"},
	{name: "15-300-patterns", want: "Allow compiles to 100 rules, a band has room for 76"},
	{name: "15-unicode", want: `allow[0] "GET /報告/{id}"`},
	{name: "15-methods", want: `allow[0] "/api/login": a method is required`},
	{name: "15-everything-wrong", want: "AppTargetGroup is required"},
	{name: "15-until-past"},
	{name: "15-hosts-three", open: []string{"App"}},
	{name: "15-one-host-two-clients", open: []string{"App"}, part: true},
	{name: "15-five-hosts", open: []string{"App"}},
	{name: "15-no-health"},
	{name: "15-notes", notes: "is matched literally"},
	{name: "17-late-targets", want: "Shop/Alb/Http has no default action yet: add its targets before MaintenanceMode"},
	{name: "17-grpc"},
	{name: "17-part"},
	{name: "20-after", want: "goes to Shop/App by Allow0, and without MaintenanceMode to Shop/orders by Shop/OrdersRule (priority 1000)", part: true},
	{name: "21-l1-listener"},
	{name: "22-default-404", part: true},
}

const without = "without"

// TestApps checks that no app is half supported. An app is refused in every mode
// or in none. Only the properties that carry the mode change with it. Open sends
// every request where it went before; closed lets nothing through except what is
// allowed or named.
func TestApps(t *testing.T) {
	asked := os.Getenv("NOREN_APPS") // "all", or names
	program := build(t)
	out := t.TempDir()
	var chosen []string
	for _, a := range apps {
		if asked == "" && a.part || asked == "all" || slices.Contains(strings.Split(asked, ","), a.name) {
			chosen = append(chosen, a.name)
		}
	}
	cmd := exec.Command(program, append([]string{out}, chosen...)...)
	cmd.Dir = filepath.Dir(program)
	cmd.Env = append(os.Environ(), "CDK_VALIDATION=false")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, a := range apps {
		if slices.Contains(chosen, a.name) {
			t.Run(a.name, func(t *testing.T) { a.check(t, filepath.Join(out, a.name)) })
		}
	}
	t.Run("an error is one line", func(t *testing.T) {
		cmd := exec.Command(program, "run", "20-after")
		cmd.Dir = filepath.Dir(program)
		cmd.Env = append(os.Environ(), "CDK_OUTDIR="+t.TempDir(), "CDK_VALIDATION=false", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20")
		said, err := cmd.CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(said)), "\n")
		lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "compiled ") || strings.HasPrefix(line, "!!") })
		if err == nil || len(lines) != 2 || !strings.HasPrefix(lines[0], "Shop/Maintenance: ") { // it has two errors
			t.Errorf("got %v and %d lines:\n%s", err, len(lines), said)
		}
	})
}

// build creates a module outside the tree and compiles it, with this module's
// requirements.
func build(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/apps")); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?s)\nignore \(.*?\n\)\n`).ReplaceAllString(string(mod), "\n")
	text = strings.Replace(text, "module github.com/noren-cdk/noren", "module example.com/apps", 1) +
		"\nrequire github.com/noren-cdk/noren v0.0.0\n\nreplace github.com/noren-cdk/noren => " + root + "\n"
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"go.mod": []byte(text), "go.sum": sums} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-mod=mod", "-o", "apps", ".")
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return filepath.Join(dir, "apps")
}

func (a app) check(t *testing.T, dir string) {
	for _, mode := range maintenance.Modes() {
		said, err := os.ReadFile(filepath.Join(dir, mode.Flag()+".err"))
		switch {
		case err == nil && a.want == "":
			t.Errorf("%s: refused: %s", mode, said)
		case a.want != "" && !strings.Contains(string(said), a.want):
			t.Errorf("%s: got %q, want %q", mode, said, a.want)
		}
	}
	if a.want != "" || t.Failed() {
		return
	}
	before := assembly(t, filepath.Join(dir, without))
	modes := map[maintenance.Mode]map[string]*template{}
	for _, mode := range maintenance.Modes() {
		modes[mode] = assembly(t, filepath.Join(dir, mode.Flag()))
	}
	switches, turned := 0, 0
	for file, open := range modes[maintenance.Open] {
		for from, one := range modes {
			for to, other := range modes {
				for _, change := range changes(one[file], other[file]) {
					if !carriers.MatchString(change) {
						t.Errorf("%s: %s to %s: %s changes", file, from, to, change)
					}
				}
			}
		}
		for mode, templates := range modes {
			found, err := rules.Find(templates[file].data, templates[file].alb)
			if err != nil {
				continue
			}
			for _, f := range found {
				switches++
				want := mode
				if f.Name == a.other {
					want = maintenance.Open
				}
				if got, mixed := rules.Together(f.In(templates[file].alb)); got != want {
					t.Errorf("%s: %s is taken for %q %s, want %s", file, f.Name, got, mixed, want)
				}
				if mode == maintenance.Closed {
					a.checkClosed(t, f, templates[file].alb)
				}
			}
		}
		if old := before[file]; old != nil && !a.unseen {
			checkOpen(t, old.alb, open.alb)
		}
		turned += checkTurned(t, file, modes)
	}
	said := messages(t, filepath.Join(dir, maintenance.Closed.Flag()))
	if !strings.Contains(said, a.notes) {
		t.Errorf("it notes %q, want %q", said, a.notes)
	}
	if strings.Contains(said, "AwsSolutions") {
		t.Errorf("cdk-nag finds something that is not suppressed: %s", said)
	}
	if switches == 0 {
		t.Error("no switch in any template")
	}
	t.Logf("turned %d times as a synthesis does", turned)
}

// carriers are the properties that may change with the mode.
var carriers = regexp.MustCompile(`^AWS::ElasticLoadBalancingV2::Listener DefaultActions$|` +
	`^AWS::ElasticLoadBalancingV2::ListenerRule \S*Read\d+ Actions$|^AWS::ElasticLoadBalancingV2::ListenerRule \S*(Close|Upgrade)\d+ Conditions$|` +
	`^Custom::NorenReopenGuard (Mode|Digest|Explicit)$`)

// turns matches the paths of rules that carry the mode.
var turns = regexp.MustCompile(`/(Read|Close|Upgrade)\d+$`)

var unlocks = regexp.MustCompile(`/Unlock\d*$`)

// checkOpen checks that open sends every request where it went without the
// construct, except to the page that sets the bypass cookie.
func checkOpen(t *testing.T, old, open *alb.Template) {
	for _, l := range old.Listeners {
		next := open.Listener(l.Ref)
		if next == nil || l.Foreign() {
			continue
		}
		classes, complete := witness.Classes(l, next)
		if !complete {
			t.Errorf("%s: not all kinds of requests are looked at", l.Ref)
		}
		for _, c := range classes {
			if a, b := did(c.Old), did(c.New); a != b && !unlocks.MatchString(c.New.Path) {
				t.Errorf("open: %s %s %s goes to %s by rule %s, and without the construct to %s by rule %s", c.Request.Method, c.Request.Host, c.Request.Target, b, c.New.Name(), a, c.Old.Name())
			}
		}
	}
}

// checkClosed checks that closed lets requests through only by the switch's
// permanent rules, and to the targets that are named.
func (a app) checkClosed(t *testing.T, f rules.Found, closed *alb.Template) {
	for _, at := range f.Listeners {
		for _, l := range closed.Listeners {
			if l.Ref.String() != at.Name {
				continue
			}
			classes, _ := witness.Classes(l, l)
			for _, c := range classes {
				if strings.HasPrefix(c.New.Path, f.Name+"/") && !turns.MatchString(c.New.Path) {
					continue // it is allowed
				}
				for _, to := range (alb.Decision{Rule: c.New}).Targets() {
					name := to.Group.String()
					if name != f.Responder && !slices.ContainsFunc(a.open, func(open string) bool { return strings.HasPrefix(name, open) }) {
						t.Errorf("closed: %s %s %s goes to %s by rule %s", c.Request.Method, c.Request.Host, c.Request.Target, name, c.New.Name())
					}
				}
			}
		}
	}
}

// did returns the actions of a rule.
func did(r *alb.Rule) string {
	var texts []string
	for _, action := range r.Actions {
		texts = append(texts, fmt.Sprintf("%+v", action))
	}
	return strings.Join(texts, ", then ")
}

// checkTurned checks that noren close, open and read-only change a template
// exactly as a synthesis does, byte for byte. CloudFormation returns a question
// mark for every character that is not ASCII. If there are several switches, each
// one whose mode differs is turned.
func checkTurned(t *testing.T, file string, modes map[maintenance.Mode]map[string]*template) (compared int) {
	t.Helper()
	for from, templates := range modes {
		before := templates[file]
		found, err := rules.Find(before.data, before.alb)
		if err != nil {
			continue // no switch
		}
		if i := bytes.IndexFunc(before.data, func(r rune) bool { return r > 0x7f }); i >= 0 {
			t.Errorf("%s, %s: a character that is not ASCII at byte %d", file, from, i)
		}
		for to := range modes {
			want := modes[to][file]
			if bytes.Equal(want.data, before.data) {
				continue // another flag turns it, or the mode is the same
			}
			turned := before.data
			for _, f := range found {
				mode, _ := rules.Together(f.In(want.alb))
				name := want.described(f.Name)
				result, err := turn.Turn(turned, name, turn.Wish{Mode: mode, Typed: want.typed(f.Name)})
				if err != nil {
					t.Errorf("%s, %s of %s to %s: %v", file, f.Name, from, to, err)
				}
				turned = result.Template
			}
			if compared++; !bytes.Equal(turned, want.data) {
				t.Errorf("%s, %s to %s: not what a synthesis makes of it:\n%s", file, from, to, cmp.Diff(string(want.data), string(turned)))
			}
		}
	}
	return compared
}

// described returns the name of a switch in the template's own description, which
// is its path in its stack.
func (t *template) described(path string) string {
	for _, r := range t.Resources {
		var described struct{ Name string }
		text, _ := r.Metadata[turn.MetadataKey].(string)
		if json.Unmarshal([]byte(text), &described) == nil && strings.HasSuffix("/"+path, "/"+described.Name) {
			return described.Name
		}
	}
	return path
}

// typed returns the time at which the mode of a switch was set.
func (t *template) typed(name string) time.Time {
	for _, r := range t.Resources {
		if explicit, _ := r.Properties["Explicit"].(string); r.Type == maintenance.GuardType && strings.HasPrefix(fmt.Sprint(r.Metadata["aws:cdk:path"]), name+"/") {
			typed, _ := time.Parse(time.RFC3339, explicit)
			return typed
		}
	}
	return time.Time{}
}

// template is a template of an assembly.
type template struct {
	data      []byte
	alb       *alb.Template
	Resources map[string]struct {
		Type       string
		Properties map[string]any
		Metadata   map[string]any
	}
	Outputs map[string]any
}

// assembly reads the templates of an assembly, by path.
func assembly(t *testing.T, dir string) map[string]*template {
	t.Helper()
	all := map[string]*template{}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".template.json") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		read := &template{data: data}
		if err := json.Unmarshal(data, read); err != nil || len(read.Resources) == 0 {
			return err
		}
		if read.alb, err = alb.Read(bytes.NewReader(data), cfn.Options{}); err != nil {
			return err
		}
		resources, err := diff.Read(data, cfn.Options{})
		if err != nil {
			return err
		}
		if cycle := resources.Cycle(); cycle != nil {
			t.Errorf("%s: these wait for each other: %q", path, cycle)
		}
		name, err := filepath.Rel(dir, path)
		all[name] = read
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// changes returns the properties in which two templates differ, with the path of
// a rule, and the resources that only one of them has.
func changes(a, b *template) []string {
	var all []string
	if b == nil {
		return []string{"a template"}
	}
	if !reflect.DeepEqual(a.Outputs, b.Outputs) { // another stack may import one
		all = append(all, "Outputs")
	}
	for _, id := range slices.Sorted(maps.Keys(a.Resources)) {
		before, after := a.Resources[id], b.Resources[id]
		if after.Type == "" {
			all = append(all, id+", which comes or goes,")
		}
		for name := range before.Properties {
			if !reflect.DeepEqual(before.Properties[name], after.Properties[name]) && before.Type != "AWS::CloudFormation::Stack" {
				what := before.Type
				if what == "AWS::ElasticLoadBalancingV2::ListenerRule" {
					path, _ := before.Metadata["aws:cdk:path"].(string)
					what += " " + path
				}
				all = append(all, what+" "+name)
			}
		}
	}
	return all
}

// messages returns the messages of an assembly's constructs, including warnings
// and errors.
func messages(t *testing.T, dir string) string {
	t.Helper()
	var said strings.Builder
	for _, pattern := range []string{"manifest.json", "*.metadata.json"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			said.Write(data)
		}
	}
	return said.String()
}
