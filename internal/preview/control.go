package preview

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"
)

//go:embed page
var pageFiles embed.FS

var page = template.Must(template.ParseFS(pageFiles, "page/index.html"))

// control serves the page that shows the state and switches it. It answers only
// under this machine's own names, so that no page from elsewhere can reach it
// under another name, and accepts a switch only from itself.
func (p *Preview) control() http.Handler {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // it is embedded
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.showPage)
	mux.Handle("GET /style.css", http.FileServerFS(files))
	mux.Handle("GET /script.js", http.FileServerFS(files))
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(p.state())
	})
	mux.HandleFunc("GET /events", p.sendEvents)
	mux.HandleFunc("POST /mode", p.takeMode)
	sameOrigin := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if !p.isOwnHost(r.Host) {
			http.Error(w, fmt.Sprintf("%q is not this page's address: open %s", r.Host, p.Control), http.StatusMisdirectedRequest)
			return
		}
		sameOrigin.ServeHTTP(w, r)
	})
}

// isOwnHost reports whether a Host header names the page by one of this machine's
// own names.
func (p *Preview) isOwnHost(host string) bool {
	u, err := url.Parse(p.Control)
	if err != nil {
		return false
	}
	name, port, err := net.SplitHostPort(host)
	return err == nil && port == u.Port() && slices.Contains([]string{"127.0.0.1", "localhost"}, name)
}

func (p *Preview) showPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	now := p.state()
	text, err := json.Marshal(now)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = page.Execute(w, struct {
		*state
		JSON string
	}{now, string(text)}) // the browser may be gone
}

// takeMode switches. A form without a script is redirected back to the page.
func (p *Preview) takeMode(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<10)
	if err := p.Flip(r.PostFormValue("mode")); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// pause is the minimum time between two events to the page.
const pause = 200 * time.Millisecond

// sendEvents sends the state whenever it has changed.
func (p *Preview) sendEvents(w http.ResponseWriter, r *http.Request) {
	changed, stop := p.journal.watch()
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	answer := http.NewResponseController(w)
	for {
		text, err := json.Marshal(p.state())
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil {
			return
		}
		if err := answer.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(pause):
		}
		select {
		case <-r.Context().Done():
			return
		case _, more := <-changed:
			if !more {
				return
			}
		case <-time.After(2 * time.Second): // the health of targets changes without a notification
		}
	}
}
