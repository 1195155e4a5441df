package spec_test

// The executable specification: a second evaluator, written straight from the
// formulas of the specification and from nothing of package iam. It knows two
// values only. What is unknown is tried: every value of a small universe for
// an unknown context key, every layer of a small universe for a layer that was
// not read, every key over a small alphabet for a glob. It is slow and plain on
// purpose; where it and the package disagree, one of them is wrong.

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
)

// specValue is a context key: not known, known to be absent, one value or many.
type specValue struct {
	State  string // "unknown", "absent", "one", "many"
	Values []string
}

type specDoc struct{ Name, JSON string }

type specLayer struct {
	Read bool
	Docs []specDoc
}

type specLevel struct {
	Target string
	Layer  specLayer
}

type specLevels struct {
	State  string // "unread", "not applicable", "path"
	Levels []specLevel
}

// specCase is a request and everything that is known of the policies over it.
type specCase struct {
	Principal       principal.Caller
	Action          string
	Resource        string
	Glob            bool
	ResourceAccount string
	Context         map[string]specValue
	Domains         map[string][]specValue // of keys that are not known: what they can be

	Identity, Boundary, Session, Policy specLayer
	SCPs, RCPs                          specLevels
	Grants, RestrictPublic              logic.Truth
	Pooled                              bool // drawn by the generator
}

// parsed is a policy document as encoding/json sees it.
type parsed struct {
	name    string
	version string
	invalid bool
	stmts   []map[string]any
}

func parseSpec(d specDoc) parsed {
	dec := json.NewDecoder(strings.NewReader(d.JSON))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return parsed{name: d.Name, invalid: true}
	}
	p := parsed{name: d.Name, version: "2008-10-17"}
	if v, ok := m["Version"]; ok {
		p.version, _ = v.(string)
	}
	if p.version != "2008-10-17" && p.version != "2012-10-17" {
		p.invalid = true
	}
	switch s := m["Statement"].(type) {
	case map[string]any:
		p.stmts = append(p.stmts, s)
	case []any:
		for _, x := range s {
			p.stmts = append(p.stmts, x.(map[string]any))
		}
	}
	return p
}

func parseAll(l specLayer) []parsed {
	var out []parsed
	for _, d := range l.Docs {
		out = append(out, parseSpec(d))
	}
	return out
}

// scalars lists a string, number, boolean or an array of those by JSON text.
func scalars(v any) []string {
	switch x := v.(type) {
	case nil:
		return nil
	case string:
		return []string{x}
	case bool:
		return []string{strconv.FormatBool(x)}
	case json.Number:
		return []string{x.String()}
	case []any:
		var out []string
		for _, e := range x {
			out = append(out, scalars(e)...)
		}
		return out
	}
	panic(fmt.Sprintf("not a scalar: %T", v))
}

// A tok is one UTF-16 unit of a pattern, or a wildcard.
type tok struct {
	unit uint16
	wild byte // 0, '*' or '?'
}

func literal(s string) []tok {
	out := make([]tok, 0, len(s))
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, tok{unit: u})
	}
	return out
}

func glob(s string) []tok {
	out := make([]tok, 0, len(s))
	for _, u := range utf16.Encode([]rune(s)) {
		if u == '*' || u == '?' {
			out = append(out, tok{wild: byte(u)})
		} else {
			out = append(out, tok{unit: u})
		}
	}
	return out
}

// globMatches tries every way to spend the units of s on the pattern.
func globMatches(p []tok, s []uint16) bool {
	if len(p) == 0 {
		return len(s) == 0
	}
	switch p[0].wild {
	case '*':
		for i := 0; i <= len(s); i++ {
			if globMatches(p[1:], s[i:]) {
				return true
			}
		}
		return false
	case '?':
		return len(s) > 0 && globMatches(p[1:], s[1:])
	}
	return len(s) > 0 && s[0] == p[0].unit && globMatches(p[1:], s[1:])
}

func units(s string) []uint16 { return utf16.Encode([]rune(s)) }

// fields cuts tokens at the first five colons.
func fields(p []tok) [][]tok {
	out := [][]tok{nil}
	for _, t := range p {
		if t.wild == 0 && t.unit == ':' && len(out) < 6 {
			out = append(out, nil)
			continue
		}
		out[len(out)-1] = append(out[len(out)-1], t)
	}
	return out
}

func untok(p []tok) []uint16 {
	var out []uint16
	for _, t := range p {
		out = append(out, t.unit)
	}
	return out
}

// A specWorld is one complete state of affairs: nothing in it is unknown.
type specWorld struct {
	p               principal.Caller
	action          string
	resource        string
	resourceAccount string
	ctx             map[string]specValue

	identity, boundary, session, policy []parsed
	policyKind                          policy.Kind
	scps, rcps                          *[][]parsed // nil: not applicable
	grants, restrictPublic              bool
	boundaryAttached                    bool

	memo map[string][]tok // of glob: the same few patterns are cut up again and again

	// Readings that AWS's documentation leaves open; both are tried.
	anyIfExists    bool // ForAnyValue with IfExists on a missing key is true
	boolVariables  bool // variables work in the operand of Bool
	starIsServices bool // {"AWS":"*"} in a trust policy covers services
	canonicalIsUs  bool // a CanonicalUser entry is the caller's account
	completesShort bool // SCPs and RCPs complete ARNs of fewer than six fields, as policies of IAM do
	grantDelegates bool // a KMS grant across accounts needs no identity Allow
	publicPolicy   bool // the reading of a bucket policy that may be public
}

func (w *specWorld) value(key string) specValue {
	v, ok := w.ctx[strings.ToLower(key)]
	if !ok {
		return specValue{State: "absent"}
	}
	return v
}

var variable = regexp.MustCompile(`^([^,]+?)(?:,\s*'(.*)')?$`)

// expand gives the tokens of an operand or pattern; ok is false when a variable has no value.
func (w *specWorld) expand(s, version string, wildcards bool) (out []tok, ok bool) {
	lex := literal
	if wildcards {
		lex = w.glob
	}
	if version != "2012-10-17" {
		return lex(s), true
	}
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			return append(out, lex(s)...), true
		}
		out = append(out, lex(s[:i])...)
		j := strings.IndexByte(s[i:], '}') + i
		name := s[i+2 : j]
		s = s[j+1:]
		if name == "*" || name == "?" || name == "$" {
			out = append(out, literal(name)...)
			continue
		}
		m := variable.FindStringSubmatch(name)
		v := w.value(m[1])
		switch {
		case v.State == "one":
			out = append(out, literal(v.Values[0])...)
		case v.State == "absent" && strings.Contains(name, ","):
			out = append(out, literal(m[2])...)
		default:
			return nil, false
		}
	}
}

func (w *specWorld) glob(s string) []tok {
	p, ok := w.memo[s]
	if !ok {
		if p = glob(s); w.memo != nil {
			w.memo[s] = p
		}
	}
	return p
}

func (w *specWorld) actionIn(v any) bool {
	action := units(strings.ToLower(w.action))
	for _, a := range scalars(v) {
		if globMatches(w.glob(strings.ToLower(a)), action) {
			return true
		}
	}
	return false
}

func (w *specWorld) resourceIn(v any, version string, kind policy.Kind) bool {
	for _, r := range scalars(v) {
		if isShort(r) && (kind == policy.SCP || kind == policy.RCP) && !w.completesShort {
			continue
		}
		if w.resourceMatches(r, version) {
			return true
		}
	}
	return false
}

// isShort reports whether a resource has fewer fields than an ARN.
func isShort(r string) bool { return r != "*" && strings.Count(r, ":") < 5 }

func (w *specWorld) resourceMatches(pattern, version string) bool {
	if pattern == "*" {
		return true
	}
	// Variables are in the sixth field only, so the first five are cut from the text.
	parts := strings.SplitN(pattern, ":", 6)
	for len(parts) < 6 {
		parts = append(parts, "*") // what is missing in a policy of IAM; of other kinds both readings are tried
	}
	have := strings.SplitN(w.resource, ":", 6)
	for i, part := range parts {
		var p []tok
		if i == 5 {
			var ok bool
			if p, ok = w.expand(part, version, true); !ok {
				return false
			}
		} else {
			p = w.glob(part)
		}
		if !globMatches(p, units(have[i])) {
			return false
		}
	}
	return true
}

// Classes of a principal match.
const (
	byAccount = 1 << iota
	byRole
	bySession
	byStar
	byUser
	byService
)

func (w *specWorld) entry(kind, e string, of policy.Kind) int {
	p := w.p
	inAccount := p.Kind == principal.Role || p.Kind == principal.User || p.Kind == principal.Root || p.Kind == principal.Federated
	switch kind {
	case "Service":
		if p.Kind == principal.ServiceKind && p.Service == e {
			return byService
		}
		return 0
	case "CanonicalUser":
		if inAccount && w.canonicalIsUs {
			return byAccount
		}
		return 0
	case "Federated":
		return 0
	}
	switch {
	case e == "*":
		if p.Kind == principal.ServiceKind && of == policy.Trust && !w.starIsServices {
			return 0
		}
		return byStar
	case inAccount && (e == p.Account || e == "arn:"+p.Partition+":iam::"+p.Account+":root"):
		return byAccount
	case p.Kind == principal.Role && p.RoleARN == "" && strings.HasPrefix(e, "arn:"+p.Partition+":iam::"+p.Account+":role/") && strings.HasSuffix(e, "/"+p.RoleName):
		return byRole // a session's ARN has no path, and an account no two roles of one name
	case p.Kind == principal.Role && (e == p.RoleARN && e != "" || e == p.RoleID && e != ""):
		return byRole
	case (p.Kind == principal.Role || p.Kind == principal.Federated) && e == p.ARN:
		return bySession
	case p.Kind == principal.User && (e == p.ARN || e == p.UserID && e != ""):
		return byUser
	}
	return 0
}

func (w *specWorld) listed(v any, of policy.Kind) (classes int) {
	switch x := v.(type) {
	case string:
		return w.entry("AWS", x, of)
	case map[string]any:
		for kind, list := range x {
			for _, e := range scalars(list) {
				classes |= w.entry(kind, e, of)
			}
		}
	}
	return classes
}

// principal gives the classes by which a statement names the caller; 0 is no match.
func (w *specWorld) principal(st map[string]any, kind policy.Kind) int {
	switch kind {
	case policy.Identity, policy.Boundary, policy.Session, policy.SCP:
		return byStar
	}
	if v, ok := st["Principal"]; ok {
		return w.listed(v, kind)
	}
	v, ok := st["NotPrincipal"]
	if !ok {
		return 0
	}
	c := w.listed(v, kind)
	person := w.p.Kind == principal.Role || w.p.Kind == principal.User
	var exempt bool
	switch w.p.Kind {
	case principal.Role:
		const all = byAccount | byRole | bySession
		exempt = c&all == all
	case principal.User:
		const all = byAccount | byUser
		exempt = c&all == all
	default:
		exempt = c != 0
	}
	if c&byStar != 0 {
		exempt = true
	}
	if person && w.boundaryAttached || !exempt {
		return byStar
	}
	return 0
}

func (w *specWorld) matches(st map[string]any, version string, kind policy.Kind) int {
	if v, ok := st["Action"]; ok && !w.actionIn(v) {
		return 0
	}
	if v, ok := st["NotAction"]; ok && w.actionIn(v) {
		return 0
	}
	if kind != policy.Trust {
		r, has := st["Resource"]
		n, hasNot := st["NotResource"]
		switch {
		case has && !w.resourceIn(r, version, kind):
			return 0
		case hasNot && w.resourceIn(n, version, kind):
			return 0
		case !has && !hasNot:
			return 0
		}
	}
	c := w.principal(st, kind)
	if c == 0 {
		return 0
	}
	if cond, ok := st["Condition"].(map[string]any); ok {
		for op, keys := range cond {
			for key, operands := range keys.(map[string]any) {
				if !w.condition(op, key, scalars(operands), version, st["Effect"] == "Deny") {
					return 0
				}
			}
		}
	}
	return c
}

// condition is one operator on one key.
func (w *specWorld) condition(op, key string, operands []string, version string, deny bool) bool {
	v := w.value(key)
	if op == "Null" {
		for _, o := range operands {
			if (o == "true") == (v.State == "absent") {
				return true
			}
		}
		return false
	}
	set := ""
	if i := strings.IndexByte(op, ':'); i >= 0 {
		set, op = op[:i], op[i+1:]
	}
	ifExists := strings.HasSuffix(op, "IfExists")
	op = strings.TrimSuffix(op, "IfExists")
	if v.State == "absent" {
		switch {
		case set == "ForAllValues":
			return true
		case set == "ForAnyValue" && ifExists:
			return w.anyIfExists
		case ifExists:
			return true
		case set == "ForAnyValue":
			return false
		}
		return negated(op)
	}
	switch set {
	case "ForAllValues":
		for _, s := range v.Values {
			if !w.one(op, s, operands, version, deny) {
				return false
			}
		}
		return true
	case "ForAnyValue":
		for _, s := range v.Values {
			if w.one(op, s, operands, version, deny) {
				return true
			}
		}
		return false
	}
	if v.State == "many" {
		return false // a scalar operator never matches a multivalued key
	}
	return w.one(op, v.Values[0], operands, version, deny)
}

func negated(op string) bool {
	return strings.Contains(op, "Not")
}

// one is an operator on one value of the request.
func (w *specWorld) one(op, value string, operands []string, version string, deny bool) bool {
	base := strings.Replace(op, "Not", "", 1)
	switch base {
	case "ArnEquals", "ArnLike":
		return w.arn(op, value, operands, version, deny)
	case "IpAddress":
		if _, ok := ipOf(value); !ok {
			return false // also negated
		}
	}
	hit := false
	for _, o := range operands {
		hit = hit || w.compare(base, value, o, version)
	}
	return hit != negated(op)
}

func (w *specWorld) compare(base, value, operand, version string) bool {
	switch base {
	case "StringEquals":
		p, ok := w.expand(operand, version, false)
		return ok && slices.Equal(untok(p), units(value))
	case "StringEqualsIgnoreCase":
		p, ok := w.expand(operand, version, false)
		return ok && lower(string(utf16.Decode(untok(p)))) == lower(value)
	case "StringLike":
		p, ok := w.expand(operand, version, true)
		return ok && globMatches(p, units(value))
	case "Bool":
		if strings.Contains(operand, "${") && w.boolVariables {
			p, ok := w.expand(operand, version, false)
			return ok && strings.EqualFold(string(utf16.Decode(untok(p))), "true") == strings.EqualFold(value, "true")
		}
		return strings.EqualFold(operand, "true") == strings.EqualFold(value, "true")
	case "BinaryEquals":
		a, err1 := base64.StdEncoding.Strict().DecodeString(value)
		b, err2 := base64.StdEncoding.Strict().DecodeString(operand)
		return err1 == nil && err2 == nil && string(a) == string(b)
	case "IpAddress":
		return inNetwork(value, operand)
	}
	if rest, ok := strings.CutPrefix(base, "Numeric"); ok {
		a, ok1 := number(value)
		b, ok2 := number(operand)
		return ok1 && ok2 && ordered(rest, a.Cmp(b))
	}
	if rest, ok := strings.CutPrefix(base, "Date"); ok {
		a, ok1 := instant(value)
		b, ok2 := instant(operand)
		return ok1 && ok2 && ordered(rest, int(min(1, max(-1, a-b))))
	}
	panic("unknown operator " + base)
}

func ordered(rel string, c int) bool {
	switch rel {
	case "Equals":
		return c == 0
	case "LessThan":
		return c < 0
	case "LessThanEquals":
		return c <= 0
	case "GreaterThan":
		return c > 0
	case "GreaterThanEquals":
		return c >= 0
	}
	panic("unknown relation " + rel)
}

func lower(s string) string { return cases.Lower(language.Und).String(s) }

var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$`)

func number(s string) (*big.Rat, bool) {
	if !decimal.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

var epoch = regexp.MustCompile(`^[+-]?[0-9]+$`)

// instant is milliseconds since 1970.
func instant(s string) (int64, bool) {
	if epoch.MatchString(s) {
		n, err := strconv.ParseInt(s, 10, 64)
		return n * 1000, err == nil
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UnixMilli(), true
		}
	}
	return 0, false
}

var dotted = regexp.MustCompile(`^([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)$`)

func ipOf(s string) (netip.Addr, bool) {
	if m := dotted.FindStringSubmatch(s); m != nil {
		var b [4]byte
		for i, o := range m[1:] {
			n, err := strconv.Atoi(o)
			if err != nil || n > 255 {
				return netip.Addr{}, false
			}
			b[i] = byte(n)
		}
		return netip.AddrFrom4(b), true
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil && a.Is6() && a.Zone() == ""
}

func inNetwork(value, cidr string) bool {
	a, ok := ipOf(value)
	addr, length, has := strings.Cut(cidr, "/")
	n, ok2 := ipOf(addr)
	if !ok || !ok2 || a.Is4() != n.Is4() {
		return false
	}
	bits := n.BitLen()
	if has {
		var err error
		if bits, err = strconv.Atoi(strings.TrimPrefix(length, "+")); err != nil || bits < 0 || bits > n.BitLen() {
			return false
		}
	}
	net := netip.PrefixFrom(n, bits).Masked()
	if n.Is6() && net.Addr() != n {
		return false // an IPv6 network with host bits set never matches
	}
	return net.Contains(a)
}

func arnFields(s string) ([][]tok, bool) {
	f := fields(literal(s))
	return f, len(f) == 6 && strings.HasPrefix(s, "arn:")
}

// arn tries the operands in order; a match ends it, a malformed operand too:
// it cannot grant, and it bites in a Deny.
func (w *specWorld) arn(op, value string, operands []string, version string, deny bool) bool {
	have, ok := arnFields(value)
	if !ok {
		return false // also negated
	}
	for _, o := range operands {
		p, ok := w.expand(o, version, true)
		if !ok {
			continue // a null value matches nothing
		}
		if len(p) == 1 && p[0].wild == '*' {
			return !negated(op)
		}
		f := fields(p)
		if len(f) != 6 || string(utf16.Decode(untok(f[0]))) != "arn" {
			return deny
		}
		hit := true
		for i := range f {
			hit = hit && globMatches(f[i], untok(have[i]))
		}
		if hit {
			return !negated(op)
		}
	}
	return negated(op)
}

// specRef names a statement.
type specRef struct {
	layer, policy string
	index         int
}

type specOutcome struct {
	allowed bool
	denies  []specRef // explicit denies that bite
	invalid bool      // an invalid document took part
}

func (w *specWorld) layer(docs []parsed, kind policy.Kind, name string, out *specOutcome) (allow int) {
	for _, d := range docs {
		if d.invalid {
			out.invalid = true
			continue
		}
		for i, st := range d.stmts {
			c := w.matches(st, d.version, kind)
			switch {
			case c == 0:
			case st["Effect"] == "Deny":
				out.denies = append(out.denies, specRef{name, d.name, i})
			case st["Effect"] == "Allow":
				allow |= c
			}
		}
	}
	return allow
}

var kmsAcross = regexp.MustCompile(`^(?i)kms:(Encrypt|Decrypt|ReEncryptFrom|ReEncryptTo|GenerateDataKey.*|GenerateMac|VerifyMac|Sign|Verify|DeriveSharedSecret|DescribeKey|GetKeyRotationStatus|GetPublicKey|CreateGrant|ListGrants|RetireGrant|RevokeGrant)$`)

// decide is sections 2 to 5 of the specification. That trust policies are no
// part of a union with identity policies is in
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func (w *specWorld) decide() specOutcome {
	var out specOutcome
	p := w.p
	service := strings.ToLower(w.action[:strings.IndexByte(w.action, ':')])

	id, bd, ss := true, true, true
	if p.Kind == principal.Role || p.Kind == principal.User || p.Kind == principal.Federated {
		id = w.layer(w.identity, policy.Identity, "identity", &out) != 0
		if len(w.boundary) > 0 {
			bd = w.layer(w.boundary, policy.Boundary, "boundary", &out) != 0
		}
		if len(w.session) > 0 {
			ss = w.layer(w.session, policy.Session, "session", &out) != 0
		}
	}
	scp := true
	if w.scps != nil && p.Kind != principal.ServiceKind && p.Kind != principal.AnonymousKind && !p.InManagementAccount && !p.Linked {
		for _, level := range *w.scps {
			if w.layer(level, policy.SCP, "scp", &out) == 0 {
				scp = false
			}
		}
	}
	linkedTarget := service == "sts" && strings.Contains(w.resource, ":role/aws-service-role/")
	if w.rcps != nil && !p.Linked && !linkedTarget && !strings.EqualFold(w.action, "kms:RetireGrant") {
		for _, level := range *w.rcps {
			w.layer(level, policy.RCP, "rcp", &out)
		}
	}
	res := w.layer(w.policy, w.policyKind, "resource", &out)
	same := p.Account != "" && p.Account == w.resourceAccount
	if w.policyKind == policy.Bucket && w.restrictPublic && w.publicPolicy && !same && p.Kind != principal.ServiceKind {
		res = 0
	}
	has := func(class int) bool { return res&class != 0 }
	direct := has(bySession) || has(byStar) || has(byUser) || has(byRole) && bd && ss

	var ok bool
	switch {
	case p.Kind == principal.AnonymousKind:
		ok = has(byStar)
	case p.Kind == principal.ServiceKind:
		ok = has(byService) || has(byStar)
	case service == "sts" && same:
		// A trust policy must agree even inside its account; naming the account it delegates.
		ok = direct || has(byAccount) && id && bd && ss
	case service == "kms" && same:
		ok = direct || has(byAccount) && id && bd && ss || w.grants
	case service == "kms":
		ok = kmsAcross.MatchString(w.action) && (res != 0 && id && bd && ss ||
			w.grants && (id && bd && ss || w.grantDelegates))
	case same:
		ok = id && bd && ss || direct
	default:
		ok = res != 0 && id && bd && ss
	}
	out.allowed = ok && scp && len(out.denies) == 0
	return out
}
