package spec_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
)

// specKey is a context key that generated policies use, with the values that
// requests and operands take.
type specKey struct {
	name     string
	kind     string // string, number, date, bool, ip, arn, binary
	values   []string
	operands []string // values used in policies; nil: the same
}

const (
	ownAccount   = "111122223333"
	otherAccount = "444455556666"
	roleID       = "AROAROLEONEROLEONE123"
	orphanID     = "AROAORPHANORPHAN12345"
)

var specKeys = []specKey{
	{"aws:PrincipalTag/team", "string", []string{"a", "b", "A", "ab", "*", "", "a/b"}, []string{"a", "b", "ab", "${aws:username}", "${aws:username, 'a'}", "${*}", "a*", "?", "*", "", "${aws:PrincipalTag/team}"}},
	{"aws:username", "string", []string{"a", "b", "*", "ab"}, []string{"a", "b", "*", "a?"}},
	{"aws:PrincipalOrgID", "string", []string{"o-a", "o-b"}, nil},
	{"aws:SourceVpce", "string", []string{"vpce-a", "vpce-b"}, []string{"vpce-a", "vpce-*"}},
	{"aws:MultiFactorAuthAge", "number", []string{"1", "01", "+1", "1.0", "10", "1e1", "2", "-1", "x", "NaN"}, []string{"1", "10", "2.5", "1e0", "-1"}},
	{"aws:CurrentTime", "date", []string{"2030-01-01T00:00:00Z", "1893456000", "2030-01-02", "2029-12-31T23:59:59.999Z", "2030-01-01T01:00:00+01:00", "x"},
		[]string{"2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z", "1893456000", "2030-01-01"}},
	{"aws:SecureTransport", "bool", []string{"true", "false", "TRUE", "x"}, []string{"true", "false"}},
	{"aws:SourceIp", "ip", []string{"192.0.2.1", "198.51.100.7", "2001:db8::1", "::ffff:192.0.2.1", "x"}, []string{"192.0.2.0/24", "192.0.2.1", "198.51.100.9/24", "2001:db8::/32", "0.0.0.0/0"}},
	{"aws:SourceArn", "arn", []string{"arn:aws:s3:::src", "arn:aws:sns:us-east-1:111122223333:t", "arn:aws:s3:::a:b", "x"},
		[]string{"arn:aws:s3:::src", "arn:aws:s3:::*", "arn:aws:sns:*:111122223333:?", "arn:aws:s3:::${aws:PrincipalTag/team}", "*"}},
	{"aws:PrincipalTag/bin", "binary", []string{"YQ==", "Yg==", "YQ", "YR=="}, []string{"YQ==", "Yg=="}},
	{"aws:TagKeys", "string", []string{"a", "b", "ab"}, []string{"a", "b", "a*"}},
	{"kms:EncryptionContextKeys", "string", []string{"aws:s3:arn", "x"}, nil},
	{"aws:SourceAccount", "string", []string{ownAccount, otherAccount}, nil},
	{"kms:ViaService", "string", []string{"s3.us-east-1.amazonaws.com", "ec2.us-east-1.amazonaws.com"}, []string{"s3.us-east-1.amazonaws.com", "s3.*"}},
}

var operatorsOf = map[string][]string{
	"string": {"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"},
	"number": {"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"},
	"date":   {"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"},
	"bool":   {"Bool"},
	"ip":     {"IpAddress", "NotIpAddress"},
	"arn":    {"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"},
	"binary": {"BinaryEquals"},
}

// specGen draws cases; every choice comes from one seeded source.
type specGen struct {
	*rand.Rand
}

func pick[T any](g *specGen, list ...T) T { return list[g.IntN(len(list))] }

func (g *specGen) chance(percent int) bool { return g.IntN(100) < percent }

// some is one value, or now and then a list.
func some(g *specGen, list []string) any {
	if g.chance(75) {
		return pick(g, list...)
	}
	out := []any{}
	for range 1 + g.IntN(3) {
		out = append(out, pick(g, list...))
	}
	return out
}

func (g *specGen) principal() principal.Caller {
	switch n := g.IntN(100); {
	case n < 62:
		path := pick(g, "", "", "team/")
		session := "s3-replication"
		if g.chance(4) {
			session = "" // not known
		}
		p := principal.RoleSession("arn:aws:iam::"+ownAccount+":role/"+path+"R", pick(g, roleID, roleID, ""), session)
		if g.chance(5) {
			// From the session's ARN alone neither the path nor the id is known.
			p = parsePrincipal("arn:aws:sts::" + ownAccount + ":assumed-role/R/s3-replication")
		}
		return p
	case n < 66:
		return principal.RoleSession("arn:aws:iam::"+ownAccount+":role/aws-service-role/x.amazonaws.com/R", roleID, "s")
	case n < 82:
		return parsePrincipal("arn:aws:iam::" + ownAccount + ":user/" + pick(g, "", "team/") + "U")
	case n < 88:
		return parsePrincipal("arn:aws:iam::" + ownAccount + ":root")
	case n < 94:
		return principal.Service("s3.amazonaws.com")
	}
	return principal.Anonymous()
}

func parsePrincipal(arn string) principal.Caller {
	p, err := principal.Parse(arn)
	if err != nil {
		panic(err)
	}
	return p
}

var (
	s3Actions  = []string{"s3:GetObject", "s3:ReplicateObject", "s3:ReplicateTags", "s3:ReplicateDelete"}
	s3Patterns = []string{"s3:*", "s3:Replicate*", "S3:replicateobject", "s3:Replicate?bject", "s3:GetObject", "s3:*Object", "s3:ReplicateTags", "s3:*"}
	keyTexts   = []string{"a", "b", "ab", "a/b", "a:b", "aab", "b/", "*", "a*"}
	keyGlobs   = []string{"*", "a*", "*b", "a?", "b/*", "a*b", "??", "a/*", contextkey.EscapeGlob("a*") + "*", contextkey.EscapeGlob("?") + "?"}
	s3Objects  = []string{"dst/*", "dst/a*", "dst/*b", "dst/a?b", "dst/b", "dst/?*", "dst/*/*", "dst/a:*", "dst/${aws:PrincipalTag/team}*", "dst/${aws:PrincipalTag/team}", "dst/${*}", "dst/*a*b", "dst/${aws:username, 'b'}"}
	s3Wide     = []string{"*", "arn:aws:s3:::*", "arn:aws:s3:::d?t/*", "arn:*:s3:::dst/*", "arn:aws:s3:::dst*", "arn:aws:s3:::other/*", "arn:aws:s3:::dst"}
	s3Short    = []string{"arn:aws:s3:*", "arn:aws:s3*", "arn:aws:s3", "arn:*:s3:?", "arn:aws:sqs", "arn:aws"}

	kmsActions  = []string{"kms:Encrypt", "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:RetireGrant", "kms:PutKeyPolicy"}
	kmsPatterns = []string{"kms:*", "kms:Encrypt", "kms:GenerateDataKey*", "KMS:decrypt", "kms:*crypt", "kms:Retire*"}
)

// service of a case
type service struct {
	name     string
	patterns []string
	objects  []string // resources that fit any kind of policy
	wide     []string // resources for policies of principals and organizations
	short    []string // ARNs of fewer than six fields, for policies of IAM
	kind     policy.Kind
}

// malformed operands are stored in session policies only.
var malformed = map[string]string{"number": "ten", "date": "soon", "arn": "topic"}

func (g *specGen) condition(kind policy.Kind) map[string]any {
	cond := map[string]any{}
	for range 1 + g.IntN(2) {
		k := pick(g, specKeys...)
		values := k.operands
		if values == nil {
			values = k.values
		}
		op := pick(g, operatorsOf[k.kind]...)
		operand := some(g, values)
		if g.chance(15) {
			op, operand = "Null", pick[any](g, "true", "false", true, false)
		} else {
			if g.chance(25) {
				op += "IfExists"
			}
			set := 15
			if multivalued[strings.ToLower(k.name)] {
				set = 75
			}
			if g.chance(set) {
				op = pick(g, "ForAllValues:", "ForAnyValue:") + op
			}
			if bad := malformed[k.kind]; bad != "" && kind == policy.Session && !strings.Contains(op, ":") && g.chance(15) {
				operand = pick[any](g, bad, []any{pick(g, values...), bad})
			}
			if k.kind == "number" && g.chance(20) {
				operand = json.RawMessage(pick(g, "1", "10", "2.50"))
			}
			if k.kind == "bool" && g.chance(20) {
				operand = pick[any](g, true, false)
			}
			if k.kind == "bool" && g.chance(5) {
				operand = "${aws:username}"
			}
		}
		name := k.name
		if g.chance(20) {
			name = pick(g, strings.ToLower(name), strings.ToUpper(name))
		}
		inner, _ := cond[op].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
		}
		dup := false
		for have := range inner {
			dup = dup || strings.EqualFold(have, name)
		}
		if !dup {
			inner[name] = operand
		}
		cond[op] = inner
	}
	return cond
}

func (g *specGen) principalElement(sv service, deny bool) (string, any) {
	role := "arn:aws:iam::" + ownAccount + ":role/R"
	aws := []string{
		ownAccount, "arn:aws:iam::" + ownAccount + ":root", otherAccount,
		role, "arn:aws:iam::" + ownAccount + ":role/team/R", "arn:aws:iam::" + ownAccount + ":role/Other",
		"arn:aws:sts::" + ownAccount + ":assumed-role/R/s3-replication", "arn:aws:sts::" + ownAccount + ":assumed-role/R/other",
		"arn:aws:iam::" + ownAccount + ":user/U", "arn:aws:iam::" + ownAccount + ":user/team/U", roleID, orphanID, "*",
	}
	if deny && g.chance(20) && sv.kind != policy.Trust {
		if g.chance(50) {
			return "NotPrincipal", map[string]any{"AWS": []any{ownAccount, role, "arn:aws:sts::" + ownAccount + ":assumed-role/R/s3-replication"}}
		}
		return "NotPrincipal", map[string]any{"AWS": some(g, aws[:len(aws)-1])}
	}
	switch n := g.IntN(100); {
	case n < 20 && sv.kind != policy.Trust:
		return "Principal", "*"
	case n < 78:
		return "Principal", map[string]any{"AWS": some(g, aws)}
	case n < 90 || sv.kind == policy.Trust:
		m := map[string]any{"Service": some(g, []string{"s3.amazonaws.com", "s3.amazonaws.com", "ec2.amazonaws.com"})}
		if g.chance(30) {
			m["AWS"] = some(g, aws)
		}
		return "Principal", m
	case n < 93 && sv.kind == policy.Bucket:
		return "Principal", map[string]any{"CanonicalUser": strings.Repeat("0123456789abcdef", 4)}
	}
	return "Principal", map[string]any{"AWS": aws[0]}
}

func (g *specGen) statement(kind policy.Kind, sv service, i int) map[string]any {
	st := map[string]any{"Effect": "Allow"}
	deny := kind == policy.RCP || g.chance(28)
	if deny {
		st["Effect"] = "Deny"
	}
	if g.chance(30) {
		st["Sid"] = "S" + string(rune('0'+i))
	}
	resourceSide := kind == policy.Bucket || kind == policy.Key || kind == policy.Trust || kind == policy.RCP

	// Action
	actions := sv.patterns
	switch {
	case !resourceSide && g.chance(25):
		st["Action"] = "*"
	case kind != policy.RCP && kind != policy.Trust && g.chance(12):
		st["NotAction"] = some(g, actions)
	case g.chance(30):
		st["Action"] = sv.name + ":*"
	default:
		st["Action"] = some(g, actions)
	}
	// Resource
	if kind != policy.Trust {
		list := sv.objects
		switch kind {
		case policy.Key:
			list = []string{"*"}
		case policy.RCP:
			list = append([]string{"*", "*"}, sv.objects...)
			if g.chance(10) {
				list = append(list, sv.short...)
			}
		case policy.Identity, policy.Boundary, policy.Session:
			list = append(append([]string{"*", "*", "*"}, sv.objects...), sv.wide...)
			if kind != policy.Session { // where AWS refuses them
				list = append(list, sv.short...)
			}
		case policy.SCP:
			list = append([]string{"*", "*", "*", "*"}, sv.objects...)
			if g.chance(10) {
				list = append(list, sv.short...)
			}
		}
		name := "Resource"
		if kind != policy.Key && g.chance(10) {
			name = "NotResource"
			list = sv.objects
			if kind == policy.Identity || kind == policy.Boundary {
				list = append(slices.Clone(list), sv.short...)
			}
		}
		if len(list) == 0 {
			list = []string{"*"}
		}
		st[name] = some(g, list)
		if kind == policy.Key && g.chance(4) {
			delete(st, name)
		}
	}
	// Principal
	switch kind {
	case policy.RCP:
		st["Principal"] = pick[any](g, "*", "*", map[string]any{"AWS": "*"})
	case policy.Bucket, policy.Key, policy.Trust:
		name, v := g.principalElement(sv, deny)
		st[name] = v
	}
	if g.chance(map[bool]int{true: 65, false: 35}[deny]) {
		st["Condition"] = g.condition(kind)
	}
	return st
}

func (g *specGen) doc(kind policy.Kind, name string, sv service) specDoc {
	m := map[string]any{}
	switch n := g.IntN(100); {
	case n < 82:
		m["Version"] = "2012-10-17"
	case n < 90:
		m["Version"] = "2008-10-17"
	case n < 92:
		m["Version"] = "2012\u201310\u201317"
	}
	if g.chance(5) {
		m["Id"] = "x"
	}
	var stmts []any
	for i := range 1 + g.IntN(3) {
		stmts = append(stmts, g.statement(kind, sv, i))
	}
	m["Statement"] = stmts
	if len(stmts) == 1 && g.chance(50) {
		m["Statement"] = stmts[0]
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return specDoc{name, string(b)}
}

const fullAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

func (g *specGen) layer(kind policy.Kind, name string, sv service, unread, empty, full int) specLayer {
	if g.chance(unread) {
		return specLayer{}
	}
	l := specLayer{Read: true}
	if g.chance(empty) {
		return l
	}
	if g.chance(full) {
		l.Docs = append(l.Docs, specDoc{name + "-full", fullAccess})
	}
	if len(l.Docs) == 0 || g.chance(50) {
		l.Docs = append(l.Docs, g.doc(kind, name, sv))
	}
	return l
}

func (g *specGen) levels(kind policy.Kind, sv service, unread int) specLevels {
	if g.chance(unread) {
		return specLevels{State: "unread"}
	}
	if g.chance(40) {
		return specLevels{State: "not applicable"}
	}
	out := specLevels{State: "path"}
	for _, target := range []string{"r-root", "ou-1", ownAccount}[:1+g.IntN(3)] {
		l := specLayer{Read: true}
		if kind == policy.SCP {
			l = g.layer(kind, "scp-"+target, sv, 2, 4, 85)
			if len(l.Docs) == 2 && g.chance(60) {
				l.Docs = l.Docs[:1]
			}
		} else if g.chance(40) {
			l = g.layer(kind, "rcp-"+target, sv, 2, 20, 0)
		}
		out.Levels = append(out.Levels, specLevel{target, l})
	}
	return out
}

// domain is what a key that is not known can be: not sent, or some of a few values.
func (g *specGen) domain(values []string, several bool) []specValue {
	var d []specValue
	if g.chance(50) {
		d = append(d, specValue{State: "absent"})
	}
	for range 1 + g.IntN(3) {
		v := specValue{"one", []string{pick(g, values...)}}
		if several {
			v.State = "many"
		}
		d = append(d, v)
	}
	return d
}

func (g *specGen) draw() *specCase {
	c := &specCase{Principal: g.principal(), ResourceAccount: otherAccount, Context: map[string]specValue{}, Domains: map[string][]specValue{}, Grants: logic.False, RestrictPublic: logic.False, Pooled: true}
	person := c.Principal.Kind == principal.Role || c.Principal.Kind == principal.User
	if g.chance(50) {
		c.ResourceAccount = ownAccount
	}
	sv := service{name: "s3", patterns: s3Patterns, wide: s3Wide, short: s3Short, kind: policy.Bucket}
	for _, o := range s3Objects {
		sv.objects = append(sv.objects, "arn:aws:s3:::"+o)
	}
	trust := c.Principal.Kind == principal.ServiceKind && g.chance(60) || c.Principal.Kind != principal.AnonymousKind && g.chance(8)
	switch {
	case trust:
		role := pick(g, "role/R", "role/R", "role/aws-service-role/x.amazonaws.com/R")
		c.Action, c.Resource = "sts:AssumeRole", "arn:aws:iam::"+c.ResourceAccount+":"+role
		sv = service{name: "sts", patterns: []string{"sts:AssumeRole", "sts:*", "STS:assumerole", "sts:AssumeRole*", "sts:TagSession"}, kind: policy.Trust,
			wide: []string{c.Resource, "arn:aws:iam::*:role/*", "arn:aws:iam::" + ownAccount + ":role/R"}}
	case c.Principal.Kind != principal.AnonymousKind && g.chance(22):
		c.Action = pick(g, kmsActions...)
		key := "arn:aws:kms:us-east-1:" + c.ResourceAccount + ":key/k"
		c.Resource = key
		sv = service{name: "kms", patterns: kmsPatterns, kind: policy.Key,
			objects: []string{key, "arn:aws:kms:*:" + c.ResourceAccount + ":key/*", "arn:aws:kms:us-east-1:" + c.ResourceAccount + ":alias/k"},
			wide:    []string{"*", "arn:aws:kms:*:*:key/k", "arn:aws:kms:us-east-1:" + ownAccount + ":key/*"}}
		if person || c.Principal.Kind == principal.Root {
			c.Grants = pick(g, logic.False, logic.False, logic.True, logic.Unknown)
		}
	default:
		c.Action = pick(g, s3Actions...)
		c.Resource = "arn:aws:s3:::dst/" + pick(g, keyTexts...)
		if g.chance(20) {
			c.Resource, c.Glob = "arn:aws:s3:::dst/"+pick(g, keyGlobs...), true
		}
		c.RestrictPublic = pick(g, logic.False, logic.False, logic.False, logic.True, logic.Unknown)
	}
	if g.chance(3) {
		c.ResourceAccount = ""
	}
	c.Identity = g.layer(policy.Identity, "identity", sv, 4, 10, 60)
	c.Boundary, c.Session = specLayer{Read: true}, specLayer{Read: true}
	if person {
		c.Boundary = g.layer(policy.Boundary, "boundary", sv, 3, 60, 50)
		if c.Principal.Kind == principal.Role {
			c.Session = g.layer(policy.Session, "session", sv, 3, 70, 50)
		}
		for _, l := range []*specLayer{&c.Boundary, &c.Session} {
			if len(l.Docs) > 1 {
				l.Docs = l.Docs[:1]
			}
		}
		switch {
		case c.Boundary.Read && len(c.Boundary.Docs) > 0:
			c.Principal.Boundary = logic.True
		case c.Boundary.Read:
			c.Principal.Boundary = logic.False
		}
		c.Principal.InManagementAccount = g.chance(5)
	} else if g.chance(30) {
		// Only users and role sessions have these: not reading them must not matter.
		c.Identity, c.Boundary, c.Session = specLayer{}, specLayer{}, specLayer{}
	} else {
		c.Identity = specLayer{Read: true}
	}
	c.SCPs = g.levels(policy.SCP, sv, 3)
	c.RCPs = g.levels(policy.RCP, sv, 3)
	c.Policy = g.layer(sv.kind, "policy", sv, 4, 15, 0)
	if sv.kind == policy.Key && g.chance(50) && c.Policy.Read {
		c.Policy.Docs = append(c.Policy.Docs[:0:0], specDoc{"policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` +
			pick(g, ownAccount, otherAccount) + `:root"},"Action":"kms:*","Resource":"*"}]}`})
	}
	unknown := 0
	for _, k := range specKeys {
		key := strings.ToLower(k.name)
		n := g.IntN(100)
		switch {
		case n < 45:
		case n < 52 && unknown < 2:
			unknown++
			c.Context[key] = specValue{State: "unknown"}
			if g.chance(40) {
				c.Domains[key] = g.domain(k.values, multivalued[key])
			}
		case multivalued[key]:
			vals := []string{pick(g, k.values...)}
			if g.chance(50) {
				vals = append(vals, pick(g, k.values...))
			}
			c.Context[key] = specValue{"many", vals}
		default:
			c.Context[key] = specValue{"one", []string{pick(g, k.values...)}}
		}
	}
	return c
}
