package match

import "slices"

// prefixOf is the text before the "*" of a pattern that has no other wildcard and is ASCII.
func prefixOf(pattern []Token) (text []Token, ok bool) {
	last := len(pattern) - 1
	if last < 0 || pattern[last] != Run {
		return nil, false
	}
	for _, t := range pattern[:last] {
		if t < 0 || t > 0x7F {
			return nil, false
		}
	}
	return pattern[:last], true
}

// apart reports whether no text under a prefix matches a pattern, by the literal beginning of both.
func apart(prefix, pattern []Token) bool {
	for i, t := range prefix {
		switch {
		case i == len(pattern):
			return true
		case pattern[i] < 0 || pattern[i] >= foldBit:
			return false
		case pattern[i] != t:
			return true
		}
	}
	return false
}

// regionsOfPrefixes is [Budget.Regions] where universe and patterns are prefixes, as nearly
// all in policies are: the regions are then the texts under each prefix that are under no
// longer one. They come in the order of the automaton, shorter witnesses first. ok is false
// where another kind of pattern bears on the universe.
func regionsOfPrefixes(universe []Token, patterns [][]Token) (found []Region, ok bool) {
	base, ok := prefixOf(universe)
	if !ok {
		return nil, false
	}
	bits, longer := make([]byte, len(patterns)), make([]int, 0, len(patterns))
	for i, p := range patterns {
		switch text, ok := prefixOf(p); {
		case apart(base, p):
		case !ok:
			return nil, false
		case len(text) <= len(base):
			bits[i] = 1
		default:
			longer = append(longer, i)
		}
	}
	found = append(found, Region{string(bits), textOf(base)})
	if len(longer) == 0 {
		return found, true
	}
	for level, n := []group{{longer, 0}}, len(base); len(level) > 0 && len(found) <= MaxRegions; n++ {
		var next []group
		for _, g := range level {
			var at [0x80]int32 // by character: 1 + the place of its group in next
			first := len(next)
			for _, i := range g.patterns {
				c := patterns[i][n]
				if at[c] == 0 {
					next = append(next, group{region: g.region})
					at[c] = int32(len(next))
				}
				to := &next[at[c]-1]
				to.patterns = append(to.patterns, i)
			}
			for k := first; k < len(next); k++ {
				found = next[k].end(found, patterns, n+1)
			}
		}
		level = slices.DeleteFunc(next, func(g group) bool { return len(g.patterns) == 0 })
	}
	return found, true
}

// A group is the patterns that begin with a text, and the region that the text is in.
type group struct {
	patterns []int
	region   int
}

// end adds the region of the patterns of the group whose prefix has n characters, if there
// are any; the others go on in it.
func (g *group) end(found []Region, patterns [][]Token, n int) []Region {
	goesOn := func(i int) bool { return len(patterns[i]) > n+1 }
	last := slices.IndexFunc(g.patterns, func(i int) bool { return !goesOn(i) })
	if last < 0 {
		return found
	}
	text := patterns[g.patterns[last]][:n]
	bits := []byte(found[g.region].Bits)
	g.patterns = slices.DeleteFunc(g.patterns, func(i int) bool {
		if !goesOn(i) {
			bits[i] = 1
		}
		return !goesOn(i)
	})
	g.region = len(found)
	return append(found, Region{string(bits), textOf(text)})
}

// textOf is a text of ASCII characters.
func textOf(tokens []Token) string {
	text := make([]byte, len(tokens))
	for i, t := range tokens {
		text[i] = byte(t)
	}
	return string(text)
}
