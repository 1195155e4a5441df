package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/scanner/fact"
)

// sessionName is the role session that S3 opens to replicate. AWS does not
// document it; CloudTrail recordings show it.
const sessionName = "s3-replication"

// cell is one entry of the permission matrix of a link: a check, and what the
// rules want to know beside it.
type cell struct {
	finding.Check
	required bool // a link cannot be said to work unless this is allowed
	reason   string
	message  string
	layers   []string // layers that would have to be read
	decider  string   // layer that decided a denial
	// What each side says by itself where the whole is not allowed.
	identitySide, resourceSide string
	remediation                string
	contested                  bool // AWS leaves open what decides it
}

func (c *cell) key() string { return c.Layer + "/" + c.Action }

func (c *cell) is(key string) bool {
	return len(key) == len(c.Layer)+1+len(c.Action) && strings.HasPrefix(key, c.Layer) && strings.HasSuffix(key, c.Action)
}

// skipped is a cell that a link does not need, and why.
type skipped struct{ key, why string }

// permissions are the cells of one link.
type permissions struct {
	cells   []*cell
	skipped []skipped
	allowed *ast.Term // the answer for every cell that is allowed
	refused []*policy // policies that AWS would not store
}

// problem is a fault of a policy document as rules see it.
type problem struct {
	Policy  string `json:"policy"`
	Message string `json:"message"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

var noProblems = ast.ArrayTerm()

// problems are the faults of all policies of the link.
func (p *permissions) problems() *ast.Term {
	if len(p.refused) == 0 {
		return noProblems
	}
	var list []*ast.Term
	for _, x := range p.refused {
		for _, d := range x.Diagnostics() {
			if !d.Warning {
				list = append(list, ast.NewTerm(valueOf(problem{x.Name(), d.Message, d.Line, d.Column})))
			}
		}
	}
	return ast.ArrayTerm(list...)
}

// done is what the matrix came to.
func (m *matrix) done() permissions {
	return permissions{cells: m.cells, skipped: m.skipped, refused: m.refused}
}

// refuse notes the policies that AWS would not store.
func (m *matrix) refuse(list ...*policy) {
	for _, p := range list {
		if !p.Valid() && !slices.Contains(m.refused, p) {
			m.refused = append(m.refused, p)
		}
	}
}

func (c *cell) term() *ast.Term {
	statements := make([]*ast.Term, len(c.Deciding))
	for i, s := range c.Deciding {
		statements[i] = ast.ObjectTerm(
			[2]*ast.Term{ast.StringTerm("layer"), ast.StringTerm(s.Layer)},
			[2]*ast.Term{ast.StringTerm("policy"), ast.StringTerm(s.Policy)},
			[2]*ast.Term{ast.StringTerm("sid"), ast.StringTerm(s.Sid)},
			[2]*ast.Term{ast.StringTerm("statement"), ast.IntNumberTerm(s.Statement)},
		)
	}
	pairs := [][2]*ast.Term{
		{ast.StringTerm("layer"), ast.StringTerm(c.Layer)},
		{ast.StringTerm("action"), ast.StringTerm(c.Action)},
		{ast.StringTerm("resource"), ast.StringTerm(c.Resource)},
		{ast.StringTerm("result"), ast.StringTerm(c.Result)},
	}
	if c.Result != "allowed" {
		pairs = append(pairs,
			[2]*ast.Term{ast.StringTerm("reason"), ast.StringTerm(c.reason)},
			[2]*ast.Term{ast.StringTerm("message"), ast.StringTerm(c.message)},
			[2]*ast.Term{ast.StringTerm("decider"), ast.StringTerm(c.decider)},
			[2]*ast.Term{ast.StringTerm("failure_code"), ast.StringTerm(c.FailureCode)},
			[2]*ast.Term{ast.StringTerm("witness"), ast.StringTerm(c.Witness)},
			[2]*ast.Term{ast.StringTerm("deciding"), ast.ArrayTerm(statements...)},
			[2]*ast.Term{ast.StringTerm("identity_side"), ast.StringTerm(c.identitySide)},
			[2]*ast.Term{ast.StringTerm("resource_side"), ast.StringTerm(c.resourceSide)},
			[2]*ast.Term{ast.StringTerm("remediation"), ast.StringTerm(c.remediation)},
			[2]*ast.Term{ast.StringTerm("unknown_keys"), stringsTerm(c.UnknownKeys)},
			[2]*ast.Term{ast.StringTerm("unknown_layers"), stringsTerm(c.layers)},
		)
	}
	return ast.ObjectTerm(pairs...)
}

// answerTerm is the answer of a rule that judges this cell, of the whole or of one
// side, where it is not allowed.
func (c *cell) answerTerm(link, side string) *ast.Term {
	status, codes := unknownTerm, []string{}
	if c.sideResult(side) == "denied" {
		status = failTerm
		if c.FailureCode != "" {
			codes = append(codes, c.FailureCode)
		}
	}
	if c.contested {
		return answerTerm(link, status, ast.StringTerm(c.message), append(c.answerPairs(codes), [2]*ast.Term{ast.StringTerm("contested"), ast.InternedTerm(true)})...)
	}
	return answerTerm(link, status, ast.StringTerm(c.message), c.answerPairs(codes)...)
}

func (c *cell) answerPairs(codes []string) [][2]*ast.Term {
	return [][2]*ast.Term{
		{ast.StringTerm("key"), ast.StringTerm(c.key())},
		{ast.StringTerm("failure_codes"), stringsTerm(codes)},
		{ast.StringTerm("evidence"), ast.ObjectTerm([2]*ast.Term{ast.StringTerm("check"), c.term()})},
		{ast.StringTerm("remediation"), ast.StringTerm(c.remediation)},
	}
}

// sideResult is the result of one side of a cell, of the whole with "". A side is
// denied only if the whole is; where neither side is by itself, both are.
func (c *cell) sideResult(side string) string {
	mine, other := c.identitySide, c.resourceSide
	if side == "resource" {
		mine, other = other, mine
	}
	switch {
	case side == "" || c.Result == "allowed":
		return c.Result
	case mine == "denied" && c.Result != "denied":
		return "unknown"
	case c.Result == "denied" && mine != "denied" && other != "denied":
		return "denied"
	}
	return mine
}

var (
	linkKey, statusKey, messageKey = ast.StringTerm("link"), ast.StringTerm("status"), ast.StringTerm("message")

	passTerm, failTerm        = ast.StringTerm(string(finding.Pass)), ast.StringTerm(string(finding.Fail))
	unknownTerm, inapplicable = ast.StringTerm(string(finding.Unknown)), ast.StringTerm(string(finding.NotApplicable))
	allowedTerm               = ast.StringTerm("allowed for every object of the rule")
)

func answerTerm(link string, status, message *ast.Term, more ...[2]*ast.Term) *ast.Term {
	pairs := append(make([][2]*ast.Term, 0, 3+len(more)),
		[2]*ast.Term{linkKey, ast.StringTerm(link)}, [2]*ast.Term{statusKey, status}, [2]*ast.Term{messageKey, message})
	return ast.ObjectTerm(append(pairs, more...)...)
}

func stringsTerm(list []string) *ast.Term {
	terms := make([]*ast.Term, len(list))
	for i, s := range list {
		terms[i] = ast.StringTerm(s)
	}
	return ast.ArrayTerm(terms...)
}

// home is the statement that a missing action belongs to: one that allows other
// actions on the resource already, without conditions, to the principal if one is given.
func home(policies []*policy, kind iam.Kind, c *cell, principals ...string) string {
	for _, p := range policies {
		if p.kind != kind {
			continue
		}
		p.infosOnce.Do(func() { p.infos = p.Statements() })
		for i := range p.infos {
			s := &p.infos[i]
			fits := s.Effect == iam.Allow && !s.NotAction && !s.NotResource && !s.NotPrincipal && len(s.Conditions) == 0 &&
				slices.ContainsFunc(s.Resources, func(r string) bool { return r == "*" && len(principals) > 0 || r == c.Resource })
			for _, want := range principals {
				fits = fits && len(s.Principals) == 1 && s.Principals[0].Value == want
			}
			if !fits {
				continue
			}
			if s.Sid != "" {
				return fmt.Sprintf("Sid %s of %s", s.Sid, p.Name())
			}
			return fmt.Sprintf("statement %d of %s", s.Index, p.Name())
		}
	}
	return ""
}

// features are what of a link decides which permissions it needs.
type features struct {
	kms           bool // KMS objects are opted in
	deleteMarkers bool
	ownerOverride iam.Truth // asked for and not moot by BucketOwnerEnforced
	sourceLock    iam.Truth // Object Lock is on at the source
	bucketKey     iam.Truth // bucket keys are on at one of the ends
}

// matrix is everything the cells of one link share.
type matrix struct {
	e       *Engine
	doc     *fact.Document
	link    *fact.Link
	role    *fact.Role
	dst     *fact.Bucket // nil when not known or not there
	cells   []*cell
	skipped []skipped
	refused []*policy
	features

	identity, boundary     iam.Layer
	scps                   iam.Levels
	denyIdentity, denyBdry iam.Layer  // the same with everything allowed, to ask for explicit denies alone
	denySCPs               iam.Levels // likewise
	principal              iam.Principal
	sourceAccount          string
	rolePolicies           []*policy // everything over the role, for the condition keys it names
	req                    iam.Request
}

// matrix decides every permission that a link needs: IAM's answer for all
// objects of its rule, with what is known of the request S3 will make.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
func (e *Engine) matrix(doc *fact.Document, link *fact.Link) permissions {
	m := &matrix{e: e, doc: doc, link: link, sourceAccount: doc.Bucket.AccountID, cells: make([]*cell, 0, 16), skipped: make([]skipped, 0, 16)}
	role, dst := doc.Roles[link.RoleARN], doc.Buckets[link.Destination]
	m.role, m.dst = role.Value, dst.Value
	m.readFeatures()
	if role.Absent {
		m.trustOfNobody()
		for _, key := range allCells[1:] {
			m.skip(key, "the role does not exist")
		}
		return m.done()
	}
	m.readIdentity(role)
	m.trust(role)

	src := m.bucketSide("source", &doc.Bucket, fact.Of(doc.Bucket))
	objects := doc.Bucket.ARN + "/" + iam.GlobEscape(link.Rule.Prefix) + "*"
	m.decide(src, "s3:GetReplicationConfiguration", doc.Bucket.ARN, false, "", true)
	m.decide(src, "s3:ListBucket", doc.Bucket.ARN, false, "", true)
	m.sourceRead(src, objects)
	m.decide(src, "s3:GetObjectVersionAcl", objects, true, "SrcGetAclNotPermitted", true)
	m.sourceTags(src, objects)
	if m.needed(m.sourceLock != iam.False, "Object Lock is not enabled on the source", "source/s3:GetObjectRetention", "source/s3:GetObjectLegalHold") {
		m.perhaps(m.sourceLock, "Object Lock is enabled on the source", m.decide(src, "s3:GetObjectRetention", objects, true, "SrcGetRetentionNotPermitted", true))
		m.perhaps(m.sourceLock, "Object Lock is enabled on the source", m.decide(src, "s3:GetObjectLegalHold", objects, true, "SrcGetLegalHoldNotPermitted", true))
	}
	m.decide(src, "s3:GetObjectVersionAnnotationForReplication", objects, true, "SrcGetObjectAnnotationNotPermitted", false)

	if m.needed(!dst.Absent, "the destination does not exist", destinationCells...) {
		to := m.bucketSide("destination", m.dst, dst)
		replicas := bucketARN(doc, link.Destination) + "/" + iam.GlobEscape(link.Rule.Prefix) + "*"
		m.decide(to, "s3:ReplicateObject", replicas, true, "DstPutObjectNotPermitted", true)
		m.denyOnly(to, "s3:ReplicateTags", replicas, "DstPutTaggingNotPermitted")
		if m.needed(m.deleteMarkers, "the rule does not replicate delete markers", "destination/s3:ReplicateDelete") {
			m.decide(to, "s3:ReplicateDelete", replicas, true, "DstDelObjNotPermitted", true)
		}
		if m.needed(link.Rule.Destination.OwnerOverride, "the rule does not change the owner", "destination/s3:ObjectOwnerOverrideToBucketOwner") &&
			m.needed(m.ownerOverride != iam.False, "the destination enforces bucket ownership", "destination/s3:ObjectOwnerOverrideToBucketOwner") {
			m.perhaps(m.ownerOverride, "the destination does not enforce bucket ownership", m.decide(to, "s3:ObjectOwnerOverrideToBucketOwner", replicas, true, "DstPutObjectNotPermitted", true))
		}
		if m.needed(m.sourceLock != iam.False, "Object Lock is not enabled on the source", "destination/s3:PutObjectRetention", "destination/s3:PutObjectLegalHold") {
			m.denyOnly(to, "s3:PutObjectRetention", replicas, "DstPutRetentionNotPermitted")
			m.denyOnly(to, "s3:PutObjectLegalHold", replicas, "DstPutLegalHoldNotPermitted")
		}
		m.denyOnly(to, "s3:ReplicateObjectAnnotation", replicas, "DstPutObjectAnnotationNotPermitted")
	}
	if !m.needed(m.kms, "the rule does not take objects under KMS", keyCellNames...) {
		return m.done()
	}
	if link.SourceKey == "" && (!doc.Bucket.Encryption.Known() || m.sourceDefaultKMS() != "") {
		m.put("source_key", "kms:Decrypt", "", "SrcGetObjectNotPermitted", true, iam.Decision{
			Reason: "unknown", UnknownLayers: []string{"key"}, Message: "the default key of the source is not known",
		})
	} else if m.needed(link.SourceKey != "", "the source's default encryption is not KMS", "source_key/kms:Decrypt") &&
		m.needed(!doc.Keys[link.SourceKey].Absent, "the source key does not exist", "source_key/kms:Decrypt") {
		m.keyCells("source_key", link.SourceKey, doc.Bucket.Name, "SrcGetObjectNotPermitted", []string{"kms:Decrypt"}, nil)
	}
	if m.needed(!dst.Absent, "the destination does not exist", keyCellNames[1:]...) &&
		m.needed(link.ReplicaKey != "", "the rule names no key for replicas", keyCellNames[1:]...) &&
		m.needed(!doc.Keys[link.ReplicaKey].Absent, "the replica key does not exist", keyCellNames[1:]...) {
		var more []string
		if m.needed(m.bucketKey != iam.False, "bucket keys are off on both sides", keyCellNames[2:]...) {
			more = []string{"kms:GenerateDataKey", "kms:Decrypt"}
		}
		m.keyCells("destination_key", link.ReplicaKey, link.Destination, "DstPutObjectNotPermitted", []string{"kms:Encrypt"}, more)
	}
	return m.done()
}

// perhaps takes back a denial of a cell that may not be needed at all.
func (m *matrix) perhaps(needed iam.Truth, when string, c *cell) {
	if needed == iam.Unknown && c.Result == "denied" {
		c.Result, c.reason, c.remediation = resultText(iam.Undecided), "unknown", ""
		c.message = fmt.Sprintf("%s is needed if %s, which is not known", c.Action, when)
	}
}

// The names of the cells that are not always there.
var (
	destinationCells = []string{
		"destination/s3:ReplicateObject", "destination/s3:ReplicateTags", "destination/s3:ReplicateDelete",
		"destination/s3:ObjectOwnerOverrideToBucketOwner", "destination/s3:PutObjectRetention",
		"destination/s3:PutObjectLegalHold", "destination/s3:ReplicateObjectAnnotation",
	}
	keyCellNames = []string{"source_key/kms:Decrypt", "destination_key/kms:Encrypt", "destination_key/kms:GenerateDataKey", "destination_key/kms:Decrypt"}
	allCells     = slices.Concat([]string{
		"trust/sts:AssumeRole", "source/s3:GetReplicationConfiguration", "source/s3:ListBucket", sourceReadCell,
		"source/s3:GetObjectVersionAcl", "source/s3:GetObjectVersionTagging", "source/s3:GetObjectRetention",
		"source/s3:GetObjectLegalHold", "source/s3:GetObjectVersionAnnotationForReplication",
	}, destinationCells, keyCellNames)
)

// sourceReadCell is the cell of reading source objects, also where another action than its own allows it.
const sourceReadCell = "source/s3:GetObjectVersionForReplication"

// needed notes, unless ok, why a link does not need some cells.
func (m *matrix) needed(ok bool, why string, keys ...string) bool {
	if !ok {
		for _, k := range keys {
			m.skip(k, why)
		}
	}
	return ok
}

func (m *matrix) skip(key, why string) { m.skipped = append(m.skipped, skipped{key, why}) }

// readFeatures reads what the rule asks for.
func (m *matrix) readFeatures() {
	r, b := &m.link.Rule, &m.doc.Bucket
	m.kms = r.SSEKMSObjects == "Enabled"
	m.deleteMarkers = r.Schema != "V2" || r.DeleteMarkers == "Enabled"
	switch {
	case !r.Destination.OwnerOverride:
		m.ownerOverride = iam.False
	case m.dst != nil && m.dst.Ownership.Known():
		m.ownerOverride = truth(m.dst.Ownership.Value == nil || *m.dst.Ownership.Value != "BucketOwnerEnforced")
	}
	if b.ObjectLock.Known() {
		m.sourceLock = truth(b.ObjectLock.Value != nil && b.ObjectLock.Value.Enabled)
	}
	m.bucketKey = iam.False
	for _, f := range []*fact.Bucket{b, m.dst} {
		switch {
		case f == nil || !f.Encryption.Known():
			if m.bucketKey == iam.False {
				m.bucketKey = iam.Unknown
			}
		case f.Encryption.Value != nil && f.Encryption.Value.BucketKey:
			m.bucketKey = iam.True
		}
	}
}

// readIdentity collects the role's side of every decision.
func (m *matrix) readIdentity(role fact.Fact[fact.Role]) {
	if m.role == nil {
		why := factReason(role, "role")
		m.identity, m.boundary, m.scps = iam.NotRead(why), iam.NotRead(why), iam.LevelsNotRead(why)
		m.denyIdentity, m.denyBdry, m.denySCPs = m.identity, m.boundary, m.scps
		if p, err := iam.ParsePrincipal(m.link.RoleARN); err == nil {
			m.principal = iam.RoleSession(p.RoleARN, "", sessionName)
		}
		return
	}
	r := m.role
	m.principal = iam.RoleSession(r.ARN, r.ID, sessionName)
	account, known := m.doc.Accounts[r.AccountID]
	m.principal.InManagementAccount = known && account.Management
	denies := []*iam.Policy{allowAll.identity}
	switch {
	case r.Boundary.Absent:
		m.principal.Boundary, m.boundary = iam.False, iam.Policies()
		m.denyBdry = m.boundary
	case r.Boundary.Value != nil:
		p := m.e.policies.get(iam.BoundaryPolicy, "", *r.Boundary.Value)
		m.principal.Boundary, m.boundary = iam.True, iam.Policies(p.Policy)
		m.rolePolicies = append(m.rolePolicies, p)
		// Its denies count, its silence does not: it joins the identity's policies.
		m.denyBdry, denies = iam.Policies(), append(denies, p.Policy)
	default:
		m.boundary = iam.NotRead(factReason(r.Boundary, "role.boundary"))
		m.denyBdry = m.boundary
	}
	switch {
	case !r.Inline.Known():
		m.identity = iam.NotRead(factReason(r.Inline, "role.inline"))
		m.denyIdentity = m.identity
	case !r.Attached.Known():
		m.identity = iam.NotRead(factReason(r.Attached, "role.attached"))
		m.denyIdentity = m.identity
	default:
		var list []*iam.Policy
		for _, f := range []fact.Fact[[]fact.Policy]{r.Inline, r.Attached} {
			if f.Value == nil {
				continue
			}
			for _, doc := range *f.Value {
				p := m.e.policies.get(iam.IdentityPolicy, "", doc)
				list = append(list, p.Policy)
				m.rolePolicies = append(m.rolePolicies, p)
			}
		}
		m.identity = iam.Policies(list...)
		m.denyIdentity = iam.Policies(append(denies, list...)...)
	}
	var scps []*policy
	m.scps, scps = m.e.levels(iam.SCP, account.SCPs, account.Management, known, "SCPs over account "+r.AccountID)
	m.denySCPs, _ = m.e.levels(iam.SCP, account.SCPs, account.Management, known, "SCPs over account "+r.AccountID, allowAll.scp)
	m.rolePolicies = append(m.rolePolicies, scps...)
	m.refuse(m.rolePolicies...)
}

// levels is a chain of SCPs or RCPs as it was read.
func (e *Engine) levels(kind iam.Kind, f fact.Fact[[]fact.PolicyLevel], management, known bool, name string, more ...*iam.Policy) (iam.Levels, []*policy) {
	switch {
	case management:
		return iam.NotApplicable(), nil
	case !known || !f.Known():
		return iam.LevelsNotRead(factReason(f, name)), nil
	case f.Absent:
		return iam.NotApplicable(), nil
	}
	var all []*policy
	levels := make([]iam.Level, len(*f.Value))
	for i, l := range *f.Value {
		list := make([]*iam.Policy, 0, len(l.Policies)+len(more))
		for _, doc := range l.Policies {
			// RCPFullAWSAccess, which AWS attaches everywhere, allows; customers'
			// RCPs can only deny, and are refused where they do not.
			if kind == iam.RCP && strings.Contains(doc.ARN, ":organizations::aws:policy/") {
				continue
			}
			p := e.policies.get(kind, "", doc)
			list = append(list, p.Policy)
			all = append(all, p)
		}
		list = append(list, more...)
		levels[i] = iam.Level{Target: l.Target, Layer: iam.Policies(list...)}
	}
	return iam.OnPath(levels...), all
}

// factReason says why a fact is not known, for a layer that was not read.
func factReason[T any](f fact.Fact[T], name string) string {
	return gapMessage(gapOf(f.State(), "", "", name))
}

// side is the resource side of a group of cells.
type side struct {
	layer    string
	account  string // owner of the resource, "" = not known
	region   string
	in       iam.Input
	policies []*policy // that are only on this side
	// denyResource is in.Resource with everything allowed, openResource that alone.
	denyResource, openResource iam.Layer
	key                        *keySide
}

// keySide is what is special about requests to a KMS key.
type keySide struct {
	key      *fact.Key
	contexts []string // values of kms:EncryptionContext:aws:s3:arn to decide for
	objects  bool     // the only context stands for every object below it
}

// bucketSide is the resource side of requests to a bucket and its objects.
func (m *matrix) bucketSide(layer string, b *fact.Bucket, f fact.Fact[fact.Bucket]) *side {
	s := &side{layer: layer, in: iam.Input{Identity: m.identity, Boundary: m.boundary, Session: iam.Policies(), SCPs: m.scps, Grants: iam.False}}
	if b == nil {
		why := factReason(f, layer)
		s.in.Resource, s.in.RCPs = iam.NotRead(why), iam.LevelsNotRead(why)
		s.denyResource = s.in.Resource
		return s
	}
	s.account, s.region = b.AccountID, b.Region
	all := m.e.policies.get(iam.BucketPolicy, b.Name, fact.Policy{Name: "crosscheck",
		Document: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["` + b.ARN + `","` + b.ARN + `/*"]}}`})
	switch {
	case b.Policy.Absent:
		s.in.Resource = iam.Policies()
		s.denyResource = iam.Policies(all.Policy)
	case b.Policy.Value != nil:
		p := m.e.policies.get(iam.BucketPolicy, b.Name, *b.Policy.Value)
		s.in.Resource = iam.Policies(p.Policy)
		s.denyResource = iam.Policies(p.Policy, all.Policy)
		s.policies = append(s.policies, p)
	default:
		s.in.Resource = iam.NotRead(factReason(b.Policy, layer+".policy"))
		s.denyResource = s.in.Resource
	}
	s.openResource = iam.Policies(all.Policy)
	account, known := m.doc.Accounts[b.AccountID]
	var rcps []*policy
	s.in.RCPs, rcps = m.e.levels(iam.RCP, account.RCPs, account.Management, known && b.AccountID != "", strings.TrimSpace("RCPs over the owner of the "+layer+" "+b.AccountID))
	s.policies = append(s.policies, rcps...)
	s.in.RestrictPublicBuckets = or(restricts(b.PublicAccessBlock), restricts(account.PublicAccessBlock))
	m.refuse(s.policies...)
	return s
}

// restricts is the setting RestrictPublicBuckets of a public access block.
func restricts(f fact.Fact[fact.PublicAccessBlock]) iam.Truth {
	switch {
	case f.Absent:
		return iam.False
	case f.Value == nil:
		return iam.Unknown
	}
	return truth(f.Value.RestrictPublicBuckets)
}

func truth(b bool) iam.Truth {
	if b {
		return iam.True
	}
	return iam.False
}

func or(a, b iam.Truth) iam.Truth {
	switch {
	case a == iam.True || b == iam.True:
		return iam.True
	case a == iam.False && b == iam.False:
		return iam.False
	}
	return iam.Unknown
}

// request is the request S3 makes as the role's session. It holds until the next one.
func (m *matrix) request(s *side, action, resource string, glob bool, variant int) *iam.Request {
	m.req = iam.Request{
		Principal: m.principal, Action: action, Resource: resource, ResourceIsGlob: glob, ResourceAccount: s.account,
		Context: m.context(s, action, variant),
	}
	return &m.req
}

// variants is how many requests a decision must hold for.
func (s *side) variants() int {
	if s.key != nil {
		return max(1, len(s.key.contexts))
	}
	return 1
}

// outcomeOf decides a request in all its variants: allowed if all are, denied if all are.
func (m *matrix) outcomeOf(s *side, in *iam.Input, action, resource string, glob bool) iam.Decision {
	var d iam.Decision
	for v := range s.variants() {
		d2 := explainUnlessAllowed(m.request(s, action, resource, glob, v), in)
		if v == 0 {
			d = d2
			continue
		}
		d = both(d, d2)
	}
	return d
}

// both is what is certain when either of two requests may be the one that is made.
func both(a, b iam.Decision) iam.Decision {
	if a.Result == b.Result {
		return a
	}
	d := b
	if a.Result != iam.Allowed {
		d = a
	}
	d.Result, d.Reason = iam.Undecided, "unknown"
	return d
}

// explainUnlessAllowed asks for words only where somebody will read them.
func explainUnlessAllowed(r *iam.Request, in *iam.Input) iam.Decision {
	d := iam.Decide(r, in)
	if d.Result != iam.Allowed {
		d = iam.Explain(r, in)
	}
	return d
}

// decide adds the cell of one action.
func (m *matrix) decide(s *side, action, resource string, glob bool, code string, required bool) *cell {
	c := m.put(s.layer, action, resource, code, required, m.outcomeOf(s, &s.in, action, resource, glob))
	m.sides(c, s, &s.in, glob)
	return c
}

// sides says which side of a request is to blame: the role's or the resource's.
// Within one account either may grant, so there the resource is only to blame
// for an explicit Deny.
func (m *matrix) sides(c *cell, s *side, in *iam.Input, glob bool) {
	if c.Result == "allowed" {
		return
	}
	mine, theirs := *in, *in
	mine.Resource, mine.RCPs, mine.RestrictPublicBuckets = s.openResource, iam.NotApplicable(), iam.False
	if m.principal.Account != "" && m.principal.Account == s.account {
		mine.Resource = iam.Policies()
		if s.key != nil { // a key policy that leaves it to the account's own policies
			mine.Resource = iam.Policies(m.e.policies.get(iam.KeyPolicy, "", fact.Policy{Name: "crosscheck",
				Document: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + s.account + `"},"Action":"kms:*","Resource":"*"}}`}).Policy)
		}
	}
	theirs.Identity, theirs.Boundary, theirs.SCPs = iam.Policies(allowAll.identity), iam.Policies(), iam.NotApplicable()
	side := func(in *iam.Input) string {
		out := iam.Allowed
		for v := range s.variants() {
			switch r := iam.Decide(m.request(s, c.Action, c.Resource, glob, v), in).Result; {
			case r == iam.Denied && v == 0:
				out = r
			case r != out:
				out = iam.Undecided
			}
		}
		return resultText(out)
	}
	c.identitySide, c.resourceSide = side(&mine), side(&theirs)
	c.remediation = m.remedy(c, s)
}

// remedy is the exact change that a denied cell needs.
func (m *matrix) remedy(c *cell, s *side) string {
	if c.Result != "denied" {
		return ""
	}
	if c.reason == "explicit_deny" {
		var where []string
		for _, d := range c.Deciding {
			name := fmt.Sprintf("statement %d", d.Statement)
			if d.Sid != "" {
				name = "Sid " + d.Sid
			}
			where = append(where, fmt.Sprintf("%s of %s (%s)", name, d.Policy, d.Layer))
		}
		return fmt.Sprintf("exempt %s from the Deny of %s in %s", m.link.RoleARN, c.Action, strings.Join(where, ", "))
	}
	var todo []string
	what := fmt.Sprintf("`%s` on `%s`", c.Action, c.Resource)
	if c.identitySide != "allowed" {
		switch {
		case c.decider == "boundary":
			todo = append(todo, fmt.Sprintf("add %s to the permissions boundary of %s", what, m.link.RoleARN))
		case strings.HasPrefix(c.decider, "scp:"):
			todo = append(todo, fmt.Sprintf("let an SCP attached to %s allow %s", strings.TrimPrefix(c.decider, "scp:"), what))
		default:
			to := home(m.rolePolicies, iam.IdentityPolicy, c)
			if to == "" {
				to = "a policy of the role"
			}
			todo = append(todo, fmt.Sprintf("add %s to %s", what, to))
		}
	}
	if c.resourceSide != "allowed" {
		where, kind := "the bucket policy of "+m.link.Destination, iam.BucketPolicy
		if s.key != nil {
			where, kind = "the policy of the key", iam.KeyPolicy
		} else if s.layer == "source" {
			where = "the bucket policy of " + m.doc.Bucket.Name
		}
		// A statement may be added to only if it is for this role.
		if to := home(s.policies, kind, c, m.link.RoleARN); to != "" {
			todo = append(todo, fmt.Sprintf("add %s to %s, %s", what, to, where))
		} else {
			todo = append(todo, fmt.Sprintf("allow %s %s in %s", m.link.RoleARN, what, where))
		}
	}
	return strings.Join(todo, "; ")
}

func (m *matrix) put(layer, action, resource, code string, required bool, d iam.Decision) *cell {
	c := &cell{
		Check: finding.Check{
			Layer: layer, Action: action, Resource: resource, Result: resultText(d.Result),
			Deciding: make([]finding.Statement, len(d.Deciding)), UnknownKeys: orEmpty(d.UnknownKeys), Witness: d.Witness,
		},
		required: required, reason: d.Reason, message: d.Message, layers: d.UnknownLayers, decider: d.Layer,
	}
	if d.Result != iam.Allowed {
		c.FailureCode = code
	}
	if c.message != "" {
		c.message = generic.ReplaceAllString(c.message, "*")
		if !strings.Contains(c.message, action) {
			verb := ": "
			for _, word := range []string{"unknown", "implicitly", "explicitly", "denied", "allowed"} {
				if strings.HasPrefix(c.message, word) {
					verb = " is "
				}
			}
			c.message = action + verb + c.message
		}
	}
	for i, s := range d.Deciding {
		c.Deciding[i] = finding.Statement{Layer: s.Layer, Policy: s.Policy, Sid: s.Sid, Statement: s.Index, Text: cutText(s.Text)}
	}
	if d.Result == iam.Undecided {
		if c.message == "" {
			c.message = fmt.Sprintf("%s on %s is not decided", action, resource)
		}
		if slices.ContainsFunc(d.UnknownKeys, func(k string) bool { return slices.Contains(networkKeys, strings.ToLower(k)) }) {
			c.message += "; S3 replicates from its own network, and AWS documents that such restrictions break replication: exempt the role"
		}
		if slices.Contains(d.UnknownKeys, contextKey) {
			c.message += "; a policy tells some objects of the rule from others, or objects from their bucket (which bucket keys send), by the encryption context"
		}
	}
	m.cells = append(m.cells, c)
	return c
}

// maxStatementText bounds the text of one statement in a matrix, in bytes.
const maxStatementText = 4 << 10

// cutText shortens the text of a statement to what a matrix holds, and says so.
func cutText(s string) string {
	const mark = " …"
	if len(s) <= maxStatementText {
		return s
	}
	return strings.ToValidUTF8(s[:maxStatementText-len(mark)], "") + mark
}

// generic is what stands for any object in a context value.
var generic = regexp.MustCompile(fresh + "+")

const contextKey = "kms:encryptioncontext:aws:s3:arn"

// networkKeys tell where a request comes from, which for S3's own is not documented.
var networkKeys = []string{"aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"}

func resultText(r iam.Result) string {
	switch r {
	case iam.Allowed:
		return "allowed"
	case iam.Denied:
		return "denied"
	}
	return "unknown"
}

// allowAll are policies that let everything through, to ask for explicit denies alone.
var allowAll = struct{ identity, scp, key *iam.Policy }{
	identity: iam.Parse(iam.IdentityPolicy, "crosscheck", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)),
	key:      iam.Parse(iam.KeyPolicy, "crosscheck", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`)),
	scp:      iam.Parse(iam.SCP, "crosscheck", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)),
}

// denyOnly adds the cell of an action that nobody has to allow: AWS covers it by
// s3:ReplicateObject, and only an explicit Deny takes it away.
func (m *matrix) denyOnly(s *side, action, resource, code string) {
	in := s.in
	in.Identity, in.Boundary, in.SCPs = m.denyIdentity, m.denyBdry, m.denySCPs
	in.Resource, in.RestrictPublicBuckets = s.denyResource, iam.False
	m.sides(m.put(s.layer, action, resource, code, false, m.outcomeOf(s, &in, action, resource, true)), s, &in, true)
}

// sourceRead adds the cell of reading the source objects. Either of two actions
// does for objects that are not under KMS; a Deny of one is no Deny of the other.
func (m *matrix) sourceRead(s *side, objects string) {
	const replication, plain = "s3:GetObjectVersionForReplication", "s3:GetObjectVersion"
	const code = "SrcGetObjectNotPermitted"
	d := m.outcomeOf(s, &s.in, replication, objects, true)
	if d.Result == iam.Allowed || m.kms {
		m.sides(m.put(s.layer, replication, objects, code, true, d), s, &s.in, true)
		return
	}
	other := m.outcomeOf(s, &s.in, plain, objects, true)
	switch {
	case other.Result == iam.Allowed:
		m.put(s.layer, plain, objects, code, true, other)
		return
	case d.Result == iam.Denied && other.Result == iam.Denied && !m.bothDeny(s, replication, plain, d, other):
		d.Result, d.Reason = iam.Undecided, "unknown"
		d.Message = "each of the two read actions is denied for some objects, but perhaps never both for the same one"
	case d.Result == iam.Denied && other.Result != iam.Denied:
		d = other
	}
	m.sides(m.put(s.layer, replication, objects, code, true, d), s, &s.in, true)
}

// sourceTags adds the cell of reading tags. That nobody allows it is another
// fault than that somebody denies it, so an unknown Deny leaves it unknown.
func (m *matrix) sourceTags(s *side, objects string) {
	const action = "s3:GetObjectVersionTagging"
	d := m.outcomeOf(s, &s.in, action, objects, true)
	if d.Result == iam.Denied && d.Reason != "explicit_deny" {
		in := s.in
		in.Identity, in.Boundary, in.SCPs, in.Resource = m.denyIdentity, m.denyBdry, m.denySCPs, s.denyResource
		if explicit := m.outcomeOf(s, &in, action, objects, true); explicit.Result != iam.Allowed {
			d = explicit
		}
	}
	m.sides(m.put(s.layer, action, objects, "SrcGetTaggingNotPermitted", false, d), s, &s.in, true)
}

// bothDeny reports whether there is an object that neither action may read.
func (m *matrix) bothDeny(s *side, a, b string, da, db iam.Decision) bool {
	if da.Witness == "" || db.Witness == "" {
		return true // one of them is denied for all objects
	}
	return m.outcomeOf(s, &s.in, b, da.Witness, false).Result == iam.Denied ||
		m.outcomeOf(s, &s.in, a, db.Witness, false).Result == iam.Denied
}

// keyCells adds the cells of a KMS key. The actions in open are those that AWS's
// pages name for bucket keys; they are shown, and judged by a rule of their own.
func (m *matrix) keyCells(layer, id, bucket, code string, actions, open []string) {
	f := m.doc.Keys[id]
	s := &side{layer: layer, in: iam.Input{Identity: m.identity, Boundary: m.boundary, Session: iam.Policies(), SCPs: m.scps, RestrictPublicBuckets: iam.False}}
	s.key = &keySide{key: f.Value}
	s.openResource = iam.Policies(allowAll.key)
	object, bucketContext := bucketARN(m.doc, bucket)+"/"+m.link.Rule.Prefix, bucketARN(m.doc, bucket)
	switch m.bucketKey {
	case iam.False:
		s.key.contexts, s.key.objects = []string{object}, true
	default:
		// With bucket keys the context is documented to be the bucket; whether
		// this object's request uses one is not known.
		s.key.contexts, s.key.objects = []string{object, bucketContext}, true
	}
	resource := id
	if f.Value == nil {
		why := factReason(f, layer)
		s.in.Resource, s.in.RCPs = iam.NotRead(why), iam.LevelsNotRead(why)
	} else {
		k := f.Value
		resource, s.account, s.region = k.ARN, k.AccountID, k.Region
		switch {
		case k.Policy.Value != nil:
			p := m.e.policies.get(iam.KeyPolicy, "", *k.Policy.Value)
			s.in.Resource = iam.Policies(p.Policy)
			s.policies = append(s.policies, p)
		case k.Policy.Absent:
			s.in.Resource = iam.Policies()
		default:
			s.in.Resource = iam.NotRead(factReason(k.Policy, layer+".policy"))
		}
		account, known := m.doc.Accounts[k.AccountID]
		var rcps []*policy
		s.in.RCPs, rcps = m.e.levels(iam.RCP, account.RCPs, account.Management || k.Manager == "AWS", known && k.AccountID != "" || k.Manager == "AWS", "RCPs over account "+k.AccountID)
		s.policies = append(s.policies, rcps...)
	}
	m.refuse(s.policies...)
	for i, action := range append(actions, open...) {
		if f.Value != nil {
			s.in.Grants = m.granted(f.Value, action)
		}
		d := m.outcomeOf(s, &s.in, action, resource, false)
		if k := f.Value; k != nil && k.Manager == "AWS" && m.role != nil && k.AccountID != m.role.AccountID {
			d = iam.Decision{Result: iam.Denied, Reason: "implicit_deny", Layer: layerManaged, Message: fmt.Sprintf("%s is an AWS managed key, which no other account can use", k.ARN)}
		}
		c := m.put(layer, action, resource, code, i < len(actions), d)
		m.sides(c, s, &s.in, false)
		if d.Layer == layerManaged {
			c.decider, c.remediation = "key", fmt.Sprintf("name a customer managed key that the owner of %s shares with the role", m.link.Destination)
		}
	}
}

// layerManaged marks a denial because AWS manages the key.
const layerManaged = "managed key"

// granted says whether a KMS grant lets the role do an action.
func (m *matrix) granted(k *fact.Key, action string) iam.Truth {
	if k.Grants.Absent {
		return iam.False
	}
	if k.Grants.Value == nil || m.role == nil {
		return iam.Unknown
	}
	out := iam.False
	for _, g := range *k.Grants.Value {
		if g.GranteePrincipal != m.role.ARN || !slices.Contains(g.Operations, strings.TrimPrefix(action, "kms:")) {
			continue
		}
		if !g.Constrained {
			return iam.True
		}
		out = iam.Unknown // the constraint's context was not compared
	}
	return out
}

// trustOfNobody is the trust cell of a role that does not exist.
func (m *matrix) trustOfNobody() {
	m.put("trust", "sts:AssumeRole", m.link.RoleARN, "AssumeRoleNotPermitted", true, iam.Decision{
		Result: iam.Denied, Reason: "implicit_deny", Layer: "trust", Message: fmt.Sprintf("the role %s does not exist", m.link.RoleARN),
	})
}

// trust adds the cell of S3 assuming the role. Whether S3 sends aws:SourceArn
// and aws:SourceAccount is not documented: the answer must hold either way.
func (m *matrix) trust(role fact.Fact[fact.Role]) {
	in := iam.Input{Identity: iam.Policies(), Boundary: iam.Policies(), Session: iam.Policies(), SCPs: iam.NotApplicable(), Grants: iam.False, RestrictPublicBuckets: iam.False}
	req := &m.req
	*req = iam.Request{Principal: iam.Service("s3.amazonaws.com"), Action: "sts:AssumeRole", Resource: m.link.RoleARN}
	var used []*policy
	if m.role == nil {
		why := factReason(role, "role")
		in.Resource, in.RCPs = iam.NotRead(why), iam.LevelsNotRead(why)
	} else {
		p := m.e.policies.get(iam.TrustPolicy, "", m.role.Trust)
		in.Resource = iam.Policies(p.Policy)
		account, known := m.doc.Accounts[m.role.AccountID]
		var rcps []*policy
		in.RCPs, rcps = m.e.levels(iam.RCP, account.RCPs, account.Management, known, "RCPs over account "+m.role.AccountID)
		used = append(append(used, p), rcps...)
		m.refuse(used...)
		req.Resource, req.ResourceAccount = m.role.ARN, m.role.AccountID
	}
	var d iam.Decision
	open := false
	for i, sent := range []bool{true, false} {
		req.Context = m.trustContext(used, sent)
		d2 := explainUnlessAllowed(req, &in)
		if i == 0 {
			d = d2
			continue
		}
		if d.Result != d2.Result && d.Result != iam.Undecided && d2.Result != iam.Undecided {
			open = true
			d2.Message = "the role's trust policy depends on aws:SourceArn or aws:SourceAccount, and AWS does not say whether S3 sends them when it replicates; try the role with a canary"
		}
		d = both(d, d2)
		if d.Result == iam.Undecided && d2.Message != "" {
			d.Message = d2.Message
		}
	}
	m.put("trust", "sts:AssumeRole", req.Resource, "AssumeRoleNotPermitted", true, d).contested = open
}
