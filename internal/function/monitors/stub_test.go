package monitors

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// stub is a service that has downtimes, as strict as the real one. It remembers
// what was made.
type stub struct {
	*httptest.Server
	mu     sync.Mutex
	now    func() time.Time
	on     map[string]map[string]any // by id, as listed
	made   int
	calls  []string
	faults []func(http.ResponseWriter) // of the next requests; nil for none
	wrong  []string                    // requests that were refused
	notes  []map[string]any            // annotations

	serve func(s *stub, r *http.Request, body map[string]any) (status int, answer any)
	end   func(item map[string]any) (start, end time.Time)
}

func newStub(t *testing.T, kind *stub) *stub {
	t.Helper()
	kind.on, kind.now = map[string]map[string]any{}, time.Now
	kind.Server = httptest.NewServer(kind)
	t.Cleanup(kind.Close)
	return kind
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+r.URL.Path)
	if len(s.faults) > 0 {
		fault := s.faults[0]
		s.faults = s.faults[1:]
		if fault != nil {
			fault(w)
			return
		}
	}
	data, _ := io.ReadAll(r.Body)
	var body map[string]any
	if len(data) > 0 {
		if err := json.Unmarshal(data, &body); err != nil || r.Header.Get("Content-Type") != "application/json" {
			s.refuse(w, r, http.StatusBadRequest, fmt.Sprintf("%q of type %q is not JSON", data, r.Header.Get("Content-Type")))
			return
		}
	}
	status, answer := s.serve(s, r, body)
	if status >= 300 {
		s.refuse(w, r, status, answer)
		return
	}
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func (s *stub) refuse(w http.ResponseWriter, r *http.Request, status int, answer any) {
	if status != http.StatusNotFound {
		s.wrong = append(s.wrong, fmt.Sprintf("%s %s: %d %v", r.Method, r.URL, status, answer))
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": answer})
}

// add stores an item under a new id.
func (s *stub) add(item map[string]any) map[string]any {
	s.made++
	id := "id" + strconv.Itoa(s.made)
	item = maps.Clone(item)
	item["id"] = id
	s.on[id] = item
	return item
}

// list returns the items, only the unfinished ones if current.
func (s *stub) list(current bool) []any {
	list := []any{}
	for _, id := range slices.Sorted(maps.Keys(s.on)) {
		if _, end := s.end(s.on[id]); !current || end.After(s.now()) {
			list = append(list, s.on[id])
		}
	}
	return list
}

// quiet returns the ends of the current downtimes.
func (s *stub) quiet() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ends []time.Time
	for _, item := range s.on {
		if start, end := s.end(item); !start.After(s.now()) && end.After(s.now()) {
			ends = append(ends, end)
		}
	}
	return ends
}

// strict reports unknown or missing keys of a body.
func strict(body map[string]any, required string, optional ...string) string {
	for name := range body {
		if !slices.Contains(append(strings.Fields(required), optional...), name) {
			return "unknown key " + name
		}
	}
	for _, name := range strings.Fields(required) {
		if body[name] == nil {
			return "missing key " + name
		}
	}
	return ""
}

// mackerelKey is the key of the organization at the stub.
const mackerelKey = "k3y-of-the-organization"

// mackerelScopes are the scopes of the organization.
var mackerelScopes = []string{"fieldreports", "other", "fieldreports: api", "m1", "m2"}

// mackerelStub returns a stub of Mackerel, according to its API documentation.
func mackerelStub() *stub {
	scopes := []string{"serviceScopes", "serviceExcludeScopes", "roleScopes", "roleExcludeScopes", "monitorScopes", "monitorExcludeScopes"}
	check := func(body map[string]any) string {
		if wrong := strict(body, "name start duration", append(scopes, "memo", "recurrence")...); wrong != "" {
			return wrong
		}
		if duration, _ := body["duration"].(float64); duration < 1 || duration != float64(int(duration)) {
			return "duration must be positive"
		}
		if start, _ := body["start"].(float64); start < 1 || start != float64(int(start)) {
			return "start must be an epoch"
		}
		for _, name := range scopes {
			list, _ := body[name].([]any)
			for i, scope := range list {
				text, _ := scope.(string)
				if !slices.Contains(mackerelScopes, text) || slices.Index(list, scope) < i {
					return fmt.Sprintf("%s: %v does not exist, or occurs twice", name, scope)
				}
			}
		}
		return ""
	}
	return &stub{
		end: func(item map[string]any) (time.Time, time.Time) {
			start := time.Unix(int64(item["start"].(float64)), 0)
			length := time.Duration(item["duration"].(float64)) * time.Minute
			// It may be a Sunday in any time zone.
			for offset := -12; offset <= 14; offset++ {
				if start.UTC().Add(time.Duration(offset)*time.Hour).Weekday() == time.Sunday {
					length = min(length, 24*time.Hour) // the rest is ignored
				}
			}
			return start, start.Add(length)
		},
		serve: func(s *stub, r *http.Request, body map[string]any) (int, any) {
			id := strings.TrimPrefix(r.URL.Path, "/api/v0/downtimes/")
			item := s.on[id]
			switch {
			case r.Header.Get("X-Api-Key") != mackerelKey:
				return http.StatusForbidden, "Authentication failed for " + r.Header.Get("X-Api-Key")
			case r.Method == http.MethodPost && r.URL.Path == "/api/v0/graph-annotations":
				if wrong := strict(body, "service from to title", "description", "roles"); wrong != "" || body["from"].(float64) > body["to"].(float64) {
					return http.StatusBadRequest, wrong
				}
				s.notes = append(s.notes, body)
				return http.StatusOK, body
			case r.Method == http.MethodGet && r.URL.Path == "/api/v0/downtimes":
				return http.StatusOK, map[string]any{"downtimes": s.list(false)}
			case r.Method == http.MethodPost && r.URL.Path == "/api/v0/downtimes":
				if wrong := check(body); wrong != "" {
					return http.StatusBadRequest, wrong
				}
				return http.StatusOK, s.add(body)
			case item == nil:
				return http.StatusNotFound, "Downtime not found."
			case r.Method == http.MethodPut:
				if wrong := check(body); wrong != "" {
					return http.StatusBadRequest, wrong
				}
				body["id"] = id
				s.on[id] = body
				return http.StatusOK, body
			case r.Method == http.MethodDelete:
				delete(s.on, id)
				return http.StatusOK, item
			}
			return http.StatusMethodNotAllowed, r.Method
		},
	}
}

// datadogStub returns a stub of Datadog's downtimes, version 2.
func datadogStub() *stub {
	attributes := func(body map[string]any, update bool) (map[string]any, string) {
		data, _ := body["data"].(map[string]any)
		a, _ := data["attributes"].(map[string]any)
		required, needs := "type attributes", "scope monitor_identifier"
		if update {
			required, needs = "type attributes id", ""
		}
		if wrong := strict(body, "data"); wrong != "" {
			return nil, wrong
		}
		if wrong := strict(data, required); wrong != "" || data["type"] != "downtime" {
			return nil, "data: " + wrong
		}
		if wrong := strict(a, needs, "scope", "monitor_identifier", "schedule", "message", "display_timezone"); wrong != "" {
			return nil, wrong
		}
		schedule, _ := a["schedule"].(map[string]any)
		if wrong := strict(schedule, "end", "start"); wrong != "" {
			return nil, "schedule: " + wrong
		}
		if _, err := time.Parse(time.RFC3339, schedule["end"].(string)); err != nil {
			return nil, err.Error()
		}
		return a, ""
	}
	return &stub{
		end: func(item map[string]any) (time.Time, time.Time) {
			end, _ := time.Parse(time.RFC3339, item["attributes"].(map[string]any)["schedule"].(map[string]any)["end"].(string))
			return time.Time{}, end
		},
		serve: func(s *stub, r *http.Request, body map[string]any) (int, any) {
			id := strings.TrimPrefix(r.URL.Path, "/api/v2/downtime/")
			item := s.on[id]
			switch {
			case r.Header.Get("DD-API-KEY") != "dd-api" || r.Header.Get("DD-APPLICATION-KEY") != "dd-app":
				return http.StatusForbidden, "Forbidden"
			case r.Method == http.MethodGet && r.URL.Path == "/api/v2/downtime":
				return http.StatusOK, map[string]any{"data": s.list(r.URL.Query().Get("current_only") == "true"), "meta": map[string]any{}}
			case r.Method == http.MethodPost && r.URL.Path == "/api/v2/downtime":
				a, wrong := attributes(body, false)
				if wrong != "" {
					return http.StatusBadRequest, wrong
				}
				return http.StatusOK, map[string]any{"data": s.add(map[string]any{"type": "downtime", "attributes": a})}
			case item == nil:
				return http.StatusNotFound, "no such downtime"
			case r.Method == http.MethodPatch:
				a, wrong := attributes(body, true)
				if wrong != "" {
					return http.StatusBadRequest, wrong
				}
				maps.Copy(item["attributes"].(map[string]any), a)
				return http.StatusOK, map[string]any{"data": item}
			case r.Method == http.MethodDelete:
				delete(s.on, id)
				return http.StatusNoContent, nil
			}
			return http.StatusMethodNotAllowed, r.Method
		},
	}
}

// pagerdutyStub returns a stub of PagerDuty's maintenance windows.
func pagerdutyStub() *stub {
	window := func(body map[string]any) (map[string]any, string) {
		w, _ := body["maintenance_window"].(map[string]any)
		if wrong := strict(body, "maintenance_window"); wrong != "" {
			return nil, wrong
		}
		if wrong := strict(w, "type start_time end_time services", "description"); wrong != "" || w["type"] != "maintenance_window" {
			return nil, "maintenance_window: " + wrong
		}
		start, err := time.Parse(time.RFC3339, w["start_time"].(string))
		end, err2 := time.Parse(time.RFC3339, w["end_time"].(string))
		if err != nil || err2 != nil || !end.After(start) {
			return nil, "start_time, end_time"
		}
		for _, service := range w["services"].([]any) {
			if service := service.(map[string]any); service["type"] != "service_reference" || service["id"] != "PIJ90N7" {
				return nil, "services"
			}
		}
		return w, ""
	}
	return &stub{
		end: func(item map[string]any) (time.Time, time.Time) {
			start, _ := time.Parse(time.RFC3339, item["start_time"].(string))
			end, _ := time.Parse(time.RFC3339, item["end_time"].(string))
			return start, end
		},
		serve: func(s *stub, r *http.Request, body map[string]any) (int, any) {
			id := strings.TrimPrefix(r.URL.Path, "/maintenance_windows/")
			item := s.on[id]
			switch {
			case r.Header.Get("Authorization") != "Token token=pd-token" || r.Header.Get("Accept") != "application/vnd.pagerduty+json;version=2":
				return http.StatusUnauthorized, "Unauthorized"
			case r.Method != http.MethodGet && !strings.Contains(r.Header.Get("From"), "@"):
				return http.StatusBadRequest, "From is required"
			case r.Method == http.MethodGet && r.URL.Path == "/maintenance_windows":
				list := slices.DeleteFunc(s.list(r.URL.Query().Get("filter") == "open"), func(item any) bool {
					return !strings.Contains(fmt.Sprint(item.(map[string]any)["description"]), r.URL.Query().Get("query"))
				})
				return http.StatusOK, map[string]any{"maintenance_windows": list, "more": false}
			case r.Method == http.MethodPost && r.URL.Path == "/maintenance_windows":
				w, wrong := window(body)
				if wrong != "" {
					return http.StatusBadRequest, wrong
				}
				return http.StatusCreated, map[string]any{"maintenance_window": s.add(w)}
			case item == nil:
				return http.StatusNotFound, "Not Found"
			case r.Method == http.MethodPut:
				w, wrong := window(body)
				if wrong != "" {
					return http.StatusBadRequest, wrong
				}
				w["id"] = id
				s.on[id] = w
				return http.StatusOK, map[string]any{"maintenance_window": w}
			case r.Method == http.MethodDelete:
				delete(s.on, id)
				return http.StatusNoContent, nil
			}
			return http.StatusMethodNotAllowed, r.Method
		},
	}
}

// answering returns a fault that answers with a status.
func answering(status int, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "the service is not well")
	}
}

// hangingUp is a fault that closes the connection.
func hangingUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// hostOf replaces the host of an address by that of the stub.
func (s *stub) hostOf(address string) string {
	u, _ := url.Parse(s.URL)
	_, rest, _ := strings.Cut(address, "://")
	_, path, _ := strings.Cut(rest, "/")
	return "http://" + u.Host + "/" + path
}
