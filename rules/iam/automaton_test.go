package iam

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func bitsOf(patterns [][]token, s string) string {
	b := make([]byte, len(patterns))
	for i, p := range patterns {
		if matchTokens(p, s) {
			b[i] = 1
		}
	}
	return string(b)
}

// TestRegions compares the regions of random patterns with all short strings.
func TestRegions(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	pick := func(n int) []token {
		var b strings.Builder
		for range rng.IntN(n + 1) {
			b.WriteString([]string{"a", "b", ":", "*", "?", "\U00010400", "*"}[rng.IntN(7)])
		}
		p := tokens(b.String())
		switch rng.IntN(4) {
		case 0:
			p = arnTokens(p)
		case 1:
			p = foldTokens(b.String())
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
		patterns := make([][]token, 1+rng.IntN(3))
		for i := range patterns {
			patterns[i] = pick(4)
		}
		e := &evaluation{}
		found, ok := e.regions(universe, patterns)
		if !ok {
			t.Fatalf("%v of %v: out of bounds", patterns, universe)
		}
		var seen []string
		for _, r := range found {
			if slices.Contains(seen, r.bits) {
				t.Errorf("region %q twice", r.bits)
			}
			seen = append(seen, r.bits)
			if !matchTokens(universe, r.witness) {
				t.Errorf("%v of %v: %q is not in the universe", patterns, universe, r.witness)
			}
			if got := bitsOf(patterns, r.witness); got != r.bits {
				t.Errorf("%v of %v: %q has %q, not %q", patterns, universe, r.witness, got, r.bits)
			}
		}
		for _, s := range all {
			if !matchTokens(universe, s) {
				continue
			}
			if bits := bitsOf(patterns, s); !slices.Contains(seen, bits) {
				t.Errorf("%v of %v: %q is in no region", patterns, universe, s)
			}
		}
	}
}

func TestRegionsAreBounded(t *testing.T) {
	// "n-th letter from the end" needs exponentially many states.
	e := &evaluation{}
	if _, ok := e.regions([]token{tokRun}, [][]token{tokens("*a" + strings.Repeat("?", 40))}); ok {
		t.Error("no bound was met")
	}
	if _, ok := e.regions([]token{tokRun}, [][]token{tokens("a*b")}); ok != (e.work < maxWork) {
		t.Errorf("after %d steps of %d: %v", e.work, maxWork, ok)
	}
	// More regions than are looked at.
	var many [][]token
	for i := range 1200 {
		many = append(many, tokens(strings.Repeat("a", i)))
	}
	e = &evaluation{}
	if found, ok := e.regions([]token{tokRun}, many); ok {
		t.Errorf("%d regions", len(found))
	}
}

func TestRegionsShortestWitness(t *testing.T) {
	e := &evaluation{}
	found, ok := e.regions(arnTokens(tokens("arn:aws:s3:::dst/*")), [][]token{arnTokens(tokens("arn:aws:s3:::dst/logs/*"))})
	if !ok || len(found) != 2 {
		t.Fatal(found, ok)
	}
	for _, r := range found {
		want := map[string]string{"\x00": "arn:aws:s3:::dst/", "\x01": "arn:aws:s3:::dst/logs/"}[r.bits]
		if r.witness != want {
			t.Errorf("witness of %q is %q, want %q", r.bits, r.witness, want)
		}
	}
}
