package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/internal/preview/account"
	"github.com/noren-cdk/noren/internal/preview/states"
	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/internal/window"
)

// notSucceeded is the exit code of a night that did not succeed.
const notSucceeded = 5

// nightKeys says what keys do during a night.
const nightKeys = "y yes, open · t try again from the step that failed · q quit"

// settleTime is how long reports may take to arrive after a night.
const settleTime = time.Minute

// playNight plays the planned maintenance, and reports.
func (q *previewing) playNight(ctx context.Context, cmd *cobra.Command, product *preview.Preview) error {
	out, said := cmd.OutOrStdout(), cmd.OutOrStdout()
	if q.asJSON {
		said = io.Discard // the events contain everything
	}
	keys := &term.Keys{}
	if !q.asJSON {
		var err error
		if keys, err = term.ReadKeys(cmd.InOrStdin()); err != nil {
			return err
		}
		defer keys.Close()
	}
	s := preview.NewSession(product, term.New(said), false)
	s.Greet()
	q.night.Mailed = func(m preview.Mail) { fmt.Fprintf(said, "\nmail: %s\n%s\n", m.Subject, indented(m.Message)) }
	night, err := product.StartNight(ctx, q.night)
	if err != nil {
		return err
	}
	defer night.Close()
	fmt.Fprintf(said, "\nnoren window status, approve and retry work in another terminal after\n  export AWS_ENDPOINT_URL=%s AWS_REGION=%s AWS_ACCESS_KEY_ID=preview AWS_SECRET_ACCESS_KEY=preview\n\n", night.AccountURL(), account.Region)
	if keys.Terminal() {
		fmt.Fprintln(said, nightKeys)
	}
	status, err := q.follow(ctx, said, night, product, keys)
	if err != nil {
		return err
	}
	if status == states.Succeeded {
		settle, stop := context.WithTimeout(ctx, settleTime)
		defer stop()
		if err := night.Settle(settle); err != nil {
			fmt.Fprintln(cmd.ErrOrStderr(), err)
		}
	}
	report := night.Report()
	if q.asJSON {
		q.writing.Lock()
		defer q.writing.Unlock()
		q.reported = true
		lines := json.NewEncoder(out)
		lines.SetEscapeHTML(false)
		return errors.Join(lines.Encode(report), failedNight(status))
	}
	fmt.Fprintln(out)
	report.Write(out)
	return failedNight(status)
}

// failedNight returns the error for a night that did not succeed.
func failedNight(status states.Status) error {
	if status == states.Succeeded {
		return nil
	}
	return &exitError{notSucceeded, fmt.Errorf("the night has not succeeded: %s", preview.NightStatus(status))}
}

// follow plays the night, and reads keys if there is a terminal. Without a
// terminal, a night that fails is over.
func (q *previewing) follow(ctx context.Context, out io.Writer, night *preview.Night, product *preview.Preview, keys *term.Keys) (states.Status, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type end struct {
		status states.Status
		err    error
	}
	ended := make(chan end, 1)
	go func() {
		play := night.Run
		if keys.Terminal() {
			play = night.Play
		}
		status, err := play(ctx)
		ended <- end{status, err}
	}()
	changed, shown := product.Changed(), map[string]window.Stage{}
	for {
		select {
		case e := <-ended:
			tellSteps(out, night, shown)
			return e.status, e.err
		case err := <-product.Failed():
			if err != nil {
				return "", err
			}
		case <-changed:
			tellSteps(out, night, shown)
		case key := <-keys.Pressed:
			switch key {
			case 'q', term.CtrlC, term.CtrlD:
				cancel()
			case 'y':
				if err := night.Approve(); err != nil {
					fmt.Fprintln(out, err)
				}
			case 't':
				night.Again()
			default:
				fmt.Fprintln(out, nightKeys)
			}
		}
	}
}

// tellSteps writes a line for every step that has progressed since it was last
// shown.
func tellSteps(out io.Writer, night *preview.Night, shown map[string]window.Stage) {
	for _, p := range night.Timeline() {
		if p.Stage == window.Comes || p.Stage == shown[p.Name] {
			continue
		}
		shown[p.Name] = p.Stage
		took := p.Took(p.Started).Seconds()
		switch p.Stage {
		case window.Done:
			fmt.Fprintf(out, "  %s: done in %.1f s\n", p.Name, took)
		case window.Failed:
			fmt.Fprintf(out, "  %s: failed after %.1f s: %s\n", p.Name, took, p.Why)
		case window.Asking:
			fmt.Fprintf(out, "  %s: waits for an answer\n", p.Name)
		default:
			fmt.Fprintf(out, "  %s: %s\n", p.Name, p.Does)
		}
	}
}

// indented returns a text with every line indented.
func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
}
