package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// A ddlWhile is the mode that a product must be in for a run to begin.
type ddlWhile struct {
	mode, stack, name string

	every, longest time.Duration // how often and for how long to ask
}

func (w *ddlWhile) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&w.mode, "while", "", "begin only if the product is closed, or read-only, by the deployed template and by the listeners; asks AWS, as the environment says")
	flags.StringVar(&w.stack, "stack", "", "name of the product's stack, for --while")
	flags.StringVar(&w.name, "switch", "", "path of the product's switch in the stack, for --while (default: the only one)")
	w.every, w.longest = 5*time.Second, 5*time.Minute
}

// check fails unless the product is in the mode. It asks again for five minutes
// if that cannot be determined: the stack may be updating to tell clients another
// end.
func (w *ddlWhile) check(ctx context.Context, log io.Writer) error {
	if w.mode == "" {
		if w.stack != "" || w.name != "" {
			return errors.New("--stack and --switch are for --while")
		}
		return nil
	}
	mode, err := maintenance.ParseMode(w.mode)
	if err != nil || mode == maintenance.Open {
		return fmt.Errorf("--while %q: want closed or read-only", w.mode)
	}
	if w.stack == "" {
		return errors.New("--while needs --stack, the name of the product's stack")
	}
	settings, err := config.LoadDefaultConfig(ctx, config.WithLogger(logging.Nop{}))
	if err != nil {
		return fmt.Errorf("reading the settings of AWS: %w", err)
	}
	query := live.Query{Stack: w.stack, AWS: settings}
	for begun := time.Now(); ; {
		other, err := query.Still(ctx, w.name, mode)
		if err == nil {
			return nil
		}
		if other || time.Since(begun) > w.longest {
			return fmt.Errorf("nothing was begun: %w", err)
		}
		fmt.Fprintln(log, err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("nothing was begun: %w", errors.Join(ctx.Err(), err))
		case <-time.After(w.every):
		}
	}
}
