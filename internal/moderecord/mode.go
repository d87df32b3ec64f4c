package moderecord

// Mode is who is let through, as it is typed after -c maintenance=.
type Mode string

const (
	Open     Mode = "false"     // everybody
	ReadOnly Mode = "read-only" // everybody who reads, and the allowlist
	Closed   Mode = "true"      // the allowlist
)

// Valid tells whether the mode is one of the three.
func (m Mode) Valid() bool { return m == Open || m == ReadOnly || m == Closed }

// Opens tells whether going from another mode to this one lets through what was
// refused.
func (m Mode) Opens(from Mode) bool { return m.closedness() < from.closedness() }

func (m Mode) closedness() int {
	switch m {
	case ReadOnly:
		return 1
	case Closed:
		return 2
	}
	return 0
}

// Words says the mode in a sentence: "maintenance is ...".
func (m Mode) Words() string {
	switch m {
	case Closed:
		return "on"
	case ReadOnly:
		return "read-only"
	}
	return "off"
}
