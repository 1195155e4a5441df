package iam

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a document. AWS's largest policy is a 32 KB key policy.
const (
	maxDocument    = 256 << 10
	maxStatements  = 2_000
	maxDiagnostics = 100
)

// Policy is a parsed document. It is immutable and safe for concurrent use.
type Policy struct {
	kind        Kind
	name        string
	src         string
	variables   bool // Version is 2012-10-17: ${…} is a variable
	statements  []statement
	diagnostics []Diagnostic
	invalid     bool
	bucket      string
	stored      bool
	public      Publicness // of a bucket policy
}

// statement is a compiled statement.
type statement struct {
	sid    string
	effect Effect
	index  int
	off    int
	end    int

	notAction bool
	actions   []glob // lower case

	notResource bool
	resources   []resource

	notPrincipal bool
	principals   []principal

	conditions []condition

	at [fields]int32 // node of each member, 0 = absent
}

// resource is one entry of Resource or NotResource.
type resource struct {
	arnPattern
	written string
	toks    []token // for a [machine]; nil where it is not needed
	head    string  // where the pattern has variables: the text before the fifth ":"
	tail    []part  // … and behind it
}

// Name is the name or ARN that the policy was parsed with.
func (p *Policy) Name() string { return p.name }

// Valid reports whether AWS would store the document.
func (p *Policy) Valid() bool { return !p.invalid }

// Diagnostics are the faults of the document in the order of their positions.
func (p *Policy) Diagnostics() []Diagnostic { return p.diagnostics }

// ParseOption adds what is known of a document.
type ParseOption func(*Policy)

// ForBucket names the bucket of a bucket policy: its statements may name no other.
func ForBucket(bucket string) ParseOption { return func(p *Policy) { p.bucket = bucket } }

// Stored says that AWS returned the document, so that it has accepted it: what
// AWS would refuse by lists that it changes (S3's actions, the services of
// RCPs), or for reasons that are neither documented nor recorded, is then a
// warning and not an error.
func Stored() ParseOption { return func(p *Policy) { p.stored = true } }

// Parse reads a policy document of any bytes. It never fails: what is wrong is in
// [Policy.Diagnostics], and a document with an error never takes part in an
// [Allowed]. A document that starts as percent-encoded JSON, as the IAM API
// returns it, is decoded first; offsets are those of the decoded text.
func Parse(kind Kind, name string, document []byte, opts ...ParseOption) *Policy {
	p := &Policy{kind: kind, name: name}
	for _, o := range opts {
		o(p)
	}
	if len(document) > maxDocument {
		p.fail(0, "the document has %d bytes; at most %d are read, and no AWS policy is so large", len(document), maxDocument)
		return p
	}
	p.src = decoded(string(document))
	if !p.checkText() {
		return p
	}
	t, fault := parseJSON(p.src)
	if fault != nil {
		p.fail(fault.off, "not valid JSON: %s; AWS refuses it as malformed", fault.msg)
		return p
	}
	defer t.release()
	c := compiler{Policy: p, tree: t}
	c.document()
	c.sizes()
	slices.SortStableFunc(p.diagnostics, func(a, b Diagnostic) int { return a.Offset - b.Offset })
	if kind == BucketPolicy {
		p.public = classify(p)
	}
	return p
}

// decoded undoes the percent-encoding of the IAM API.
func decoded(s string) string {
	if strings.IndexByte(s, '{') >= 0 || strings.IndexByte(s, '%') < 0 {
		return s
	}
	if d, err := url.PathUnescape(s); err == nil {
		return d
	}
	return s
}

// ordinary are the bytes of printable ASCII and white space.
var ordinary = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 0x20 && c < 0x7F || c == '\n' || c == '\t' || c == '\r'
	}
	return t
}()

// checkText looks at the characters of the document before its syntax.
func (p *Policy) checkText() bool {
	if strings.HasPrefix(p.src, "\uFEFF") {
		p.fail(0, "the document begins with a byte order mark U+FEFF; AWS refuses it as malformed")
		return false
	}
	iamKind := p.kind == IdentityPolicy || p.kind == BoundaryPolicy || p.kind == TrustPolicy
	for i := 0; i < len(p.src); i++ {
		if ordinary[p.src[i]] {
			continue
		}
		r, w := utf8.DecodeRuneInString(p.src[i:])
		if r == utf8.RuneError && w == 1 {
			p.fail(i, "byte 0x%02X is not UTF-8; AWS refuses the document as malformed", p.src[i])
			return false
		}
		if iamKind && (r > 0xFF || r < 0x20) {
			p.fail(i, "character U+%04X; IAM accepts only U+0009, U+000A, U+000D and U+0020 to U+00FF in a document and refuses this one", r)
			iamKind = false // once is enough
		}
		i += w - 1
	}
	return true
}

// fail records an error: AWS would not store the document.
func (p *Policy) fail(off int, format string, args ...any) {
	p.invalid = true
	p.report(off, false, format, args...)
}

// doubt records an error that [Stored] turns into a warning.
func (p *Policy) doubt(off int, format string, args ...any) {
	if p.stored {
		p.warn(off, format, args...)
	} else {
		p.fail(off, format, args...)
	}
}

// warn records what AWS stores all the same.
func (p *Policy) warn(off int, format string, args ...any) { p.report(off, true, format, args...) }

func (p *Policy) report(off int, warning bool, format string, args ...any) {
	if len(p.diagnostics) >= maxDiagnostics {
		return
	}
	line, column := p.position(off)
	p.diagnostics = append(p.diagnostics, Diagnostic{
		Message: fmt.Sprintf(format, args...), Line: line, Column: column, Offset: off, Warning: warning,
	})
}

// position is the 1-based line and column (in bytes) of an offset.
func (p *Policy) position(off int) (line, column int) {
	before := p.src[:min(off, len(p.src))]
	return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n')
}

// StatementInfo is a statement as it is written, for rules that look for excess grants.
type StatementInfo struct {
	Sid                  string
	Effect               Effect
	Index                int // 0-based
	Line, Column, Offset int // of its "{"
	Actions              []string
	NotAction            bool // Actions are those of NotAction
	Resources            []string
	NotResource          bool
	Principals           []PrincipalInfo
	NotPrincipal         bool
	Conditions           []ConditionInfo
}

// PrincipalInfo is one entry of Principal: Type is AWS, Service, Federated or
// CanonicalUser, and "" for the bare "*".
type PrincipalInfo struct{ Type, Value string }

// ConditionInfo is one key under one operator.
type ConditionInfo struct {
	Operator, Key string // as written
	Values        []string
}

// Statements lists what could be read of the statements, also of an invalid document.
func (p *Policy) Statements() []StatementInfo {
	if len(p.statements) == 0 {
		return nil
	}
	t, fault := parseJSON(p.src)
	if fault != nil {
		return nil
	}
	infos := make([]StatementInfo, len(p.statements))
	for i := range p.statements {
		s := &p.statements[i]
		info := StatementInfo{
			Sid: s.sid, Effect: s.effect, Index: s.index, Offset: s.off,
			NotAction: s.notAction, NotResource: s.notResource, NotPrincipal: s.notPrincipal,
			Actions:   t.texts(s.at[fieldAction]),
			Resources: t.texts(s.at[fieldResource]),
		}
		info.Line, info.Column = p.position(s.off)
		if n := s.at[fieldPrincipal]; n != 0 {
			if t.nodes[n].kind == nodeObject {
				for c := t.nodes[n].child; c != 0; c = t.nodes[c].sibling {
					for _, v := range t.texts(c) {
						info.Principals = append(info.Principals, PrincipalInfo{t.nodes[c].key, v})
					}
				}
			} else {
				for _, v := range t.texts(n) {
					info.Principals = append(info.Principals, PrincipalInfo{"", v})
				}
			}
		}
		if n := s.at[fieldCondition]; n != 0 && t.nodes[n].kind == nodeObject {
			for op := t.nodes[n].child; op != 0; op = t.nodes[op].sibling {
				if t.nodes[op].kind != nodeObject {
					continue
				}
				for k := t.nodes[op].child; k != 0; k = t.nodes[k].sibling {
					info.Conditions = append(info.Conditions, ConditionInfo{t.nodes[op].key, t.nodes[k].key, t.texts(k)})
				}
			}
		}
		infos[i] = info
	}
	return infos
}

// texts are the scalars of a node that is one or an array of them.
func (t *tree) texts(n int32) []string {
	if n == 0 {
		return nil
	}
	if k := t.nodes[n].kind; k == nodeString || k == nodeNumber || k == nodeBool {
		return []string{t.nodes[n].text}
	}
	texts := []string{}
	if t.nodes[n].kind == nodeArray {
		for c := t.nodes[n].child; c != 0; c = t.nodes[c].sibling {
			if k := t.nodes[c].kind; k == nodeString || k == nodeNumber || k == nodeBool {
				texts = append(texts, t.nodes[c].text)
			}
		}
	}
	return texts
}
