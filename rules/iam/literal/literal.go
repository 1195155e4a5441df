// Package literal reads the values of condition operators as AWS does: numbers,
// dates, addresses, base64, letter case. Where AWS neither documents nor was
// recorded to read a text, it says that this is in doubt.
package literal

import (
	"cmp"
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"crosscheck/rules/iam/match"
)

// Form says whether a text is a literal of a condition operator's type.
type Form uint8

const (
	OK    Form = iota
	Bad        // AWS was recorded, or documents, not to read it
	Doubt      // neither recorded nor documented: what follows from it is unknown
)

// Decimal is a number of any size, compared digit by digit: AWS was recorded to
// tell numbers beyond 2^53 apart.
type Decimal struct {
	neg       bool
	int, frac string // digits; int has no leading, frac no trailing zeros
	Exp       int32
}

// maxExponent is that of java.math.BigDecimal, roughly; beyond it lies doubt.
const maxExponent = 1 << 30

// ParseDecimal reads a number; it is of no use unless the form is OK.
func ParseDecimal(s string) (Decimal, Form) {
	var d Decimal
	rest := s
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		d.neg = rest[0] == '-'
		rest = rest[1:]
	}
	d.int, rest = Digits(rest)
	if strings.HasPrefix(rest, ".") {
		d.frac, rest = Digits(rest[1:])
	}
	if d.int == "" && d.frac == "" {
		return Decimal{}, notNumber(s)
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		exp := rest[1:]
		unsigned := strings.TrimPrefix(strings.TrimPrefix(exp, "+"), "-")
		if all, end := Digits(unsigned); all == "" || end != "" || len(exp)-len(unsigned) > 1 {
			return Decimal{}, notNumber(s)
		}
		n, err := strconv.ParseInt(exp, 10, 64)
		if err != nil || n > maxExponent || n < -maxExponent {
			return Decimal{}, Doubt
		}
		d.Exp, rest = int32(n), ""
	}
	if rest != "" {
		return Decimal{}, notNumber(s)
	}
	d.int = strings.TrimLeft(d.int, "0")
	d.frac = strings.TrimRight(d.frac, "0")
	return d, OK
}

// notNumber is formBad, unless digits of another script make it doubtful.
func notNumber(s string) Form {
	if !match.IsASCII(s) {
		return Doubt
	}
	return Bad
}

// Digits splits off the ASCII digits at the beginning of s.
func Digits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

func (d Decimal) zero() bool { return d.int == "" && d.frac == "" }

// digit is the i-th digit of int and frac together.
func (d Decimal) digit(i int) byte {
	switch {
	case i < len(d.int):
		return d.int[i]
	case i < len(d.int)+len(d.frac):
		return d.frac[i-len(d.int)]
	}
	return '0'
}

// lead is the index of the first digit that is not 0, and the power of ten above it.
func (d Decimal) lead() (skip int, power int64) {
	for d.digit(skip) == '0' {
		skip++
	}
	return skip, int64(len(d.int)-skip) + int64(d.Exp)
}

// Compare is -1, 0 or 1 as d is less than, equal to, or more than o.
func (d Decimal) Compare(o Decimal) int {
	switch {
	case d.zero() && o.zero():
		return 0
	case d.zero():
		return -sign(o.neg)
	case o.zero(), d.neg != o.neg:
		return sign(d.neg)
	}
	i, p := d.lead()
	j, q := o.lead()
	c := cmp.Compare(p, q)
	for ; c == 0 && (i < len(d.int)+len(d.frac) || j < len(o.int)+len(o.frac)); i, j = i+1, j+1 {
		c = cmp.Compare(d.digit(i), o.digit(j))
	}
	return c * sign(d.neg)
}

func sign(neg bool) int {
	if neg {
		return -1
	}
	return 1
}

// ParseDate reads the ISO 8601 forms of
// https://www.w3.org/TR/NOTE-datetime and epoch seconds, in milliseconds: AWS
// was recorded to cut finer ones. A missing zone is UTC.
func ParseDate(s string) (ms int64, f Form) {
	if n, rest := Digits(strings.TrimPrefix(s, "+")); n != "" && rest == "" {
		// Four digits are a year in ISO 8601; eleven are past the year 5138.
		if len(n) == 4 || len(n) > 11 {
			return 0, Doubt
		}
		sec, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return 0, Doubt
		}
		return sec * 1000, OK
	}
	for _, layout := range dateLayouts {
		if len(s) < len("2006-01-02") {
			break
		}
		if t, err := time.Parse(layout, s); err == nil && !strings.ContainsAny(s, ",") {
			return t.UnixMilli(), OK
		}
	}
	return 0, notDate(s)
}

// time.Parse accepts a fraction of a second behind any layout with seconds.
var dateLayouts = [...]string{
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
}

// notDate is formDoubt for a text that some reader might take for a date.
func notDate(s string) Form {
	if s == "" {
		return Bad
	}
	digit := false
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			digit = true
		case strings.IndexByte("+-:.,TtZzEeWw /", c) >= 0:
		case c >= 0x80:
			return Doubt
		default:
			return Bad
		}
	}
	if digit && s[0] != ' ' && s[len(s)-1] != ' ' {
		return Doubt
	}
	return Bad
}

// ParseAddr reads an IP address. Octets may have leading zeros, which are
// decimal; an IPv4-mapped IPv6 address is the IPv4 address.
func ParseAddr(s string) (netip.Addr, Form) {
	if strings.IndexByte(s, ':') >= 0 {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Addr{}, Bad
		}
		return a.Unmap(), OK
	}
	var b [4]byte
	rest := s
	for i := range b {
		n, after := Digits(rest)
		v, err := strconv.ParseUint(n, 10, 16)
		if err != nil || v > 255 {
			return netip.Addr{}, Bad
		}
		if len(n) > 3 {
			return netip.Addr{}, Doubt
		}
		b[i] = byte(v)
		switch {
		case i == 3 && after == "":
			return netip.AddrFrom4(b), OK
		case i == 3 || after == "" || after[0] != '.':
			return netip.Addr{}, Bad
		}
		rest = after[1:]
	}
	return netip.Addr{}, Bad
}

// ParsePrefix reads a CIDR block or a single address. hostBits says that an
// IPv6 block has bits behind its length: AWS was recorded never to match it.
func ParsePrefix(s string) (p netip.Prefix, hostBits bool, f Form) {
	addr, length, cidr := strings.Cut(s, "/")
	a, f := ParseAddr(addr)
	if f != OK {
		return netip.Prefix{}, false, f
	}
	if !cidr {
		return netip.PrefixFrom(a, a.BitLen()), false, OK
	}
	if strings.IndexByte(addr, ':') >= 0 && a.Is4() {
		return netip.Prefix{}, false, Doubt // a block of mapped addresses
	}
	n, rest := Digits(strings.TrimPrefix(length, "+"))
	bits, err := strconv.Atoi(n)
	if err != nil || rest != "" || bits > a.BitLen() {
		return netip.Prefix{}, false, Bad
	}
	p = netip.PrefixFrom(a, bits)
	if a.Is6() && p.Masked() != p {
		return p, true, OK
	}
	return p.Masked(), false, OK
}

// ValidBase64 is strict: padding, no blanks, no loose bits. AWS was recorded
// never to match anything else.
func ValidBase64(s string) bool {
	if strings.ContainsAny(s, "\r\n") {
		return false
	}
	_, err := base64.StdEncoding.Strict().DecodeString(s)
	return err == nil
}

// IsTrue is how Bool reads a text: only the letters "true", in any case, are true.
func IsTrue(s string) bool { return len(s) == 4 && match.HasPrefixFold(s, "true") }

// IsBool reports whether a text is true or false, in any case.
func IsBool(s string) bool { return IsTrue(s) || len(s) == 5 && match.HasPrefixFold(s, "false") }

// Lower is the form in which the …IgnoreCase operators compare: lower-cased
// with the Greek final sigma, and no case folding.
func Lower(s string) string {
	if match.IsASCII(s) {
		return match.LowerASCII(s)
	}
	return cases.Lower(language.Und).String(s)
}

// SigmaDoubt reports whether a capital sigma is beside a character that
// lower-casing may skip, such as an apostrophe or an accent: whether it is the
// last letter of its word depends on the reader then.
func SigmaDoubt(s string) bool {
	if !strings.ContainsRune(s, 'Σ') {
		return false
	}
	runes := []rune(s)
	for i, r := range runes {
		if r == 'Σ' && (i > 0 && skipped(runes[i-1]) || i+1 < len(runes) && skipped(runes[i+1])) {
			return true
		}
	}
	return false
}

func skipped(r rune) bool {
	return strings.ContainsRune("'.:’‘․·", r) || unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}

// EqualFold compares as the …IgnoreCase operators do; lowerB is lower-cased by [Lower].
func EqualFold(a, lowerB string) bool {
	if match.IsASCII(a) {
		return len(a) == len(lowerB) && match.HasPrefixFold(a, lowerB)
	}
	return Lower(a) == lowerB
}
