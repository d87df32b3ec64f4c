package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/bluegreen"
	"github.com/noren-cdk/noren/internal/ddl/copy"
)

// engine returns what makes the copy: RDS, or whoever made the copy that
// --copy-dsn names.
func (f *copyLogins) engine(ctx context.Context) (copy.Engine, error) {
	if f.copyDSN != "" {
		return byHand{}, nil
	}
	rds, err := onRDS(ctx, f.cluster)
	if err != nil {
		return nil, fmt.Errorf("the cluster is not known: give --cluster, or --copy-dsn of a copy made by hand: %w", err)
	}
	return rds, nil
}

// onRDS returns the given cluster or, by default, that of DB_HOST.
func onRDS(ctx context.Context, cluster string) (blueGreen, error) {
	from := ddl.LoginFromEnvironment(os.Getenv)
	if cluster == "" {
		var err error
		if cluster, err = bluegreen.ClusterOf(from.Host); err != nil {
			return blueGreen{}, err
		}
	}
	client, err := askRDS(ctx, from.Region)
	return blueGreen{client, cluster}, err
}

// byHand is a copy that someone else has made, and will switch to.
type byHand struct{}

func (byHand) Ready(context.Context, string, string) error { return nil }

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

// conditions returns RDS's conditions for a deployment with a name, and for the
// type conversions that it needs, if any. If RDS cannot be asked at all, the
// result is one condition that is not known.
func (b blueGreen) conditions(ctx context.Context, name, conversions string) []bluegreen.Condition {
	all, err := b.client.Conditions(ctx, b.cluster, name, "")
	if err != nil {
		return []bluegreen.Condition{{Name: "RDS", State: bluegreen.Unknown, Found: err.Error(), Do: "ask with permissions to describe the cluster: COPY_ROLE_ARN"}}
	}
	if conversions != "" {
		all = append(all, b.client.TypeConversions(ctx, b.cluster, conversions))
	}
	return all
}

func (b blueGreen) Ready(ctx context.Context, name, conversions string) error {
	var unmet []string
	for _, c := range b.conditions(ctx, name, conversions) {
		if c.State == bluegreen.Unmet {
			unmet = append(unmet, c.Name+": "+c.Found)
		}
	}
	if len(unmet) > 0 {
		return fmt.Errorf("RDS makes no copy of %s: %s; noren ddl copy plan says what to do", b.cluster, strings.Join(unmet, "; "))
	}
	return nil
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
	switch {
	case errors.Is(err, bluegreen.ErrNone):
		return fmt.Errorf("%w; %w", err, copy.ErrGone)
	case errors.Is(err, bluegreen.ErrNotSwitched):
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
