package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/bluegreen"
	"github.com/noren-cdk/noren/internal/ddl/copy"
)

// engine is what makes the copy: RDS, or whoever has made the one that --copy-dsn
// names.
func (f *copyLogins) engine(ctx context.Context) (copy.Engine, error) {
	if f.copyDSN != "" {
		return byHand{}, nil
	}
	from := ddl.LoginFromEnvironment(os.Getenv)
	cluster, err := f.cluster, error(nil)
	if cluster == "" {
		if cluster, err = bluegreen.ClusterOf(from.Host); err != nil {
			return nil, fmt.Errorf("the cluster is not known: give --cluster, or --copy-dsn of a copy made by hand: %w", err)
		}
	}
	client, err := askRDS(ctx, from.Region)
	return blueGreen{client, cluster}, err
}

// byHand is a copy that someone else has made, and will switch to.
type byHand struct{}

func (byHand) Make(context.Context, string, func(string)) (string, error) { return "", nil }

func (byHand) Switch(context.Context, string, time.Duration, func(string)) error {
	return fmt.Errorf("the copy was made by hand, so that only you can switch to it: make the original read-only, wait for the copy, and point the application at it: %w", copy.ErrNotSwitched)
}

func (byHand) Finish(context.Context, string, func(string)) (string, error) {
	return "", errors.New("the copy was made by hand: there is nothing to finish")
}

func (byHand) Abandon(_ context.Context, _ string, report func(string)) error {
	report("the copy was made by hand: remove it by hand")
	return nil
}

// blueGreen is an RDS Blue/Green deployment of a cluster.
type blueGreen struct {
	client  *bluegreen.Client
	cluster string
}

func saying(report func(string)) func(bluegreen.Deployment) {
	return func(d bluegreen.Deployment) { report(d.String()) }
}

func (b blueGreen) Make(ctx context.Context, name string, report func(string)) (string, error) {
	source, err := b.client.Cluster(ctx, b.cluster)
	if err != nil {
		return "", err
	}
	if _, err := b.client.Create(ctx, bluegreen.Request{Name: name, Source: source}); err != nil {
		return "", err
	}
	d, err := b.client.Await(ctx, name, saying(report))
	if err != nil {
		return "", err
	}
	green, err := b.client.Cluster(ctx, d.Target)
	return green.Endpoint, err
}

func (b blueGreen) Switch(ctx context.Context, name string, timeout time.Duration, report func(string)) error {
	_, err := b.client.Switch(ctx, name, timeout, saying(report))
	if errors.Is(err, bluegreen.ErrNotSwitched) {
		return fmt.Errorf("%w; %w", err, copy.ErrNotSwitched)
	}
	return err
}

func (b blueGreen) Finish(ctx context.Context, name string, report func(string)) (string, error) {
	return b.client.Finish(ctx, name, saying(report))
}

func (b blueGreen) Abandon(ctx context.Context, name string, report func(string)) error {
	return b.client.Abandon(ctx, name, saying(report))
}
