package edge

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// Health is the state of a target.
type Health uint8

const (
	Unused  Health = iota // no rule uses its target group
	Initial               // its first health check has not passed or failed
	Healthy               // or not checked
	Unhealthy
)

func (h Health) String() string { return [...]string{"unused", "initial", "healthy", "unhealthy"}[h&3] }

// inService reports whether a target may get requests if there is no better one.
func (h Health) inService() bool { return h == Healthy || h == Unhealthy }

func (t *target) health() Health { return Health(t.state.Load()) }
func (t *target) set(h Health)   { t.state.Store(uint32(h)) }

// TargetHealth is a registered target and its state.
type TargetHealth struct {
	Group  string // the key in ALBConfig.Targets
	Target string // its URL, or "function"
	Health Health
}

// TargetHealth returns the state of every registered target, group by group.
func (a *ALB) TargetHealth() []TargetHealth {
	var list []TargetHealth
	for _, name := range a.groupNames() {
		g := a.groups[name]
		attached := g.attached()
		for _, t := range g.targets() {
			health := Unused
			if attached {
				health = t.health()
			}
			list = append(list, TargetHealth{name, t.name, health})
		}
	}
	return list
}

// healthCheck says how the targets of a group are checked.
type healthCheck struct {
	enabled   bool
	path      string
	port      string // "" for the target's own port
	https     bool
	interval  time.Duration
	timeout   time.Duration
	healthy   int // number of consecutive checks
	unhealthy int
	codes     string
	http2     bool // without upgrade
}

// firstInterval is the interval until the first check passes: shorter than in the
// template, since on this machine someone waits for it.
const firstInterval = time.Second

// readHealthCheck returns the settings of a target group, with the API's
// defaults. Source: BC CreateTargetGroup; for Lambda the user guide.
func readHealthCheck(settings *alb.TargetGroup) healthCheck {
	h := settings.HealthCheck
	c := healthCheck{
		enabled:   h.Enabled == "true" || h.Enabled == "" && !settings.Lambda(),
		path:      or(h.Path, "/"),
		https:     h.Protocol == "HTTPS" || h.Protocol == "" && settings.Protocol == "HTTPS",
		interval:  or(h.Interval, 30*time.Second),
		timeout:   or(h.Timeout, 5*time.Second),
		healthy:   or(h.HealthyThreshold, 5),
		unhealthy: or(h.UnhealthyThreshold, 2),
		codes:     or(h.Codes, "200"),
	}
	if settings.Lambda() {
		c.interval = or(h.Interval, 35*time.Second)
		c.timeout = or(h.Timeout, 30*time.Second)
		c.unhealthy = or(h.UnhealthyThreshold, 5)
	}
	switch settings.ProtocolVersion {
	case "GRPC": // a call that this package does not support
		c.enabled = false
	case "HTTP2":
		c.http2 = true
	}
	if h.Port != "" && h.Port != "traffic-port" && h.Port != strconv.Itoa(settings.Port) {
		c.port = h.Port
	}
	return c
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// watch checks a target until ctx is done. The first check that passes makes it
// healthy; after that, it takes as many consecutive checks as the template says.
func (c healthCheck) watch(ctx context.Context, t *target) {
	client := c.client()
	defer client.CloseIdleConnections()
	passed, failed := 0, 0
	for {
		start := time.Now()
		if c.check(ctx, client, t) {
			passed, failed = passed+1, 0
		} else {
			passed, failed = 0, failed+1
		}
		if ctx.Err() != nil {
			return
		}
		switch state := t.health(); {
		case state == Initial && passed > 0, passed >= c.healthy:
			t.set(Healthy)
		case failed >= c.unhealthy:
			t.set(Unhealthy)
		}
		interval := c.interval
		if t.health() == Initial {
			interval = min(interval, firstInterval)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval - time.Since(start)):
		}
	}
}

// client returns a client that opens a connection for each check.
func (c healthCheck) client() *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!c.http2)
	protocols.SetHTTP2(c.http2)
	protocols.SetUnencryptedHTTP2(c.http2)
	return &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives:  true,
			DisableCompression: true,
			TLSClientConfig:    unverified(),
			Protocols:          protocols,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// userAgent is the User-Agent of health checks. Source: UG23.
const userAgent = "ELB-HealthChecker/2.0"

// check reports whether a target passes one check.
func (c healthCheck) check(ctx context.Context, client *http.Client, t *target) bool {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if t.function != nil {
		return c.checkFunction(ctx, t)
	}
	u := url.URL{Scheme: "http", Host: t.url.Host}
	if c.https || t.url.Scheme == "https" {
		u.Scheme = "https"
	}
	if c.port != "" {
		u.Host = net.JoinHostPort(t.url.Hostname(), c.port)
	}
	u.Path, u.RawQuery, _ = strings.Cut(c.path, "?")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return false
	}
	req.Header.Set("User-Agent", userAgent)
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return err == nil && c.accepts(resp.StatusCode)
}

// checkFunction invokes a function with the event of a health check. Source:
// UG23 lambda-functions.
func (c healthCheck) checkFunction(ctx context.Context, t *target) bool {
	event := lambdaEvent{
		HTTPMethod: http.MethodGet,
		Path:       c.path,
		Query:      &map[string]string{},
		Headers:    &map[string]string{"user-agent": userAgent},
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return false
	}
	answer, err := t.function.Invoke(ctx, payload)
	if err != nil {
		return false
	}
	parsed, err := readLambdaAnswer(answer, false)
	return err == nil && c.accepts(parsed.status)
}

// accepts reports whether a status is among the codes of a matcher, such as
// "200,202" or "200-299".
func (c healthCheck) accepts(status int) bool {
	for part := range strings.SplitSeq(c.codes, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		low, errLow := strconv.Atoi(from)
		high, errHigh := strconv.Atoi(to)
		if errLow == nil && errHigh == nil && low <= status && status <= high {
			return true
		}
	}
	return false
}
