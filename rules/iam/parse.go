package iam

import (
	"net/netip"
	"strings"
)

// Members of a statement; the Not… forms share the place of their counterparts.
const (
	fieldSid = iota
	fieldEffect
	fieldPrincipal
	fieldAction
	fieldResource
	fieldCondition
	fields
)

// compiler walks the JSON of a document, checks it and compiles its statements.
type compiler struct {
	*Policy
	tree *tree
	sids map[string]bool
	low  string // src with ASCII capitals lowered, made when it is first needed

	globs      slab[glob]
	entries    slab[resource]
	conditions slab[condition]
	values     slab[operand]
}

// slab hands out short slices of a longer one: a document has hundreds of them.
type slab[T any] struct{ free []T }

// take gives an empty slice with room for n.
func (s *slab[T]) take(n int) []T {
	if n > len(s.free) {
		s.free = make([]T, max(n, 32))
	}
	t := s.free[:0:n]
	s.free = s.free[n:]
	return t
}

// lowered is a text that stands behind the quote at off, in lower case.
func (c *compiler) lowered(off int32, text string) string {
	if !ascii(text) {
		return lowerKey(text)
	}
	if c.low == "" {
		c.low = lowerASCII(c.src)
	}
	if from, to := int(off)+1, int(off)+1+len(text); to <= len(c.src) && c.src[from:to] == text {
		return c.low[from:to]
	}
	return lowerASCII(text) // it has escapes
}

func (c *compiler) node(n int32) *node { return &c.tree.nodes[n] }

// member is called for each member of an object, with its duplicates reported.
func (c *compiler) members(n int32, visit func(child int32, m *node)) {
	var names map[string]bool // only for large objects
	if c.node(n).count > 16 {
		names = make(map[string]bool, c.node(n).count)
	}
	for ch := c.node(n).child; ch != 0; ch = c.node(ch).sibling {
		m := c.node(ch)
		dup := names[m.key]
		if names != nil {
			names[m.key] = true
		} else {
			for o := c.node(n).child; o != ch; o = c.node(o).sibling {
				if c.node(o).key == m.key {
					dup = true
					break
				}
			}
		}
		if dup {
			c.fail(int(m.keyOff), "the member %q stands twice in one object; AWS refuses the document", m.key)
			continue
		}
		visit(ch, m)
	}
}

func (c *compiler) document() {
	root := c.node(0)
	if root.kind != nodeObject {
		c.fail(int(root.off), "the document is %s, not an object; AWS refuses it as malformed", root.kind)
		return
	}
	var statements int32
	c.members(0, func(ch int32, m *node) {
		switch m.key {
		case "Version":
			c.version(m)
		case "Id":
			if m.kind != nodeString {
				c.fail(int(m.off), "Id is %s, not a string; AWS refuses the document", m.kind)
			}
		case "Statement":
			statements = ch
		default:
			c.fail(int(m.keyOff), "unknown member %q; a policy has Version, Id and Statement, spelled so, and AWS refuses others", m.key)
		}
	})
	if statements == 0 {
		c.fail(int(root.off), "Statement is missing; AWS refuses the document")
		return
	}
	switch list := c.node(statements); list.kind {
	case nodeObject:
		c.statements = make([]statement, 1)
		c.statement(0, statements)
	case nodeArray:
		if list.count == 0 {
			c.fail(int(list.off), "Statement is empty; AWS refuses the document")
		}
		if list.count > maxStatements {
			c.fail(int(list.off), "%d statements; at most %d are read, and no AWS policy has room for so many", list.count, maxStatements)
			return
		}
		c.statements = make([]statement, list.count)
		i := 0
		for ch := list.child; ch != 0; ch = c.node(ch).sibling {
			c.statement(i, ch)
			i++
		}
	default:
		c.fail(int(list.off), "Statement is %s, not an object or an array of objects; AWS refuses the document", list.kind)
	}
}

func (c *compiler) version(m *node) {
	switch {
	case m.kind != nodeString:
		c.fail(int(m.off), "Version is %s, not a string; AWS refuses the document", m.kind)
	case m.text == "2012-10-17":
		c.variables = true
	case m.text != "2008-10-17":
		points := codePoints(m.text)
		if points != "" {
			points = " (it has " + points + ")"
		}
		c.fail(int(m.off), "Version %q is neither 2012-10-17 nor 2008-10-17%s; AWS refuses the document, so it cannot be in force", m.text, points)
	}
}

func (c *compiler) statement(index int, at int32) {
	s := &c.statements[index]
	n := c.node(at)
	s.index, s.off, s.end = index, int(n.off), int(n.end)
	if n.kind != nodeObject {
		c.fail(s.off, "statement %d is %s, not an object; AWS refuses the document", index, n.kind)
		return
	}
	var not [fields]int32 // the Not… form of a member
	c.members(at, func(ch int32, m *node) {
		switch m.key {
		case "Sid":
			s.at[fieldSid] = ch
		case "Effect":
			s.at[fieldEffect] = ch
		case "Principal":
			s.at[fieldPrincipal] = ch
		case "Action":
			s.at[fieldAction] = ch
		case "Resource":
			s.at[fieldResource] = ch
		case "Condition":
			s.at[fieldCondition] = ch
		case "NotPrincipal":
			not[fieldPrincipal] = ch
		case "NotAction":
			not[fieldAction] = ch
		case "NotResource":
			not[fieldResource] = ch
		default:
			c.fail(int(m.keyOff), "unknown member %q in statement %d; AWS refuses the document", m.key, index)
		}
	})
	pick := func(field int, name string) (negated bool) {
		if not[field] == 0 {
			return false
		}
		if s.at[field] != 0 {
			c.fail(int(c.node(not[field]).keyOff), "statement %d has both %s and Not%s; AWS refuses the document", index, name, name)
			return false
		}
		s.at[field] = not[field]
		return true
	}
	s.notAction = pick(fieldAction, "Action")
	s.notResource = pick(fieldResource, "Resource")
	s.notPrincipal = pick(fieldPrincipal, "Principal")

	c.sid(s)
	c.effect(s)
	c.action(s)
	c.resource(s)
	c.principal(s)
	if n := s.at[fieldCondition]; n != 0 {
		c.condition(s, n)
	}
	c.checkStatement(s)
}

func (c *compiler) sid(s *statement) {
	at := s.at[fieldSid]
	if at == 0 {
		return
	}
	n := c.node(at)
	if n.kind != nodeString {
		c.fail(int(n.off), "Sid is %s, not a string; AWS refuses the document", n.kind)
		return
	}
	s.sid = n.text
	if s.sid == "" {
		return
	}
	if c.iamKind() {
		for _, r := range s.sid {
			if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
				c.doubt(int(n.off), "Sid %q has characters other than A-Z, a-z and 0-9; IAM refuses the document", s.sid)
				break
			}
		}
	}
	if c.sids == nil {
		c.sids = make(map[string]bool, len(c.statements))
	}
	if c.sids[s.sid] {
		c.doubt(int(n.off), "Sid %q stands on two statements; AWS refuses the document", s.sid)
	}
	c.sids[s.sid] = true
}

func (c *compiler) effect(s *statement) {
	at := s.at[fieldEffect]
	if at == 0 {
		c.fail(s.off, "statement %d has no Effect; AWS refuses the document", s.index)
		return
	}
	switch n := c.node(at); {
	case n.kind == nodeString && n.text == "Allow":
		s.effect = Allow
	case n.kind == nodeString && n.text == "Deny":
		s.effect = Deny
	default:
		c.fail(int(n.off), "Effect is %s, not exactly \"Allow\" or \"Deny\"; AWS refuses the document", c.quote(n))
	}
}

// quote shows a scalar as it is written.
func (c *compiler) quote(n *node) string {
	if n.kind == nodeString || n.kind == nodeNumber || n.kind == nodeBool {
		return c.src[n.off:n.end]
	}
	return n.kind.String()
}

// list calls visit for each string of a node that is a string or an array of strings.
func (c *compiler) list(at int32, name string, visit func(*node)) {
	n := c.node(at)
	switch n.kind {
	case nodeString:
		visit(n)
		return
	case nodeArray:
		if n.count == 0 {
			c.fail(int(n.off), "%s is an empty array; AWS refuses the document", name)
		}
		for ch := n.child; ch != 0; ch = c.node(ch).sibling {
			if m := c.node(ch); m.kind == nodeString {
				visit(m)
			} else {
				c.fail(int(m.off), "%s holds %s where a string should stand; AWS refuses the document", name, m.kind)
			}
		}
		return
	}
	c.fail(int(n.off), "%s is %s, not a string or an array of strings; AWS refuses the document", name, n.kind)
}

func (c *compiler) size(at int32) int {
	if n := c.node(at); n.kind == nodeArray {
		return int(n.count)
	}
	return 1
}

func (c *compiler) action(s *statement) {
	at := s.at[fieldAction]
	if at == 0 {
		c.fail(s.off, "statement %d has neither Action nor NotAction; AWS refuses the document", s.index)
		return
	}
	s.actions = c.globs.take(c.size(at))
	c.list(at, "Action", func(n *node) {
		c.checkAction(s, n)
		s.actions = append(s.actions, newGlob(c.lowered(n.off, n.text)))
	})
}

func (c *compiler) resource(s *statement) {
	at := s.at[fieldResource]
	if at == 0 {
		return // whether it has to be there is a matter of the kind: checkStatement
	}
	s.resources = c.entries.take(c.size(at))
	c.list(at, "Resource", func(n *node) {
		c.checkResource(s, n)
		r := c.compileResource(n)
		r.written = n.text
		s.resources = append(s.resources, r)
	})
}

func (c *compiler) compileResource(n *node) resource {
	if c.variables && strings.Contains(n.text, "${") {
		if _, ok := parseTemplate(n.text); !ok {
			c.warn(int(n.off), "the policy variable in %q is not understood; what this resource matches is unknown", n.text)
			return resource{arnPattern: anyDoubt}
		}
		cut := arnCut(n.text)
		head := ""
		if cut >= 0 {
			head = n.text[:cut]
		}
		if cut < 0 || strings.Contains(head, "${") {
			c.warn(int(n.off), "a policy variable stands before the fifth \":\" of %q, where AWS does not document it; what this resource matches is unknown", n.text)
			return resource{arnPattern: anyDoubt}
		}
		if parts, _ := parseTemplate(n.text[cut:]); parts != nil {
			return resource{arnPattern: newResourcePattern(head+"*", false), head: lowerASCII(head), tail: parts}
		}
	}
	extends := c.kind == IdentityPolicy || c.kind == BoundaryPolicy || c.kind == SessionPolicy
	p := newResourcePattern(n.text, extends)
	return resource{arnPattern: p, toks: p.tokens()}
}

func (c *compiler) principal(s *statement) {
	at := s.at[fieldPrincipal]
	if at == 0 {
		return
	}
	n := c.node(at)
	switch n.kind {
	case nodeString:
		if n.text != "*" {
			c.fail(int(n.off), "Principal %q; the only string that may stand here is \"*\", and AWS refuses the document", n.text)
			return
		}
		s.principals = append(s.principals, principal{kind: principalStar})
	case nodeObject:
		if n.count == 0 {
			c.fail(int(n.off), "Principal is an empty object; AWS refuses the document")
		}
		c.members(at, func(ch int32, m *node) {
			switch m.key {
			case "AWS", "Service", "Federated", "CanonicalUser":
				c.list(ch, "Principal "+m.key, func(v *node) {
					s.principals = append(s.principals, c.compilePrincipal(m.key, v))
				})
			default:
				c.fail(int(m.keyOff), "unknown kind of principal %q; AWS knows AWS, Service, Federated and CanonicalUser and refuses others", m.key)
			}
		})
	default:
		c.fail(int(n.off), "Principal is %s, not \"*\" or an object; AWS refuses the document", n.kind)
	}
}

func (c *compiler) condition(s *statement, at int32) {
	if n := c.node(at); n.kind != nodeObject {
		c.fail(int(n.off), "Condition is %s, not an object; AWS refuses the document", n.kind)
		return
	}
	keys := 0
	for op := c.node(at).child; op != 0; op = c.node(op).sibling {
		keys += int(c.node(op).count)
	}
	s.conditions = c.conditions.take(keys)
	c.members(at, func(ch int32, m *node) {
		if m.kind != nodeObject {
			c.fail(int(m.off), "condition operator %s holds %s, not an object of keys; AWS refuses the document", m.key, m.kind)
			return
		}
		op, known := operators[m.key]
		if !known {
			for name, o := range operators {
				if strings.EqualFold(name, m.key) {
					op, known = o, true
					op.doubt = true
					c.warn(int(m.keyOff), "condition operator %q is written %s; whether AWS reads it is unknown, and so is this condition", m.key, name)
				}
			}
		}
		if !known {
			c.fail(int(m.keyOff), "unknown condition operator %q; AWS refuses the document", m.key)
			return
		}
		first := len(s.conditions)
		c.members(ch, func(k int32, m *node) {
			cond := condition{test: op, key: c.lowered(m.keyOff, m.key), written: m.key}
			cond.several = multivalued[cond.key]
			earlier := s.conditions[first:]
			for _, o := range earlier[max(0, len(earlier)-64):] {
				if o.key == cond.key {
					c.doubt(int(m.keyOff), "the key %q stands twice under one operator, in other letter case; what AWS makes of it is not documented", m.key)
				}
			}
			c.operands(&cond, k)
			s.conditions = append(s.conditions, cond)
		})
	})
}

func (c *compiler) operands(cond *condition, at int32) {
	add := func(n *node) {
		switch n.kind {
		case nodeString, nodeNumber, nodeBool:
			cond.operands = append(cond.operands, c.operand(cond, n))
		default:
			c.fail(int(n.off), "the value of condition key %s is %s, not a string, number or boolean; AWS refuses the document", cond.key, n.kind)
		}
	}
	n := c.node(at)
	cond.operands = c.values.take(c.size(at))
	if n.kind != nodeArray {
		add(n)
		return
	}
	if n.count == 0 {
		c.warn(int(n.off), "the condition key %s has an empty list of values: nothing matches it", cond.key)
	}
	for ch := n.child; ch != 0; ch = c.node(ch).sibling {
		add(c.node(ch))
	}
}

// operand compiles one value of a condition for its operator.
func (c *compiler) operand(cond *condition, n *node) operand {
	o := operand{text: n.text}
	if c.variables && strings.Contains(n.text, "${") {
		parts, ok := parseTemplate(n.text)
		switch cond.op {
		case opString, opStringFold, opLike, opArn:
			o.parts = parts
			if !ok {
				o.form = formDoubt
				c.warn(int(n.off), "the policy variable in %q is not understood; this condition is unknown", n.text)
			}
			return o
		case opBool:
			o.form = formDoubt
			c.warn(int(n.off), "a policy variable under Bool: AWS's documentation contradicts itself, so this condition is unknown")
			return o
		}
	}
	switch cond.op {
	case opString:
	case opStringFold:
		o.text = lower(n.text)
		if sigmaDoubt(n.text) {
			o.form = formDoubt
		}
	case opLike:
		o.glob = newGlob(n.text)
	case opNumEquals, opNumLess, opNumLessEquals, opNumGreater, opNumGreaterEquals:
		var d decimal
		if d, o.form = parseDecimal(n.text); o.form == formOK {
			o.num = &d
		}
	case opDateEquals, opDateLess, opDateLessEquals, opDateGreater, opDateGreaterEquals:
		o.ms, o.form = parseDate(n.text)
	case opBool:
		o.yes = isTrue(n.text)
	case opNull:
		o.yes = isTrue(n.text)
		if !o.yes && !(len(n.text) == 5 && hasPrefixFold(n.text, "false")) {
			o.form = formDoubt
		}
	case opBinary:
		if !validBase64(n.text) {
			o.form = formBad
		}
	case opIP:
		var p netip.Prefix
		if p, o.hostBits, o.form = parsePrefix(n.text); o.form == formOK {
			o.prefix = &p
		}
	case opArn:
		p := newARNPattern(n.text)
		o.arn = &p
		switch p.state {
		case arnBad:
			o.form = formBad
		case arnDoubt, arnShort:
			o.form = formDoubt
		}
	}
	c.checkOperand(cond, n, &o)
	return o
}
