package match

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestRegionsOfPrefixes: prefixes give what the automaton gives, witnesses and order too.
func TestRegionsOfPrefixes(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 11))
	text := func(n int) string {
		var b strings.Builder
		for range rng.IntN(n + 1) {
			b.WriteByte("ab:/"[rng.IntN(4)])
		}
		return b.String()
	}
	quick := 0
	for range 20_000 {
		base := text(3)
		universe := Tokens(base + "*")
		patterns := make([][]Token, rng.IntN(6))
		for i := range patterns {
			p := []string{base, ""}[rng.IntN(2)] + text(4) + "*"
			if rng.IntN(8) == 0 { // most of these are apart from the universe
				p = text(4)
			}
			patterns[i] = Tokens(p)
		}
		found, ok := regionsOfPrefixes(universe, patterns)
		if !ok {
			continue
		}
		quick++
		want, _ := new(Budget).byAutomaton(universe, patterns)
		if !slices.Equal(found, want) {
			t.Fatalf("%v of %v: %q, want %q", patterns, universe, found, want)
		}
	}
	if quick < 10_000 {
		t.Errorf("only %d were prefixes", quick)
	}
}

// TestRegionsOfOtherPatterns: what is no prefix is for the automaton.
func TestRegionsOfOtherPatterns(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"a/b", "a/?", "a/*b*", "*b", "?*", "a/ä*", "a/"} {
		if found, ok := regionsOfPrefixes(Tokens("a/*"), [][]Token{Tokens(p)}); ok {
			t.Errorf("%s: %q", p, found)
		}
	}
	if _, ok := regionsOfPrefixes(Tokens("a/*"), [][]Token{FoldTokens("a/b")}); ok {
		t.Error("letters in either case are no prefix")
	}
	if _, ok := regionsOfPrefixes(Tokens("a/?"), nil); ok {
		t.Error("the universe is no prefix")
	}
}

// TestManyPrefixes: more regions than can be judged are refused, and many are no work.
func TestManyPrefixes(t *testing.T) {
	t.Parallel()
	patterns := make([][]Token, MaxRegions)
	for i := range patterns {
		patterns[i] = Tokens("arn:aws:s3:::dst/team-" + strconv.Itoa(i) + "/*")
	}
	universe, b := Tokens("arn:aws:s3:::dst/*"), new(Budget)
	if _, ok := b.Regions(universe, patterns); ok {
		t.Error("as many prefixes as there may be regions, and the rest, are no more than that")
	}
	if found, ok := b.Regions(universe, patterns[1:]); !ok || len(found) != MaxRegions {
		t.Errorf("%d regions, %t", len(found), ok)
	}
}

// BenchmarkPrefixes divides a bucket by 300 prefixes that a policy allows.
func BenchmarkPrefixes(b *testing.B) {
	patterns := make([][]Token, 300)
	for i := range patterns {
		patterns[i] = Tokens("arn:aws:s3:::dst/team-" + strconv.Itoa(i) + "/*")
	}
	universe := Tokens("arn:aws:s3:::dst/*")
	b.ReportAllocs()
	for b.Loop() {
		new(Budget).Regions(universe, patterns)
	}
}
