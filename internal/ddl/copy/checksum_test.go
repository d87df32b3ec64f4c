package copy

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"testing"

	"github.com/noren-cdk/noren/internal/ddl"
)

var product = regexp.MustCompile(`^\(IFNULL\(\S+ \* ([0-9]+), (-?[0-9]+)\)\)$`)

// TestValue_FitsWhereverTheColumnIs checks that factors keep values within the
// server's 64 bits, where overflow is an error, that no value becomes that of
// NULL, and that the factors in a table differ.
func TestValue_FitsWhereverTheColumnIs(t *testing.T) {
	limit := new(big.Int).Lsh(big.NewInt(1), 63)
	for _, test := range []struct {
		data, sort         string
		smallest, greatest int64
	}{
		{"int", "int", -1 << 31, 1<<31 - 1}, {"int", "int unsigned", 0, 1<<32 - 1}, {"bigint", "bigint", 0, 1<<32 - 1}, // by its CRC32
		{"datetime", "datetime", 0, 99991231235959}, {"time", "time", -8385959, 8385959}, {"date", "date", 0, 99991231}, {"varchar", "varchar(10)", 0, 1<<32 - 1},
	} {
		c := ddl.Column{Name: "v", Data: test.data, Type: test.sort, Nullable: true}
		var factors []string
		for place := range 4096 {
			parts := product.FindStringSubmatch(pair{c, c}.value(place, false))
			if parts == nil {
				t.Fatalf("%s: %s", test.sort, pair{c, c}.value(place, false))
			}
			factor, null := number(parts[1]), number(parts[2])
			for _, value := range []int64{test.smallest, test.greatest} {
				made := new(big.Int).Mul(big.NewInt(value), factor)
				if new(big.Int).Abs(made).Cmp(limit) >= 0 {
					t.Fatalf("%s at %d: %d times %v is %v", test.sort, place, value, factor, made)
				}
			}
			lowest := new(big.Int).Mul(big.NewInt(test.smallest), factor)
			greatest := new(big.Int).Mul(big.NewInt(test.greatest), factor)
			if null.Cmp(lowest) >= 0 && null.Cmp(greatest) <= 0 || null.Sign() < 0 && null.CmpAbs(limit) >= 0 {
				t.Fatalf("%s at %d: NULL is %v, and values are from %v to %v", test.sort, place, null, lowest, greatest)
			}
			factors = append(factors, parts[1])
		}
		slices.Sort(factors)
		if many := len(slices.Compact(factors)); many != 4096 {
			t.Errorf("%s: 4096 columns have %d factors", test.sort, many)
		}
	}
}

// TestPair_Number checks that columns are compared as numbers only if both sides
// write the same ones.
func TestPair_Number(t *testing.T) {
	column := func(data, sort string) ddl.Column { return ddl.Column{Data: data, Type: sort} }
	for _, test := range []struct {
		original, copied ddl.Column
		want             bool
	}{
		{column("int", "int"), column("int", "int"), true},
		{column("tinyint", "tinyint(1)"), column("int", "int"), true},
		{column("int", "int"), column("int", "int unsigned"), false},
		{column("int", "int"), column("bigint", "bigint"), false},
		{column("bigint", "bigint"), column("bigint", "bigint"), false},
		{column("int", "int"), column("varchar", "varchar(20)"), false},
		{column("int", "int"), column("date", "date"), false},
		{column("date", "date"), column("date", "date"), true},
		{column("date", "date"), column("datetime", "datetime"), false},
		{column("timestamp", "timestamp"), column("datetime", "datetime"), false},
		{column("datetime", "datetime"), column("datetime", "datetime(3)"), false},
		{column("time", "time(6)"), column("time", "time(6)"), false},
		{column("year", "year"), column("year", "year"), false},
	} {
		if _, got := (pair{test.original, test.copied}).number(); got != test.want {
			t.Errorf("%s and %s: %v", test.original.Type, test.copied.Type, fmt.Sprint(got))
		}
	}
}
