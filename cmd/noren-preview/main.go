// Command noren-preview runs a product for `noren preview`, which compiles and
// starts it: see package protocol for how the two talk.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/internal/preview/protocol"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		os.Exit(1)
	}
}

// run runs what the first line says until stdin or ctx ends. An error has been
// reported.
func run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	reports := json.NewEncoder(stdout)
	err := follow(ctx, bufio.NewReader(stdin), reports, stderr)
	if err != nil {
		_ = reports.Encode(protocol.Report{Error: err.Error()})
	}
	return err
}

func follow(ctx context.Context, stdin *bufio.Reader, reports *json.Encoder, stderr io.Writer) error {
	commands := json.NewDecoder(stdin)
	var config protocol.Config
	if err := commands.Decode(&config); err != nil {
		return fmt.Errorf("this program is started by noren preview: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	asked := make(chan protocol.Command)
	go func() {
		defer cancel()
		for {
			var command protocol.Command
			if commands.Decode(&command) != nil { // the command has ended
				return
			}
			select {
			case asked <- command:
			case <-ctx.Done():
				return
			}
		}
	}()
	p, err := preview.Start(ctx, config, stderr)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	if err != nil {
		return err
	}
	defer p.Close()
	ready := p.Ready()
	if err := reports.Encode(protocol.Report{Ready: &ready}); err != nil {
		return err
	}
	changed, said := p.Changed(), ready.Mode
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-p.Failed():
			if err != nil {
				return err
			}
		case command := <-asked:
			if err := p.Flip(command.Mode); err != nil {
				return err
			}
		case <-changed:
		}
		if mode := p.Mode(); mode != said {
			said = mode
			if err := reports.Encode(protocol.Report{Mode: mode}); err != nil {
				return err
			}
		}
	}
}
