package iam

import (
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"time"
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

func (c *condition) family() family {
	switch c.op {
	case opString, opStringFold, opLike, opBool, opBinary, opArn:
		return familyText
	case opNumEquals, opNumLess, opNumLessEquals, opNumGreater, opNumGreaterEquals:
		return familyNumber
	case opDateEquals, opDateLess, opDateLessEquals, opDateGreater, opDateGreaterEquals:
		return familyDate
	case opIP:
		return familyIP
	}
	return familyNone
}

// maxMembers bounds the values of a key of which every set is tried.
const maxMembers = 6

// represent lists values of a key such that the conditions treat every other
// value like one of them. ok is false when that cannot be done.
func (e *evaluation) represent(key string, tests []*condition) (values []Value, ok bool) {
	f, sets := familyNone, false
	for _, c := range tests {
		sets = sets || c.set != setNone
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
		texts, ok = e.representTexts(tests)
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
	values = []Value{Absent()}
	several := Multivalued(key)
	if several != True {
		for _, s := range texts {
			values = append(values, One(s))
		}
	}
	if several == False {
		return values, true
	}
	if !sets {
		return append(values, Many(texts[0])), true // operators for one value never match a set
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
		values = append(values, Many(set...))
	}
	return values, true
}

// Multivalued says whether a request can carry several values of a context key.
// Unknown is any key of a service whose keys are not listed here; then one and
// several values are both reckoned with.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func Multivalued(key string) Truth {
	key = lowerKey(key)
	if multivalued[key] {
		return True
	}
	service, _, _ := strings.Cut(key, ":")
	switch service {
	case "aws", "s3", "kms", "sts", "iam":
		return False
	}
	return Unknown
}

var multivalued = map[string]bool{
	"aws:calledvia":                 true,
	"aws:principalorgpaths":         true,
	"aws:principalservicenameslist": true,
	"aws:resourceorgpaths":          true,
	"aws:sourceorgpaths":            true,
	"aws:vpceorgpaths":              true,
	"aws:tagkeys":                   true,
	"kms:encryptioncontextkeys":     true,
	"kms:grantoperations":           true,
	"kms:resourcealiases":           true,
	"s3:requestobjecttagkeys":       true,
	"sts:transitivetagkeys":         true,
	"sts:requestcontextproviders":   true,
}

// representTexts divides all strings by the patterns of the conditions.
func (e *evaluation) representTexts(tests []*condition) (texts []string, ok bool) {
	patterns, ok := e.textPatterns(tests)
	if !ok {
		return nil, false
	}
	found, ok := e.regions([]token{tokRun}, patterns)
	for _, r := range found {
		texts = append(texts, r.witness)
	}
	return texts, ok
}

func (e *evaluation) textPatterns(tests []*condition) (patterns [][]token, ok bool) {
	arn := false
	for _, c := range tests {
		if c.doubt {
			continue // unknown whatever the value
		}
		arn = arn || c.op == opArn
		if c.op == opBool {
			patterns = append(patterns, foldTokens("true"))
			continue
		}
		for i := range c.operands {
			o := &c.operands[i]
			switch {
			case o.parts != nil && (c.op == opLike || c.op == opArn):
				t, is := e.expandTokens(nil, o.parts)
				if is == boundUnknown {
					return nil, false
				}
				if c.op == opArn {
					t = arnTokens(t)
				}
				if is == boundText {
					patterns = append(patterns, t)
				}
			case o.parts != nil:
				s, is := e.expand(o.parts)
				if is == boundUnknown || c.op == opStringFold && !ascii(s) {
					return nil, false
				}
				if is == boundText && c.op == opStringFold {
					patterns = append(patterns, foldTokens(s))
				} else if is == boundText {
					patterns = append(patterns, units[token](nil, s))
				}
			case c.op == opStringFold:
				if !ascii(o.text) {
					return nil, false
				}
				patterns = append(patterns, foldTokens(o.text))
			case c.op == opLike:
				patterns = append(patterns, tokens(o.text))
			case c.op == opArn && o.arn != nil:
				if t := o.arn.tokens(); t != nil {
					patterns = append(patterns, t)
				}
			default:
				patterns = append(patterns, units[token](nil, o.text))
			}
		}
	}
	if arn {
		patterns = append(patterns, arnTokens(tokens("arn:*:*:*:*:*")))
	}
	return patterns, true
}

// representNumbers takes every operand, a number between each two, one below and
// one above all, and a text that is no number.
func representNumbers(tests []*condition) (texts []string, ok bool) {
	var numbers []*big.Rat
	places := 2
	for _, c := range tests {
		for i := range c.operands {
			o := &c.operands[i]
			if o.num == nil {
				continue
			}
			if len(o.text) > 64 || o.num.exp > 64 || o.num.exp < -64 {
				return nil, false
			}
			r, is := new(big.Rat).SetString(strings.TrimPrefix(o.text, "+"))
			if !is {
				return nil, false
			}
			places = max(places, len(o.text)+66)
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
func representDates(tests []*condition) (texts []string, ok bool) {
	var instants []int64
	for _, c := range tests {
		for i := range c.operands {
			if o := &c.operands[i]; o.form == formOK {
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
		if back, f := parseDate(s); f != formOK || back != ms {
			return nil, false
		}
		texts = append(texts, s)
	}
	return texts, true
}

// representAddresses: the borders of the blocks divide both address spaces into
// intervals; the first address of each stands for it.
func representAddresses(tests []*condition) []string {
	// The last is the first address behind the IPv4-mapped ones, which count as IPv4.
	points := []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified(), netip.MustParseAddr("::1:0:0:0")}
	for _, c := range tests {
		for i := range c.operands {
			if p := c.operands[i].prefix; p != nil && !c.operands[i].hostBits {
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
