package probe

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/noren-cdk/noren/internal/function/emf"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// sample is what the probe saw at one time. Pointers are nil for unknown values.
type sample struct {
	at        time.Time
	mode      maintenance.Mode // empty for a mixed state
	why       string           // why the state is mixed
	different []rules.Drift    // from what was deployed
	record    live.Record
	drift     *bool
	overdue   *time.Duration
}

// mostTexts limits how many differences are described every minute.
const mostTexts = 5

// texts describes the differences from what was deployed.
func (s sample) texts() []string {
	var texts []string
	for _, d := range s.different {
		texts = append(texts, d.Text)
	}
	return texts[:min(len(texts), mostTexts)]
}

// write writes the sample as one line in CloudWatch's embedded metric format,
// from which CloudWatch Logs makes the metrics. Calling PutMetricData instead
// would need a permission that cannot be narrowed to a resource, and would be
// another call that can fail.
func (s sample) write(w io.Writer, function string) error {
	line := map[string]any{maintenance.FunctionDimension: function, "Live": s.mode}
	var metrics []emf.Metric
	add := func(name, unit string, value float64) {
		metrics = append(metrics, emf.Metric{Name: name, Unit: unit})
		line[name] = value
	}
	if s.mode.Valid() {
		add(maintenance.ModeMetric, "None", float64(s.mode.Number()))
	}
	if s.drift != nil {
		value := 0.0
		if *s.drift {
			value = 1
		}
		add(maintenance.DriftMetric, "None", value)
	}
	if s.overdue != nil {
		add(maintenance.OverdueMetric, "Count", math.Ceil(s.overdue.Minutes()))
	}
	if s.why != "" {
		line["Why"] = s.why
	}
	if len(s.different) > 0 {
		line["Different"], line["Differences"] = s.texts(), len(s.different)
	}
	if s.record.Mode.Valid() {
		line["Recorded"], line["Since"] = s.record.Mode, s.record.Since
	}
	if len(metrics) > 0 {
		line["_aws"] = emf.New(s.at, [][]string{{maintenance.FunctionDimension}}, metrics...)
	}
	return writeLine(w, line)
}

// say logs what happened.
func say(w io.Writer, at time.Time, message string, act live.Act) {
	_ = writeLine(w, struct { // the metrics are already written
		Time    time.Time `json:"time"`
		Message string    `json:"message"`
		live.Act
	}{at.UTC(), message, act})
}

func writeLine(w io.Writer, line any) error {
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("writing the metrics: %w", err)
	}
	return nil
}
