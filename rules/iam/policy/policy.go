// Package policy reads policy documents: it parses and compiles them, keeps the
// position of every statement, and says whether AWS would store them and why not.
package policy

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"crosscheck/rules/iam/jsontree"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/public"
	"crosscheck/rules/iam/statement"
)

// Bounds of a document. AWS's largest policy is a 32 KB key policy.
const (
	maxDocument    = 256 << 10
	maxStatements  = 2_000
	maxDiagnostics = 100
)

// Diagnostic is one fault of a policy document.
type Diagnostic struct {
	Message      string // what is wrong and what AWS does with it
	Line, Column int    // 1-based position; Column counts bytes
	Offset       int    // byte offset in the document
	Warning      bool   // AWS stores the document all the same
}

// Policy is a parsed document. It is immutable and safe for concurrent use.
type Policy struct {
	kind        Kind
	name        string
	src         string
	variables   bool // Version is 2012-10-17: ${…} is a variable
	statements  []statement.Statement
	places      []places // of each statement
	diagnostics []Diagnostic
	invalid     bool
	bucket      string
	partition   string // "" = not known
	stored      bool
	public      public.Status // of a bucket policy
}

// Kind is where the policy is attached.
func (p *Policy) Kind() Kind { return p.kind }

// Compiled are the statements as far as they could be compiled; whether the document
// is valid is for the caller to ask.
func (p *Policy) Compiled() []statement.Statement { return p.statements }

// Public says what Block Public Access makes of a bucket policy.
func (p *Policy) Public() public.Status { return p.public }

// Line is the 1-based line of a statement.
func (p *Policy) Line(s *statement.Statement) int {
	line, _ := p.position(s.Off)
	return line
}

// Written is the text of a statement; it keeps the document in memory.
func (p *Policy) Written(s *statement.Statement) string { return p.src[s.Off:s.End] }

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

// In names the partition of AWS (aws, aws-cn, …) in which a document is stored: its ARNs may be
// of no other. "" is one that is not known.
func In(partition string) ParseOption { return func(p *Policy) { p.partition = partition } }

// Stored says that AWS returned the document, so that it has accepted it: what
// AWS would refuse by lists that it changes (S3's actions, the services of
// RCPs), or for reasons that are neither documented nor recorded, is then a
// warning and not an error.
func Stored() ParseOption { return func(p *Policy) { p.stored = true } }

// Parse reads a policy document of any bytes. It never fails: what is wrong is in
// [Policy.Diagnostics], and a document with an error never takes part in an
// "allowed". A document that starts as percent-encoded JSON, as the IAM API
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
	t, fault := jsontree.Parse(p.src)
	if fault != nil {
		p.fail(fault.Off, "not valid JSON: %s; AWS refuses it as malformed", fault.Msg)
		return p
	}
	defer t.Release()
	c := compiler{Policy: p, tree: t}
	c.document()
	c.sizes()
	slices.SortStableFunc(p.diagnostics, func(a, b Diagnostic) int { return a.Offset - b.Offset })
	if kind == Bucket {
		p.public = public.Status{Public: logic.Unknown, Statement: -1}
		if !p.invalid {
			p.public = public.Classify(p.statements)
		}
	}
	return p
}

// Classify says whether S3 Block Public Access calls the policy of the bucket
// public. A document that S3 would not store there is Unknown.
func Classify(bucket string, p *Policy) public.Status {
	if p == nil || p.kind != Bucket || p.bucket != "" && p.bucket != bucket {
		return public.Status{Public: logic.Unknown, Statement: -1}
	}
	return p.public
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
	iamKind := p.kind == Identity || p.kind == Boundary || p.kind == Trust
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
	Effect               statement.Effect
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
	t, fault := jsontree.Parse(p.src)
	if fault != nil {
		return nil
	}
	infos := make([]StatementInfo, len(p.statements))
	for i := range p.statements {
		s, at := &p.statements[i], &p.places[i]
		info := StatementInfo{
			Sid: s.Sid, Effect: s.Effect, Index: s.Index, Offset: s.Off,
			NotAction: s.NotAction, NotResource: s.NotResource, NotPrincipal: s.NotPrincipal,
			Actions:   t.Texts(at[fieldAction]),
			Resources: t.Texts(at[fieldResource]),
		}
		info.Line, info.Column = p.position(s.Off)
		if n := at[fieldPrincipal]; n != 0 {
			if t.Nodes[n].Kind == jsontree.Object {
				for c := t.Nodes[n].Child; c != 0; c = t.Nodes[c].Sibling {
					for _, v := range t.Texts(c) {
						info.Principals = append(info.Principals, PrincipalInfo{t.Nodes[c].Key, v})
					}
				}
			} else {
				for _, v := range t.Texts(n) {
					info.Principals = append(info.Principals, PrincipalInfo{"", v})
				}
			}
		}
		if n := at[fieldCondition]; n != 0 && t.Nodes[n].Kind == jsontree.Object {
			for op := t.Nodes[n].Child; op != 0; op = t.Nodes[op].Sibling {
				if t.Nodes[op].Kind != jsontree.Object {
					continue
				}
				for k := t.Nodes[op].Child; k != 0; k = t.Nodes[k].Sibling {
					info.Conditions = append(info.Conditions, ConditionInfo{t.Nodes[op].Key, t.Nodes[k].Key, t.Texts(k)})
				}
			}
		}
		infos[i] = info
	}
	return infos
}
