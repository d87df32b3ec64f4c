package preview

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/testing/tempdir"

	"github.com/noren-cdk/noren/internal/preview/edge"
)

// shop is another team's template: two services and a closed default, which a
// header with a generated secret bypasses.
const shop = `{"Resources": {
	"Lb": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Type": "application"}},
	"Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": {"Ref": "Lb"}, "Port": 80, "Protocol": "HTTP",
		"DefaultActions": [%s]}},
	"Bypass": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "Listener"}, "Priority": 1,
		"Conditions": [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Pass",
			"Values": [{"Fn::Join": ["", ["{{resolve:secretsmanager:", {"Ref": "Secret"}, ":SecretString:::}}"]]}]}}],
		"Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Web"}}]}},
	"OrdersRule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "Listener"}, "Priority": 2,
		"Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/orders/*"]}}],
		"Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Orders"}}]}},
	"Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": {}}},
	"Web": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"TargetType": "ip", "Port": 80, "Protocol": "HTTP"}},
	"Orders": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"TargetType": "ip", "Port": 80, "Protocol": "HTTP"}}%s}}`

const (
	toWeb  = `{"Type": "forward", "TargetGroupArn": {"Ref": "Web"}}`
	closed = `{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain", "MessageBody": "closed"}}`

	// cdn is a distribution with a bucket that gets the asset web.zip, for a site
	// and an API with their own domains.
	cdn = `, "Site": {"Type": "AWS::S3::Bucket"},
	"Upload": {"Type": "Custom::CDKBucketDeployment", "Properties": {"DestinationBucketName": {"Ref": "Site"}, "SourceObjectKeys": ["web.zip"],
		"SystemMetadata": {"cache-control": "max-age=60"}}},
	"Headers": {"Type": "AWS::CloudFront::ResponseHeadersPolicy", "Properties": {"ResponseHeadersPolicyConfig": {"SecurityHeadersConfig": {
		"ContentSecurityPolicy": {"ContentSecurityPolicy": "connect-src https://api.shop.example", "Override": true}}}}},
	"Cdn": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {"Aliases": ["www.shop.example"], "DefaultRootObject": "index.html",
		"Origins": [{"Id": "s", "DomainName": {"Fn::GetAtt": ["Site", "RegionalDomainName"]}, "S3OriginConfig": {}},
			{"Id": "a", "DomainName": "api.shop.example", "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"}}],
		"CacheBehaviors": [{"PathPattern": "/orders/*", "TargetOriginId": "a", "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"}],
		"DefaultCacheBehavior": {"TargetOriginId": "s", "ResponseHeadersPolicyId": {"Ref": "Headers"}}}}}`
)

// templates writes the shop, open and closed, with additional resources.
func templates(t *testing.T, more string) []Template {
	t.Helper()
	dir := t.TempDir()
	var list []Template
	for mode, action := range map[string]string{"open": toWeb, "closed": closed} {
		file := filepath.Join(dir, mode, "Shop.template.json")
		write(t, file, fmt.Sprintf(shop, action, more))
		write(t, filepath.Join(dir, mode, "Shop.assets.json"), `{"files": {"web": {"source": {"path": "asset.web"}, "destinations": {"d": {"objectKey": "web.zip"}}}}}`)
		write(t, filepath.Join(dir, mode, "asset.web", "index.html"), "uploaded")
		list = append(list, Template{Mode: mode, File: file})
	}
	slices.SortFunc(list, func(a, b Template) int { return strings.Compare(b.Mode, a.Mode) }) // open comes first
	return list
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// app returns an application that answers with its name.
func app(t *testing.T, name string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, name+" "+r.Host)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func run(t *testing.T, config Config) *Preview {
	t.Helper()
	p, err := Start(t.Context(), config, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	for slices.ContainsFunc(p.alb.TargetHealth(), func(h edge.TargetHealth) bool { return h.Health.String() == "initial" }) {
		time.Sleep(10 * time.Millisecond)
	}
	return p
}

func fetch(t *testing.T, address string, headers ...string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range headers {
		if name, value, ok := strings.Cut(header, ": "); ok {
			r.Header.Set(name, value)
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(answer.StatusCode) + " " + string(body)
}

func TestPreview_ServesAnotherAppsTemplate(t *testing.T) {
	p := run(t, Config{Templates: templates(t, ""), Apps: map[string]string{"Orders": app(t, "orders"), "": app(t, "web")}})
	if p.Site != "" || !slices.Contains(p.Notes, "the template has no distribution: only the load balancer is served") {
		t.Errorf("site %q, notes %q", p.Site, p.Notes)
	}
	secret := p.Secrets["Secret"]
	if len(secret) < 20 {
		t.Fatalf("the secret is %q", secret)
	}
	for _, tt := range []struct {
		mode, path, header, want string
	}{
		{"open", "/", "", "200 web 127.0.0.1"},
		{"open", "/orders/1", "", "200 orders 127.0.0.1"},
		{"closed", "/", "", "503 closed"},
		{"closed", "/orders/1", "", "200 orders 127.0.0.1"},
		{"closed", "/", "X-Pass: " + secret, "200 web 127.0.0.1"},
		{"closed", "/", "X-Pass: wrong", "503 closed"},
	} {
		if err := p.Flip(tt.mode); err != nil {
			t.Fatal(err)
		}
		if got := fetch(t, p.API+tt.path, tt.header); got != tt.want {
			t.Errorf("%s %s %s: %q, want %q", tt.mode, tt.path, tt.header, got, tt.want)
		}
	}
}

func TestServesTheSite(t *testing.T) {
	mine := t.TempDir()
	write(t, filepath.Join(mine, "index.html"), "mine")
	config := Config{Templates: templates(t, cdn), Apps: map[string]string{"": app(t, "app")}}
	for site, want := range map[string]string{"": "200 uploaded", mine: "200 mine"} {
		config.Site = site
		p := run(t, config)
		if got := fetch(t, p.Site+"/"); got != want {
			t.Errorf("the site is %q, want %q", got, want)
		}
		if got, want := fetch(t, p.Site+"/orders/1"), "200 app api.shop.example"; got != want {
			t.Errorf("through the site the API says %q, want %q", got, want)
		}
		if got, want := fetch(t, p.API+"/orders/1"), "200 app api.shop.example"; got != want {
			t.Errorf("at its own origin the API says %q, want %q", got, want)
		}
		answer, err := http.Get(p.Site)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if got, want := answer.Header.Get("Content-Security-Policy"), "connect-src "+p.API; got != want {
			t.Errorf("the policy is %q, want %q", got, want)
		}
	}
	config.TwoOrigins = true
	p := run(t, config)
	if got, want := fetch(t, p.Site+"/config.json"), fmt.Sprintf("200 {\"api\":%q}\n", p.API); got != want {
		t.Errorf("the site reads %q, want %q", got, want)
	}
}

func TestPorts(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	port := busy.Addr().(*net.TCPAddr).Port
	config := Config{Templates: templates(t, cdn), Apps: map[string]string{"": app(t, "app")}, APIPort: Port{Number: port}}
	p := run(t, config)
	if want := fmt.Sprintf("port %d is in use: the API has a free one", port); !slices.Contains(p.Notes, want) {
		t.Errorf("notes %q, want %q", p.Notes, want)
	}
	for _, address := range []string{p.Site, p.API, p.Control} {
		u, err := url.Parse(address)
		if err != nil || u.Hostname() != "127.0.0.1" || u.Port() == strconv.Itoa(port) {
			t.Errorf("it listens at %q, error %v", address, err)
		}
	}
	p.Close()
	for _, address := range []string{p.Site, p.API, p.Control} {
		if _, err := net.Dial("tcp", strings.TrimPrefix(address, "http://")); err == nil {
			t.Errorf("%s still answers after the end", address)
		}
	}
	config.APIPort.Exact = true
	if _, err := Start(t.Context(), config, io.Discard); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("a port that was asked for and is taken: error %v", err)
	}
}

func TestWhatCannotBeStarted(t *testing.T) {
	list := templates(t, "")
	for _, tt := range []struct {
		name   string
		config Config
		want   string
	}{
		{"no target group of that name", Config{Templates: list, Apps: map[string]string{"Shop": "http://127.0.0.1:1"}}, `no template has a target group "Shop": want one of Orders, Web`},
		{"no address", Config{Templates: list, Apps: map[string]string{"": "localhost:3000"}}, `application "localhost:3000": want its address, such as http://127.0.0.1:3000`},
		{"unknown mode", Config{Templates: list, Mode: "shut"}, `load balancer: unknown mode "shut": want closed, open`},
		{"one origin only", Config{Templates: list, TwoOrigins: true}, "the template gives the API no origin of its own: two origins need api.domain, as in staging and prod"},
		{"no file", Config{Templates: []Template{{Mode: "open", File: "none.json"}}}, "open none.json: no such file or directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Start(t.Context(), tt.config, io.Discard); err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

// TestMain can also run noren's own functions, which a preview starts.
func TestMain(m *testing.M) {
	RunFunction(os.Args[1:], nil)
	tempdir.Use()
	os.Exit(m.Run())
}

// withFunction returns a function F with additional properties, as a target for
// /f.
func withFunction(properties string) string {
	return `, "F": {"Type": "AWS::Lambda::Function", "Properties": {` + properties + `}},
		"Fg": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"TargetType": "lambda", "Targets": [{"Id": {"Fn::GetAtt": ["F", "Arn"]}}]}},
		"Fr": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "Listener"}, "Priority": 9,
			"Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/f"]}}], "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Fg"}}]}}`
}

func TestFunctionsThatCannotRunAreNamed(t *testing.T) {
	elsewhere := t.TempDir()
	write(t, filepath.Join(elsewhere, "bootstrap"), "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x15\x00\x01"+strings.Repeat("\x00", 43)) // ppc64
	if err := os.Chmod(filepath.Join(elsewhere, "bootstrap"), 0o700); err != nil {
		t.Fatal(err)
	}
	for properties, want := range map[string]string{
		`"Runtime": "nodejs22.x", "Code": {"S3Key": "web.zip"}`:       "its runtime is nodejs22.x: only programs for provided.al2023 run here",
		`"PackageType": "Image"`:                                      "it is an image",
		`"Runtime": "provided.al2023", "Code": {"S3Key": "gone.zip"}`: `the asset "gone.zip" is not beside the template`,
		`"Runtime": "provided.al2023", "Code": {"S3Key": "web.zip"}`:  "it has no file bootstrap",
	} {
		p := run(t, Config{Templates: templates(t, withFunction(properties)), Apps: map[string]string{"": app(t, "app")}})
		if !slices.ContainsFunc(p.Notes, func(n string) bool {
			return strings.HasPrefix(n, "function F does not run here") && strings.Contains(n, want)
		}) {
			t.Errorf("%s: notes %q, want one with %q", properties, p.Notes, want)
		}
		if got := fetch(t, p.API+"/f"); !strings.HasPrefix(got, "501 The function F would have answered.") || !strings.Contains(got, want) {
			t.Errorf("%s: its request gets %q", properties, got)
		}
		_, err := Start(t.Context(), Config{Templates: templates(t, withFunction(properties)), Apps: map[string]string{"": app(t, "app")},
			Functions: map[string]string{"F": elsewhere}}, io.Discard)
		if want := "its program is built for linux/EM_PPC64, and this machine is " + runtime.GOOS + "/" + runtime.GOARCH; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a program for another machine: error %v, want %q", err, want)
		}
	}
}

// TestOwnFunctionsRunAsThisProgram checks that the responder is recognized by its
// settings if its asset is not beside the template, and otherwise by the asset.
func TestOwnFunctionsRunAsThisProgram(t *testing.T) {
	const settings = `"Runtime": "provided.al2023", "Environment": {"Variables": {"MAINTENANCE_MESSAGE": "{\"en\":\"Back soon.\"}"}}, "Code": {"S3Key": "%s"}`
	p := run(t, Config{Templates: templates(t, withFunction(fmt.Sprintf(settings, "gone.zip"))), Apps: map[string]string{"": app(t, "app")}})
	if got := fetch(t, p.API+"/f"); !strings.HasPrefix(got, "503 ") || !strings.Contains(got, "Back soon.") {
		t.Errorf("the responder answers %q", got)
	}
	list := templates(t, withFunction(fmt.Sprintf(settings, "web.zip")))
	for _, template := range list { // an asset with another program
		bootstrap := filepath.Join(filepath.Dir(template.File), "asset.web", "bootstrap")
		write(t, bootstrap, "#!/bin/sh\nexit 1\n")
		if err := os.Chmod(bootstrap, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p = run(t, Config{Templates: list, Apps: map[string]string{"": app(t, "app")}})
	if got := fetch(t, p.API+"/f"); strings.Contains(got, "Back soon.") {
		t.Errorf("a function with the responder's settings and a program of its own answers as the responder: %q", got)
	}
}

func TestSecretsAreReadAsFromSecretsManager(t *testing.T) {
	s, err := startSecretStore()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	read := func(operation string) (int, string) {
		r, err := http.NewRequest(http.MethodPost, s.url, strings.NewReader(`{"SecretId": "`+secretARN("Pass")+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Target", operation)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var output struct{ SecretString string }
		if err := json.NewDecoder(answer.Body).Decode(&output); err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, output.SecretString
	}
	status, value := read("secretsmanager.GetSecretValue")
	if revealed, ok := s.reveal("<secret Pass>"); status != http.StatusOK || !ok || value != revealed {
		t.Errorf("the function reads %d %q, the rules know %q", status, value, revealed)
	}
	if status, value := read("secretsmanager.PutSecretValue"); status != http.StatusBadRequest || value != "" {
		t.Errorf("another operation: %d %q", status, value)
	}
}

func TestControlPageAnswersItselfOnly(t *testing.T) {
	p := run(t, Config{Templates: templates(t, ""), Apps: map[string]string{"": app(t, "app")}})
	switchMode := func(mode string, headers ...string) int {
		r, err := http.NewRequest(http.MethodPost, p.Control+"/mode", strings.NewReader("mode="+mode))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, header := range headers {
			switch name, value, ok := strings.Cut(header, ": "); {
			case name == "Host":
				r.Host = value
			case ok:
				r.Header.Set(name, value)
			}
		}
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	local := strings.Replace(strings.TrimPrefix(p.Control, "http://"), "127.0.0.1", "localhost", 1)
	for _, tt := range []struct {
		name, header string
		want         int
	}{
		{"a form of another site", "Sec-Fetch-Site: cross-site", http.StatusForbidden},
		{"a form of the previewed site", "Sec-Fetch-Site: same-site", http.StatusForbidden},
		{"an old browser", "Origin: http://evil.example", http.StatusForbidden},
		{"a name that was rebound", "Host: evil.example:" + local[strings.Index(local, ":")+1:], http.StatusMisdirectedRequest},
		{"another port's name", "Host: localhost:1", http.StatusMisdirectedRequest},
		{"no such mode", "", http.StatusBadRequest},
	} {
		mode := "closed"
		if tt.header == "" {
			mode = "shut"
		}
		if got := switchMode(mode, tt.header); got != tt.want || p.Mode() != "open" {
			t.Errorf("%s: %d, and the mode is %q", tt.name, got, p.Mode())
		}
	}
	for _, header := range []string{"Host: " + local, "Sec-Fetch-Site: same-origin"} {
		if got := switchMode("closed", header); got != http.StatusSeeOther || p.Mode() != "closed" {
			t.Errorf("%s: %d, and the mode is %q", header, got, p.Mode())
		}
		switchMode("open")
	}
}

// TestState_HasNoNull checks for null lists, below which the control page would
// show nothing.
func TestState_HasNoNull(t *testing.T) {
	p := run(t, Config{Templates: templates(t, ""), Apps: map[string]string{"": app(t, "app")}})
	p.Notes = nil
	fetch(t, p.API+"/api/login")
	text, err := json.Marshal(p.state())
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("null")) {
		t.Errorf("got %s, want no null", text)
	}
}

func TestEventsTellOfFlipsAndRequests(t *testing.T) {
	p := run(t, Config{Templates: templates(t, ""), Apps: map[string]string{"": app(t, "app")}})
	answer, err := http.Get(p.Control + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	events := bufio.NewReader(answer.Body)
	next := func(wanted func(state) bool) state {
		for {
			line, err := events.ReadBytes('\n')
			if err != nil {
				t.Fatal(err)
			}
			var s state
			if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
				if err := json.Unmarshal(data, &s); err != nil {
					t.Fatal(err)
				}
				if wanted(s) {
					return s
				}
			}
		}
	}
	next(func(s state) bool { return s.Mode == "open" && len(s.Requests) == 0 })
	if err := p.Flip("closed"); err != nil {
		t.Fatal(err)
	}
	next(func(s state) bool { return s.Mode == "closed" })
	fetch(t, p.API+"/cart?x=1")
	s := next(func(s state) bool { return len(s.Requests) == 1 })
	got := s.Requests[0]
	if got.Method != http.MethodGet || got.URL != "/cart?x=1" || got.Status != 503 || got.Rule != "default" || len(got.Why) != 3 {
		t.Errorf("the request is shown as %+v", got)
	}
	if last := s.Rules[len(s.Rules)-1]; last.Name != "default" || last.Count != 1 {
		t.Errorf("the default rule is shown as %+v", last)
	}
	p.Close() // this ends the stream
	if _, err := io.Copy(io.Discard, events); err != nil && !strings.Contains(err.Error(), "EOF") && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the stream ends with %v", err)
	}
}
