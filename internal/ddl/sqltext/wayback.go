package sqltext

import (
	"path"
	"regexp"
	"strings"
	"sync"
)

// WayBack reports whether a file is, by its name, only the way back of a
// migration: the names of golang-migrate, Flyway and Diesel.
func WayBack(name string) bool { return wayBack().MatchString(name) }

var wayBack = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(^|[/._-])(down|undo|rollback|revert)\.sql$|(^|/)U\d[\d._]*__[^/]*$`)
})

const downMark = " (down)"

// Key is the name of the migration in a journal. The way back has another one.
func (m Migration) Key() string {
	if m.Direction == Down {
		return m.Name + downMark
	}
	return m.Name
}

// Opposes reports whether the migration with the given key in a journal is the
// way back of this one, or this one is the way back of it: the other part of the
// file, or the other file of a pair.
func (m Migration) Opposes(key string) bool {
	id, down := pairOf(m.Key())
	other, otherDown := pairOf(key)
	return id == other && down != otherDown
}

// pairOf returns the part of their names that the two files of a pair share, and
// whether a key is that of the way back.
func pairOf(key string) (id string, down bool) {
	name, down := strings.CutSuffix(key, downMark)
	down = down || WayBack(name)
	folder, file := path.Split(name)
	if m := versioned().FindStringSubmatch(file); m != nil { // its descriptions may differ
		return folder + m[1], down
	}
	return folder + partOfPair().ReplaceAllString(file, ""), down
}

var versioned = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[VU](\d[\d._]*__)`) })

var partOfPair = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)((^|[._-])(up|down|undo|rollback|revert))?\.sql$`)
})
