package bluegreen

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// Bounds of the time that RDS gives a switchover.
const (
	ShortestTimeout = 30 * time.Second
	LongestTimeout  = time.Hour
)

// CheckTimeout fails if RDS does not take the time for a switchover.
func CheckTimeout(timeout time.Duration) error {
	if timeout < ShortestTimeout || timeout > LongestTimeout || timeout%time.Second != 0 {
		return fmt.Errorf("the timeout of a switchover must be whole seconds from %v to %v, got %v", ShortestTimeout, LongestTimeout, timeout)
	}
	return nil
}

// ErrNotSwitched is the error of a switchover that RDS refused or took back: blue
// has its name and takes writes as before.
var ErrNotSwitched = errors.New("not switched: blue is as it was")

// grace is how many times the first wait passes after the timeout before a
// switchover counts as taken back that was never seen in progress.
const grace = 12

// Switch switches the deployment over and returns when RDS is done. RDS takes the
// switchover back if it takes longer than timeout. If one is in progress, it waits
// for that; if the deployment is switched already, it returns.
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
		// A switchover that failed may be tried again: RDS says whether.
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
		case Available, Failed: // as before, until RDS has begun
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

// afterRefusal looks whether the call that failed has begun a switchover all the
// same: its answer may have been lost.
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
