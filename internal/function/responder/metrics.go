package responder

import (
	"slices"
	"sync"
	"time"

	"github.com/noren-cdk/noren/internal/function/emf"
	"github.com/noren-cdk/noren/maintenance"
)

// flushEvery is the time between two writes of the counts.
const flushEvery = 10 * time.Second

// methods are the methods that are counted by name. Clients may invent any other,
// and each name costs a metric.
var methods = [...]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"}

// metrics counts answers and writes the counts to the log, from which CloudWatch
// makes the metric Answers (embedded metric format), by kind and by method. It
// writes no paths, which may contain people's names and tokens.
//
// The first answer is written at once, later ones every ten seconds: the log
// stays small under load, and an instance that rarely answers loses nothing. A
// function runs only while it answers, so counts after the last write are written
// with the next answer, however late, and are lost if none comes: at most ten
// seconds of an instance. To learn of its end, an instance would have to register
// an extension, and every start would wait for that. Invocations, which Lambda
// counts, and RequestCount of the target group are exact.
type metrics struct {
	log      *logger
	function string

	mu      sync.Mutex
	counts  [kinds][len(methods)]int
	last    time.Time // of the last answer counted
	flushed time.Time // of the last answer that was written when it was counted
}

// add counts an answer.
func (m *metrics) add(now time.Time, k kind, r *request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.last) >= flushEvery {
		m.flush(m.last) // counts from before the idle time come first
	}
	method := slices.Index(methods[:], r.method)
	if method < 0 {
		method = len(methods) - 1
	}
	m.counts[k][method]++
	m.last = now
	if now.Sub(m.flushed) >= flushEvery {
		m.flush(now)
		m.flushed = now
	}
}

// flush writes the counts with a time, and resets them.
func (m *metrics) flush(at time.Time) {
	for k := range m.counts {
		for i, n := range m.counts[k] {
			if n > 0 {
				m.log.write(newRecord(m.function, at, kind(k), methods[i], n))
			}
		}
	}
	clear(m.counts[:])
}

// record is a line in CloudWatch's embedded metric format.
type record struct {
	AWS          emf.Metadata `json:"_aws"`
	FunctionName string
	Kind         string
	Method       string
	Answers      int
}

func newRecord(function string, at time.Time, k kind, method string, answers int) record {
	return record{
		AWS: emf.New(at, [][]string{{maintenance.FunctionDimension}, {maintenance.FunctionDimension, "Kind"}, {maintenance.FunctionDimension, "Method"}},
			emf.Metric{Name: maintenance.AnswersMetric, Unit: "Count"}),
		FunctionName: function, Kind: k.String(), Method: method, Answers: answers,
	}
}
