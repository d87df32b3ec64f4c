// Package upgrade judges the upgrade of an Aurora MySQL cluster to another major
// version: what is in the way, and whether it is possible in place or through a
// copy.
package upgrade

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/bluegreen"
)

// Version is a full version of Aurora MySQL 8.4.
type Version struct {
	// Full is the full version, such as 8.4.mysql_aurora.8.4.7, and Major the
	// major one, such as 8.4.
	Full, Major string
}

// Family returns the parameter group family of the version.
func (v Version) Family() string { return "aurora-mysql" + v.Major }

var known = regexp.MustCompile(`^(8\.4)\.mysql_aurora\.8\.4\.[0-9]{1,2}$`)

// ParseVersion parses a version to upgrade to. noren checks the requirements of
// MySQL 8.4, so it accepts no other.
func ParseVersion(text string) (Version, error) {
	parts := known.FindStringSubmatch(text)
	if parts == nil {
		return Version{}, fmt.Errorf("want a version of Aurora MySQL 8.4 in full, such as 8.4.mysql_aurora.8.4.7, got %q", text)
	}
	return Version{text, parts[1]}, nil
}

// Subject is what is upgraded.
type Subject struct {
	// Server is the server software, and Findings are the results of
	// ddl.UpgradeFindings.
	Server   ddl.Server
	Findings []ddl.UpgradeFinding

	To Version

	// Groups are the parameter groups of the synthesized template. NoGroups says
	// why there are none; empty if they were read.
	Groups   []Group
	NoGroups string

	// RDS is asked about Cluster. NoRDS says why it is not; empty if it is.
	RDS     *bluegreen.Client
	Cluster string
	NoRDS   string

	// Window is how long the product may be closed, Rehearsed how long the
	// upgrade of a clone took. 0 if unknown.
	Window, Rehearsed time.Duration
}

// Verdict says whether a way is possible.
type Verdict string

// Verdicts. Later is for a way that something temporary obstructs.
const (
	Possible Verdict = "possible"
	Later    Verdict = "not now"
	No       Verdict = "not possible"
	NotKnown Verdict = "not known"
)

// Way is a way to upgrade.
type Way struct {
	Verdict Verdict `json:"verdict"`

	// Because are the checks and conditions that lead to the verdict.
	Because []string `json:"because,omitempty"`
}

// Plan is what an upgrade runs into, and the possible ways.
type Plan struct {
	From string `json:"from"`
	To   string `json:"to"`

	Findings   []ddl.UpgradeFinding  `json:"findings"`
	Conditions []bluegreen.Condition `json:"conditions"` // for a copy

	// InPlace is RDS's own upgrade of the cluster, during which the cluster is
	// offline. Copy is an upgrade of a copy and a switchover.
	InPlace Way `json:"inPlace"`
	Copy    Way `json:"copy"`

	// Advice says which of them to take.
	Advice string `json:"advice"`
}

// Make judges a subject.
func Make(ctx context.Context, s Subject) Plan {
	p := Plan{From: s.Server.String(), To: s.To.Full, Findings: []ddl.UpgradeFinding{s.version(), s.target(ctx), s.parameters(ctx)}, Conditions: []bluegreen.Condition{}}
	p.Findings = append(p.Findings, s.Findings...)
	p.Copy = Way{NotKnown, []string{s.NoRDS}}
	if s.RDS != nil {
		var err error
		if p.Conditions, err = s.RDS.Conditions(ctx, s.Cluster, "", s.To.Full); err != nil {
			p.Conditions, p.Copy.Because = []bluegreen.Condition{}, []string{err.Error()}
		} else {
			p.Copy = s.byCopy(p)
		}
	}
	p.InPlace = s.inPlace(p)
	p.Advice = s.advice(p)
	return p
}

func finding(check string, level ddl.UpgradeLevel, do, format string, args ...any) ddl.UpgradeFinding {
	return ddl.UpgradeFinding{Check: check, Level: level, Found: fmt.Sprintf(format, args...), Do: do}
}

// version judges the version from which the server is upgraded.
func (s Subject) version() ddl.UpgradeFinding {
	const check = "version"
	switch {
	case s.Server.Aurora == "":
		return finding(check, ddl.UpgradeUnknown, "ask the writer of the cluster", "the server is %v and not Aurora", s.Server)
	case strings.HasPrefix(s.Server.Version, s.To.Major+"."):
		return finding(check, ddl.UpgradeBlocks, "a minor version needs no plan: set database.engineVersion and deploy", "the cluster has %v, of %s already", s.Server, s.To.Major)
	case !strings.HasPrefix(s.Server.Version, "8.0."):
		return finding(check, ddl.UpgradeBlocks, "upgrade it to Aurora MySQL 3 first", "the cluster has %v, and only Aurora MySQL 3 (8.0) can be upgraded to %s", s.Server, s.To.Major)
	}
	return finding(check, ddl.UpgradeOK, "", "%v", s.Server)
}

const targetCheck = "target version"

// target judges whether RDS upgrades to the version.
func (s Subject) target(ctx context.Context) ddl.UpgradeFinding {
	if s.RDS == nil {
		return finding(targetCheck, ddl.UpgradeUnknown, "name the cluster with --cluster, and have credentials for RDS", "%s", s.NoRDS)
	}
	cluster, err := s.RDS.Cluster(ctx, s.Cluster)
	var targets []bluegreen.Target
	if err == nil {
		targets, err = s.RDS.Targets(ctx, cluster.Version)
	}
	if err != nil {
		return finding(targetCheck, ddl.UpgradeUnknown, "have credentials for RDS in the cluster's region", "%v", err)
	}
	var major []string
	for _, t := range targets {
		if t.Version == s.To.Full {
			return finding(targetCheck, ddl.UpgradeOK, "", "RDS upgrades %s to %s", cluster.Version, t.Version)
		}
		if t.Major {
			major = append(major, t.Version)
		}
	}
	do := "upgrade to a later minor version first"
	if len(major) > 0 {
		do = "choose one of these, or upgrade to a later minor version first"
	}
	f := finding(targetCheck, ddl.UpgradeBlocks, do, "RDS does not upgrade %s to %s", cluster.Version, s.To.Full)
	f.Objects = major
	return f
}

// checks returns the names of the findings with a level.
func (p Plan) checks(level ddl.UpgradeLevel) []string {
	var names []string
	for _, f := range p.Findings {
		if f.Level == level {
			names = append(names, f.Check)
		}
	}
	return names
}

func (s Subject) inPlace(p Plan) Way {
	for _, try := range []struct {
		level   ddl.UpgradeLevel
		verdict Verdict
	}{{ddl.UpgradeBlocks, No}, {ddl.UpgradeBusy, Later}, {ddl.UpgradeUnknown, NotKnown}} {
		if names := p.checks(try.level); len(names) > 0 {
			return Way{try.verdict, names}
		}
	}
	return Way{Possible, nil}
}

// byCopy judges the way through a copy, for which current sessions do not matter.
func (s Subject) byCopy(p Plan) Way {
	no, unknown := p.checks(ddl.UpgradeBlocks), p.checks(ddl.UpgradeUnknown)
	for _, c := range p.Conditions {
		switch c.State {
		case bluegreen.Unmet:
			if !slices.Contains(no, c.Name) {
				no = append(no, c.Name)
			}
		case bluegreen.Unknown:
			if !slices.Contains(unknown, c.Name) {
				unknown = append(unknown, c.Name)
			}
		}
	}
	switch {
	case len(no) > 0:
		return Way{No, no}
	case len(unknown) > 0:
		return Way{NotKnown, unknown}
	}
	return Way{Possible, nil}
}

// advice says which way to take. In place is simpler and takes the cluster
// offline for as long as the rehearsal took; with a copy it is offline for about
// a minute.
func (s Subject) advice(p Plan) string {
	measured := s.Rehearsed > 0 && s.Window > 0
	fits := measured && s.Rehearsed <= s.Window
	switch {
	case p.InPlace.Verdict == No && p.Copy.Verdict == No:
		return "neither way is possible: change what is in the way first"
	case p.InPlace.Verdict == No:
		return "only a copy can be upgraded"
	case measured && !fits && p.Copy.Verdict == No:
		return fmt.Sprintf("in place takes %v and the window is %v: make the window longer, or change what is in the way of a copy", s.Rehearsed, s.Window)
	case measured && !fits:
		return fmt.Sprintf("by a copy: in place takes %v and the window is %v", s.Rehearsed, s.Window)
	case fits:
		return fmt.Sprintf("in place, while the product is closed: it takes %v of the window of %v", s.Rehearsed, s.Window)
	}
	return "in place, while the product is closed, if the window is long enough: upgrade a clone, and give what it took with --rehearsed and --window; by a copy, if not"
}
