package replay

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/replay/accesslog"
)

const (
	phone   = "FieldReports/4.2 (iPhone; iOS 19.1)"
	tablet  = "FieldReports/4.1 (Linux; Android 16; CUBOT TAB)"
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	crawler = "Mozilla/5.0 (compatible; ExampleBot/2.1; +http://example.com/bot)"
)

// call is a kind of request in the traffic, and what must happen to it.
type call struct {
	share   int
	method  string
	path    string // %d, %u and %h are replaced by a number, a UUID and a hash
	agent   string
	rule    int // that the load balancer records, given that apps send X-Client
	status  int
	fate    Fate
	unknown Fate // without knowing X-Client

	endpoint string
	family   string
	port     string // 443
}

var calls = []call{
	{30, "POST", "/api/login", phone, 100, 200, Allowed, Depends, "POST /api/login", "FieldReports", ""},
	{60, "GET", "/api/templates", phone, 101, 200, Allowed, Depends, "GET /api/templates", "FieldReports", ""},
	{200, "GET", "/api/templates/%d", tablet, 102, 200, Allowed, Depends, "GET /api/templates/{id}", "FieldReports", ""},
	{150, "GET", "/api/files/%u.jpg?w=640", phone, 103, 200, Allowed, Depends, "GET /api/files/{id}", "FieldReports", ""},
	{90, "GET", "/api/reports/%u", tablet, 105, 200, Allowed, Depends, "GET /api/reports/{id}", "FieldReports", ""},
	{120, "POST", "/api/reports", phone, 0, 201, Refused, Refused, "POST /api/reports", "FieldReports", ""},
	{80, "PUT", "/api/reports/%u/photos/%h", tablet, 0, 204, Refused, Refused, "PUT /api/reports/{id}/photos/{id}", "FieldReports", ""},
	{50, "GET", "/api/me", phone, 0, 200, Refused, Refused, "GET /api/me", "FieldReports", ""},
	{70, "GET", "/api/reports", firefox, 0, 200, Refused, Depends, "GET /api/reports", "Firefox", ""},
	{20, "DELETE", "/api/reports/%d", firefox, 0, 204, Refused, Refused, "DELETE /api/reports/{id}", "Firefox", ""},
	{40, "GET", "/api/health", "curl/8.11.0", 190, 200, Allowed, Allowed, "GET /api/health", "curl", ""},
	{50, "GET", "/.env", crawler, 0, 404, Refused, Refused, "GET /.env", "ExampleBot", ""},
	{30, "GET", "/api/templates", "", 0, 301, Unaffected, Unaffected, "GET /api/templates", "none", "80"},
	{10, "-", "", "", accesslog.NoRule, 400, Unaffected, Unaffected, noRequest, "none", ""},
}

// noRequest is the endpoint of lines without a request.
const noRequest = "no request"

var assumptions = []Assumption{
	{Name: "x-client", Value: "ios", Agents: []string{"FieldReports/*iPhone*"}},
	{Name: "X-Client", Value: "Android", Agents: []string{"FieldReports/*android*"}},
	{Name: "X-Client"},
}

// traffic writes access-log lines and remembers what they are, independently of
// the replay.
type traffic struct {
	random *rand.Rand
	start  time.Time
	count  int
	buffer []byte

	without int64 // lines without a request
	totals  map[Fate]int64
	unknown map[Fate]int64
	by      map[string]int64 // endpoint and fate, client and fate
}

func newTraffic() *traffic {
	return &traffic{
		random:  rand.New(rand.NewPCG(1, 2)),
		start:   time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC),
		totals:  map[Fate]int64{},
		unknown: map[Fate]int64{},
		by:      map[string]int64{},
	}
}

// line returns the next line, with its line break.
func (t *traffic) line() []byte {
	c := t.draw()
	if c.endpoint == noRequest {
		t.without++
	} else {
		t.totals[c.fate]++
		t.unknown[c.unknown]++
		t.by[fmt.Sprint(c.endpoint, " ", c.fate)]++
		t.by[fmt.Sprint(c.family, " ", c.fate)]++
	}
	t.buffer = append(t.entry(c).Append(t.buffer[:0]), '\n')
	return t.buffer
}

func (t *traffic) draw() *call {
	n := t.random.IntN(1000)
	for i := range calls {
		if n -= calls[i].share; n < 0 {
			return &calls[i]
		}
	}
	panic("the shares are not 1000 together")
}

func (t *traffic) entry(c *call) accesslog.Entry {
	t.count++
	began := t.start.Add(time.Duration(t.count) * 80 * time.Millisecond)
	e := accesslog.Entry{
		Type: "h2", Time: began.Add(12 * time.Millisecond), Created: began, LoadBalancer: "app/fieldreports/1f2e3d4c5b6a7988",
		Client:            netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(t.random.IntN(16)), byte(t.random.IntN(256))}), uint16(1024+t.random.IntN(60000))),
		Target:            netip.MustParseAddrPort("10.20.1.17:8080"),
		RequestProcessing: time.Millisecond, TargetProcessing: time.Duration(t.random.IntN(200)) * time.Millisecond,
		Status: c.status, TargetStatus: c.status, Received: int64(t.random.IntN(2000)), Sent: int64(t.random.IntN(20000)),
		Method: c.method, URL: "https://api.example.com:443" + t.path(c.path), Proto: "HTTP/2.0", UserAgent: c.agent,
		Cipher: "ECDHE-RSA-AES128-GCM-SHA256", TLS: "TLSv1.3",
		TargetGroup: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/app/0a1b2c3d4e5f6071",
		TraceID:     fmt.Sprintf("Root=1-%08x-%016x%08x", began.Unix(), t.random.Uint64(), t.random.Uint32()),
		Domain:      "api.example.com", Certificate: "arn:aws:acm:eu-west-1:111122223333:certificate/6d1f0000-0000-0000-0000-000000000000",
		Rule: c.rule, Actions: "waf,forward", Targets: "10.20.1.17:8080", TargetCodes: fmt.Sprint(c.status), Connection: fmt.Sprintf("TID_%016x", t.random.Uint64()),
	}
	if c.port == "80" {
		e.Type, e.URL, e.Actions, e.Target = "http", "http://api.example.com:80"+t.path(c.path), "redirect", netip.AddrPort{}
	}
	if c.method == "-" {
		e.Method, e.URL, e.Proto, e.Actions = "", "http://api.example.com:443-", "", ""
	}
	return e
}

// path fills in ids.
func (t *traffic) path(pattern string) string {
	var b []byte
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' {
			b = append(b, pattern[i])
			continue
		}
		i++
		switch pattern[i] {
		case 'd':
			b = fmt.Append(b, t.random.IntN(1_000_000))
		case 'u':
			b = fmt.Appendf(b, "%08x-%04x-4%03x-8%03x-%012x", t.random.Uint32(), t.random.IntN(1<<16), t.random.IntN(1<<12), t.random.IntN(1<<12), t.random.Int64N(1<<48))
		case 'h':
			b = fmt.Appendf(b, "%016x%015x1", t.random.Uint64(), t.random.Uint64N(1<<60))
		}
	}
	return string(b)
}

// log returns a reader of lines of traffic.
func (t *traffic) log(lines int) io.Reader {
	r, w := io.Pipe()
	go func() {
		buffer := make([]byte, 0, 1<<20)
		for i := range lines {
			buffer = append(buffer, t.line()...)
			if len(buffer) > 1<<19 || i == lines-1 {
				_, _ = w.Write(buffer)
				buffer = buffer[:0]
			}
		}
		_ = w.Close()
	}()
	return r
}

func template(t testing.TB, mode string) *alb.Template {
	t.Helper()
	file, err := os.Open("testdata/" + mode + ".template.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	template, err := alb.Read(file, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func newReplay(t testing.TB, config Config) *Replay {
	t.Helper()
	config.Open, config.Maintenance = template(t, "open"), template(t, "closed")
	r, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
