package sqltext

import "testing"

func TestOpposes(t *testing.T) {
	for _, test := range []struct {
		name      string
		direction Direction
		key       string
		want      bool
	}{
		{"1_x.sql", Down, "1_x.sql", true},
		{"1_x.sql", Up, "1_x.sql (down)", true},
		{"1_x.sql", Up, "1_x.sql", false},
		{"1_x.sql", Down, "1_x.sql (down)", false},
		{"1_x.sql", Down, "2_x.sql", false},
		{"1_x.down.sql", Down, "1_x.up.sql", true}, // golang-migrate
		{"1_x.up.sql", "", "1_x.down.sql (down)", true},
		{"1_x.down.sql", Down, "1_x.down.sql (down)", false},
		{"1_x.undo.sql", Down, "1_x.sql", true},
		{"1_x.down.sql", Down, "11_x.up.sql", false},
		{"2024_x/down.sql", Down, "2024_x/up.sql", true}, // Diesel
		{"2024_x/down.sql", Down, "2024_y/up.sql", false},
		{"U1.2__undo_it.sql", Down, "V1.2__do_it.sql", true}, // Flyway
		{"U1.2__undo_it.sql", Down, "V1.2.1__do_it.sql", false},
		{"U1__x.sql", Down, "V11__x.sql", false},
		{"2024_x/migration.sql", Up, "2024_y/migration.sql (down)", false}, // Prisma
	} {
		m := Migration{Name: test.name, Direction: test.direction}
		if got := m.Opposes(test.key); got != test.want {
			t.Errorf("%s and %s: got %v, want %v", m.Key(), test.key, got, test.want)
		}
	}
}
