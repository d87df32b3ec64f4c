package edge

import (
	"bufio"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/preview/cloudfront"
)

// distribution serves a template's only distribution, with the folder site as its
// bucket and api as its load balancer. Redirects are not followed.
func distribution(t *testing.T, template string, site string, api http.Handler) (*httptest.Server, *http.Client) {
	t.Helper()
	distributions, err := cloudfront.Read([]byte(template), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	config := CloudFrontConfig{Distribution: distributions[0], Buckets: map[string]Bucket{}, LoadBalancers: map[string]*url.URL{}}
	for _, origin := range distributions[0].Origins {
		if origin.Bucket != "" && site != "" {
			config.Buckets[origin.Bucket] = Bucket{{Dir: site, Header: http.Header{"Cache-Control": {"no-cache"}}}}
		}
		if origin.LoadBalancer != "" && api != nil {
			balancer := httptest.NewServer(api)
			t.Cleanup(balancer.Close)
			config.LoadBalancers[origin.LoadBalancer], _ = url.Parse(balancer.URL)
		}
	}
	handler := NewCloudFront(config)
	t.Cleanup(handler.Close)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return server, client
}

// example returns the template of the example, open.
func example(t *testing.T) string {
	t.Helper()
	template, err := os.ReadFile("../../../stacks/testdata/dev/edge.open.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(template)
}

// writeSite makes a folder of files.
func writeSite(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// received is the head of an answer.
type received struct {
	StatusCode int
	Header     http.Header
}

// ask sends a request and returns the answer with its whole body.
func ask(t *testing.T, client *http.Client, method, address, body string, headers ...string) (received, string) {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, address, reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Add(name, value)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return received{answer.StatusCode, answer.Header}, string(content)
}

func TestSiteOfTheExample(t *testing.T) {
	site := writeSite(t, map[string]string{"index.html": "<title>Home</title>", "app.js": "run()", "a/b c.txt": "spaced"})
	server, client := distribution(t, example(t), site, nil)
	for _, tt := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/", 200, "<title>Home</title>"},
		{"GET", "/reports/7", 200, "<title>Home</title>"}, // a route of the application
		{"GET", "/app.js?v=1", 200, "run()"},
		{"HEAD", "/app.js", 200, ""},
		{"GET", "/a/b%20c.txt", 200, "spaced"},
		{"GET", "/missing.js", 403, "AccessDenied"}, // CloudFront may not list the bucket
		{"GET", "/../../etc/passwd.txt", 403, "AccessDenied"},
		{"POST", "/", 403, "not configured to allow the HTTP request method"},
		{"GET", "/api/x", 502, "Not served here"},
	} {
		answer, body := ask(t, client, tt.method, server.URL+tt.path, "")
		if answer.StatusCode != tt.status || !strings.Contains(body, tt.body) {
			t.Errorf("%s %s: %d %q, want %d %q", tt.method, tt.path, answer.StatusCode, body, tt.status, tt.body)
		}
	}
	answer, _ := ask(t, client, http.MethodGet, server.URL+"/app.js", "")
	for name, want := range map[string]string{
		"Content-Type": "text/javascript", "Cache-Control": "no-cache", "X-Frame-Options": "DENY",
		"X-Content-Type-Options": "nosniff", "X-Noren-File": "",
	} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'self'") {
		t.Errorf("Content-Security-Policy: %q", got)
	}
}

func TestFilesAreServedAsTheyAreNow(t *testing.T) {
	site := writeSite(t, map[string]string{"index.html": "one", "app.js": "1"})
	template := strings.ReplaceAll(example(t), `"ErrorCachingMinTTL": 0`, `"ErrorCachingMinTTL": 60`)
	server, client := distribution(t, template, site, nil)
	for _, want := range []string{"Miss from cloudfront", "Hit from cloudfront"} {
		answer, _ := ask(t, client, http.MethodGet, server.URL+"/app.js", "")
		if got := answer.Header.Get("X-Cache"); got != want {
			t.Errorf("X-Cache: %q, want %q", got, want)
		}
	}
	ask(t, client, http.MethodGet, server.URL+"/new.js", "")
	for name, content := range map[string]string{"app.js": "twenty-two", "new.js": "new"} {
		if err := os.WriteFile(filepath.Join(site, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, got := ask(t, client, http.MethodGet, server.URL+"/"+name, ""); got != content {
			t.Errorf("%s is %q after it has changed, want %q", name, got, content)
		}
	}
	answer, _ := ask(t, client, http.MethodGet, server.URL+"/app.js", "")
	answer, _ = ask(t, client, http.MethodGet, server.URL+"/app.js", "", "If-None-Match: "+answer.Header.Get("Etag"))
	if answer.StatusCode != http.StatusNotModified {
		t.Errorf("the browser that has the file gets %d, want 304", answer.StatusCode)
	}
	if answer, body := ask(t, client, http.MethodGet, server.URL+"/app.js", "", "Range: bytes=0-5"); answer.StatusCode != http.StatusPartialContent || body != "twenty" {
		t.Errorf("a range is %d %q", answer.StatusCode, body)
	}
}

func TestOriginSeesWhatThePoliciesLetThrough(t *testing.T) {
	seen := make(chan *http.Request, 1)
	bodies := make(chan string, 1)
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
		seen <- r
		w.WriteHeader(http.StatusTeapot)
	})
	server, client := distribution(t, example(t), "", api)
	answer, _ := ask(t, client, http.MethodPut, server.URL+"/api/a%2Fb?x=%31&y", "hello",
		"Authorization: Bearer t", "Cookie: a=1; b=2", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: ftp",
		"X-Own: 1", "Accept-Encoding: br", "Content-Type: text/plain")
	r := <-seen
	if got := <-bodies; got != "hello" || answer.StatusCode != http.StatusTeapot {
		t.Errorf("the origin gets %q, the viewer %d", got, answer.StatusCode)
	}
	if r.RequestURI != "/api/a%2Fb?x=%31&y" {
		t.Errorf("the origin sees %s", r.RequestURI)
	}
	if !strings.HasPrefix(r.Host, "alb") {
		t.Errorf("the origin sees the host %q, want the load balancer's", r.Host)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer t", "Cookie": "a=1; b=2", "X-Forwarded-For": "203.0.113.9, 127.0.0.1", "X-Forwarded-Proto": "",
		"X-Own": "1", "Via": via, "Content-Type": "text/plain", "Accept-Encoding": "br",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("the origin sees %s: %q, want %q", name, got, want)
		}
	}
}

func TestErrorsOfTheAPIAreNotKept(t *testing.T) {
	var open atomic.Bool
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !open.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	server, client := distribution(t, example(t), "", api)
	for _, want := range []int{503, 200, 503} {
		open.Store(want == 200)
		if answer, _ := ask(t, client, http.MethodGet, server.URL+"/api/reports", ""); answer.StatusCode != want {
			t.Errorf("it answers %d, want %d", answer.StatusCode, want)
		}
	}
}

func TestErrorsAreKeptUnlessTheTemplateSaysOtherwise(t *testing.T) {
	var open atomic.Bool
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if !open.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	template := strings.ReplaceAll(example(t), `"ErrorCode": 503`, `"ErrorCode": 502`)
	server, client := distribution(t, template, "", api)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		open.Store(false)
		ask(t, client, method, server.URL+"/api/reports", "")
		open.Store(true)
		want := map[string]int{http.MethodGet: 503, http.MethodPost: 200}[method]
		if answer, _ := ask(t, client, method, server.URL+"/api/reports", ""); answer.StatusCode != want {
			t.Errorf("%s after the end of maintenance: %d, want %d", method, answer.StatusCode, want)
		}
	}
}

// behindBalancer returns a template with one load balancer behind everything.
func behindBalancer(behavior, config string) string {
	return `{"Resources": {"Alb": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer"},
		"Fn": {"Type": "AWS::CloudFront::Function", "Properties": {"FunctionCode": "function handler(e) { if (e.request.uri == '/fail') { x.y } if (e.response) { e.response.headers['x-fn'] = {value: 'response'}; return e.response } if (e.request.uri == '/made') { return {statusCode: 410, body: 'made'} } return e.request }"}},
		"Cdn": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {
		"Origins": [{"Id": "o", "DomainName": "api.example.com", "CustomOriginConfig": {"OriginReadTimeout": 1}, "OriginPath": "/v1",
			"OriginCustomHeaders": [{"HeaderName": "X-From", "HeaderValue": "cdn"}]}], ` + config + `
		"DefaultCacheBehavior": {"TargetOriginId": "o"` + behavior + `}}}}}}`
}

func TestCacheKeepsWhatItMay(t *testing.T) {
	var asked atomic.Int64
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", r.URL.Query().Get("cc"))
		w.Header().Set("Content-Type", "text/plain")
		asked.Add(1)
		if r.URL.Path == "/v1/a" { // an answer without a length is not compressed
			w.Header().Set("Content-Length", "2500")
		}
		_, _ = io.WriteString(w, strings.Repeat(" long", 500))
	})
	optimized := `, "Compress": true, "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6", "OriginRequestPolicyId": "216adef6-5c7f-47e4-b989-5492eafa07d3"`
	server, client := distribution(t, behindBalancer(optimized, ""), "", api)
	for _, tt := range []struct {
		path string
		hit  bool
	}{
		{"/a?cc=max-age=60", true},
		{"/b", true},            // the default is a day
		{"/c?cc=private", true}, // for the policy's minimum of a second
		{"/d?cc=max-age=0&s-maxage", true},
	} {
		ask(t, client, http.MethodGet, server.URL+tt.path, "")
		answer, _ := ask(t, client, http.MethodGet, server.URL+tt.path, "")
		if got := answer.Header.Get("X-Cache") == "Hit from cloudfront"; got != tt.hit {
			t.Errorf("%s: X-Cache %q", tt.path, answer.Header.Get("X-Cache"))
		}
	}
	answer, body := ask(t, client, http.MethodGet, server.URL+"/a", "", "Accept-Encoding: gzip")
	if answer.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("the answer is not compressed: %v", answer.Header)
	}
	plain, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(plain); err != nil || len(text) < 2500 {
		t.Errorf("decompressed to %d bytes, error %v", len(text), err)
	}

	disabled := `, "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"`
	server, client = distribution(t, behindBalancer(disabled, ""), "", api)
	before := asked.Load()
	for range 3 {
		ask(t, client, http.MethodGet, server.URL+"/a", "")
	}
	if got := asked.Load() - before; got != 3 {
		t.Errorf("without caching the origin is asked %d times of 3", got)
	}
}

func TestErrorPageOfTheTemplate(t *testing.T) {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/index.html" || r.Header.Get("X-From") != "cdn" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, "the page")
	})
	server, client := distribution(t, behindBalancer("", `"CustomErrorResponses": [{"ErrorCode": 404, "ResponsePagePath": "/index.html", "ResponseCode": 200, "ErrorCachingMinTTL": 0}],`), "", api)
	if answer, body := ask(t, client, http.MethodGet, server.URL+"/deep/route", ""); answer.StatusCode != http.StatusOK || body != "the page" {
		t.Errorf("a missing page is %d %q, want 200 and the error page", answer.StatusCode, body)
	}
}

func TestFunctionsOfTheTemplate(t *testing.T) {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, "origin")
	})
	functions := `, "FunctionAssociations": [{"EventType": "viewer-request", "FunctionARN": {"Ref": "Fn"}}, {"EventType": "viewer-response", "FunctionARN": {"Ref": "Fn"}}]`
	server, client := distribution(t, behindBalancer(functions, ""), "", api)
	for _, tt := range []struct {
		path   string
		status int
		body   string
		header string
		cached string
	}{
		{"/x", 200, "origin", "response", "Miss from cloudfront"},
		{"/missing", 404, "origin", "", "Error from cloudfront"}, // not run on errors
		{"/made", 410, "made", "", "FunctionGeneratedResponse from cloudfront"},
		{"/fail", 503, "invalid or could not run", "", "FunctionExecutionError from cloudfront"},
	} {
		answer, body := ask(t, client, http.MethodGet, server.URL+tt.path, "")
		if answer.StatusCode != tt.status || !strings.Contains(body, tt.body) ||
			answer.Header.Get("X-Fn") != tt.header || answer.Header.Get("X-Cache") != tt.cached {
			t.Errorf("%s: %d %q %v", tt.path, answer.StatusCode, body, answer.Header)
		}
	}
}

func TestOriginThatDoesNotAnswer(t *testing.T) {
	slow := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
	})
	server, client := distribution(t, behindBalancer("", ""), "", slow)
	if answer, body := ask(t, client, http.MethodGet, server.URL+"/", ""); answer.StatusCode != http.StatusGatewayTimeout || !strings.Contains(body, "504 ERROR") {
		t.Errorf("an origin that is too slow: %d %q", answer.StatusCode, body)
	}
	dead := httptest.NewServer(slow)
	address, _ := url.Parse(dead.URL)
	dead.Close()
	d, err := cloudfront.Read([]byte(behindBalancer("", "")), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	handler := NewCloudFront(CloudFrontConfig{Distribution: d[0], LoadBalancers: map[string]*url.URL{"Alb": address}})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != 502 || w.Header().Get("X-Cache") != "Error from cloudfront" {
		t.Errorf("an origin that is gone: %d %v", w.Code, w.Header())
	}
}

func TestFailover(t *testing.T) {
	site := writeSite(t, map[string]string{"v1/sorry": "from the bucket"})
	template := `{"Resources": {"Alb": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer"}, "Site": {"Type": "AWS::S3::Bucket"},
		"Cdn": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {
		"Origins": [{"Id": "a", "DomainName": {"Fn::GetAtt": ["Alb", "DNSName"]}, "CustomOriginConfig": {}},
			{"Id": "b", "DomainName": {"Fn::GetAtt": ["Site", "RegionalDomainName"]}, "S3OriginConfig": {}, "OriginPath": "/v1"}],
		"OriginGroups": {"Items": [{"Id": "g", "Members": {"Items": [{"OriginId": "a"}, {"OriginId": "b"}]}, "FailoverCriteria": {"StatusCodes": {"Items": [503]}}}]},
		"DefaultCacheBehavior": {"TargetOriginId": "g", "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]}}}}}}`
	server, client := distribution(t, template, site, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	if answer, body := ask(t, client, http.MethodGet, server.URL+"/sorry", ""); answer.StatusCode != http.StatusOK || body != "from the bucket" {
		t.Errorf("GET: %d %q, want the second origin's answer", answer.StatusCode, body)
	}
	if answer, _ := ask(t, client, http.MethodPost, server.URL+"/sorry", "x"); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("POST: %d, want the first origin's 503", answer.StatusCode)
	}
}

func TestLocalizesHeaders(t *testing.T) {
	d, err := cloudfront.Read([]byte(behindBalancer("", "")), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "https://app.example.com/new")
		w.Header().Set("X-Host", r.Host)
		w.WriteHeader(http.StatusFound)
	}))
	t.Cleanup(api.Close)
	address, _ := url.Parse(api.URL)
	handler := NewCloudFront(CloudFrontConfig{
		Distribution: d[0], LoadBalancers: map[string]*url.URL{"Alb": address}, Domain: "app.example.com",
		Localize: func(text string) string {
			return strings.ReplaceAll(text, "https://app.example.com", "http://127.0.0.1:1")
		},
	})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:1/", nil))
	if got := w.Header().Get("Location"); got != "http://127.0.0.1:1/new" {
		t.Errorf("Location: %q", got)
	}
	if got := w.Header().Get("X-Host"); got != "api.example.com" {
		t.Errorf("the origin sees the host %q, want its own", got)
	}
}

func TestWebSocketThroughTheDistribution(t *testing.T) {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Sec-Websocket-Key") != "k" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		line, _ := buffered.ReadString('\n')
		_, _ = io.WriteString(conn, "echo "+line)
	})
	server, _ := distribution(t, example(t), "", api)
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /api/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n")
	answers := bufio.NewReader(conn)
	answer, err := http.ReadResponse(answers, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the answer is %+v, error %v", answer, err)
	}
	_ = answer.Body.Close()
	_, _ = io.WriteString(conn, "hello\n")
	if line, err := answers.ReadString('\n'); line != "echo hello\n" {
		t.Errorf("got %q, error %v", line, err)
	}
}
