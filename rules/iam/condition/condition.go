// Package condition decides one condition of a statement, an operator with its
// values, against what is known of a context key, and finds representative values
// of a key that is not known.
package condition

import (
	"fmt"
	"net/netip"
	"strings"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/literal"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
)

// operator is a condition operator without its negation, IfExists and set qualifier.
type operator uint8

// The operators.
const (
	StringEquals operator = iota
	opStringFold
	StringLike
	opNumEquals
	opNumLess
	opNumLessEquals
	opNumGreater
	opNumGreaterEquals
	opDateEquals
	opDateLess
	opDateLessEquals
	opDateGreater
	opDateGreaterEquals
	opBool
	opBinary
	IPAddress
	ARN
	Null
)

type setQualifier uint8

const (
	NoQualifier  setQualifier = iota
	ForAllValues              // ForAllValues:
	ForAnyValue               // ForAnyValue:
)

// Test is a condition operator as it is spelled in a policy.
type Test struct {
	Op       operator
	Negated  bool
	IfExists bool
	Set      setQualifier
	Doubt    bool // spelled in a letter case that AWS does not document
	Name     string
}

// operators maps every documented spelling:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
var operators = func() map[string]Test {
	m := map[string]Test{}
	put := func(base string, op operator, negated bool) {
		for _, set := range []struct {
			prefix string
			set    setQualifier
		}{{"", NoQualifier}, {"ForAllValues:", ForAllValues}, {"ForAnyValue:", ForAnyValue}} {
			for _, suffix := range []string{"", "IfExists"} {
				name := set.prefix + base + suffix
				m[name] = Test{Op: op, Negated: negated, IfExists: suffix != "", Set: set.set, Name: name}
			}
		}
	}
	put("StringEquals", StringEquals, false)
	put("StringNotEquals", StringEquals, true)
	put("StringEqualsIgnoreCase", opStringFold, false)
	put("StringNotEqualsIgnoreCase", opStringFold, true)
	put("StringLike", StringLike, false)
	put("StringNotLike", StringLike, true)
	put("NumericEquals", opNumEquals, false)
	put("NumericNotEquals", opNumEquals, true)
	put("NumericLessThan", opNumLess, false)
	put("NumericLessThanEquals", opNumLessEquals, false)
	put("NumericGreaterThan", opNumGreater, false)
	put("NumericGreaterThanEquals", opNumGreaterEquals, false)
	put("DateEquals", opDateEquals, false)
	put("DateNotEquals", opDateEquals, true)
	put("DateLessThan", opDateLess, false)
	put("DateLessThanEquals", opDateLessEquals, false)
	put("DateGreaterThan", opDateGreater, false)
	put("DateGreaterThanEquals", opDateGreaterEquals, false)
	put("Bool", opBool, false)
	put("BinaryEquals", opBinary, false)
	put("IpAddress", IPAddress, false)
	put("NotIpAddress", IPAddress, true)
	put("ArnEquals", ARN, false)
	put("ArnLike", ARN, false)
	put("ArnNotEquals", ARN, true)
	put("ArnNotLike", ARN, true)
	m["Null"] = Test{Op: Null, Name: "Null"}
	return m
}()

// FindTest finds the operator of a name; in another letter case it is in doubt.
func FindTest(name string) (t Test, known bool) {
	if t, known = operators[name]; known {
		return t, true
	}
	for official, t := range operators {
		if strings.EqualFold(official, name) {
			t.Doubt = true
			return t, true
		}
	}
	return Test{}, false
}

// Boolean reports whether the operator's values are true and false.
func (t *Test) Boolean() bool { return t.Op == opBool || t.Op == Null }

// Literal is what a value of the operator must be; "" for any text.
func (t *Test) Literal() string {
	switch t.Op {
	case opNumEquals, opNumLess, opNumLessEquals, opNumGreater, opNumGreaterEquals:
		return "a number"
	case opDateEquals, opDateLess, opDateLessEquals, opDateGreater, opDateGreaterEquals:
		return "a date"
	case IPAddress:
		return "an IP address or CIDR block"
	case ARN:
		return "an ARN"
	case opBinary:
		return "base64"
	}
	return ""
}

// Condition is one key under one operator.
type Condition struct {
	Test
	Key      string // lower case
	Written  string // the key as the policy spells it
	Several  bool   // the key is one of several values, even when it comes with one
	Operands []Operand
}

// Operand is one value of a condition, compiled for its operator.
type Operand struct {
	Text     string // lower-cased for the IgnoreCase operators
	Form     literal.Form
	yes      bool              // Bool, Null
	hostBits bool              // an IPv6 block that never matches
	Parts    []contextkey.Part // it has policy variables
	Glob     match.Glob
	ms       int64
	num      *literal.Decimal
	Prefix   *netip.Prefix
	Arn      *match.ARNPattern
}

// NewOperand compiles a value for an operator; variables says that ${…} is a
// variable. problem says why what the value means is not known.
func NewOperand(t *Test, text string, variables bool) (o Operand, problem string) {
	o = Operand{Text: text}
	if variables && strings.Contains(text, "${") {
		parts, ok := contextkey.ParseTemplate(text)
		switch t.Op {
		case StringEquals, opStringFold, StringLike, ARN:
			o.Parts = parts
			if !ok {
				o.Form = literal.Doubt
				problem = fmt.Sprintf("the policy variable in %q is not understood; this condition is unknown", text)
			}
			return o, problem
		case opBool:
			o.Form = literal.Doubt
			return o, "a policy variable under Bool: AWS's documentation contradicts itself, so this condition is unknown"
		}
	}
	switch t.Op {
	case StringEquals:
	case opStringFold:
		o.Text = literal.Lower(text)
		if literal.SigmaDoubt(text) {
			o.Form = literal.Doubt
		}
	case StringLike:
		o.Glob = match.NewGlob(text)
	case opNumEquals, opNumLess, opNumLessEquals, opNumGreater, opNumGreaterEquals:
		var d literal.Decimal
		if d, o.Form = literal.ParseDecimal(text); o.Form == literal.OK {
			o.num = &d
		}
	case opDateEquals, opDateLess, opDateLessEquals, opDateGreater, opDateGreaterEquals:
		o.ms, o.Form = literal.ParseDate(text)
	case opBool:
		o.yes = literal.IsTrue(text)
	case Null:
		o.yes = literal.IsTrue(text)
		if !literal.IsBool(text) {
			o.Form = literal.Doubt
		}
	case opBinary:
		if !literal.ValidBase64(text) {
			o.Form = literal.Bad
		}
	case IPAddress:
		var p netip.Prefix
		if p, o.hostBits, o.Form = literal.ParsePrefix(text); o.Form == literal.OK {
			o.Prefix = &p
		}
	case ARN:
		p := match.NewARNPattern(text)
		o.Arn = &p
		switch p.State {
		case match.Bad:
			o.Form = literal.Bad
		case match.Doubt, match.Short:
			o.Form = literal.Doubt
		}
	}
	return o, ""
}

// Holds evaluates one key under one operator. An Allow and a Deny (denies) differ
// where an operand is malformed: it cannot grant, yet it denies.
func (c *Condition) Holds(k *contextkey.Known, denies bool) logic.Truth {
	if c.Doubt {
		return logic.Unknown
	}
	v := k.Lookup(c.Key)
	switch v.State {
	case contextkey.StatePresent:
	case contextkey.StateAbsent:
		return c.absent()
	default:
		return logic.Unknown
	}
	v.Multi = v.Multi || c.Several
	if v.Multi && len(v.Values) == 0 {
		return c.empty()
	}
	switch {
	case c.Op == Null:
		return c.Null(false)
	case c.Set == ForAllValues:
		t := logic.True
		for _, s := range v.Values {
			t = logic.And(t, c.compare(k, s, denies))
		}
		return t
	case c.Set == ForAnyValue:
		t := logic.False
		for _, s := range v.Values {
			t = logic.Or(t, c.compare(k, s, denies))
		}
		return t
	case v.Multi:
		return logic.False // a set under an operator for one value never matches, negated or not
	}
	return c.compare(k, v.Values[0], denies)
}

// absent is a condition whose key is not in the request.
func (c *Condition) absent() logic.Truth {
	switch {
	case c.Op == Null:
		return c.Null(true)
	case c.IfExists && c.Set == ForAnyValue:
		return logic.Unknown // IfExists says true, ForAnyValue says false
	case c.IfExists || c.Set == ForAllValues:
		return logic.True
	case c.Set == ForAnyValue:
		return logic.False
	}
	return logic.Of(c.Negated)
}

// empty is a condition whose multivalued key has no value: documented for the
// set operators; for the others it may count as absent or as present.
func (c *Condition) empty() logic.Truth {
	present := logic.False
	switch {
	case c.Op == Null:
		present = c.Null(false)
	case c.Set == ForAllValues:
		present = logic.True
	}
	if a := c.absent(); a != present {
		return logic.Unknown
	}
	return present
}

// Null is a Null condition, for a key that is absent or not.
func (c *Condition) Null(absent bool) logic.Truth {
	t := logic.False
	for i := range c.Operands {
		o := &c.Operands[i]
		if o.Form == literal.Doubt {
			t = logic.Or(t, logic.Unknown)
		} else {
			t = logic.Or(t, logic.Of(o.yes == absent))
		}
	}
	return t
}

// compare is one value of the request against the operands.
func (c *Condition) compare(k *contextkey.Known, s string, denies bool) logic.Truth {
	if len(c.Operands) == 0 {
		return logic.Of(c.Negated) // a negated operator asks that none of its values match
	}
	switch c.Op {
	case StringEquals, opStringFold, StringLike:
		return c.compareText(k, s)
	case opNumEquals, opNumLess, opNumLessEquals, opNumGreater, opNumGreaterEquals:
		return compareNumber(c, s)
	case opDateEquals, opDateLess, opDateLessEquals, opDateGreater, opDateGreaterEquals:
		return compareDate(c, s)
	case opBool:
		t := logic.False
		for i := range c.Operands {
			if o := &c.Operands[i]; o.Form == literal.Doubt {
				t = logic.Or(t, logic.Unknown)
			} else {
				t = logic.Or(t, logic.Of(o.yes == literal.IsTrue(s)))
			}
		}
		return t
	case opBinary:
		t := logic.False
		for i := range c.Operands {
			o := &c.Operands[i]
			t = logic.Or(t, logic.Of(o.Form == literal.OK && o.Text == s))
		}
		return t
	case IPAddress:
		return compareIP(c, s, denies)
	}
	return c.compareARN(k, s, denies)
}

func (c *Condition) sense(matched logic.Truth) logic.Truth {
	if c.Negated {
		return logic.Not(matched)
	}
	return matched
}

func (c *Condition) compareText(k *contextkey.Known, s string) logic.Truth {
	matched := logic.False
	for i := range c.Operands {
		if matched = logic.Or(matched, c.matchText(k, &c.Operands[i], s)); matched == logic.True {
			break
		}
	}
	return c.sense(matched)
}

func (c *Condition) matchText(k *contextkey.Known, o *Operand, s string) logic.Truth {
	if o.Form == literal.Doubt || c.Op == opStringFold && literal.SigmaDoubt(s) {
		return logic.Unknown
	}
	if o.Parts == nil {
		switch c.Op {
		case StringEquals:
			return logic.Of(o.Text == s)
		case opStringFold:
			return logic.Of(literal.EqualFold(s, o.Text))
		}
		return logic.Of(o.Glob.Match(s))
	}
	if c.Op == StringLike {
		pattern, is := k.ExpandTokens(nil, o.Parts)
		if is == contextkey.Null || !match.MatchTokens(pattern, s) {
			return logic.False
		}
		if is == contextkey.Unknown {
			return logic.Unknown
		}
		return logic.True
	}
	text, is := k.Expand(o.Parts)
	switch {
	case is == contextkey.Null:
		return logic.False
	case is == contextkey.Unknown:
		return logic.Unknown
	case c.Op == StringEquals:
		return logic.Of(text == s)
	}
	return logic.Of(literal.EqualFold(s, literal.Lower(text)))
}

func compareNumber(c *Condition, s string) logic.Truth {
	n, f := literal.ParseDecimal(s)
	if f == literal.Doubt {
		return logic.Unknown
	}
	matched := logic.False
	for i := range c.Operands {
		switch o := &c.Operands[i]; {
		case o.Form == literal.Doubt:
			matched = logic.Or(matched, logic.Unknown)
		case f == literal.OK && o.Form == literal.OK:
			matched = logic.Or(matched, logic.Of(ordered(c.Op-opNumEquals, n.Compare(*o.num))))
		}
	}
	return c.sense(matched)
}

func compareDate(c *Condition, s string) logic.Truth {
	ms, f := literal.ParseDate(s)
	if f == literal.Doubt {
		return logic.Unknown
	}
	matched := logic.False
	for i := range c.Operands {
		switch o := &c.Operands[i]; {
		case o.Form == literal.Doubt:
			matched = logic.Or(matched, logic.Unknown)
		case f == literal.OK && o.Form == literal.OK:
			order := 0
			if ms < o.ms {
				order = -1
			} else if ms > o.ms {
				order = 1
			}
			matched = logic.Or(matched, logic.Of(ordered(c.Op-opDateEquals, order)))
		}
	}
	return c.sense(matched)
}

// ordered reads an order under the n-th of equals, less, less or equal, greater,
// greater or equal.
func ordered(n operator, order int) bool {
	switch n {
	case 0:
		return order == 0
	case 1:
		return order < 0
	case 2:
		return order <= 0
	case 3:
		return order > 0
	}
	return order >= 0
}

// compareIP: a value that is no address never matches, negated or not. What a
// malformed operand does is recorded for a granting IpAddress only.
func compareIP(c *Condition, s string, denies bool) logic.Truth {
	a, f := literal.ParseAddr(s)
	switch f {
	case literal.Bad:
		return logic.False
	case literal.Doubt:
		return logic.Unknown
	}
	matched := logic.False
	for i := range c.Operands {
		switch o := &c.Operands[i]; {
		case o.Form == literal.OK && !o.hostBits:
			matched = logic.Or(matched, logic.Of(o.Prefix.Contains(a)))
		case o.Form == literal.Doubt || c.Negated || o.Form == literal.Bad && denies:
			matched = logic.Or(matched, logic.Unknown)
		}
	}
	return c.sense(matched)
}

// compareARN tries the operands in their order. A malformed one ends the trial:
// the condition cannot grant then, but it denies, negated or not. A value that
// is no ARN never matches.
func (c *Condition) compareARN(k *contextkey.Known, s string, denies bool) logic.Truth {
	a := match.NewARN(s)
	if a.Cut < 0 {
		return logic.False
	}
	matched, short := logic.False, false
	for i := range c.Operands {
		o := &c.Operands[i]
		p, state := o.Arn, contextkey.Text
		if o.Parts != nil {
			var text []match.Token
			text, state = k.ExpandTokens(nil, o.Parts)
			if state == contextkey.Text {
				switch t, bad := matchARNTokens(text, a); {
				case bad:
					return afterMalformed(c, matched, denies)
				case t == logic.True:
					return c.sense(logic.True)
				default:
					matched = logic.Or(matched, t)
				}
				continue
			}
		}
		switch {
		case state == contextkey.Null:
		case state == contextkey.Text && p != nil && p.State == match.Short && !denies && !c.Negated:
			short = true // malformed or without a match: it does not grant
		case state == contextkey.Unknown, o.Form == literal.Doubt && (p == nil || p.Match(a)):
			matched = logic.Or(matched, logic.Unknown)
		case o.Form == literal.Doubt:
		case p.State == match.Bad:
			return afterMalformed(c, matched, denies)
		case p.Match(a):
			if short {
				return logic.Unknown
			}
			return c.sense(logic.True)
		}
	}
	return c.sense(matched)
}

// afterMalformed is a condition that met a malformed operand when matched was
// what the operands before it said.
func afterMalformed(c *Condition, matched logic.Truth, denies bool) logic.Truth {
	t := logic.Of(denies)
	if matched == logic.Unknown && c.sense(logic.True) != t {
		return logic.Unknown
	}
	return t
}

// matchARNTokens matches a pattern that variables made; bad says it is no ARN.
func matchARNTokens(p []match.Token, a match.ARN) (t logic.Truth, bad bool) {
	if len(p) == 1 && p[0] == match.Run {
		return logic.True, false
	}
	colons, wild, first := 0, false, 0
	for _, u := range p {
		if u == ':' {
			colons++
		}
		if colons == 0 {
			first++
		}
		wild = wild || u < 0 && colons < 5
	}
	arn := first == 3 && p[0] == 'a' && p[1] == 'r' && p[2] == 'n'
	switch {
	case colons >= 5 && arn:
		return logic.Of(match.MatchTokens(match.ARNTokens(p), a.Text)), false
	case wild:
		return logic.Unknown, false // a wildcard may stand for what is missing
	}
	return logic.False, true
}
