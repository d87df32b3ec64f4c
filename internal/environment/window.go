package environment

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones do not depend on the machine, which may have none

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/sqltext"
	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	windowKey = "maintenance.window"

	// localTime is the format of a time in a window: in its zone, to the minute,
	// with which Systems Manager starts it.
	localTime = "2006-01-02T15:04:05"

	// longestWindow is the maximum length of a Systems Manager window.
	longestWindow = 24 * time.Hour

	// rehearsedShare is the share of a window, in percent, that its changes may
	// take: the rest is for closing, verification, and a person who must look.
	rehearsedShare = 60
)

var (
	// changeName matches the name of a schema change, which becomes the name of a
	// state.
	changeName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,59}$`)

	verifyPattern = regexp.MustCompile(`^(GET|HEAD) (/[!-~]*) -> ([1-5][0-9]{2})$`)
)

// given reports whether the section describes a window.
func (w Window) given() bool {
	return w.Start != "" || w.End != "" || w.Zone != "" || len(w.Changes) > 0 || len(w.Verify) > 0
}

// checkWindow checks the window and returns what is deployed for it, nil if there
// is none.
func (c *checker) checkWindow(now time.Time) *window.Window {
	m := c.env.Maintenance
	w := m.Window
	if !w.given() {
		return nil
	}
	night := window.Window{Announce: w.Announce, Mode: w.Mode, Ask: w.Reopen == "ask"}
	night.Start, night.End = c.windowTimes(w, now)
	switch {
	case !c.decoder.sound(windowKey + ".mode"):
	case w.Mode == maintenance.Open:
		c.fail(windowKey+".mode", "want true (closed) or read-only: a window that stays open needs no window")
	default:
		if err := w.Mode.CheckPrepared(m.ReadOnly); err != nil {
			c.fail(windowKey+".mode", "%v", err)
		}
	}
	if !m.Guard {
		c.fail("maintenance.guard", "want true with %s: a deploy without a flag during the night would open the product", windowKey)
	}
	if until := m.Until; !until.IsZero() && !night.End.IsZero() && !until.Equal(night.End) {
		c.fail(windowKey+".end", "want the time of maintenance.until, %s, or no maintenance.until, got %s", until.Format(time.RFC3339), night.End.Format(time.RFC3339))
	}
	night.Changes = c.windowChanges(w)
	c.checkRehearsed(night)
	night.Verify = c.windowVerify(w)
	if len(w.Verify) == 0 && w.Reopen == "verified" {
		c.fail(windowKey+".reopen", "want requests in %s.verify for verified, or ask", windowKey)
	}
	return &night
}

// windowTimes returns the start and the end. An unusable time is zero.
func (c *checker) windowTimes(w Window, now time.Time) (start, end time.Time) {
	zone := c.windowZone(w.Zone)
	if zone == nil {
		return start, end
	}
	start = c.windowTime(windowKey+".start", w.Start, zone)
	end = c.windowTime(windowKey+".end", w.End, zone)
	if start.IsZero() || end.IsZero() {
		return start, end
	}
	switch length := end.Sub(start); {
	case length <= 0:
		c.fail(windowKey+".end", "want a time after the start, %s, got %s", w.Start, w.End)
	case length > longestWindow:
		c.fail(windowKey+".end", "want at most 24 hours after the start, got %v", length)
	case start.After(now.Add(longestMaintenance)):
		c.fail(windowKey+".start", "want a start within a year, got %s", w.Start)
	case !start.After(now):
		c.warn(windowKey+".start", "%s is past: the window begins no more; what is deployed for it stays until the section is taken out", start.Format(time.RFC3339))
	}
	return start, end
}

func (c *checker) windowZone(name string) *time.Location {
	key := windowKey + ".zone"
	if !c.decoder.sound(key) {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if name == "" || name == "Local" || err != nil {
		c.fail(key, "want a time zone of the IANA database such as Asia/Tokyo or UTC, got %q", name)
		return nil
	}
	return zone
}

// windowTime reads a local time. It returns the zero time if it is unusable.
func (c *checker) windowTime(key, text string, zone *time.Location) time.Time {
	if !c.decoder.sound(key) {
		return time.Time{}
	}
	wall, err := time.Parse(localTime, text)
	if err != nil || wall != wall.Truncate(time.Minute) {
		c.fail(key, "want a local time to the minute in %s.zone such as 2026-12-01T02:00:00, got %q", windowKey, text)
		return time.Time{}
	}
	switch times := instants(wall, zone); len(times) {
	case 1:
		return times[0]
	case 0:
		c.fail(key, "%s does not exist in %s: the clocks are put forward over it", text, zone)
	default:
		c.fail(key, "%s comes twice in %s, at %s and %s: the clocks are put back; take a time that comes once", text, zone,
			times[0].UTC().Format(time.RFC3339), times[1].UTC().Format(time.RFC3339))
	}
	return time.Time{}
}

// instants returns the instants at which the clocks of a zone show the time, in
// order: exactly one, unless clocks are changed.
func instants(wall time.Time, zone *time.Location) []time.Time {
	var found []time.Time
	const around = 48 * time.Hour // no clock is changed by more, even across the date line
	for at := wall.Add(-around); at.Before(wall.Add(around)); {
		local := at.In(zone)
		_, offset := local.Zone()
		instant := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		if instant.Format(localTime) == wall.Format(localTime) && !slices.ContainsFunc(found, instant.Equal) {
			found = append(found, instant)
		}
		_, next := local.ZoneBounds()
		if next.IsZero() {
			break
		}
		at = next
	}
	slices.SortFunc(found, time.Time.Compare)
	return found
}

// windowChanges returns the schema changes with the results of their rehearsals.
// It leaves out unusable ones.
func (c *checker) windowChanges(w Window) []window.Change {
	var changes []window.Change
	folder := c.env.SchemaChange.Changes
	for i, name := range w.Changes {
		key := fmt.Sprintf("%s.changes[%d]", windowKey, i)
		switch {
		case !c.decoder.sound(key):
		case !changeName.MatchString(name):
			c.fail(key, "want the name of a file of schemaChange.changes without .sql, of at most 60 letters, digits, dots, hyphens and underscores, got %q", name)
		case slices.Contains(w.Changes[:i], name):
			c.fail(key, "%q is there twice", name)
		case folder == "":
			c.fail(key, "want schemaChange.changes, a folder: noren cannot look into schemaChange.image for the rehearsal of %q", name)
		default:
			change, err := rehearsed(folder, name)
			if err != nil {
				c.fail(key, "%s", oneLine(err.Error()))
				continue
			}
			changes = append(changes, change)
		}
	}
	return changes
}

// rehearsed reads a change and its rehearsal.
func rehearsed(folder, name string) (window.Change, error) {
	text, err := os.ReadFile(filepath.Join(folder, name+".sql"))
	if err != nil {
		return window.Change{}, fmt.Errorf("want a file of schemaChange.changes: %w", err)
	}
	migration := sqltext.Migration{Name: name + ".sql", Text: string(text)}
	file := filepath.Join(folder, name+".rehearsal.json")
	r, err := ddl.ReadRehearsal(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return window.Change{}, fmt.Errorf("there is no rehearsal, %s: rehearse it with noren ddl rehearse, on a clone", file)
	case err != nil:
		return window.Change{}, err
	case r.Hash != migration.Hash():
		return window.Change{}, fmt.Errorf("%s has other content (SHA-256 %.12s..., the change has %.12s...): rehearse again", file, r.Hash, migration.Hash())
	case r.Failed != "":
		return window.Change{}, fmt.Errorf("the rehearsal failed: %s", r.Failed)
	}
	return window.Change{Name: name, Digest: migration.Hash(), Rehearsed: r.Total().Round(time.Second)}, nil
}

// checkRehearsed checks whether the changes fit into the window.
func (c *checker) checkRehearsed(night window.Window) {
	if night.Start.IsZero() || night.End.IsZero() || !c.decoder.sound(windowKey+".end") {
		return
	}
	length := night.End.Sub(night.Start)
	if took := night.Rehearsed(); took*100 > length*rehearsedShare {
		c.fail(windowKey+".changes", "want changes that took at most %d %% of the window of %v when they were rehearsed, got %v", rehearsedShare, length, took)
	}
}

// windowVerify returns the requests that are sent before reopening.
func (c *checker) windowVerify(w Window) []window.Request {
	bypass := c.env.Maintenance.Bypass
	var requests []window.Request
	for i, text := range w.Verify {
		key := fmt.Sprintf("%s.verify[%d]", windowKey, i)
		parts := verifyPattern.FindStringSubmatch(text)
		switch {
		case !c.decoder.sound(key):
			continue
		case parts == nil:
			c.fail(key, "want a request that reads and its status, such as GET /api/health -> 200, got %q", text)
			continue
		}
		target, err := url.ParseRequestURI(parts[2])
		switch {
		case err != nil || target.Fragment != "" || strings.Contains(parts[2], "#"):
			c.fail(key, "want a path such as /api/health, got %q", parts[2])
		case bypass.Header == "" && bypass.Cookie == "":
			c.fail(key, "no bypass reaches it: want maintenance.bypass.header or cookie, whose secret the request carries; networks do not count, for the function has no address of its own")
		case c.env.API.Domain == "" && !strings.HasPrefix(target.Path, "/api/"):
			c.fail(key, "no bypass reaches it: without api.domain requests come through the site, which sends only /api/ to the service, got %q", target.Path)
		default:
			status, _ := strconv.Atoi(parts[3])
			requests = append(requests, window.Request{Method: parts[1], Path: parts[2], Status: status})
		}
	}
	return requests
}
