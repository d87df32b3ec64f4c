package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
)

// A template says what to look at for one kind of report.
type template struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Summary string          `json:"summary"`
	Checks  json.RawMessage `json:"checks"`  // texts
	Drawing string          `json:"drawing"` // a path in this API
}

const templateColumns = "id, name, summary, checks, drawing"

func (t *template) scan(row interface{ Scan(...any) error }) error {
	err := row.Scan(&t.ID, &t.Name, &t.Summary, (*[]byte)(&t.Checks), &t.Drawing)
	t.Drawing = "/api/files/" + t.Drawing
	return err
}

func (a api) listTemplates(w http.ResponseWriter, r *http.Request, _ user) {
	var templates []template
	err := a.db.read(func(from *sql.DB) error {
		rows, err := from.QueryContext(r.Context(), "SELECT "+templateColumns+" FROM templates ORDER BY name")
		if err != nil {
			return err
		}
		defer rows.Close()
		templates = []template{}
		for rows.Next() {
			var t template
			if err := t.scan(rows); err != nil {
				return err
			}
			templates = append(templates, t)
		}
		return rows.Err()
	})
	if err != nil {
		unavailable(w, r, a.log, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string][]template{"templates": templates})
}

func (a api) getTemplate(w http.ResponseWriter, r *http.Request, _ user) {
	if !templateForm.MatchString(r.PathValue("id")) {
		notFound(w, r)
		return
	}
	var t template
	err := a.db.read(func(from *sql.DB) error {
		return t.scan(from.QueryRowContext(r.Context(), "SELECT "+templateColumns+" FROM templates WHERE id = ?", r.PathValue("id")))
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		notFound(w, r)
	case err != nil:
		unavailable(w, r, a.log, err)
	default:
		writeJSON(w, http.StatusOK, t)
	}
}
