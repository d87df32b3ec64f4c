package monitors

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

var (
	namePattern   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,62}$`)
	headerPattern = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	rolePattern   = regexp.MustCompile(`^[^:\s]+: [^:\s]+$`)
)

// Most is the maximum number of monitors: their secrets are in the environment of
// the function.
const Most = 8

// isSet reports whether anything in a section is set.
func isSet(section any) bool { return !reflect.ValueOf(section).IsZero() }

// Validate reports everything that is wrong with a monitor. It renders the
// templates for an invented maintenance.
func Validate(m maintenance.Monitor) error {
	var errs []error
	if !namePattern.MatchString(m.Name) {
		errs = append(errs, fmt.Errorf("name %q: want letters, digits and hyphens, at most 63", m.Name))
	}
	switch {
	case isSet(m.Mackerel) == isSet(m.HTTP):
		errs = append(errs, errors.New("want either mackerel or http"))
	case isSet(m.Mackerel):
		errs = append(errs, validateMackerel(m.Mackerel))
	default:
		errs = append(errs, validateHTTP(m.HTTP))
	}
	if err := errors.Join(errs...); err != nil {
		problems := strings.Split(strings.ReplaceAll(err.Error(), " in type monitors.window", ""), "\n")
		slices.Sort(problems)
		return fmt.Errorf("monitor %q: %s", m.Name, strings.Join(problems, "; "))
	}
	return nil
}

func validateMackerel(m maintenance.Mackerel) error {
	var errs []error
	if len(m.Services)+len(m.Roles)+len(m.Monitors) == 0 {
		errs = append(errs, errors.New("mackerel: want services, roles or monitors: without them Mackerel silences the whole organization"))
	}
	for name, list := range map[string][]string{
		"services": m.Services, "excludeServices": m.ExcludeServices, "roles": m.Roles, "excludeRoles": m.ExcludeRoles,
		"monitors": m.Monitors, "excludeMonitors": m.ExcludeMonitors,
	} {
		for i, scope := range list {
			switch {
			case strings.TrimSpace(scope) == "" || slices.Index(list, scope) < i:
				errs = append(errs, fmt.Errorf("mackerel.%s: %q is empty or given twice, which Mackerel refuses", name, scope))
			case strings.HasSuffix(strings.ToLower(name), "roles") && !rolePattern.MatchString(scope):
				errs = append(errs, fmt.Errorf("mackerel.%s: want \"service: role\", got %q", name, scope))
			}
		}
	}
	if m.URL != "" {
		errs = append(errs, checkAddress("mackerel.url", m.URL))
	}
	return errors.Join(errs...)
}

// checkAddress reports an address without TLS, which would show the secret to
// anyone on the way. Addresses on this machine are exempt, for tests.
func checkAddress(name, address string) error {
	u, err := url.Parse(address)
	if err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && net.ParseIP(u.Hostname()).IsLoopback()) {
		return nil
	}
	return fmt.Errorf("%s: want an address such as https://api.example.com, got %q", name, address)
}

// sample is a maintenance whose names contain characters that must be escaped in
// JSON.
var sample = Settings{Stack: `shop-"prod"`, SwitchName: `Shop/Maintenance`}.window(
	time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 1, 2, 3, 0, time.UTC))

func validateHTTP(m maintenance.HTTPMonitor) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		_, err := render("http.headers."+name, m.Headers[name], window{}, func(string) (string, error) { return "secret", nil })
		if err == nil && !headerPattern.MatchString(name) {
			err = fmt.Errorf("http.headers: %q is not the name of a header", name)
		}
		errs = append(errs, err)
	}
	if m.ID == "" {
		errs = append(errs, errors.New("http.id: want where the id of a downtime is, such as id"))
	}
	with := sample
	with.ID = `id-of-the-downtime`
	errs = append(errs,
		validateRequest("http.find", m.Find, sample), validateRequest("http.begin", m.Begin, sample),
		validateRequest("http.extend", m.Extend, with), validateRequest("http.end", m.End, with))
	if errors.Join(errs...) == nil {
		errs = append(errs, validateFound(m, with))
	}
	return errors.Join(errs...)
}

// validateRequest renders a request.
func validateRequest(name string, r maintenance.HTTPRequest, w window) error {
	var errs []error
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		errs = append(errs, fmt.Errorf("%s.method: want GET, POST, PUT, PATCH or DELETE, got %q", name, r.Method))
	}
	_, rest, _ := strings.Cut(r.URL, "://")
	host, _, _ := strings.Cut(rest, "/")
	address, err := render(name+".url", r.URL, w, nil)
	switch {
	case strings.Contains(host, "{"):
		err = fmt.Errorf("%s.url: want an address whose host is not a template, got %q", name, r.URL)
	case err == nil:
		err = checkAddress(name+".url", address)
	}
	errs = append(errs, err)
	body, err := render(name+".body", r.Body, w, nil)
	if err == nil && body != "" && !json.Valid([]byte(body)) {
		err = fmt.Errorf("%s.body: the template makes %q, which is not JSON: write texts as {{json .Key}}", name, body)
	}
	return errors.Join(append(errs, err)...)
}

// validateFound reports a downtime that could not be found again, extended or
// ended.
func validateFound(m maintenance.HTTPMonitor, w window) error {
	var errs []error
	made, err := render("http.begin.body", m.Begin.Body, w, nil)
	var body any
	if err == nil && json.Unmarshal([]byte(made), &body) == nil {
		if _, ok := sinceOf(body, w.Prefix); !ok {
			errs = append(errs, errors.New("http.begin.body: want {{json .Key}} in it, by which the downtime is found again"))
		}
	} else {
		errs = append(errs, errors.New("http.begin.body: want a body with {{json .Key}} in it"))
	}
	for name, r := range map[string]maintenance.HTTPRequest{"http.extend": m.Extend, "http.end": m.End} {
		address, _ := render(name, r.URL, w, nil)
		text, _ := render(name, r.Body, w, nil)
		if !strings.Contains(address+text, w.ID) {
			errs = append(errs, fmt.Errorf("%s: want {{.ID}} in its address or its body", name))
		}
	}
	for name, r := range map[string]maintenance.HTTPRequest{"http.begin": m.Begin, "http.extend": m.Extend} {
		later := w
		later.Start, later.End = w.Start.Add(time.Hour), w.End.Add(3*time.Hour)
		now, _ := render(name, r.URL+r.Body, w, nil)
		then, _ := render(name, r.URL+r.Body, later, nil)
		if now == then {
			errs = append(errs, fmt.Errorf("%s: want the end in it, as {{rfc3339 .End}}, {{unix .End}} or {{.Minutes}}: a downtime without an end is left on by a crash", name))
		}
	}
	return errors.Join(errs...)
}
