package replay

// Fate is what happens to a request during the maintenance.
type Fate uint8

const (
	Allowed    Fate = iota // it goes where it goes when open
	Refused                // it goes to the maintenance answer
	Depends                // the log does not tell
	Unaffected             // the load balancer itself answers, the same in both modes
)

// Counts are requests by their fate.
type Counts struct {
	Requests   int64 `json:"requests"`
	Allowed    int64 `json:"allowed"`
	Refused    int64 `json:"refused"`
	Depends    int64 `json:"depends"`
	Unaffected int64 `json:"unaffected"`
}

func (c *Counts) add(f Fate) {
	c.Requests++
	switch f {
	case Allowed:
		c.Allowed++
	case Refused:
		c.Refused++
	case Depends:
		c.Depends++
	case Unaffected:
		c.Unaffected++
	}
}

func (c *Counts) merge(d Counts) {
	c.Requests += d.Requests
	c.Allowed += d.Allowed
	c.Refused += d.Refused
	c.Depends += d.Depends
	c.Unaffected += d.Unaffected
}

// Share returns n as a share of total, 0 to 1.
func Share(n, total int64) float64 {
	if total == 0 {
		return 0
	}
	return float64(n) / float64(total)
}
