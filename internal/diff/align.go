package diff

// mostCells limits the cost of aligning two sequences, in comparisons.
const mostCells = 1 << 20

// align returns the longest common subsequence of two sequences, as ascending
// pairs of indices at which they are equal. For sequences that are too long, it
// returns only the common beginning and the common end.
func align(n, m int, equal func(i, j int) bool) [][2]int {
	var pairs [][2]int
	start := 0
	for start < n && start < m && equal(start, start) {
		pairs = append(pairs, [2]int{start, start})
		start++
	}
	endN, endM := n, m
	for endN > start && endM > start && equal(endN-1, endM-1) {
		endN, endM = endN-1, endM-1
	}
	rows, columns := endN-start, endM-start
	if rows > 0 && columns > 0 && rows <= mostCells/columns {
		length := make([][]int, rows+1) // of the longest from here on
		for i := range length {
			length[i] = make([]int, columns+1)
		}
		for i := rows - 1; i >= 0; i-- {
			for j := columns - 1; j >= 0; j-- {
				if equal(start+i, start+j) {
					length[i][j] = length[i+1][j+1] + 1
				} else {
					length[i][j] = max(length[i+1][j], length[i][j+1])
				}
			}
		}
		for i, j := 0, 0; i < rows && j < columns; {
			switch {
			case equal(start+i, start+j):
				pairs = append(pairs, [2]int{start + i, start + j})
				i, j = i+1, j+1
			case length[i+1][j] >= length[i][j+1]:
				i++
			default:
				j++
			}
		}
	}
	for k := range n - endN {
		pairs = append(pairs, [2]int{endN + k, endM + k})
	}
	return pairs
}
