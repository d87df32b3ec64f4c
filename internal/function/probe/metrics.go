package probe

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/noren-cdk/noren/internal/moderecord"
	"github.com/noren-cdk/noren/internal/trail"
)

// The metrics, with the function's name as their only dimension.
const (
	// Namespace is that of all metrics of this module.
	Namespace = "Noren"

	// ModeMetric is 0 while the product is open, 1 while it is read-only and 2
	// while it is closed. There is none while the listener is in neither mode.
	ModeMetric = "Mode"

	// DriftMetric is 1 while the listener is in another mode than the last deploy
	// turned it to, or in none, else 0. Without a guard the last deploy's mode is
	// not known, and only a listener in no mode is 1.
	DriftMetric = "Drift"

	// OverdueMetric is how many minutes ago maintenance was to end, rounded up: 0
	// while it is open, or while no end is known.
	OverdueMetric = "Overdue"
)

// sample is what was seen at one time. Pointers are nil for what is not known.
type sample struct {
	at      time.Time
	mode    moderecord.Mode // empty if it is in neither
	why     string          // it is in neither
	record  moderecord.Record
	drift   *bool
	overdue *time.Duration
}

// write writes the sample as one line in CloudWatch's embedded metric format,
// of which CloudWatch Logs makes the metrics. Calling PutMetricData instead
// would need a permission that cannot be narrowed to a resource, and one more
// call that can fail.
func (s sample) write(w io.Writer, function string) error {
	line := map[string]any{"FunctionName": function, "Live": s.mode}
	var metrics []metric
	add := func(name, unit string, value float64) {
		metrics = append(metrics, metric{name, unit})
		line[name] = value
	}
	if number, ok := modeNumbers[s.mode]; ok {
		add(ModeMetric, "None", number)
	}
	if s.drift != nil {
		value := 0.0
		if *s.drift {
			value = 1
		}
		add(DriftMetric, "None", value)
	}
	if s.overdue != nil {
		add(OverdueMetric, "Count", math.Ceil(s.overdue.Minutes()))
	}
	if s.why != "" {
		line["Why"] = s.why
	}
	if s.record.Mode.Valid() {
		line["Recorded"], line["Since"] = s.record.Mode, s.record.Since
	}
	if len(metrics) > 0 {
		line["_aws"] = map[string]any{
			"Timestamp":         s.at.UnixMilli(),
			"CloudWatchMetrics": []directive{{Namespace, [][]string{{"FunctionName"}}, metrics}},
		}
	}
	return writeLine(w, line)
}

var modeNumbers = map[moderecord.Mode]float64{moderecord.Open: 0, moderecord.ReadOnly: 1, moderecord.Closed: 2}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

type metric struct{ Name, Unit string }

// say logs what happened.
func say(w io.Writer, at time.Time, message string, act trail.Act) {
	_ = writeLine(w, struct { // the metrics are written already
		Time    time.Time `json:"time"`
		Message string    `json:"message"`
		trail.Act
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
