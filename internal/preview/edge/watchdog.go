package edge

import (
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// readIdleTimeout returns how long a connection may be idle. Default: 60 seconds.
// Source: BC idle_timeout.timeout_seconds.
func readIdleTimeout(b *alb.LoadBalancer) time.Duration {
	if b != nil {
		if seconds, err := strconv.Atoi(b.Attributes["idle_timeout.timeout_seconds"]); err == nil && seconds > 0 {
			return time.Duration(seconds) * time.Second
		}
	}
	return 60 * time.Second
}

// watchdog notices that neither side has sent anything for the idle timeout.
type watchdog struct {
	timer     *time.Timer
	idle      time.Duration
	uploading atomic.Bool // waiting for the client's body
	expired   atomic.Bool
	stalled   atomic.Bool // expired while waiting for the client's body
	stopped   atomic.Bool
}

func newWatchdog(idle time.Duration, bark func(*watchdog)) *watchdog {
	d := &watchdog{idle: idle}
	d.timer = time.AfterFunc(idle, func() {
		if d.stopped.Load() { // it was patted at the same moment
			return
		}
		d.stalled.Store(d.uploading.Load())
		d.expired.Store(true)
		bark(d)
	})
	return d
}

func (d *watchdog) stop() {
	d.stopped.Store(true)
	d.timer.Stop()
}

// pat tells the watchdog that something was sent.
func (d *watchdog) pat() {
	if d.timer.Stop() {
		d.timer.Reset(d.idle)
	}
}

// upload is the body of a request while it is read for the target.
type upload struct {
	io.ReadCloser
	dog    *watchdog
	failed atomic.Bool // the client did not send all of it
}

func (u *upload) Read(b []byte) (int, error) {
	u.dog.uploading.Store(true)
	n, err := u.ReadCloser.Read(b)
	u.dog.uploading.Store(false)
	u.dog.pat()
	if err != nil && err != io.EOF {
		u.failed.Store(true)
	}
	return n, err
}
