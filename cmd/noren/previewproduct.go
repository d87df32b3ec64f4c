package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	osexec "os/exec"
	"runtime"
	"time"

	"github.com/noren-cdk/noren/internal/gobuild"
	"github.com/noren-cdk/noren/internal/preview/protocol"
)

// previewProgram is the program that runs the product.
const previewProgram = "github.com/noren-cdk/noren/cmd/noren-preview"

// product is a product that runs, as a program of its own.
type product struct {
	ready   protocol.Ready
	reports chan protocol.Report // closed when the program has ended
	command *osexec.Cmd
	stdin   io.WriteCloser
}

// startProduct compiles the program, unless it has been, and starts it. The
// product is nil if ctx ended meanwhile.
func startProduct(ctx context.Context, config protocol.Config, stderr io.Writer) (*product, error) {
	fmt.Fprintln(stderr, "preparing the preview (the first time this compiles for a minute or more)")
	output, err := gobuild.Program{Package: previewProgram, GOOS: runtime.GOOS, GOARCH: runtime.GOARCH}.Build()
	if ctx.Err() != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := &product{reports: make(chan protocol.Report), command: osexec.Command(output.Binary)}
	p.command.Stderr = stderr
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go p.read(stdout)
	if err := p.send(config); err != nil {
		p.end()
		return nil, err
	}
	select {
	case <-ctx.Done():
		p.end()
		return nil, nil
	case report := <-p.reports:
		if report.Ready == nil {
			p.end()
			if report.Error == "" {
				report.Error = "the preview ended before it began"
			}
			return nil, errors.New(report.Error)
		}
		p.ready = *report.Ready
	}
	return p, nil
}

// read reads what the program says until it has ended.
func (p *product) read(stdout io.Reader) {
	reports := json.NewDecoder(stdout)
	for {
		var report protocol.Report
		if reports.Decode(&report) != nil {
			break
		}
		p.reports <- report
	}
	close(p.reports)
}

func (p *product) send(line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = p.stdin.Write(append(text, '\n'))
	return err
}

// patience is how long the program has to end what it runs.
const patience = 10 * time.Second

// end ends the program and waits until it has.
func (p *product) end() {
	p.stdin.Close()
	late := time.AfterFunc(patience, func() { _ = p.command.Process.Kill() })
	defer late.Stop()
	for range p.reports {
	}
	_ = p.command.Wait() // how it ends says nothing once it is not wanted
}
