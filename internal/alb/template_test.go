package alb

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/cfn"
)

func readFile(t *testing.T, name string, options cfn.Options) *Template {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	template, err := Read(f, options)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// outline summarizes a template.
func outline(t *Template) string {
	var b strings.Builder
	for _, l := range t.Listeners {
		fmt.Fprintf(&b, "%s %s %d of %s\n", l.Ref, l.Protocol, l.Port, l.LoadBalancer)
		for _, rule := range append(append([]Rule{}, l.Rules...), l.Default) {
			fmt.Fprintf(&b, "  %s %s:", rule.Name(), rule.LogicalID)
			for _, c := range rule.Conditions {
				fmt.Fprintf(&b, " [%s]", c.String())
			}
			for _, a := range rule.Actions {
				fmt.Fprintf(&b, " -> %s", a)
			}
			if rule.If != "" {
				fmt.Fprintf(&b, " (if %s)", rule.If)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// TestReadCDKTemplate reads a template that CDK wrote for an app with weighted
// releases, a redirect, a fixed response and single sign-on.
func TestReadCDKTemplate(t *testing.T) {
	template := readFile(t, "shop-cdk.template.json", cfn.Options{})
	want := `AlbHttp9B9C5A4E HTTP 80 of Alb16C2F182
  default AlbHttp9B9C5A4E: -> redirect 301 to https://#{host}:443/#{path}?#{query}
AlbHttpsF2D0A7B3 HTTPS 443 of Alb16C2F182
  5 AlbHttpsBypassRule2C3D4E5F: [header X-Preview <secret PreviewSecretBFDDDD06>] [source 203.0.113.0/24 or 2001:db8::/32] -> forward to GreenTargetGroup1A2B3C4D
  10 AlbHttpsStaffRule0C1D2E3F: [host "staff.example.com"] [path "/" or "/orders/*"] -> authenticate-oidc -> forward to AlbHttpsBlueGroup5F6A7B8C
  20 AlbHttpsOldShopRule4A5B6C7D: [host "old.example.com" or "*.old.example.com"] -> redirect 302 to #{protocol}://shop.example.com:#{port}/#{path}?#{query}
  30 AlbHttpsRobotsRule8E9F0A1B: [path "/robots.txt"] [method GET or HEAD] -> fixed response 200 text/plain
  40 ImagesRule: [path ~ "^/images/[0-9]+x[0-9]+/.+$"] [query format=webp or any key=avif] -> forward to ImagesTargetGroup9E8F7A6B
  default AlbHttpsF2D0A7B3: -> forward to AlbHttpsBlueGroup5F6A7B8C 90 %, GreenTargetGroup1A2B3C4D 10 %
`
	if diff := cmp.Diff(want, outline(template)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	https := template.Listener(Ref{LogicalID: "AlbHttpsF2D0A7B3"})
	if got := https.Rules[1].Path; got != "Shop/Alb/Https/StaffRule/Resource" {
		t.Errorf("path of rule 10: %q", got)
	}
	if got := https.Rules[4].Transforms; len(got) != 1 || got[0] != (Transform{"url-rewrite", "^/images/(.*)$", "/$1"}) {
		t.Errorf("transforms of rule 40: %v", got)
	}
	forward := https.Default.Final().(Forward)
	if !forward.Sticky || forward.Stickiness != time.Hour {
		t.Errorf("stickiness %v %v, want an hour", forward.Sticky, forward.Stickiness)
	}
	b := https.Balancer
	if !b.DropsInvalidHeaders() || !b.PreservesHost() || b.DesyncMode() != "strictest" || b.ForwardedFor() != "append" || b.Scheme != "internet-facing" {
		t.Errorf("load balancer %+v", b)
	}
	if https.Certificates != 1 || https.Foreign() || https.Path != "Shop/Alb/Https/Resource" {
		t.Errorf("listener: %d certificates, foreign %v, path %q", https.Certificates, https.Foreign(), https.Path)
	}
	if problems := Check(template); len(problems) != 0 {
		t.Errorf("problems %v, want none", problems)
	}
}

// TestReadTargetGroups checks what templates say about target groups.
func TestReadTargetGroups(t *testing.T) {
	shop := readFile(t, "shop-cdk.template.json", cfn.Options{})
	images := shop.TargetGroup(Ref{LogicalID: "ImagesTargetGroup9E8F7A6B"})
	if !images.Lambda() || !images.MultiValueHeaders() || images.DeregistrationDelay() != 0 ||
		len(images.Targets) != 1 || images.Targets[0] != (Ref{LogicalID: "ImagesFunctionD1C2B3A4"}) {
		t.Errorf("Lambda target group %+v", images)
	}
	blue := shop.TargetGroup(Ref{LogicalID: "AlbHttpsBlueGroup5F6A7B8C"})
	check := HealthCheck{Path: "/healthz", Interval: 10 * time.Second, Timeout: 5 * time.Second, Codes: "200-299"}
	if blue.Lambda() || blue.TargetType != "ip" || blue.Port != 80 || blue.DeregistrationDelay() != 30*time.Second || blue.HealthCheck != check {
		t.Errorf("target group %+v", blue)
	}
	ledger := readFile(t, "ledger-handwritten.template.json", cfn.Options{})
	api := ledger.TargetGroup(Ref{LogicalID: "ApiGroup"})
	check = HealthCheck{Path: "/health", Interval: 15 * time.Second, HealthyThreshold: 2, UnhealthyThreshold: 4}
	if api.Port != 8080 || api.DeregistrationDelay() != 30*time.Second || api.HealthCheck != check {
		t.Errorf("target group %+v", api)
	}
	canary := ledger.TargetGroup(Ref{LogicalID: "CanaryGroup"})
	if canary.DeregistrationDelay() != 5*time.Minute || canary.MultiValueHeaders() || canary.Sticky() {
		t.Errorf("target group %+v", canary)
	}
	if got := shop.TargetGroup(Ref{External: "arn:aws:..."}); got != nil {
		t.Errorf("target group outside the template: %v, want nil", got)
	}
}

// TestReadHandwrittenTemplate covers imports, parameters, mappings, conditions,
// values directly in a condition, and strings for numbers.
func TestReadHandwrittenTemplate(t *testing.T) {
	const europe = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2"
	for _, test := range []struct {
		name    string
		options cfn.Options
		want    string
	}{
		{"as its defaults say", cfn.Options{}, `${import network-staging-listener}  0 of 
  1190 OfficeRule: [source 192.0.2.0/24 or source-ip ${OfficeCidr}] [header Authorization Bearer <secret ApiToken>] -> forward to ApiGroup
  1200 ApiRule: [host "ledger.example.com" or "ledger.example.org"] [path "/v1/*"] -> forward to ApiGroup 99.5 %, CanaryGroup 0.498 %
  1210 DebugRule: [path "/debug/*"] -> fixed response 404 application/json
  default :
` + europe + `  0 of 
  1220 EuropeRule: [path "/eu/*"] -> redirect 302 to #{protocol}://eu-staging.example.com:#{port}/#{path}?#{query} (if InEurope)
  default :
`},
		{"with parameters", cfn.Options{Parameters: map[string]string{
			"Stage": "production", "BasePriority": "7", "Hosts": "l.example.net", "OfficeCidr": "198.51.100.0/24",
			"AWS::Region": "us-east-1", "CanaryPercent": "50",
		}}, `${import network-production-listener}  0 of 
  7 ApiRule: [host "l.example.net"] [path "/v1/*"] -> forward to ApiGroup 66.7 %, CanaryGroup 33.3 %
  1190 OfficeRule: [source 198.51.100.0/24 or 192.0.2.0/24] [header Authorization Bearer <secret ApiToken>] -> forward to ApiGroup
  1210 ProductionOnlyRule: [path "/reports/*"] -> forward to ApiGroup
  default :
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			template := readFile(t, "ledger-handwritten.template.json", test.options)
			if diff := cmp.Diff(test.want, outline(template)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, p := range Check(template) {
				if p.Severity == Error {
					t.Errorf("problem %v, want none", p)
				}
			}
		})
	}
}

// TestReveal checks that a secret that the caller knows is compared like any
// value.
func TestReveal(t *testing.T) {
	var asked []string
	template := readFile(t, "shop-cdk.template.json", cfn.Options{Reveal: func(name string) (string, bool) {
		asked = append(asked, name)
		return "s3cret", name == "<secret PreviewSecretBFDDDD06>"
	}})
	l := template.Listener(Ref{LogicalID: "AlbHttpsF2D0A7B3"})
	for value, want := range map[string]string{"s3cret": "5", "guess": "default"} {
		r := with("X-Preview", value)
		r.Source = from("203.0.113.9").Source
		if d := l.Route(&r); d.Rule.Name() != want || !d.Certain() {
			t.Errorf("%s: rule %s, certain %v; want rule %s for certain", value, d.Rule.Name(), d.Certain(), want)
		}
	}
	if len(asked) == 0 || strings.Contains(strings.Join(asked, " "), "{{") {
		t.Errorf("asked for %q", asked)
	}
}
