package literal

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestDecimalCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"1", "1", 0}, {"01", "1", 0}, {"+1", "1", 0}, {"1.0", "1", 0}, {"1.", "1", 0}, {".5", "0.5", 0}, {"1e0", "1", 0}, {"1E+1", "10", 0},
		{"10e-1", "1", 0}, {"-0", "0", 0}, {"0e99", "0", 0}, {"0.000", "-0", 0}, {"-1", "1", -1}, {"-1", "-2", 1}, {"0", "-1", 1}, {"-1", "0", -1},
		{"0", "1", -1}, {"1", "0", 1}, {"9007199254740992", "9007199254740993", -1}, {"0.1", "0.09", 1}, {"100", "99.9", 1}, {"1e1000000000", "2", 1},
		{"1e-1000000000", "0", 1}, {"-1e1000000000", "2", -1}, {"12e3", "1.2e4", 0}, {"0.0012", "1.2e-3", 0},
	} {
		a, fa := ParseDecimal(c.a)
		b, fb := ParseDecimal(c.b)
		if fa != OK || fb != OK {
			t.Errorf("%q %q: not read", c.a, c.b)
			continue
		}
		if got := a.Compare(b); got != c.want {
			t.Errorf("%s against %s = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := b.Compare(a); got != -c.want {
			t.Errorf("%s against %s = %d, want %d", c.b, c.a, got, -c.want)
		}
	}
}

func TestDecimalAgainstBig(t *testing.T) {
	t.Parallel()
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
		a, fa := ParseDecimal(x)
		b, fb := ParseDecimal(y)
		p, okP := new(big.Rat).SetString(x)
		q, okQ := new(big.Rat).SetString(y)
		if !okP || !okQ || fa != OK || fb != OK {
			t.Fatalf("%q %q: %v %v", x, y, fa, fb)
		}
		if got, want := a.Compare(b), p.Cmp(q); got != want {
			t.Fatalf("%s against %s = %d, want %d", x, y, got, want)
		}
	}
}

func TestNotDecimal(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Form{
		"": Bad, " 1": Bad, "1 ": Bad, "NaN": Bad, "Infinity": Bad, "-Infinity": Bad, "0x1": Bad, "1_0": Bad, "1,5": Bad,
		"1d": Bad, "1e": Bad, "e1": Bad, "+": Bad, ".": Bad, "--1": Bad, "1e+-1": Bad, "1.2.3": Bad,
		"١": Doubt, "1e99999999999": Doubt,
	} {
		if _, f := ParseDecimal(s); f != want {
			t.Errorf("%q is %v, want %v", s, f, want)
		}
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
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
		if got, f := ParseDate(s); f != OK || got != want {
			t.Errorf("%q = %d %v, want %d", s, got, f, want)
		}
	}
	for s, want := range map[string]Form{
		"": Bad, "not-a-date": Bad, "today": Bad, " 2030-01-01": Bad, "2030-01-01 ": Bad, "-": Bad,
		"2030": Doubt, "2030-01": Doubt, "20300101T000000Z": Doubt, "2030-01-01t00:00:00z": Doubt, "2030-02-30": Doubt,
		"1893456000.5": Doubt, "-1": Doubt, "123456789012": Doubt, "2030-01-01T00:00:00,5Z": Doubt, "2030-01-01 00:00:00": Doubt,
	} {
		if _, f := ParseDate(s); f != want {
			t.Errorf("%q is %v, want %v", s, f, want)
		}
	}
}

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "192.000.002.001": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:DB8::1": "2001:db8::1", "0.0.0.0": "0.0.0.0",
	} {
		if a, f := ParseAddr(s); f != OK || a.String() != want {
			t.Errorf("%q = %v %v, want %s", s, a, f, want)
		}
	}
	for s, want := range map[string]Form{
		"": Bad, "not-an-ip": Bad, "192.0.2": Bad, "192.0.2.256": Bad, "192.0.2.1/32": Bad, "192.0.2.1.1": Bad, " 192.0.2.1": Bad,
		"fe80::1%eth0": Bad, ":::": Bad, "192.0.2.-1": Bad, "192.0.2.0001": Doubt,
	} {
		if _, f := ParseAddr(s); f != want {
			t.Errorf("%q is %v, want %v", s, f, want)
		}
	}
	for s, want := range map[string]string{
		"192.0.2.0/24": "192.0.2.0/24", "192.0.2.7/24": "192.0.2.0/24", "192.0.2.0/+24": "192.0.2.0/24", "192.0.2.0/024": "192.0.2.0/24",
		"192.0.2.1": "192.0.2.1/32", "2001:db8::1": "2001:db8::1/128", "192.0.2.1/32": "192.0.2.1/32", "2001:db8::1/128": "2001:db8::1/128", "::/0": "::/0", "0.0.0.0/0": "0.0.0.0/0",
	} {
		p, host, f := ParsePrefix(s)
		if f != OK || host || p.String() != want {
			t.Errorf("%q = %v %v %v, want %s", s, p, host, f, want)
		}
	}
	if _, host, f := ParsePrefix("2001:db8::5/64"); !host || f != OK {
		t.Errorf("host bits of an IPv6 block: %v %v", host, f)
	}
	for s, want := range map[string]Form{
		"192.0.2.0/33": Bad, "192.0.2.0/": Bad, "192.0.2.0/-1": Bad, "192.0.2.0/ 24": Bad, "2001:db8::/129": Bad, "::ffff:192.0.2.0/120": Doubt,
	} {
		if _, _, f := ParsePrefix(s); f != want {
			t.Errorf("%q is %v, want %v", s, f, want)
		}
	}
}

func TestLower(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"PrOd", "prod", true}, {"\u212A", "k", true}, {"ſ", "s", false}, {"ı", "I", false}, {"İ", "i", false}, {"ß", "ẞ", true}, {"ß", "SS", false},
		{"Σ", "σ", true}, {"Σ", "ς", false}, {"ΟΣ", "ος", true}, {"ΟΣ", "οσ", false}, {"ΟΣΑ", "οσα", true}, {"\U00010400Σ", "\U00010428ς", true}, {"É", "é", true},
	} {
		if got := EqualFold(c.a, Lower(c.b)); got != c.want {
			t.Errorf("%q and %q: %v, want %v", c.a, c.b, got, c.want)
		}
		if got := EqualFold(c.b, Lower(c.a)); got != c.want {
			t.Errorf("%q and %q: %v, want %v", c.b, c.a, got, c.want)
		}
	}
}

func TestSigmaDoubt(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"ΟΣ": false, "ΟΣΑ": false, "a.ΟΣ": false, "ΟΣ.": true, "ΟΣ'Α": true, "Α\u0301Σ": true, "Ο Σ": false, "o.k": false} {
		if got := SigmaDoubt(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

func TestBase64(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"YQ==": true, "": true, "YQ": false, " YQ==": false, "YR==": false, "YQ==\n": false, "YQ=": false, "Y-_=": false} {
		if got := ValidBase64(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}
