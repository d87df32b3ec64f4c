package monitors

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// httpMonitor makes downtimes by requests from templates.
type httpMonitor struct {
	service
	wanted maintenance.HTTPMonitor
}

func newHTTPMonitor(wanted maintenance.HTTPMonitor, s service) (*httpMonitor, error) {
	s.header = http.Header{}
	for name, text := range wanted.Headers {
		value, err := render("headers."+name, text, window{}, s.secret.value)
		if err != nil {
			return nil, err
		}
		s.header.Set(name, value)
	}
	return &httpMonitor{s, wanted}, nil
}

// functions are the functions that templates may call.
var functions = template.FuncMap{
	"json": func(value any) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	},
	"rfc3339": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"unix":    func(t time.Time) int64 { return t.Unix() },
	"secret": func(string) (string, error) {
		return "", errors.New("only headers may use the secret: addresses and bodies end up in logs")
	},
}

// render renders a template. The error of a function contains no value of the
// secret.
func render(name, text string, w window, secret func(string) (string, error)) (string, error) {
	t := template.New(name).Funcs(functions).Option("missingkey=error")
	if secret != nil {
		t.Funcs(template.FuncMap{"secret": secret})
	}
	if _, err := t.Parse(text); err != nil {
		return "", err
	}
	var out strings.Builder
	if err := t.Execute(&out, w); err != nil {
		return "", err
	}
	return out.String(), nil
}

func (m *httpMonitor) call(ctx context.Context, name string, r maintenance.HTTPRequest, w window, to any) error {
	address, err := render(name+".url", r.URL, w, nil)
	if err != nil {
		return err
	}
	body, err := render(name+".body", r.Body, w, nil)
	if err != nil {
		return err
	}
	return m.send(ctx, r.Method, address, []byte(body), to)
}

func (m *httpMonitor) find(ctx context.Context, w window) ([]found, error) {
	var answer json.RawMessage
	if err := m.call(ctx, "find", m.wanted.Find, w, &answer); err != nil {
		return nil, err
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	items, ok := at(value, m.wanted.Items).([]any)
	if !ok {
		return nil, fmt.Errorf("the answer to find has no list at %q", m.wanted.Items)
	}
	var all []found
	for _, item := range items {
		since, ok := sinceOf(item, w.Prefix)
		if !ok {
			continue
		}
		id := idText(at(item, m.wanted.ID))
		if id == "" {
			return nil, fmt.Errorf("a downtime of noren's in the answer to find has no id at %q", m.wanted.ID)
		}
		all = append(all, found{id: id, since: since})
	}
	return all, nil
}

// at returns the value at a path, names with dots, in another one, nil if there
// is none.
func at(value any, path string) any {
	if path == "" {
		return value
	}
	for _, name := range strings.Split(path, ".") {
		inner, _ := value.(map[string]any)
		value = inner[name]
	}
	return value
}

// idText returns an id as a text: some services use numbers.
func idText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func (m *httpMonitor) begin(ctx context.Context, w window) error {
	return m.call(ctx, "begin", m.wanted.Begin, w, nil)
}

func (m *httpMonitor) extend(ctx context.Context, f found, w window) error {
	return m.call(ctx, "extend", m.wanted.Extend, w.of(f), nil)
}

func (m *httpMonitor) end(ctx context.Context, f found, w window) error {
	err := m.call(ctx, "end", m.wanted.End, w.of(f), nil)
	if gone(err) {
		return nil
	}
	return err
}
