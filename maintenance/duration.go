package maintenance

import (
	"fmt"
	"time"
)

const (
	// DurationStep is the unit of an expected duration, and its minimum. It is
	// the period of the alarm that looks back over the duration.
	DurationStep = 5 * time.Minute

	// MaxExpectedDuration is how far back CloudWatch looks for an alarm whose
	// periods are shorter than an hour. Source:
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
	MaxExpectedDuration = 24 * time.Hour
)

// CheckExpectedDuration returns an error unless an alarm can look back over d,
// that is, unless d is a multiple of DurationStep up to MaxExpectedDuration.
func CheckExpectedDuration(d time.Duration) error {
	if d < DurationStep || d > MaxExpectedDuration || d%DurationStep != 0 {
		return fmt.Errorf("want steps of 5m from 5m to 24h, since CloudWatch looks back no further for an alarm, got %v", d)
	}
	return nil
}
