package match

import (
	"slices"
	"strings"
)

// Fresh is a letter outside ASCII: in no pattern that it is compared with.
const Fresh = "\u00ff"

// Covers reports whether a glob matches every string that begins with prefix.
func Covers(pattern, prefix string) bool {
	for n := range len(pattern) + 2 {
		if !Match(pattern, prefix+strings.Repeat(Fresh, n)) {
			return false
		}
	}
	return true
}

// Meets reports whether a glob matches some string that begins with prefix.
func Meets(pattern, prefix string) bool {
	states := map[int]bool{0: true}
	spread := func() {
		for i := range len(pattern) {
			if states[i] && pattern[i] == '*' {
				states[i+1] = true
			}
		}
	}
	spread()
	for i := range len(prefix) {
		next := map[int]bool{}
		for s := range states {
			if s == len(pattern) {
				continue
			}
			switch pattern[s] {
			case '*':
				next[s] = true
			case '?', prefix[i]:
				next[s+1] = true
			}
		}
		states = next
		spread()
	}
	return len(states) > 0
}

// After are patterns of what may follow prefix in a text that a pattern matches: it matches
// prefix+s if and only if one of them matches s.
func After(pattern []Token, prefix string) [][]Token {
	m := newMachine(pattern)
	defer m.release()
	set := m.first()
	for _, u := range units[uint16](nil, prefix) {
		set = m.step(nil, set, u)
	}
	rest := make([][]Token, len(set))
	for i, p := range set {
		rest[i] = slices.Clip(pattern[p:])
	}
	return rest
}
