package edge

import (
	"encoding/base64"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// Names of the cookies that bind a client to a target group and to a target. On
// AWS their values are encrypted; here they are this program's own.
const (
	groupCookie  = "AWSALBTG"
	targetCookie = "AWSALB"
)

// choose chooses a target group by weight, or the one to which the client was
// sent before. It returns nil if all weights are 0: what ALB does then is not
// documented.
func (x *exchange) choose(f alb.Forward) *weightedGroup {
	groups := x.rule.groups
	if len(groups) == 1 && !f.Sticky {
		return &groups[0]
	}
	total := 0
	for i := range groups {
		total += groups[i].weight
	}
	if total == 0 {
		return nil
	}
	if f.Sticky {
		name := x.bound(groupCookie)
		for i := range groups {
			if groups[i].name == name && groups[i].weight > 0 {
				x.bind(groupCookie, name, f.Stickiness)
				return &groups[i]
			}
		}
	}
	drawn := rand.IntN(total)
	for i := range groups {
		if drawn -= groups[i].weight; drawn < 0 {
			if f.Sticky {
				x.bind(groupCookie, groups[i].name, f.Stickiness)
			}
			return &groups[i]
		}
	}
	return nil // not reached
}

// pick chooses the target; in a sticky group, the previous one.
func (x *exchange) pick(g *weightedGroup) *target {
	if !g.settings.Sticky() || g.settings.Lambda() || or(g.settings.Attributes["stickiness.type"], "lb_cookie") != "lb_cookie" {
		return g.group.pick()
	}
	duration := 24 * time.Hour
	if seconds, err := strconv.Atoi(g.settings.Attributes["stickiness.lb_cookie.duration_seconds"]); err == nil {
		duration = time.Duration(seconds) * time.Second
	}
	chosen := g.group.pick()
	name := x.bound(targetCookie)
	for _, t := range g.targets() {
		if t.name == name && chosen != nil && t.health() == chosen.health() {
			chosen = t
		}
	}
	if chosen != nil {
		x.bind(targetCookie, chosen.name, duration)
	}
	return chosen
}

// bind sets a cookie, and its twin for cross-site requests. Source: UG23
// sticky-sessions.
func (x *exchange) bind(cookie, to string, duration time.Duration) {
	expires := time.Now().Add(or(duration, 24*time.Hour))
	value := base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(expires.Unix(), 10) + " " + to))
	for _, c := range []http.Cookie{
		{Name: cookie, Value: value, Path: "/", Expires: expires},
		{Name: cookie + "CORS", Value: value, Path: "/", Expires: expires, SameSite: http.SameSiteNoneMode, Secure: true},
	} {
		x.cookies = append(x.cookies, c.String())
	}
}

// bound returns what a cookie binds the client to, or "".
func (x *exchange) bound(cookie string) string {
	for _, name := range []string{cookie, cookie + "CORS"} {
		c, err := x.r.Cookie(name)
		if err != nil {
			continue
		}
		text, err := base64.RawURLEncoding.DecodeString(c.Value)
		if err != nil {
			continue
		}
		expires, to, _ := strings.Cut(string(text), " ")
		if at, err := strconv.ParseInt(expires, 10, 64); err == nil && time.Now().Before(time.Unix(at, 0)) {
			return to
		}
	}
	return ""
}
