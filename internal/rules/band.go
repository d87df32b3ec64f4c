package rules

// A switch takes a band of priorities on a listener. Every kind of rule has its
// own slots in the band, so that no rule is renumbered when another is added or
// removed.
//
// A switch for one service takes as many priorities as ALB allows rules by
// default. A switch for several services, or for more hosts than fit into the
// slots of a narrow band, takes a wide band: what the application allows keeps
// its place, and what moves goes to priorities that the narrow band does not
// have.
const (
	// Band is the number of priorities that a switch for one service takes.
	Band = 100

	// WideBand is the number of priorities that a switch for several services
	// takes.
	WideBand = 600

	// First is the default of Plan.First.
	First = 100

	// MaxServices is the maximum number of services of a switch, including the
	// application.
	MaxServices = 9

	allowSlots = 76
)

// slots are the places of a kind of rule in a band.
type slots struct{ first, count int }

// band has the places of all kinds of rules: first those that are the same in
// every mode, for the allowlist and the bypass, then those that turn, with the
// closing rules at the end.
type band struct {
	width                                    int
	allow, health                            func(service int) slots
	status                                   slots // before the bypass
	unlock                                   slots // before the bypass, which would send the page's visitors to the app
	bypassSource, bypassHeader, bypassCookie func(service int) slots
	upgrade                                  slots
	read                                     func(service int) slots
	close                                    slots
}

func only(first, count int) func(int) slots {
	return func(int) slots { return slots{first, count} }
}

// narrow is the band of a switch for one service.
var narrow = band{
	width:        Band,
	allow:        only(0, allowSlots),
	status:       slots{76, 4},
	unlock:       slots{80, 1},
	bypassSource: only(81, 4),
	bypassHeader: only(85, 1),
	bypassCookie: only(86, 1),
	health:       only(90, 1),
	read:         only(91, 4),
	close:        slots{95, 5},
}

// wide is the band of a switch for several services. The rules that send reads
// and operators to a service follow the order of the services; the application
// comes last, since it gets what no other service takes.
var wide = band{
	width:        WideBand,
	allow:        each(slots{0, allowSlots}, slots{100, 16}, 20),
	status:       slots{76, 14},
	health:       each(slots{90, 10}, slots{116, 4}, 20),
	unlock:       slots{280, 10},
	bypassSource: each(slots{360, 30}, slots{290, 8}, 8),
	bypassHeader: each(slots{422, 8}, slots{390, 4}, 4),
	bypassCookie: each(slots{462, 8}, slots{430, 4}, 4),
	upgrade:      slots{470, 10},
	read:         each(slots{560, 20}, slots{480, 10}, 10),
	close:        slots{580, 20},
}

// each returns the slots of each service: app for the application, and for the
// others a step each from first on.
func each(app, first slots, step int) func(int) slots {
	return func(service int) slots {
		if service == 0 {
			return app
		}
		return slots{first.first + (service-1)*step, first.count}
	}
}
