package bluegreen

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// Limits of the time that RDS allows for a switchover.
const (
	ShortestTimeout = 30 * time.Second
	LongestTimeout  = time.Hour
)

// CheckTimeout fails if RDS does not accept the timeout for a switchover.
func CheckTimeout(timeout time.Duration) error {
	if timeout < ShortestTimeout || timeout > LongestTimeout || timeout%time.Second != 0 {
		return fmt.Errorf("the timeout of a switchover must be whole seconds from %v to %v, got %v", ShortestTimeout, LongestTimeout, timeout)
	}
	return nil
}

// ErrNotSwitched says that RDS refused a switchover or rolled it back: blue has
// its name and accepts writes as before.
var ErrNotSwitched = errors.New("not switched: blue is as it was")

// grace is how many times the first wait may pass after the timeout until a
// switchover that was never seen in progress counts as rolled back.
const grace = 12

// Switch switches the deployment over and returns when RDS is done. RDS rolls the
// switchover back if it takes longer than timeout. If one is in progress, Switch
// waits for it; if the deployment is already switched, it returns.
func (c *Client) Switch(ctx context.Context, name string, timeout time.Duration, report func(Deployment)) (Deployment, error) {
	if err := CheckTimeout(timeout); err != nil {
		return Deployment{}, err
	}
	d, err := c.Deployment(ctx, name)
	if err != nil {
		return d, err
	}
	switch d.Phase {
	case Switched, Switching:
	case Available, Failed:
		// A failed switchover may be tried again: RDS says whether.
		_, err := c.rds.SwitchoverBlueGreenDeployment(ctx, &rds.SwitchoverBlueGreenDeploymentInput{
			BlueGreenDeploymentIdentifier: &d.ID, SwitchoverTimeout: aws.Int32(int32(timeout / time.Second)),
		})
		if err != nil {
			return c.afterRefusal(ctx, name, plain("switching deployment "+name, err))
		}
	default:
		return d, fmt.Errorf("%s: %w", d, ErrNotSwitched)
	}
	started, begun := d.Phase == Switching, time.Now()
	d, err = c.until(ctx, name, report, func(now Deployment) bool {
		started = started || now.Phase == Switching
		switch now.Phase {
		case Switching:
			return false
		case Available, Failed: // the old phase, until RDS has begun
			return started || now.Phase != d.Phase || time.Since(begun) > timeout+grace*c.poll
		}
		return true
	})
	if err != nil {
		return d, err
	}
	if d.Phase != Switched {
		return d, fmt.Errorf("RDS took the switchover back, %s: %w", d, ErrNotSwitched)
	}
	return d, nil
}

// afterRefusal checks whether the failed call has begun a switchover
// nevertheless, since its answer may have been lost.
func (c *Client) afterRefusal(ctx context.Context, name string, refusal error) (Deployment, error) {
	d, err := c.Deployment(context.WithoutCancel(ctx), name)
	switch {
	case err != nil:
		return d, fmt.Errorf("%w; whether RDS switches is not known: %w", refusal, err)
	case d.Phase == Switching || d.Phase == Switched:
		return d, fmt.Errorf("%w; RDS has begun all the same, %s: run this again", refusal, d)
	}
	return d, fmt.Errorf("%w; %w", refusal, ErrNotSwitched)
}
