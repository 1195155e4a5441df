// Package spelling finds the word that a misspelled one was meant to be.
package spelling

// Nearest is the word that was probably meant, "" where none is near: a third of
// the letters may be wrong, and one always.
func Nearest(word string, known []string) string {
	best, fewest := "", max(1, len(word)/3)+1
	for _, k := range known {
		if n := Distance(word, k); n < fewest {
			best, fewest = k, n
		}
	}
	return best
}

// Distance is the number of letters to add, remove, change or swap with the next
// to make b of a.
func Distance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last = last, row
		row = make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
