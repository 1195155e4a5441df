package policy

import (
	"fmt"
	"strconv"
	"strings"

	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/condition"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/jsontree"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/iam/statement"
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

// places are the nodes of a statement's members; 0 is a member that it lacks.
type places [fields]int32

// compiler walks the JSON of a document, checks it and compiles its statements.
type compiler struct {
	*Policy
	tree *jsontree.Tree
	sids map[string]bool
	low  string // src with ASCII capitals lowered, made when it is first needed

	globs      slab[match.Glob]
	entries    slab[statement.Resource]
	conditions slab[condition.Condition]
	values     slab[condition.Operand]
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

// lowered is a text that is behind the quote at off, in lower case.
func (c *compiler) lowered(off int32, text string) string {
	if !match.IsASCII(text) {
		return contextkey.Lower(text)
	}
	if c.low == "" {
		c.low = match.LowerASCII(c.src)
	}
	if from, to := int(off)+1, int(off)+1+len(text); to <= len(c.src) && c.src[from:to] == text {
		return c.low[from:to]
	}
	return match.LowerASCII(text) // it has escapes
}

func (c *compiler) node(n int32) *jsontree.Node { return &c.tree.Nodes[n] }

// member is called for each member of an object, with its duplicates reported.
func (c *compiler) members(n int32, visit func(child int32, m *jsontree.Node)) {
	var names map[string]bool // only for large objects
	if c.node(n).Count > 16 {
		names = make(map[string]bool, c.node(n).Count)
	}
	for ch := c.node(n).Child; ch != 0; ch = c.node(ch).Sibling {
		m := c.node(ch)
		dup := names[m.Key]
		if names != nil {
			names[m.Key] = true
		} else {
			for o := c.node(n).Child; o != ch; o = c.node(o).Sibling {
				if c.node(o).Key == m.Key {
					dup = true
					break
				}
			}
		}
		if dup {
			c.fail(int(m.KeyOff), "the member %q appears twice in one object; AWS refuses the document", m.Key)
			continue
		}
		visit(ch, m)
	}
}

func (c *compiler) document() {
	root := c.node(0)
	if root.Kind != jsontree.Object {
		c.fail(int(root.Off), "the document is %s, not an object; AWS refuses it as malformed", root.Kind)
		return
	}
	var statements int32
	c.members(0, func(ch int32, m *jsontree.Node) {
		switch m.Key {
		case "Version":
			c.version(m)
		case "Id":
			if m.Kind != jsontree.String {
				c.fail(int(m.Off), "Id is %s, not a string; AWS refuses the document", m.Kind)
			}
		case "Statement":
			statements = ch
		default:
			c.fail(int(m.KeyOff), "unknown member %q; a policy has Version, Id and Statement, spelled so, and AWS refuses others", m.Key)
		}
	})
	if statements == 0 {
		c.fail(int(root.Off), "Statement is missing; AWS refuses the document")
		return
	}
	switch list := c.node(statements); list.Kind {
	case jsontree.Object:
		c.allocate(1)
		c.statement(0, statements)
	case jsontree.Array:
		if list.Count == 0 {
			c.fail(int(list.Off), "Statement is empty; AWS refuses the document")
		}
		if list.Count > maxStatements {
			c.fail(int(list.Off), "%d statements; at most %d are read, and no AWS policy has room for so many", list.Count, maxStatements)
			return
		}
		c.allocate(int(list.Count))
		i := 0
		for ch := list.Child; ch != 0; ch = c.node(ch).Sibling {
			c.statement(i, ch)
			i++
		}
	default:
		c.fail(int(list.Off), "Statement is %s, not an object or an array of objects; AWS refuses the document", list.Kind)
	}
}

func (c *compiler) allocate(n int) {
	c.statements = make([]statement.Statement, n)
	c.places = make([]places, n)
}

func (c *compiler) version(m *jsontree.Node) {
	switch {
	case m.Kind != jsontree.String:
		c.fail(int(m.Off), "Version is %s, not a string; AWS refuses the document", m.Kind)
	case m.Text == "2012-10-17":
		c.variables = true
	case m.Text != "2008-10-17":
		points := codePoints(m.Text)
		if points != "" {
			points = " (it has " + points + ")"
		}
		c.fail(int(m.Off), "Version %q is neither 2012-10-17 nor 2008-10-17%s; AWS refuses the document, so it cannot be in force", m.Text, points)
	}
}

func (c *compiler) statement(index int, at int32) {
	s := &c.statements[index]
	n := c.node(at)
	s.Index, s.Off, s.End = index, int(n.Off), int(n.End)
	if n.Kind != jsontree.Object {
		c.fail(s.Off, "statement %d is %s, not an object; AWS refuses the document", index, n.Kind)
		return
	}
	var not [fields]int32 // the Not… form of a member
	c.members(at, func(ch int32, m *jsontree.Node) {
		switch m.Key {
		case "Sid":
			c.places[s.Index][fieldSid] = ch
		case "Effect":
			c.places[s.Index][fieldEffect] = ch
		case "Principal":
			c.places[s.Index][fieldPrincipal] = ch
		case "Action":
			c.places[s.Index][fieldAction] = ch
		case "Resource":
			c.places[s.Index][fieldResource] = ch
		case "Condition":
			c.places[s.Index][fieldCondition] = ch
		case "NotPrincipal":
			not[fieldPrincipal] = ch
		case "NotAction":
			not[fieldAction] = ch
		case "NotResource":
			not[fieldResource] = ch
		default:
			c.fail(int(m.KeyOff), "unknown member %q in statement %d; AWS refuses the document", m.Key, index)
		}
	})
	pick := func(field int, name string) (negated bool) {
		if not[field] == 0 {
			return false
		}
		if c.places[s.Index][field] != 0 {
			c.fail(int(c.node(not[field]).KeyOff), "statement %d has both %s and Not%s; AWS refuses the document", index, name, name)
			return false
		}
		c.places[s.Index][field] = not[field]
		return true
	}
	s.NotAction = pick(fieldAction, "Action")
	s.NotResource = pick(fieldResource, "Resource")
	s.NotPrincipal = pick(fieldPrincipal, "Principal")

	c.sid(s)
	c.effect(s)
	c.action(s)
	c.resource(s)
	c.principal(s)
	if n := c.places[s.Index][fieldCondition]; n != 0 {
		c.condition(s, n)
	}
	c.checkStatement(s)
}

func (c *compiler) sid(s *statement.Statement) {
	at := c.places[s.Index][fieldSid]
	if at == 0 {
		return
	}
	n := c.node(at)
	if n.Kind != jsontree.String {
		c.fail(int(n.Off), "Sid is %s, not a string; AWS refuses the document", n.Kind)
		return
	}
	s.Sid = n.Text
	if s.Sid == "" {
		return
	}
	if c.iamKind() {
		for _, r := range s.Sid {
			if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
				c.doubt(int(n.Off), "Sid %q has characters other than A-Z, a-z and 0-9; IAM refuses the document", s.Sid)
				break
			}
		}
	}
	if c.sids == nil {
		c.sids = make(map[string]bool, len(c.statements))
	}
	if c.sids[s.Sid] {
		c.doubt(int(n.Off), "two statements have the Sid %q; AWS refuses the document", s.Sid)
	}
	c.sids[s.Sid] = true
}

func (c *compiler) effect(s *statement.Statement) {
	at := c.places[s.Index][fieldEffect]
	if at == 0 {
		c.fail(s.Off, "statement %d has no Effect; AWS refuses the document", s.Index)
		return
	}
	switch n := c.node(at); {
	case n.Kind == jsontree.String && n.Text == "Allow":
		s.Effect = statement.Allow
	case n.Kind == jsontree.String && n.Text == "Deny":
		s.Effect = statement.Deny
	default:
		c.fail(int(n.Off), "Effect is %s, not exactly \"Allow\" or \"Deny\"; AWS refuses the document", c.quote(n))
	}
}

// quote shows a scalar as it is written.
func (c *compiler) quote(n *jsontree.Node) string {
	if n.Kind == jsontree.String || n.Kind == jsontree.Number || n.Kind == jsontree.Bool {
		return c.src[n.Off:n.End]
	}
	return n.Kind.String()
}

// list calls visit for each string of a node that is a string or an array of strings.
func (c *compiler) list(at int32, name string, visit func(*jsontree.Node)) {
	n := c.node(at)
	switch n.Kind {
	case jsontree.String:
		visit(n)
		return
	case jsontree.Array:
		if n.Count == 0 {
			c.fail(int(n.Off), "%s is an empty array; AWS refuses the document", name)
		}
		for ch := n.Child; ch != 0; ch = c.node(ch).Sibling {
			if m := c.node(ch); m.Kind == jsontree.String {
				visit(m)
			} else {
				c.fail(int(m.Off), "%s holds %s where a string is expected; AWS refuses the document", name, m.Kind)
			}
		}
		return
	}
	c.fail(int(n.Off), "%s is %s, not a string or an array of strings; AWS refuses the document", name, n.Kind)
}

func (c *compiler) size(at int32) int {
	if n := c.node(at); n.Kind == jsontree.Array {
		return int(n.Count)
	}
	return 1
}

func (c *compiler) action(s *statement.Statement) {
	at := c.places[s.Index][fieldAction]
	if at == 0 {
		c.fail(s.Off, "statement %d has neither Action nor NotAction; AWS refuses the document", s.Index)
		return
	}
	s.Actions = c.globs.take(c.size(at))
	c.list(at, "Action", func(n *jsontree.Node) {
		c.checkAction(s, n)
		s.Actions = append(s.Actions, match.NewGlob(c.lowered(n.Off, n.Text)))
	})
}

func (c *compiler) resource(s *statement.Statement) {
	at := c.places[s.Index][fieldResource]
	if at == 0 {
		return // whether it has to be there is a matter of the kind: checkStatement
	}
	s.Resources = c.entries.take(c.size(at))
	c.list(at, "Resource", func(n *jsontree.Node) {
		c.checkResource(s, n)
		r := c.compileResource(n)
		r.Written = n.Text
		s.Resources = append(s.Resources, r)
	})
}

func (c *compiler) compileResource(n *jsontree.Node) statement.Resource {
	if c.variables && strings.Contains(n.Text, "${") {
		if _, ok := contextkey.ParseTemplate(n.Text); !ok {
			c.warn(int(n.Off), "the policy variable in %q is not understood; what this resource matches is unknown", n.Text)
			return statement.Resource{ARNPattern: match.AnyDoubt}
		}
		cut := match.CutARN(n.Text)
		head := ""
		if cut >= 0 {
			head = n.Text[:cut]
		}
		if cut < 0 || strings.Contains(head, "${") {
			c.warn(int(n.Off), "a policy variable comes before the fifth \":\" of %q, where AWS does not document it; what this resource matches is unknown", n.Text)
			return statement.Resource{ARNPattern: match.AnyDoubt}
		}
		if parts, _ := contextkey.ParseTemplate(n.Text[cut:]); parts != nil {
			return statement.Resource{ARNPattern: match.NewResourcePattern(head+"*", false), Head: match.LowerASCII(head), Tail: parts}
		}
	}
	p := match.NewResourcePattern(n.Text, c.kind == Identity || c.kind == Boundary)
	return statement.Resource{ARNPattern: p, Toks: p.Tokens()}
}

func (c *compiler) principal(s *statement.Statement) {
	at := c.places[s.Index][fieldPrincipal]
	if at == 0 {
		return
	}
	n := c.node(at)
	switch n.Kind {
	case jsontree.String:
		if n.Text != "*" {
			c.fail(int(n.Off), "Principal %q; the only string allowed here is \"*\", and AWS refuses the document", n.Text)
			return
		}
		s.Principals = append(s.Principals, principal.Entry{Kind: principal.Star})
	case jsontree.Object:
		if n.Count == 0 {
			c.fail(int(n.Off), "Principal is an empty object; AWS refuses the document")
		}
		c.members(at, func(ch int32, m *jsontree.Node) {
			switch m.Key {
			case "AWS", "Service", "Federated", "CanonicalUser":
				c.list(ch, "Principal "+m.Key, func(v *jsontree.Node) {
					s.Principals = append(s.Principals, c.compilePrincipal(m.Key, v))
				})
			default:
				c.fail(int(m.KeyOff), "unknown kind of principal %q; AWS knows AWS, Service, Federated and CanonicalUser and refuses others", m.Key)
			}
		})
	default:
		c.fail(int(n.Off), "Principal is %s, not \"*\" or an object; AWS refuses the document", n.Kind)
	}
}

func (c *compiler) condition(s *statement.Statement, at int32) {
	if n := c.node(at); n.Kind != jsontree.Object {
		c.fail(int(n.Off), "Condition is %s, not an object; AWS refuses the document", n.Kind)
		return
	}
	keys := 0
	for op := c.node(at).Child; op != 0; op = c.node(op).Sibling {
		keys += int(c.node(op).Count)
	}
	s.Conditions = c.conditions.take(keys)
	c.members(at, func(ch int32, m *jsontree.Node) {
		if m.Kind != jsontree.Object {
			c.fail(int(m.Off), "condition operator %s holds %s, not an object of keys; AWS refuses the document", m.Key, m.Kind)
			return
		}
		op, known := condition.FindTest(m.Key)
		if op.Doubt {
			c.warn(int(m.KeyOff), "condition operator %q is written %s; whether AWS reads it is unknown, and so is this condition", m.Key, op.Name)
		}
		if !known {
			c.fail(int(m.KeyOff), "unknown condition operator %q; AWS refuses the document", m.Key)
			return
		}
		first := len(s.Conditions)
		c.members(ch, func(k int32, m *jsontree.Node) {
			cond := condition.Condition{Test: op, Key: c.lowered(m.KeyOff, m.Key), Written: m.Key}
			cond.Several = catalog.HasSeveral(cond.Key)
			earlier := s.Conditions[first:]
			for _, o := range earlier[max(0, len(earlier)-64):] {
				if o.Key == cond.Key {
					c.doubt(int(m.KeyOff), "the key %q appears twice under one operator, in other letter case; what AWS makes of it is not documented", m.Key)
				}
			}
			c.operands(&cond, k)
			s.Conditions = append(s.Conditions, cond)
		})
	})
}

func (c *compiler) operands(cond *condition.Condition, at int32) {
	add := func(n *jsontree.Node) {
		switch n.Kind {
		case jsontree.String, jsontree.Number, jsontree.Bool:
			cond.Operands = append(cond.Operands, c.operand(cond, n))
		default:
			c.fail(int(n.Off), "the value of condition key %s is %s, not a string, number or boolean; AWS refuses the document", cond.Key, n.Kind)
		}
	}
	n := c.node(at)
	cond.Operands = c.values.take(c.size(at))
	if n.Kind != jsontree.Array {
		add(n)
		return
	}
	if n.Count == 0 {
		c.warn(int(n.Off), "the condition key %s has an empty list of values: no value matches it, and a negated operator always does", cond.Key)
	}
	for ch := n.Child; ch != 0; ch = c.node(ch).Sibling {
		add(c.node(ch))
	}
}

// operand compiles one value of a condition.
func (c *compiler) operand(cond *condition.Condition, n *jsontree.Node) condition.Operand {
	o, problem := condition.NewOperand(&cond.Test, n.Text, c.variables)
	switch {
	case problem != "":
		c.warn(int(n.Off), "%s", problem)
	case o.Parts == nil:
		c.checkOperand(cond, n, &o)
	}
	return o
}

// codePoints prints the characters of s that are not printable ASCII as U+XXXX.
func codePoints(s string) string {
	var b strings.Builder
	n := 0
	for i, r := range s {
		if r >= 0x20 && r < 0x7F {
			continue
		}
		if n++; n > 4 {
			b.WriteString(", …")
			break
		}
		if n > 1 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "U+%04X", r)
		b.WriteString(" at byte " + strconv.Itoa(i))
	}
	return b.String()
}
