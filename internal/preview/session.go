package preview

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/maintenance"
)

// A Session shows a running product in a terminal, and takes keys. Make it with
// [NewSession].
type Session struct {
	product *Preview
	mode    string
	out     term.Terminal
	keys    bool // whether anyone can press a key
}

// NewSession returns the session of a product at a terminal. keys says whether
// anyone can press a key.
func NewSession(product *Preview, out term.Terminal, keys bool) *Session {
	return &Session{product, product.Mode(), out, keys}
}

// Greet prints the addresses.
func (s *Session) Greet() {
	p := s.product
	fmt.Fprintln(s.out)
	line := func(name, address, what string) {
		if address != "" {
			fmt.Fprintln(s.out, strings.TrimRight(fmt.Sprintf("  %-9s%s  %s", name, address, s.out.In(term.Dim, what)), " "))
		}
	}
	line("site", p.Site, "through CloudFront")
	line("API", p.API, "the load balancer itself")
	line("control", p.Control, "rules, last requests, the switch")
	line("log in", p.Login(), "")
	if len(p.Notes) > 0 {
		fmt.Fprintln(s.out)
	}
	for _, note := range p.Notes {
		fmt.Fprintln(s.out, "  "+s.out.In(term.Yellow, "note: ")+note)
	}
	first := p.Site
	if first == "" {
		first = p.Control
	}
	fmt.Fprintf(s.out, "\n%s\n", s.out.In(term.Bold, "open "+first))
	if s.keys {
		fmt.Fprintln(s.out, s.out.In(term.Dim, s.help()))
	}
	s.tell()
}

// keyModes maps keys to modes.
var keyModes = map[byte]maintenance.Mode{'c': maintenance.Closed, 'r': maintenance.ReadOnly, 'o': maintenance.Open}

func (s *Session) help() string {
	var keys []string
	for _, key := range []byte("ocr") {
		if mode := string(keyModes[key]); slices.Contains(s.product.Modes(), mode) {
			keys = append(keys, string(key)+" "+mode)
		}
	}
	if len(keys) == 0 && len(s.product.Modes()) > 1 {
		keys = append(keys, "c next mode")
	}
	return strings.Join(append(keys, "q quit"), " · ")
}

// tell prints the mode.
func (s *Session) tell() {
	styles := map[string]term.Style{string(maintenance.Open): term.Green, string(maintenance.Closed): term.Red}
	styled, ok := styles[s.mode]
	if !ok {
		styled = term.Yellow
	}
	fmt.Fprintln(s.out, s.out.In(styled, s.mode))
}

// Follow handles keys, and reports every change of the mode, until the end.
func (s *Session) Follow(ctx context.Context, keys *term.Keys) error {
	changed := s.product.Changed()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.product.Failed():
			if err != nil {
				return err
			}
		case <-changed:
			if mode := s.product.Mode(); mode != s.mode {
				s.mode = mode
				s.tell()
			}
		case key := <-keys.Pressed:
			if key == 'q' || key == term.CtrlC || key == term.CtrlD {
				return nil
			}
			if err := s.press(key); err != nil {
				return err
			}
		}
	}
}

// press flips for a key. c opens a product that is closed; if no mode is named
// closed, it switches to the next one.
func (s *Session) press(key byte) error {
	wanted, ok := keyModes[key]
	mode := string(wanted)
	modes := s.product.Modes()
	switch {
	case key != 'c':
	case !slices.Contains(modes, mode): // templates with other names: the next one
		mode = modes[(slices.Index(modes, s.mode)+1)%len(modes)]
	case s.mode == mode:
		mode = string(maintenance.Open)
	}
	switch {
	case !ok:
		fmt.Fprintln(s.out, s.out.In(term.Dim, s.help()))
		return nil
	case !slices.Contains(modes, mode):
		fmt.Fprintf(s.out, "there is no template of the mode %q\n", mode)
		return nil
	}
	return s.product.Flip(mode)
}
