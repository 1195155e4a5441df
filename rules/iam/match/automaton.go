package match

import (
	"slices"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// Token is one element of a pattern: a UTF-16 code unit, a unit with foldBit
// (either case of an ASCII letter), or one of the wildcards below. The field
// wildcards do not cross ":"; they are used in the first five fields of an ARN.
type Token int32

const (
	Run      Token = -1 // "*"
	One      Token = -2 // "?"
	FieldRun Token = -3
	FieldOne Token = -4
	tokEnd   Token = -5 // behind the last token of a pattern

	foldBit Token = 1 << 20
)

// Bounds of regions; beyond them the answer is unknown.
const (
	maxStates  = 20_000
	MaxRegions = 1_024
	maxWork    = 2_000_000 // steps of single positions in one decision, some 0.1 s
)

// units appends the UTF-16 code units of s; a byte that is no UTF-8 becomes a
// lone low surrogate of its own.
func units[T ~int32 | ~uint16](dst []T, s string) []T {
	dst = slices.Grow(dst, len(s))
	for i := 0; i < len(s); {
		r, w := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && w == 1:
			dst = append(dst, T(0xDC00|rune(s[i])))
		case r > 0xFFFF:
			hi, lo := utf16.EncodeRune(r)
			dst = append(dst, T(hi), T(lo))
		default:
			dst = append(dst, T(r))
		}
		i += w
	}
	return dst
}

// Tokens reads a pattern whose "*" and "?" are wildcards.
func Tokens(pattern string) []Token { return AppendPattern(nil, pattern) }

// AppendLiteral appends a text in which nothing is a wildcard.
func AppendLiteral(dst []Token, s string) []Token { return units(dst, s) }

// AppendPattern appends a pattern.
func AppendPattern(dst []Token, pattern string) []Token {
	n := len(dst)
	dst = units(dst, pattern)
	t := dst[n:]
	for i := range t {
		switch t[i] {
		case '*':
			t[i] = Run
		case '?':
			t[i] = One
		}
	}
	return dst
}

// FoldTokens is a literal whose ASCII letters match in either case.
func FoldTokens(literal string) []Token {
	t := units[Token](nil, LowerASCII(literal))
	for i, u := range t {
		if u >= 'a' && u <= 'z' {
			t[i] = u | foldBit
		}
	}
	return t
}

// ARNTokens limits the wildcards before the fifth ":" to their field.
func ARNTokens(t []Token) []Token {
	colons := 0
	for i, u := range t {
		switch u {
		case ':':
			if colons++; colons == 5 {
				return t
			}
		case Run:
			t[i] = FieldRun
		case One:
			t[i] = FieldOne
		}
	}
	return t
}

// takes reports whether the token consumes u.
func (t Token) takes(u uint16) bool {
	switch {
	case t >= foldBit:
		low := uint16(t &^ foldBit)
		return u == low || u == low-('a'-'A') || low == 'k' && u == 0x212A
	case t >= 0:
		return u == uint16(t)
	case t == Run || t == One:
		return true
	case t == tokEnd:
		return false
	}
	return u != ':'
}

func (t Token) repeats() bool { return t == Run || t == FieldRun }

// machine runs several patterns side by side. A state is the sorted set of the
// positions that are active in any of them.
type machine struct {
	toks  []Token
	start []int32 // of each pattern
	end   []int32 // its tokEnd
	seen  []bool  // scratch of step, one per position
	work  int
}

// machines are those that were released. Every decision about a glob needs one.
var machines = sync.Pool{New: func() any { return new(machine) }}

// newMachine takes a machine from the pool; give it back with release.
func newMachine(patterns ...[]Token) *machine {
	m := machines.Get().(*machine)
	m.toks, m.start, m.end, m.work = m.toks[:0], m.start[:0], m.end[:0], 0
	for _, p := range patterns {
		m.start = append(m.start, int32(len(m.toks)))
		m.toks = append(m.toks, p...)
		m.end = append(m.end, int32(len(m.toks)))
		m.toks = append(m.toks, tokEnd)
	}
	// Behind a step nothing is seen, so what a released machine has is all false.
	m.seen = slices.Grow(m.seen[:0], len(m.toks))[:len(m.toks)]
	return m
}

// release gives the machine back, unless it is a large one.
func (m *machine) release() {
	if cap(m.toks) <= 1<<14 {
		machines.Put(m)
	}
}

// add puts a position, and those that it reaches without a character, into set.
func (m *machine) add(set []int32, p int32) []int32 {
	for {
		if m.seen[p] {
			return set
		}
		m.seen[p] = true
		set = append(set, p)
		if !m.toks[p].repeats() {
			return set
		}
		p++
	}
}

func (m *machine) settle(set []int32) []int32 {
	for _, p := range set {
		m.seen[p] = false
	}
	slices.Sort(set)
	return set
}

func (m *machine) first() []int32 {
	set := make([]int32, 0, 2*len(m.start))
	for _, p := range m.start {
		set = m.add(set, p)
	}
	return m.settle(set)
}

func (m *machine) step(dst, set []int32, u uint16) []int32 {
	m.work += len(set) + 1
	for _, p := range set {
		if t := m.toks[p]; t.takes(u) {
			if !t.repeats() {
				p++
			}
			dst = m.add(dst, p)
		}
	}
	return m.settle(dst)
}

// MatchTokens matches one string against one pattern.
func MatchTokens(pattern []Token, s string) bool {
	m := newMachine(pattern)
	defer m.release()
	set, next := m.first(), []int32(nil)
	var buf [256]uint16
	for _, u := range units(buf[:0], s) {
		if len(set) == 0 {
			return false
		}
		next = m.step(next[:0], set, u)
		set, next = next, set
	}
	return slices.Contains(set, m.end[0])
}

// Region is a set of strings of a universe that the same patterns match.
type Region struct {
	Bits    string // one byte per pattern, 1 where it matches
	Witness string // a shortest string of the region
}

// Budget bounds the work of [Budget.Regions] over several calls. The zero value is a whole one.
type Budget struct{ spent int }

// Regions divides the strings that universe matches by which patterns they
// match. ok is false when a bound was reached; then nothing may be concluded.
func (b *Budget) Regions(universe []Token, patterns [][]Token) (found []Region, ok bool) {
	if found, ok := regionsOfPrefixes(universe, patterns); ok {
		return found, len(found) <= MaxRegions
	}
	return b.byAutomaton(universe, patterns)
}

// byAutomaton is [Budget.Regions] for patterns of every kind.
func (b *Budget) byAutomaton(universe []Token, patterns [][]Token) (found []Region, ok bool) {
	m := newMachine(append([][]Token{universe}, patterns...)...)
	defer func() {
		b.spent += m.work
		m.release()
	}()
	type state struct {
		set    []int32
		parent int32
		unit   uint16
		high   bool // the last unit was a high surrogate: a low one must follow
	}
	var (
		states  []state
		index   = map[string]int32{}
		known   = map[string]bool{}
		key     []byte
		symbols []uint16
		prefix  []uint16
	)
	push := func(set []int32, parent int32, unit uint16, high bool) {
		key = key[:0]
		for _, p := range set {
			key = append(key, byte(p), byte(p>>8), byte(p>>16))
		}
		if high {
			key = append(key, 1)
		}
		if _, dup := index[string(key)]; dup {
			return
		}
		index[string(key)] = int32(len(states))
		states = append(states, state{set, parent, unit, high})
	}

	// The literal beginning of the universe leaves no choice.
	set, next := m.first(), []int32(nil)
	for len(set) > 0 && set[0] < m.end[0] {
		t := m.toks[set[0]]
		if t < 0 || t >= foldBit {
			break
		}
		if prefix == nil {
			prefix = make([]uint16, 0, len(universe))
		}
		prefix = append(prefix, uint16(t))
		next = m.step(next[:0], set, uint16(t))
		set, next = next, set
	}
	push(set, -1, 0, len(prefix) > 0 && isHigh(prefix[len(prefix)-1]))

	for i := int32(0); int(i) < len(states); i++ {
		cur := states[i]
		if slices.Contains(cur.set, m.end[0]) && !cur.high {
			bits := make([]byte, len(patterns))
			for _, p := range cur.set {
				if k, end := slices.BinarySearch(m.end, p); end && k > 0 {
					bits[k-1] = 1
				}
			}
			if !known[string(bits)] {
				known[string(bits)] = true
				text := prefix
				var tail []uint16
				for j := i; states[j].parent >= 0; j = states[j].parent {
					tail = append(tail, states[j].unit)
				}
				slices.Reverse(tail)
				text = append(slices.Clip(text), tail...)
				found = append(found, Region{string(bits), string(utf16.Decode(text))})
			}
		}
		symbols = m.symbols(symbols[:0], cur.set, cur.high)
		m.work += len(cur.set) + len(symbols)*len(symbols)/8
		for _, u := range symbols {
			next := m.step(nil, cur.set, u)
			if len(next) == 0 || next[0] > m.end[0] {
				continue // outside the universe
			}
			push(next, i, u, isHigh(u))
		}
		if len(states) > maxStates || b.spent+m.work > maxWork || len(found) > MaxRegions {
			return nil, false
		}
	}
	return found, true
}

// symbols lists the units that positions of the set tell apart, and one that
// stands for all others.
func (m *machine) symbols(dst []uint16, set []int32, high bool) []uint16 {
	wild := false
	put := func(u uint16) {
		if !slices.Contains(dst, u) {
			dst = append(dst, u)
		}
	}
	for _, p := range set {
		switch t := m.toks[p]; {
		case t >= foldBit:
			low := uint16(t &^ foldBit)
			put(low)
			put(low - ('a' - 'A'))
			if low == 'k' {
				put(0x212A)
			}
		case t >= 0:
			put(uint16(t))
		case t == FieldRun || t == FieldOne:
			put(':')
		}
		if t := m.toks[p]; p < m.end[0] && t < 0 {
			wild = true
		}
	}
	keep := dst[:0]
	for _, u := range dst {
		if isLow(u) == high {
			keep = append(keep, u)
		}
	}
	dst = keep
	if !wild {
		return dst
	}
	if high {
		for u := uint16(0xDC00); u <= 0xDFFF; u++ {
			if !slices.Contains(dst, u) {
				return append(dst, u)
			}
		}
		return dst
	}
	for _, u := range others {
		if !slices.Contains(dst, u) {
			return append(dst, u)
		}
	}
	for u := uint16(0x100); u < 0xD800; u++ {
		if !slices.Contains(dst, u) {
			return append(dst, u)
		}
	}
	return dst
}

// others are the letters that witnesses prefer.
var others = units[uint16](nil, "xyzabcdefghijklmnopqrstuvw0123456789")

func isHigh(u uint16) bool { return u&0xFC00 == 0xD800 }
func isLow(u uint16) bool  { return u&0xFC00 == 0xDC00 }
