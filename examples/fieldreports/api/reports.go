package main

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A report is what a person has seen. The client makes its id when the report is
// written: sending it twice makes one report.
type report struct {
	ID         string    `json:"id"`       // UUID, lower case
	Template   string    `json:"template"` // may no longer exist: a report is never refused for it
	Title      string    `json:"title"`
	Text       string    `json:"text"`
	WrittenAt  time.Time `json:"writtenAt"` // by the clock of the client
	Author     string    `json:"author"`    // in a request: the user whose session it must be; "" is not checked
	ReceivedAt time.Time `json:"receivedAt"`
	Priority   priority  `json:"priority"` // in a request "" means normal
}

// A priority is how urgent a report is. The database stores its number.
type priority string

// priorities are all priorities, the least urgent first.
var priorities = []priority{"low", "normal", "high"}

// Value returns the number of p.
func (p priority) Value() (driver.Value, error) { return int64(slices.Index(priorities, p) + 1), nil }

// Scan reads a number. A report of an earlier release has none.
func (p *priority) Scan(value any) error {
	*p = "normal"
	var n sql.NullInt64
	if err := n.Scan(value); err != nil || !n.Valid {
		return err
	}
	if n.Int64 < 1 || n.Int64 > int64(len(priorities)) {
		return fmt.Errorf("the priority %d: want 1 to %d", n.Int64, len(priorities))
	}
	*p = priorities[n.Int64-1]
	return nil
}

const pageSize = 50 // reports in one answer

var (
	uuidForm     = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	templateForm = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
)

// validate returns what is wrong with a report that a client has sent.
func (r report) validate() error {
	var errs []error
	if !uuidForm.MatchString(r.ID) {
		errs = append(errs, fmt.Errorf("id is %q: want a UUID in small letters", r.ID))
	}
	if !templateForm.MatchString(r.Template) {
		errs = append(errs, fmt.Errorf("template is %q: want the id of one", r.Template))
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(r.Title)); n < 1 || utf8.RuneCountInString(r.Title) > 200 {
		errs = append(errs, fmt.Errorf("title has %d characters: want 1 to 200", utf8.RuneCountInString(r.Title)))
	}
	if n := utf8.RuneCountInString(r.Text); n > 10000 {
		errs = append(errs, fmt.Errorf("text has %d characters: want at most 10000", n))
	}
	if !slices.Contains(priorities, r.Priority) {
		errs = append(errs, fmt.Errorf("priority is %q: want low, normal or high", r.Priority))
	}
	if r.WrittenAt.IsZero() {
		errs = append(errs, errors.New("writtenAt is missing: want one such as 2026-12-01T04:00:00Z"))
	}
	return errors.Join(errs...)
}

// timely reports whether a report can have been written at its time. A phone's
// clock may show anything; a report that is not timely is stored with its time of
// arrival.
func (r report) timely() bool {
	return r.WrittenAt.Year() >= 2000 && r.WrittenAt.Before(time.Now().Add(24*time.Hour))
}

// same reports whether a report is the stored one, sent again. A time that was
// corrected, here or by the client, does not make it different. Nor does the
// priority: a task of the previous release may have stored it without.
func (r report) same(stored report) bool {
	return r.ID == stored.ID && r.Author == stored.Author && r.Template == stored.Template &&
		r.Title == stored.Title && r.Text == stored.Text &&
		(r.WrittenAt.Equal(stored.WrittenAt) || !r.timely() || stored.WrittenAt.Equal(stored.ReceivedAt))
}

const reportQuery = `SELECT reports.seq, reports.id, reports.template, reports.title, reports.text, reports.written_at, users.name, reports.received_at, reports.priority
	FROM reports JOIN users ON users.id = reports.user_id`

func (r *report) scan(row interface{ Scan(...any) error }) (seq uint64, err error) {
	err = row.Scan(&seq, &r.ID, &r.Template, &r.Title, &r.Text, &r.WrittenAt, &r.Author, &r.ReceivedAt, &r.Priority)
	return seq, err
}

// postReport stores a report. It answers 201 for a new report, 200 for one that
// is already stored, and 409 for a different one with the same id.
func (a api) postReport(w http.ResponseWriter, r *http.Request, u user) {
	key := strings.ToLower(r.Header.Get("Idempotency-Key"))
	if key != "" && !uuidForm.MatchString(key) {
		writeError(w, http.StatusBadRequest, "bad-idempotency-key", fmt.Sprintf("Idempotency-Key is %q: want a UUID", key))
		return
	}
	var sent report
	if !readJSON(w, r, &sent) {
		return
	}
	sent.Priority = cmp.Or(sent.Priority, "normal")
	if err := sent.validate(); err != nil {
		writeError(w, http.StatusUnprocessableEntity, "invalid-report", strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	if sent.Author != "" && sent.Author != u.Name { // a queue may outlive its session
		writeError(w, http.StatusForbidden, "other-author", fmt.Sprintf("the report is by %q, and the session is not", sent.Author))
		return
	}
	sent.Author = u.Name
	sent.WrittenAt = sent.WrittenAt.UTC().Truncate(time.Millisecond) // as it is stored
	sent.ReceivedAt = time.Now().UTC().Truncate(time.Millisecond)
	stored := sent
	if !sent.timely() {
		stored.WrittenAt = sent.ReceivedAt
	}

	_, err := a.db.writer.ExecContext(r.Context(),
		"INSERT INTO reports (id, user_id, idempotency_key, template, title, text, written_at, received_at, priority) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		sent.ID, u.id, sql.NullString{String: key, Valid: key != ""}, sent.Template, sent.Title, sent.Text, stored.WrittenAt, sent.ReceivedAt, sent.Priority)
	if err == nil {
		w.Header().Set("Location", "/api/reports/"+sent.ID)
		writeJSON(w, http.StatusCreated, stored)
		return
	}
	if !duplicate(err) {
		unavailable(w, r, a.log, err)
		return
	}
	a.answerDuplicate(w, r, sent)
}

// answerDuplicate answers a report whose id or idempotency key is already used.
func (a api) answerDuplicate(w http.ResponseWriter, r *http.Request, sent report) {
	var stored report
	_, err := stored.scan(a.db.writer.QueryRowContext(r.Context(), reportQuery+" WHERE reports.id = ?", sent.ID))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		writeError(w, http.StatusUnprocessableEntity, "idempotency-key-reused", "this Idempotency-Key belongs to another report: want a new one for each")
	case err != nil:
		unavailable(w, r, a.log, err)
	case !sent.same(stored):
		writeError(w, http.StatusConflict, "report-differs", fmt.Sprintf("another report has the id %q", sent.ID))
	default:
		writeJSON(w, http.StatusOK, stored)
	}
}

// listReports answers with the newest reports, and a link to the older ones.
func (a api) listReports(w http.ResponseWriter, r *http.Request, u user) {
	before := uint64(1<<63 - 1)
	if value := r.URL.Query().Get("before"); value != "" {
		var err error
		if before, err = strconv.ParseUint(value, 10, 63); err != nil {
			writeError(w, http.StatusBadRequest, "bad-before", fmt.Sprintf("before is %q: want what next says", value))
			return
		}
	}
	reports, next, err := a.db.reports(r.Context(), u, before)
	if err != nil {
		unavailable(w, r, a.log, err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Reports []report `json:"reports"`
		Next    string   `json:"next,omitempty"`
	}{reports, next})
}

// reports returns the reports before seq that u may see, the newest first, and
// the path of the next older ones, if there are any.
func (p pools) reports(ctx context.Context, u user, before uint64) (reports []report, next string, err error) {
	query, args := reportQuery+" WHERE reports.seq < ?", []any{before}
	if u.Role != managerRole {
		query, args = query+" AND reports.user_id = ?", append(args, u.id)
	}
	err = p.read(func(from *sql.DB) error {
		rows, err := from.QueryContext(ctx, query+" ORDER BY reports.seq DESC LIMIT ?", append(args, pageSize+1)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		reports, next = []report{}, ""
		last := before
		for rows.Next() {
			if len(reports) == pageSize {
				next = fmt.Sprintf("/api/reports?before=%d", last)
				break
			}
			var one report
			if last, err = one.scan(rows); err != nil {
				return err
			}
			reports = append(reports, one)
		}
		return rows.Err()
	})
	return reports, next, err
}

func (a api) getReport(w http.ResponseWriter, r *http.Request, u user) {
	if !uuidForm.MatchString(r.PathValue("id")) {
		notFound(w, r)
		return
	}
	var found report
	err := a.db.read(func(from *sql.DB) error {
		_, err := found.scan(from.QueryRowContext(r.Context(), reportQuery+" WHERE reports.id = ?", r.PathValue("id")))
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && u.Role != managerRole && found.Author != u.Name:
		notFound(w, r)
	case err != nil:
		unavailable(w, r, a.log, err)
	default:
		writeJSON(w, http.StatusOK, found)
	}
}
