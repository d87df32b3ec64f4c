package main

import (
	"errors"

	"github.com/noren-cdk/noren/internal/replay"
)

// assumeFlag adds an assumption for every --assume.
type assumeFlag []replay.Assumption

func (f *assumeFlag) Set(text string) error {
	assumption, err := replay.ParseAssumption(text)
	if err != nil {
		return err
	}
	*f = append(*f, assumption)
	return nil
}

func (f *assumeFlag) String() string { return "" }
func (f *assumeFlag) Type() string   { return "header" }

// whenAgentFlag narrows the last assumption.
type whenAgentFlag []replay.Assumption

func (f *whenAgentFlag) Set(pattern string) error {
	if len(*f) == 0 {
		return errors.New("want an --assume before it")
	}
	last := &(*f)[len(*f)-1]
	last.Agents = append(last.Agents, pattern)
	return nil
}

func (f *whenAgentFlag) String() string { return "" }
func (f *whenAgentFlag) Type() string   { return "pattern" }
