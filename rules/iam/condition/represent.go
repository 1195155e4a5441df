package condition

import (
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"time"

	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/literal"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
)

// family groups the operators whose conditions on one key can be told apart by
// one kind of representative.
type family uint8

const (
	familyNone family = iota
	familyText
	familyNumber
	familyDate
	familyIP
)

func (c *Condition) family() family {
	switch c.Op {
	case StringEquals, opStringFold, StringLike, opBool, opBinary, ARN:
		return familyText
	case opNumEquals, opNumLess, opNumLessEquals, opNumGreater, opNumGreaterEquals:
		return familyNumber
	case opDateEquals, opDateLess, opDateLessEquals, opDateGreater, opDateGreaterEquals:
		return familyDate
	case IPAddress:
		return familyIP
	}
	return familyNone
}

// IsText reports whether patterns of texts can tell the values of the key apart.
func (c *Condition) IsText() bool { return c.family() == familyText }

// maxMembers bounds the values of a key of which every set is tried.
const maxMembers = 6

// Represent lists values of a key such that the conditions treat every other
// value like one of them. ok is false when that cannot be done.
func Represent(k *contextkey.Known, b *match.Budget, key string, tests []*Condition) (values []contextkey.Value, ok bool) {
	f, sets := familyNone, false
	for _, c := range tests {
		sets = sets || c.Set != NoQualifier
		switch g := c.family(); {
		case g == familyNone:
		case f == familyNone:
			f = g
		case f != g:
			return nil, false
		}
	}
	texts := []string{"x"}
	switch f {
	case familyText:
		texts, ok = representTexts(k, b, tests)
	case familyNumber:
		texts, ok = representNumbers(tests)
	case familyDate:
		texts, ok = representDates(tests)
	case familyIP:
		texts, ok = representAddresses(tests), true
	default:
		ok = true
	}
	if !ok {
		return nil, false
	}
	values = []contextkey.Value{contextkey.Absent()}
	several := catalog.Multivalued(key)
	if several != logic.True {
		for _, s := range texts {
			values = append(values, contextkey.One(s))
		}
	}
	if several == logic.False {
		return values, true
	}
	if !sets {
		return append(values, contextkey.Many(texts[0])), true // operators for one value never match a set
	}
	if len(texts) > maxMembers {
		return nil, false
	}
	for members := 1; members < 1<<len(texts); members++ {
		var set []string
		for i, s := range texts {
			if members>>i&1 == 1 {
				set = append(set, s)
			}
		}
		values = append(values, contextkey.Many(set...))
	}
	return values, true
}

// representTexts divides all strings by the patterns of the conditions.
func representTexts(k *contextkey.Known, b *match.Budget, tests []*Condition) (texts []string, ok bool) {
	patterns, ok := Patterns(k, tests)
	if !ok {
		return nil, false
	}
	found, ok := b.Regions([]match.Token{match.Run}, patterns)
	for _, r := range found {
		texts = append(texts, r.Witness)
	}
	return texts, ok
}

// Patterns are the patterns by which the tests of one key tell its values apart; ok
// is false where a variable in them is not known.
func Patterns(k *contextkey.Known, tests []*Condition) (patterns [][]match.Token, ok bool) {
	arn := false
	for _, c := range tests {
		if c.Doubt {
			continue // unknown whatever the value
		}
		arn = arn || c.Op == ARN
		if c.Op == opBool {
			patterns = append(patterns, match.FoldTokens("true"))
			continue
		}
		for i := range c.Operands {
			o := &c.Operands[i]
			switch {
			case o.Parts != nil && (c.Op == StringLike || c.Op == ARN):
				t, is := k.ExpandTokens(nil, o.Parts)
				if is == contextkey.Unknown {
					return nil, false
				}
				if c.Op == ARN {
					t = match.ARNTokens(t)
				}
				if is == contextkey.Text {
					patterns = append(patterns, t)
				}
			case o.Parts != nil:
				s, is := k.Expand(o.Parts)
				if is == contextkey.Unknown || c.Op == opStringFold && !match.IsASCII(s) {
					return nil, false
				}
				if is == contextkey.Text && c.Op == opStringFold {
					patterns = append(patterns, match.FoldTokens(s))
				} else if is == contextkey.Text {
					patterns = append(patterns, match.AppendLiteral(nil, s))
				}
			case c.Op == opStringFold:
				if !match.IsASCII(o.Text) {
					return nil, false
				}
				patterns = append(patterns, match.FoldTokens(o.Text))
			case c.Op == StringLike:
				patterns = append(patterns, match.Tokens(o.Text))
			case c.Op == ARN && o.Arn != nil:
				if t := o.Arn.Tokens(); t != nil {
					patterns = append(patterns, t)
				}
			default:
				patterns = append(patterns, match.AppendLiteral(nil, o.Text))
			}
		}
	}
	if arn {
		patterns = append(patterns, match.ARNTokens(match.Tokens("arn:*:*:*:*:*")))
	}
	return patterns, true
}

// representNumbers takes every operand, a number between each two, one below and
// one above all, and a text that is no number.
func representNumbers(tests []*Condition) (texts []string, ok bool) {
	var numbers []*big.Rat
	places := 2
	for _, c := range tests {
		for i := range c.Operands {
			o := &c.Operands[i]
			if o.num == nil {
				continue
			}
			if len(o.Text) > 64 || o.num.Exp > 64 || o.num.Exp < -64 {
				return nil, false
			}
			r, is := new(big.Rat).SetString(strings.TrimPrefix(o.Text, "+"))
			if !is {
				return nil, false
			}
			places = max(places, len(o.Text)+66)
			numbers = append(numbers, r)
		}
	}
	slices.SortFunc(numbers, (*big.Rat).Cmp)
	texts = []string{"x"}
	put := func(r *big.Rat) { texts = append(texts, decimalText(r, places)) }
	for i, r := range numbers {
		if i == 0 {
			put(new(big.Rat).Sub(r, big.NewRat(1, 1)))
		} else if numbers[i-1].Cmp(r) != 0 {
			mid := new(big.Rat).Add(numbers[i-1], r)
			put(mid.Quo(mid, big.NewRat(2, 1)))
		} else {
			continue
		}
		put(r)
	}
	if n := len(numbers); n > 0 {
		put(new(big.Rat).Add(numbers[n-1], big.NewRat(1, 1)))
	} else {
		texts = append(texts, "1")
	}
	return texts, true
}

func decimalText(r *big.Rat, places int) string {
	s := r.FloatString(places)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// representDates does the same with instants.
func representDates(tests []*Condition) (texts []string, ok bool) {
	var instants []int64
	for _, c := range tests {
		for i := range c.Operands {
			if o := &c.Operands[i]; o.Form == literal.OK {
				instants = append(instants, o.ms)
			}
		}
	}
	slices.Sort(instants)
	instants = slices.Compact(instants)
	all := []int64{0}
	if n := len(instants); n > 0 {
		all = []int64{instants[0] - 1000, instants[n-1] + 1000}
		for i, ms := range instants {
			all = append(all, ms)
			if i > 0 && ms-instants[i-1] > 1 {
				all = append(all, instants[i-1]+(ms-instants[i-1])/2)
			}
		}
	}
	texts = []string{"x"}
	for _, ms := range all {
		s := time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
		if back, f := literal.ParseDate(s); f != literal.OK || back != ms {
			return nil, false
		}
		texts = append(texts, s)
	}
	return texts, true
}

// representAddresses: the borders of the blocks divide both address spaces into
// intervals; the first address of each represents it.
func representAddresses(tests []*Condition) []string {
	// The last is the first address behind the IPv4-mapped ones, which count as IPv4.
	points := []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified(), netip.MustParseAddr("::1:0:0:0")}
	for _, c := range tests {
		for i := range c.Operands {
			if p := c.Operands[i].Prefix; p != nil && !c.Operands[i].hostBits {
				points = append(points, p.Addr())
				if next := lastAddr(*p).Next(); next.IsValid() {
					points = append(points, next)
				}
			}
		}
	}
	slices.SortFunc(points, netip.Addr.Compare)
	texts := []string{"x"}
	for i, a := range points {
		if (i == 0 || points[i-1] != a) && !a.Is4In6() {
			texts = append(texts, a.String())
		}
	}
	return texts
}

// lastAddr is the last address of a block.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
