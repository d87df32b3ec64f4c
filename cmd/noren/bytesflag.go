package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl"
)

// A bytesFlag is a flag for a number of bytes, such as 20GiB.
type bytesFlag int64

var byteUnits = []struct {
	suffix string
	size   float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"B", 1}, {"", 1}}

func (b *bytesFlag) Set(text string) error {
	for _, unit := range byteUnits {
		number, ok := strings.CutSuffix(text, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(n > 0 && n*unit.size < 1<<60) {
			break
		}
		*b = bytesFlag(n * unit.size)
		return nil
	}
	return fmt.Errorf("want a size like 512MiB, 20GiB or 1.5TiB")
}

func (b *bytesFlag) String() string {
	if *b == 0 {
		return ""
	}
	return ddl.Bytes(int64(*b))
}

func (b *bytesFlag) Type() string { return "size" }
