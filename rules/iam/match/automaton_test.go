package match

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func bitsOf(patterns [][]Token, s string) string {
	b := make([]byte, len(patterns))
	for i, p := range patterns {
		if MatchTokens(p, s) {
			b[i] = 1
		}
	}
	return string(b)
}

// TestRegions compares the regions of random patterns with all short strings.
func TestRegions(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 5))
	pick := func(n int) []Token {
		var b strings.Builder
		for range rng.IntN(n + 1) {
			b.WriteString([]string{"a", "b", ":", "*", "?", "\U00010400", "*"}[rng.IntN(7)])
		}
		p := Tokens(b.String())
		switch rng.IntN(4) {
		case 0:
			p = ARNTokens(p)
		case 1:
			p = FoldTokens(b.String())
		}
		return p
	}
	alphabet := []string{"a", "A", "b", ":", "x", "\U00010400"}
	var all []string
	last := []string{""}
	for range 5 {
		all = append(all, last...)
		var next []string
		for _, s := range last {
			for _, c := range alphabet {
				next = append(next, s+c)
			}
		}
		last = next
	}
	for range 300 {
		universe := pick(5)
		patterns := make([][]Token, 1+rng.IntN(3))
		for i := range patterns {
			patterns[i] = pick(4)
		}
		b := new(Budget)
		found, ok := b.Regions(universe, patterns)
		if !ok {
			t.Fatalf("%v of %v: out of bounds", patterns, universe)
		}
		var seen []string
		for _, r := range found {
			if slices.Contains(seen, r.Bits) {
				t.Errorf("region %q twice", r.Bits)
			}
			seen = append(seen, r.Bits)
			if !MatchTokens(universe, r.Witness) {
				t.Errorf("%v of %v: %q is not in the universe", patterns, universe, r.Witness)
			}
			if got := bitsOf(patterns, r.Witness); got != r.Bits {
				t.Errorf("%v of %v: %q has %q, not %q", patterns, universe, r.Witness, got, r.Bits)
			}
		}
		for _, s := range all {
			if !MatchTokens(universe, s) {
				continue
			}
			if bits := bitsOf(patterns, s); !slices.Contains(seen, bits) {
				t.Errorf("%v of %v: %q is in no region", patterns, universe, s)
			}
		}
	}
}

func TestRegionsAreBounded(t *testing.T) {
	t.Parallel()
	// "n-th letter from the end" needs exponentially many states.
	b := new(Budget)
	if _, ok := b.Regions([]Token{Run}, [][]Token{Tokens("*a" + strings.Repeat("?", 40))}); ok {
		t.Error("no bound was met")
	}
	if _, ok := b.Regions([]Token{Run}, [][]Token{Tokens("a*b")}); ok != (b.spent < maxWork) {
		t.Errorf("after %d steps of %d: %v", b.spent, maxWork, ok)
	}
	// More regions than are looked at.
	var many [][]Token
	for i := range 1200 {
		many = append(many, Tokens(strings.Repeat("a", i)))
	}
	b = new(Budget)
	if found, ok := b.Regions([]Token{Run}, many); ok {
		t.Errorf("%d regions", len(found))
	}
}

func TestRegionsShortestWitness(t *testing.T) {
	t.Parallel()
	b := new(Budget)
	found, ok := b.Regions(ARNTokens(Tokens("arn:aws:s3:::dst/*")), [][]Token{ARNTokens(Tokens("arn:aws:s3:::dst/logs/*"))})
	if !ok || len(found) != 2 {
		t.Fatal(found, ok)
	}
	for _, r := range found {
		want := map[string]string{"\x00": "arn:aws:s3:::dst/", "\x01": "arn:aws:s3:::dst/logs/"}[r.Bits]
		if r.Witness != want {
			t.Errorf("witness of %q is %q, want %q", r.Bits, r.Witness, want)
		}
	}
}

// FuzzMatch: three matchers agree, and none hangs.
func FuzzMatch(f *testing.F) {
	for _, s := range [][2]string{{"*", "a"}, {"a*?b", "a\U00010400b"}, {"arn:aws:s3:::b/*", "arn:aws:s3:::b/k"}, {"?", "é"}, {"*a*a*", "aaa"}, {"\xff", "\xfe"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 200 || len(s) > 1000 {
			return
		}
		got := Match(pattern, s)
		if want := MatchTokens(Tokens(pattern), s); got != want {
			t.Errorf("Match(%q, %q) = %v, the automaton says %v", pattern, s, got, want)
		}
		if IsASCII(pattern) && IsASCII(s) && matchBytes(pattern, s) != got {
			t.Errorf("Match(%q, %q) = %v, byte by byte it is otherwise", pattern, s, got)
		}
		// A region that is found has the bits that its witness says.
		b := new(Budget)
		p := [][]Token{Tokens(pattern), ARNTokens(Tokens(pattern))}
		if found, ok := b.Regions([]Token{Run}, p); ok {
			for _, r := range found {
				if bitsOf(p, r.Witness) != r.Bits {
					t.Errorf("%q: %q is not in region %q", pattern, r.Witness, r.Bits)
				}
			}
		}
	})
}

// TestTokens: either case is for letters only, and the wildcards of a field end with it.
func TestTokens(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern []Token
		s       string
		want    bool
	}{
		{FoldTokens("a1{@z"), "A1{@Z", true},
		{FoldTokens("1{"), "1[", false},
		{FoldTokens("1{"), "\x11{", false},
		{FoldTokens("@"), " ", false},
		{ARNTokens(Tokens("arn:a?s:s3:::b/k")), "arn:aws:s3:::b/k", true},
		{ARNTokens(Tokens("arn:a?b:c:d:e:f")), "arn:a:b:c:d:e:f", false},
		{ARNTokens(Tokens("arn:*:c:d:e:f")), "arn:a:b:c:d:e:f", false},
		{ARNTokens(Tokens("arn:a:b:c:d:*?")), "arn:a:b:c:d:x:y", true},
	} {
		if got := MatchTokens(c.pattern, c.s); got != c.want {
			t.Errorf("%v matches %q: %v", c.pattern, c.s, got)
		}
	}
}
