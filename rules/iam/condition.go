package iam

import "net/netip"

// operator is a condition operator without its negation, IfExists and set qualifier.
type operator uint8

const (
	opString operator = iota
	opStringFold
	opLike
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
	opIP
	opArn
	opNull
)

type setQualifier uint8

const (
	setNone setQualifier = iota
	setAll               // ForAllValues:
	setAny               // ForAnyValue:
)

// test is a condition operator as it is spelled in a policy.
type test struct {
	op       operator
	negated  bool
	ifExists bool
	set      setQualifier
	doubt    bool // spelled in a letter case that AWS does not document
	name     string
}

// operators maps every documented spelling:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
var operators = func() map[string]test {
	m := map[string]test{}
	put := func(base string, op operator, negated bool) {
		for _, set := range []struct {
			prefix string
			set    setQualifier
		}{{"", setNone}, {"ForAllValues:", setAll}, {"ForAnyValue:", setAny}} {
			for _, suffix := range []string{"", "IfExists"} {
				name := set.prefix + base + suffix
				m[name] = test{op: op, negated: negated, ifExists: suffix != "", set: set.set, name: name}
			}
		}
	}
	put("StringEquals", opString, false)
	put("StringNotEquals", opString, true)
	put("StringEqualsIgnoreCase", opStringFold, false)
	put("StringNotEqualsIgnoreCase", opStringFold, true)
	put("StringLike", opLike, false)
	put("StringNotLike", opLike, true)
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
	put("IpAddress", opIP, false)
	put("NotIpAddress", opIP, true)
	put("ArnEquals", opArn, false)
	put("ArnLike", opArn, false)
	put("ArnNotEquals", opArn, true)
	put("ArnNotLike", opArn, true)
	m["Null"] = test{op: opNull, name: "Null"}
	return m
}()

// condition is one key under one operator.
type condition struct {
	test
	key      string // lower case
	written  string // the key as the policy spells it
	several  bool   // the key is one of several values, even when it comes with one
	operands []operand
}

// operand is one value of a condition, compiled for its operator.
type operand struct {
	text     string // lower-cased for the IgnoreCase operators
	form     form
	yes      bool   // Bool, Null
	hostBits bool   // an IPv6 block that never matches
	parts    []part // it has policy variables
	glob     glob
	ms       int64
	num      *decimal
	prefix   *netip.Prefix
	arn      *arnPattern
}

// condition evaluates one key under one operator. An Allow and a Deny differ
// where an operand is malformed: it cannot grant, yet it denies.
func (e *evaluation) condition(c *condition, effect Effect) Truth {
	if c.doubt {
		return Unknown
	}
	v := e.lookup(c.key)
	switch v.state {
	case valuePresent:
	case valueAbsent:
		return c.absent()
	default:
		return Unknown
	}
	v.multi = v.multi || c.several
	if v.multi && len(v.values) == 0 {
		return c.empty()
	}
	switch {
	case c.op == opNull:
		return c.null(false)
	case c.set == setAll:
		t := True
		for _, s := range v.values {
			t = and(t, e.compare(c, s, effect))
		}
		return t
	case c.set == setAny:
		t := False
		for _, s := range v.values {
			t = or(t, e.compare(c, s, effect))
		}
		return t
	case v.multi:
		return False // a set under an operator for one value never matches, negated or not
	}
	return e.compare(c, v.values[0], effect)
}

// absent is a condition whose key is not in the request.
func (c *condition) absent() Truth {
	switch {
	case c.op == opNull:
		return c.null(true)
	case c.ifExists && c.set == setAny:
		return Unknown // IfExists says true, ForAnyValue says false
	case c.ifExists || c.set == setAll:
		return True
	case c.set == setAny:
		return False
	}
	return truth(c.negated)
}

// empty is a condition whose multivalued key has no value: documented for the
// set operators; for the others it may count as absent or as present.
func (c *condition) empty() Truth {
	present := False
	switch {
	case c.op == opNull:
		present = c.null(false)
	case c.set == setAll:
		present = True
	}
	if a := c.absent(); a != present {
		return Unknown
	}
	return present
}

func (c *condition) null(absent bool) Truth {
	t := False
	for i := range c.operands {
		o := &c.operands[i]
		if o.form == formDoubt {
			t = or(t, Unknown)
		} else {
			t = or(t, truth(o.yes == absent))
		}
	}
	return t
}

// compare is one value of the request against the operands.
func (e *evaluation) compare(c *condition, s string, effect Effect) Truth {
	if len(c.operands) == 0 {
		if c.negated {
			return Unknown
		}
		return False
	}
	switch c.op {
	case opString, opStringFold, opLike:
		return e.compareText(c, s)
	case opNumEquals, opNumLess, opNumLessEquals, opNumGreater, opNumGreaterEquals:
		return compareNumber(c, s)
	case opDateEquals, opDateLess, opDateLessEquals, opDateGreater, opDateGreaterEquals:
		return compareDate(c, s)
	case opBool:
		t := False
		for i := range c.operands {
			if o := &c.operands[i]; o.form == formDoubt {
				t = or(t, Unknown)
			} else {
				t = or(t, truth(o.yes == isTrue(s)))
			}
		}
		return t
	case opBinary:
		t := False
		for i := range c.operands {
			o := &c.operands[i]
			t = or(t, truth(o.form == formOK && o.text == s))
		}
		return t
	case opIP:
		return compareIP(c, s, effect)
	}
	return e.compareARN(c, s, effect)
}

func (c *condition) sense(matched Truth) Truth {
	if c.negated {
		return not(matched)
	}
	return matched
}

func (e *evaluation) compareText(c *condition, s string) Truth {
	matched := False
	for i := range c.operands {
		if matched = or(matched, e.matchText(c, &c.operands[i], s)); matched == True {
			break
		}
	}
	return c.sense(matched)
}

func (e *evaluation) matchText(c *condition, o *operand, s string) Truth {
	if o.form == formDoubt || c.op == opStringFold && sigmaDoubt(s) {
		return Unknown
	}
	if o.parts == nil {
		switch c.op {
		case opString:
			return truth(o.text == s)
		case opStringFold:
			return truth(equalFold(s, o.text))
		}
		return truth(o.glob.match(s))
	}
	if c.op == opLike {
		pattern, is := e.expandTokens(nil, o.parts)
		if is == boundNull || !matchTokens(pattern, s) {
			return False
		}
		if is == boundUnknown {
			return Unknown
		}
		return True
	}
	text, is := e.expand(o.parts)
	switch {
	case is == boundNull:
		return False
	case is == boundUnknown:
		return Unknown
	case c.op == opString:
		return truth(text == s)
	}
	return truth(equalFold(s, lower(text)))
}

func compareNumber(c *condition, s string) Truth {
	n, f := parseDecimal(s)
	if f == formDoubt {
		return Unknown
	}
	matched := False
	for i := range c.operands {
		switch o := &c.operands[i]; {
		case o.form == formDoubt:
			matched = or(matched, Unknown)
		case f == formOK && o.form == formOK:
			matched = or(matched, truth(ordered(c.op-opNumEquals, n.compare(*o.num))))
		}
	}
	return c.sense(matched)
}

func compareDate(c *condition, s string) Truth {
	ms, f := parseDate(s)
	if f == formDoubt {
		return Unknown
	}
	matched := False
	for i := range c.operands {
		switch o := &c.operands[i]; {
		case o.form == formDoubt:
			matched = or(matched, Unknown)
		case f == formOK && o.form == formOK:
			order := 0
			if ms < o.ms {
				order = -1
			} else if ms > o.ms {
				order = 1
			}
			matched = or(matched, truth(ordered(c.op-opDateEquals, order)))
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
func compareIP(c *condition, s string, effect Effect) Truth {
	a, f := parseAddr(s)
	switch f {
	case formBad:
		return False
	case formDoubt:
		return Unknown
	}
	matched := False
	for i := range c.operands {
		switch o := &c.operands[i]; {
		case o.form == formOK && !o.hostBits:
			matched = or(matched, truth(o.prefix.Contains(a)))
		case o.form == formDoubt || c.negated || o.form == formBad && effect == Deny:
			matched = or(matched, Unknown)
		}
	}
	return c.sense(matched)
}

// compareARN tries the operands in their order. A malformed one ends the trial:
// the condition cannot grant then, but it denies, negated or not. A value that
// is no ARN never matches.
func (e *evaluation) compareARN(c *condition, s string, effect Effect) Truth {
	a := newARNValue(s)
	if a.cut < 0 {
		return False
	}
	matched, short := False, false
	for i := range c.operands {
		o := &c.operands[i]
		p, state := o.arn, boundText
		if o.parts != nil {
			var text []token
			text, state = e.expandTokens(nil, o.parts)
			if state == boundText {
				switch t, bad := matchARNTokens(text, a); {
				case bad:
					return afterMalformed(c, matched, effect)
				case t == True:
					return c.sense(True)
				default:
					matched = or(matched, t)
				}
				continue
			}
		}
		switch {
		case state == boundNull:
		case state == boundText && p != nil && p.state == arnShort && effect == Allow && !c.negated:
			short = true // malformed or without a match: it does not grant
		case state == boundUnknown, o.form == formDoubt && (p == nil || p.match(a)):
			matched = or(matched, Unknown)
		case o.form == formDoubt:
		case p.state == arnBad:
			return afterMalformed(c, matched, effect)
		case p.match(a):
			if short {
				return Unknown
			}
			return c.sense(True)
		}
	}
	return c.sense(matched)
}

// afterMalformed is a condition that met a malformed operand when matched was
// what the operands before it said.
func afterMalformed(c *condition, matched Truth, effect Effect) Truth {
	t := truth(effect == Deny)
	if matched == Unknown && c.sense(True) != t {
		return Unknown
	}
	return t
}

// matchARNTokens matches a pattern that variables made; bad says it is no ARN.
func matchARNTokens(p []token, a arnValue) (t Truth, bad bool) {
	if len(p) == 1 && p[0] == tokRun {
		return True, false
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
		return truth(matchTokens(arnTokens(p), a.text)), false
	case wild:
		return Unknown, false // a wildcard may stand for what is missing
	}
	return False, true
}
