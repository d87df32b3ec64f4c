package maintenancemode_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/maintenance"
)

func (p product) bucket() awss3.IBucket {
	return awss3.NewBucket(p.stack, jsii.String("Site"), &awss3.BucketProps{EncryptionKey: awskms.NewKey(p.stack, jsii.String("Key"), nil)})
}

// TestStatus_Kept checks the document kept in a bucket: the announcement is a
// property of its resource, the function may read and write the object and
// nothing else, and it receives the mode events of this switch. All of it is the
// same in every mode.
func TestStatus_Kept(t *testing.T) {
	from := time.Date(2026, 12, 1, 1, 0, 0, 0, time.FixedZone("", 9*60*60))
	in := func(mode maintenance.Mode) template {
		return mustSynth(t, func(p product) {
			m := p.new(maintenancemode.Props{Mode: mode, Status: maintenancemode.Status{
				Bucket: p.bucket(), Announce: maintenance.Announcement{From: from, Message: map[string]string{"ja": "停止"}},
			}})
			if m.Announcement == nil {
				t.Error("no function is returned")
			}
		})
	}
	open, closed := in(maintenance.Open), in(maintenance.Closed)
	seen := map[string]bool{}
	for id, r := range open.Resources {
		if r.Type != "AWS::ElasticLoadBalancingV2::Listener" && !strings.HasPrefix(id, "MaintenanceGuard") && !reflect.DeepEqual(r, closed.Resources[id]) {
			t.Errorf("%s differs by the mode: %s", id, text(r))
		}
		switch {
		case r.Type == "Custom::NorenAnnouncement":
			if r.Properties["From"] != "2026-11-30T16:00:00Z" || r.Properties["Until"] != "" || r.Properties["Message"] != `{"ja":"\u505c\u6b62"}` {
				t.Errorf("%s", text(r.Properties))
			}
		case r.Type == "AWS::Events::Rule":
			if pattern := text(r.Properties["EventPattern"]); pattern != `{"account":[{"Ref":"AWS::AccountId"}],"detail":{"stack":["Product"],"switch":["Maintenance"]},"detail-type":["noren mode change"],"source":["noren"]}` {
				t.Errorf("the rule has the pattern %s", pattern)
			}
		case r.Type == "AWS::Lambda::Permission" && r.Properties["Principal"] == "events.amazonaws.com":
			if source := text(r.Properties["SourceArn"]); !strings.Contains(source, "MaintenanceModeEvents") {
				t.Errorf("whoever may invoke it: %s", source)
			}
		case strings.HasPrefix(id, "MaintenanceAnnouncementRoleDefaultPolicy"):
			for _, s := range r.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
				statement := s.(map[string]any)
				actions, resource := text(statement["Action"]), text(statement["Resource"])
				switch {
				case strings.Contains(actions, "s3:PutObject"):
					if actions != `["s3:GetObject","s3:PutObject"]` || !strings.HasSuffix(resource, `"/maintenance.json"]]}`) {
						t.Errorf("%s of %s", actions, resource)
					}
				case actions == `"s3:ListBucket"`:
					if text(statement["Condition"]) != `{"StringEquals":{"s3:prefix":"maintenance.json"}}` {
						t.Errorf("%s", text(statement))
					}
				case strings.Contains(actions, "kms:"):
					if !strings.Contains(resource, `"Key`) {
						t.Errorf("%s of %s", actions, resource)
					}
				case !strings.Contains(actions, "logs:"):
					t.Errorf("it may %s", text(statement))
				}
				seen[actions] = true
			}
		default:
			continue
		}
		seen[r.Type] = true
	}
	if len(seen) != 8 {
		t.Errorf("seen %v, want the resource, the rule, the permission, and a policy of four statements", seen)
	}
	if got := open.variables(t, "MAINTENANCE_STATUS"); got != "/maintenance.json" {
		t.Errorf("the answer leads to %q", got)
	}
	if got := open.route(t, request("GET /maintenance.json")); got != "app" {
		t.Errorf("without a URL the listener sends to %s", got)
	}
}

// variables returns the value of a variable of the only function that has it.
func (t template) variables(tb testing.TB, name string) any {
	tb.Helper()
	var value any
	for _, r := range t.Resources {
		environment, _ := r.Properties["Environment"].(map[string]any)
		all, _ := environment["Variables"].(map[string]any)
		if v, ok := all[name]; ok {
			value = v
		}
	}
	return value
}

// TestStatus_None checks that an importer who names no document gets neither the
// header nor anything that keeps a document.
func TestStatus_None(t *testing.T) {
	template := mustSynth(t, func(p product) { p.new(maintenancemode.Props{}) })
	for id, r := range template.Resources {
		if strings.Contains(id, "Announce") || r.Type == "AWS::Events::Rule" {
			t.Errorf("%s of type %s", id, r.Type)
		}
	}
	if got := template.variables(t, "MAINTENANCE_STATUS"); got != nil {
		t.Errorf("the answer leads to %v", got)
	}
}

// TestStatus_SharedListener checks that on a listener that several products
// share, and that a rule closes, only this product's hosts are redirected, in
// every mode.
func TestStatus_SharedListener(t *testing.T) {
	hosts := []string{"a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com", "f.example.com"}
	for _, mode := range []maintenance.Mode{maintenance.Open, maintenance.Closed} {
		template := mustSynth(t, func(p product) {
			p.new(maintenancemode.Props{Mode: mode, Hosts: hosts, Status: maintenancemode.Status{URL: "https://www.example.com:8443/status/maintenance.json"}})
		})
		for _, host := range append(hosts, "other.example.com") {
			r := alb.Request{Method: "GET", Target: "/maintenance.json", Host: host}
			want := "302"
			if host == "other.example.com" {
				want = "app"
			}
			if got := template.route(t, r); got != want {
				t.Errorf("%s, %s: got %s, want %s", mode, host, got, want)
			}
		}
		if redirect := text(template.Resources); !strings.Contains(redirect, `"RedirectConfig":{"Host":"www.example.com","Path":"/status/maintenance.json","Port":"8443","Protocol":"HTTPS","Query":"","StatusCode":"HTTP_302"}`) {
			t.Error("the redirect leads elsewhere")
		}
	}
}
