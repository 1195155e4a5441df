package iam

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestDecimalCompare(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"1", "1", 0}, {"01", "1", 0}, {"+1", "1", 0}, {"1.0", "1", 0}, {"1.", "1", 0}, {".5", "0.5", 0}, {"1e0", "1", 0}, {"1E+1", "10", 0},
		{"10e-1", "1", 0}, {"-0", "0", 0}, {"0e99", "0", 0}, {"0.000", "-0", 0}, {"-1", "1", -1}, {"-1", "-2", 1}, {"0", "-1", 1}, {"-1", "0", -1},
		{"0", "1", -1}, {"1", "0", 1}, {"9007199254740992", "9007199254740993", -1}, {"0.1", "0.09", 1}, {"100", "99.9", 1}, {"1e1000000000", "2", 1},
		{"1e-1000000000", "0", 1}, {"-1e1000000000", "2", -1}, {"12e3", "1.2e4", 0}, {"0.0012", "1.2e-3", 0},
	} {
		a, fa := parseDecimal(c.a)
		b, fb := parseDecimal(c.b)
		if fa != formOK || fb != formOK {
			t.Errorf("%q %q: not read", c.a, c.b)
			continue
		}
		if got := a.compare(b); got != c.want {
			t.Errorf("%s against %s = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := b.compare(a); got != -c.want {
			t.Errorf("%s against %s = %d, want %d", c.b, c.a, got, -c.want)
		}
	}
}

func TestDecimalAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	draw := func() string {
		s := []string{"", "-", "+"}[rng.IntN(3)]
		for range rng.IntN(4) {
			s += string(rune('0' + rng.IntN(3)))
		}
		s += "0."
		s = strings.Replace(s, "0.", []string{"", "0", "."}[rng.IntN(3)], 1)
		for range 1 + rng.IntN(3) {
			s += string(rune('0' + rng.IntN(3)))
		}
		if rng.IntN(2) == 0 {
			s += []string{"e2", "E-3", "e+0", "e1"}[rng.IntN(4)]
		}
		return s
	}
	for range 20000 {
		x, y := draw(), draw()
		a, fa := parseDecimal(x)
		b, fb := parseDecimal(y)
		p, okP := new(big.Rat).SetString(x)
		q, okQ := new(big.Rat).SetString(y)
		if !okP || !okQ || fa != formOK || fb != formOK {
			t.Fatalf("%q %q: %v %v", x, y, fa, fb)
		}
		if got, want := a.compare(b), p.Cmp(q); got != want {
			t.Fatalf("%s against %s = %d, want %d", x, y, got, want)
		}
	}
}

func TestNotDecimal(t *testing.T) {
	for s, want := range map[string]form{
		"": formBad, " 1": formBad, "1 ": formBad, "NaN": formBad, "Infinity": formBad, "-Infinity": formBad, "0x1": formBad, "1_0": formBad, "1,5": formBad,
		"1d": formBad, "1e": formBad, "e1": formBad, "+": formBad, ".": formBad, "--1": formBad, "1e+-1": formBad, "1.2.3": formBad,
		"١": formDoubt, "1e99999999999": formDoubt,
	} {
		if _, f := parseDecimal(s); f != want {
			t.Errorf("%q is %v, want %v", s, f, want)
		}
	}
}

func TestParseDate(t *testing.T) {
	day := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	for s, want := range map[string]int64{
		"2030-01-01T00:00:00Z":          day,
		"2030-01-01":                    day,
		"2030-01-01T00:00:00":           day,
		"2030-01-01T00:00Z":             day,
		"2030-01-01T01:00:00+01:00":     day,
		"2029-12-31T19:00:00-05:00":     day,
		"1893456000":                    day,
		"+1893456000":                   day,
		"0":                             0,
		"2030-01-01T00:00:00.001Z":      day + 1,
		"2030-01-01T00:00:00.0019Z":     day + 1,
		"2030-01-01T00:00:00.0001Z":     day,
		"2030-01-01T00:00:00.000999999": day,
	} {
		if got, f := parseDate(s); f != formOK || got != want {
			t.Errorf("%q = %d %v, want %d", s, got, f, want)
		}
	}
	for s, want := range map[string]form{
		"": formBad, "not-a-date": formBad, "today": formBad, " 2030-01-01": formBad, "2030-01-01 ": formBad, "-": formBad,
		"2030": formDoubt, "2030-01": formDoubt, "20300101T000000Z": formDoubt, "2030-01-01t00:00:00z": formDoubt, "2030-02-30": formDoubt,
		"1893456000.5": formDoubt, "-1": formDoubt, "123456789012": formDoubt, "2030-01-01T00:00:00,5Z": formDoubt, "2030-01-01 00:00:00": formDoubt,
	} {
		if _, f := parseDate(s); f != want {
			t.Errorf("%q is %v, want %v", s, f, want)
		}
	}
}

func TestParseAddress(t *testing.T) {
	for s, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "192.000.002.001": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:DB8::1": "2001:db8::1", "0.0.0.0": "0.0.0.0",
	} {
		if a, f := parseAddr(s); f != formOK || a.String() != want {
			t.Errorf("%q = %v %v, want %s", s, a, f, want)
		}
	}
	for s, want := range map[string]form{
		"": formBad, "not-an-ip": formBad, "192.0.2": formBad, "192.0.2.256": formBad, "192.0.2.1/32": formBad, "192.0.2.1.1": formBad, " 192.0.2.1": formBad,
		"fe80::1%eth0": formBad, ":::": formBad, "192.0.2.-1": formBad, "192.0.2.0001": formDoubt,
	} {
		if _, f := parseAddr(s); f != want {
			t.Errorf("%q is %v, want %v", s, f, want)
		}
	}
	for s, want := range map[string]string{
		"192.0.2.0/24": "192.0.2.0/24", "192.0.2.7/24": "192.0.2.0/24", "192.0.2.0/+24": "192.0.2.0/24", "192.0.2.0/024": "192.0.2.0/24",
		"192.0.2.1": "192.0.2.1/32", "2001:db8::1": "2001:db8::1/128", "::/0": "::/0", "0.0.0.0/0": "0.0.0.0/0",
	} {
		p, host, f := parsePrefix(s)
		if f != formOK || host || p.String() != want {
			t.Errorf("%q = %v %v %v, want %s", s, p, host, f, want)
		}
	}
	if _, host, f := parsePrefix("2001:db8::5/64"); !host || f != formOK {
		t.Errorf("host bits of an IPv6 block: %v %v", host, f)
	}
	for s, want := range map[string]form{
		"192.0.2.0/33": formBad, "192.0.2.0/": formBad, "192.0.2.0/-1": formBad, "192.0.2.0/ 24": formBad, "2001:db8::/129": formBad, "::ffff:192.0.2.0/120": formDoubt,
	} {
		if _, _, f := parsePrefix(s); f != want {
			t.Errorf("%q is %v, want %v", s, f, want)
		}
	}
}

func TestLower(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"PrOd", "prod", true}, {"\u212A", "k", true}, {"ſ", "s", false}, {"ı", "I", false}, {"İ", "i", false}, {"ß", "ẞ", true}, {"ß", "SS", false},
		{"Σ", "σ", true}, {"Σ", "ς", false}, {"ΟΣ", "ος", true}, {"ΟΣ", "οσ", false}, {"ΟΣΑ", "οσα", true}, {"\U00010400Σ", "\U00010428ς", true}, {"É", "é", true},
	} {
		if got := equalFold(c.a, lower(c.b)); got != c.want {
			t.Errorf("%q and %q: %v, want %v", c.a, c.b, got, c.want)
		}
		if got := equalFold(c.b, lower(c.a)); got != c.want {
			t.Errorf("%q and %q: %v, want %v", c.b, c.a, got, c.want)
		}
	}
}

func TestSigmaDoubt(t *testing.T) {
	for s, want := range map[string]bool{"ΟΣ": false, "ΟΣΑ": false, "a.ΟΣ": false, "ΟΣ.": true, "ΟΣ'Α": true, "Α\u0301Σ": true, "Ο Σ": false, "o.k": false} {
		if got := sigmaDoubt(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

func TestBase64(t *testing.T) {
	for s, want := range map[string]bool{"YQ==": true, "": true, "YQ": false, " YQ==": false, "YR==": false, "YQ==\n": false, "YQ=": false, "Y-_=": false} {
		if got := validBase64(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}
