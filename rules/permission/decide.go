package permission

import (
	"fmt"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// sessionName is the role session that S3 opens to replicate. AWS does not
// document it; CloudTrail recordings show it.
const sessionName = "s3-replication"

// evaluation is everything that the cells of one link share.
type evaluation struct {
	subject
	role *fact.Role // nil where it is not known or does not exist
	demand.Features

	identity, boundary         iam.Layer
	scps                       iam.Levels
	denyIdentity, denyBoundary iam.Layer // the same with everything allowed, to ask for explicit denies alone
	denySCPs                   iam.Levels
	principal                  principal.Caller
	rolePolicies               []*Policy // everything over the role, for the condition keys it names

	unwritten   []finding.Class   // of encryption, that no writer may ask for; nil: not asked yet
	encryption  finding.Class     // of the objects whose requests are decided, "" where they do not differ
	tags        map[string]string // by condition key, that these objects have beside those that the rule asks for; nil: not known
	inferredTag bool              // a request was decided by a tag that is only inferred to be in it
	keys        string            // a glob of the keys that are asked for: all of the rule, but see denied
	object      string            // the key of the single object that is asked for, "" = all
	at          side              // the resource side of the layer at hand
	request     iam.Request       // the request at hand
	refused     []*Policy
}

// Of decides the matrix of a link: IAM's answer to every requirement for all
// objects of its rule, with what is known of the requests that S3 will make.
// What is not known makes a cell undecided, never allowed.
func Of(doc *fact.Document, link *fact.Link, policies *Policies) Matrix {
	return subject{doc, link, policies, false}.matrix()
}

// Certain is [Of] without what is only inferred of S3's requests, which makes a cell
// undecided that rests on it.
func Certain(doc *fact.Document, link *fact.Link, policies *Policies) Matrix {
	return subject{doc, link, policies, true}.matrix()
}

// subject is what a matrix is about.
type subject struct {
	doc      *fact.Document
	link     *fact.Link
	policies *Policies
	certain  bool // what is inferred is unknown
}

func (s subject) evaluation() *evaluation {
	e := &evaluation{subject: s, Features: demand.FeaturesOf(s.doc, s.link)}
	e.keys = e.allKeys()
	if !e.RoleAbsent {
		e.readRole()
	}
	return e
}

// allKeys is a glob of all keys of the rule.
func (s subject) allKeys() string { return contextkey.EscapeGlob(s.link.Rule.Prefix) + "*" }

func (s subject) matrix() Matrix {
	e := s.evaluation()
	needs := demand.Of(&e.Features)
	m := Matrix{Cells: make([]Cell, 0, len(needs)), asked: s, features: e.Features}
	for _, need := range needs {
		n := len(m.Cells)
		m.Cells = e.appendCells(m.Cells, need.Requirement)
		for i := n; i < len(m.Cells) && need.Perhaps != nil && need.Required; i++ {
			m.Cells[i].neededIf(need.Perhaps)
		}
	}
	m.Refused, m.unwritten = e.refused, e.unwritten
	return m
}

// neededIf makes a denial unknown, as it is not known whether the permission is needed.
func (c *Cell) neededIf(perhaps *demand.Condition) {
	if c.Result != iam.Denied {
		return
	}
	c.Result, c.Reason, c.Remediation, c.Some, c.Keys = iam.Undecided, iam.ReasonUnknown, "", "", finding.Keys{}
	c.Message = fmt.Sprintf("%s is needed if %s, which is not known", c.Action, perhaps.Needed)
	if c.Sides != nil {
		c.Sides.RoleMessage, c.Sides.ResourceMessage = "", ""
	}
}

// refuse notes the policies that AWS would not store.
func (e *evaluation) refuse(list []*Policy) {
	for _, p := range list {
		if !p.Valid() && !slices.Contains(e.refused, p) {
			e.refused = append(e.refused, p)
		}
	}
}

// cell decides one requirement.
func (e *evaluation) cell(r *demand.Requirement) Cell {
	if r.Layer == demand.Trust {
		return e.trust(r)
	}
	s := e.sideOf(r.Layer)
	if s.key != nil {
		s.key.contexts, s.key.anObject = e.encryptionContexts(s), ""
	}
	in, q := &s.in, question{r.Action, "", false}
	switch r.On {
	case demand.TheBucket:
		q.resource = s.bucketARN
	case demand.TheObjects:
		q.resource, q.every = s.bucketARN+"/"+e.keys, true
		if e.object != "" {
			q.resource, q.every = s.bucketARN+"/"+e.object, false
		}
	case demand.TheKey:
		if s.key.id == "" {
			if r.Layer == demand.SourceKey && e.Written == finding.SSES3 {
				return e.chosenKey(r, s)
			}
			why := "the default key of the source is not known"
			if r.Layer == demand.DestinationKey {
				_, why = e.doc.RelatedKey(e.link)
			}
			return e.newCell(r, q, say(why, iam.Decision{Reason: iam.ReasonUnknown, UnknownLayers: []string{"key"}}))
		}
		q.resource = s.key.id
		if k := s.key.key; k != nil {
			q.resource = k.ARN
			in.Grants = e.granted(k, r.Action)
		}
	}
	switch r.Mode {
	case demand.MayNotDeny:
		denies := e.deniesOnly(s)
		denies.RestrictPublicBuckets = logic.False
		in = &denies
	case demand.MustAllowOrDenied:
		return e.blamed(e.newCell(r, q, e.allowedOrDenied(s, q)), q, s, in)
	case demand.Either:
		return e.either(r, q, s)
	}
	if foreign := e.foreignManagedKey(s); foreign != "" {
		c := e.blamed(e.newCell(r, q, say(foreign+" is an AWS managed key, which no other account can use",
			iam.Decision{Result: iam.Denied, Reason: iam.ReasonImplicitDeny, Layer: "key"})), q, s, in)
		c.Remediation = fmt.Sprintf("name a customer managed key that the owner of %s shares with the role", e.link.Destination)
		return c
	}
	return e.blamed(e.newCell(r, q, e.decide(s, in, q)), q, s, in)
}

// foreignManagedKey is the ARN of the key of a side which AWS manages for another
// account than the role's, "" where it is not so.
func (e *evaluation) foreignManagedKey(s *side) string {
	if s.key == nil || s.key.key == nil || e.role == nil {
		return ""
	}
	if k := s.key.key; k.Manager == "AWS" && k.AccountID != e.role.AccountID {
		return k.ARN
	}
	return ""
}

// question is what is asked of the policies: may S3 do the action on the resource,
// or on every resource of a pattern?
type question struct {
	action, resource string
	every            bool
}

// all reports whether the decision is about all that the question is, but for single objects
// that a policy names in full.
func all(d *iam.Decision) bool { return d.Witness == "" || d.ButNamed }

// say gives a decision a message, a clause that says why.
func say(clause string, d iam.Decision) iam.Decision {
	d.Message = clause
	return d
}

// decide answers a question in all variants of the request: allowed if all of them
// are, denied if all of them are.
func (e *evaluation) decide(s *side, in *iam.Input, q question) iam.Decision {
	var d iam.Decision
	for v := range s.variants() {
		d2 := explained(e.requestOf(s, q, v), in)
		if none := s.bucketARN + "/"; d2.Witness == none && q.every { // no object has an empty key
			r := e.requestOf(s, q, v)
			r.Except = append(slices.Clip(r.Except), none)
			d2 = explained(r, in)
		}
		if s.key != nil && s.key.anObject != "" {
			d2.Message = strings.ReplaceAll(d2.Message, s.key.anObject, s.key.contexts[0]+"*")
		}
		if v == 0 {
			d = d2
			continue
		}
		differ := d.Result != d2.Result
		d = both(d, d2)
		if differ && len(d.UnknownKeys) == 0 && len(d.UnknownLayers) == 0 {
			d.UnknownKeys, d.Message = []string{contextKey}, "unknown: it depends on "+contextKey
		}
	}
	return d
}

// variants is how many requests a decision must be the same for.
func (s *side) variants() int {
	if s.key != nil {
		return len(s.key.contexts)
	}
	return 1
}

// requestOf is the request that S3 makes as the role's session. It is valid until the next one.
func (e *evaluation) requestOf(s *side, q question, variant int) *iam.Request {
	e.request = iam.Request{
		Principal: e.principal, Action: q.action, Resource: q.resource, ResourceIsGlob: q.every, ResourceAccount: s.account,
		Context: e.context(s, q.action, variant),
	}
	if q.every {
		e.request.Except = s.except
	}
	return &e.request
}

// explained asks for words only where they will be read.
func explained(r *iam.Request, in *iam.Input) iam.Decision {
	d := iam.Decide(r, in)
	if d.Result != iam.Allowed {
		d = explain.Decide(r, in)
	}
	return d
}

// both is what is certain where either of two requests may be the one that is made.
func both(a, b iam.Decision) iam.Decision {
	if a.Result == b.Result {
		if a.Result == iam.Denied && all(&a) && !all(&b) { // what is so for all in one of them and for some in the other
			return b
		}
		return a
	}
	d := b
	if a.Result != iam.Allowed {
		d = a
	}
	d.Result, d.Reason = iam.Undecided, iam.ReasonUnknown
	return d
}

// allowedOrDenied answers for [MustAllowOrDenied].
func (e *evaluation) allowedOrDenied(s *side, q question) iam.Decision {
	d := e.decide(s, &s.in, q)
	if d.Result == iam.Denied && d.Reason != iam.ReasonExplicitDeny {
		in := e.deniesOnly(s)
		if explicit := e.decide(s, &in, q); explicit.Result == iam.Denied && (all(&explicit) || !all(&d)) {
			return explicit
		}
	}
	return d
}

// either decides a requirement with an alternative. A Deny of one action is no Deny
// of the other. The alternative does not do for objects under KMS.
func (e *evaluation) either(r *demand.Requirement, q question, s *side) Cell {
	d := e.decide(s, &s.in, q)
	if d.Result == iam.Allowed || e.encryption == finding.SSEKMS {
		return e.blamed(e.newCell(r, q, d), q, s, &s.in)
	}
	q2 := q
	q2.action = r.Alternative
	other := e.decide(s, &s.in, q2)
	switch {
	case d.Result == iam.Denied && other.Result == iam.Denied && !e.bothDeny(s, q, q2, d, other):
		switch key, known := e.bothDenied(s, q, q2); {
		case !known:
			d.Result, d.Reason = iam.Undecided, iam.ReasonUnknown
			d = say("each of the two read actions is denied for some objects, but perhaps never both for the same one", d)
		case key == "":
			return e.newCell(r, q2, iam.Decision{Result: iam.Allowed, Reason: iam.ReasonAllowed})
		default:
			d.Witness = s.bucketARN + "/" + key
		}
	case other.Result == iam.Allowed, d.Result == iam.Denied && (other.Result != iam.Denied || all(&d) && !all(&other)):
		q, d = q2, other // which denies no more than the first
	}
	return e.blamed(e.newCell(r, q, d), q, s, &s.in)
}

// bothDeny reports whether there is an object that is denied to both actions.
func (e *evaluation) bothDeny(s *side, a, b question, da, db iam.Decision) bool {
	if da.Witness == "" || db.Witness == "" {
		return true // one of them is denied for all objects
	}
	a.resource, a.every, b.resource, b.every = db.Witness, false, da.Witness, false
	return e.decide(s, &s.in, b).Result == iam.Denied || e.decide(s, &s.in, a).Result == iam.Denied
}

// bothDenied is a key of the rule that is denied to both actions, "" where each key is allowed to
// one of them; known is false where that is not known of every key.
func (e *evaluation) bothDenied(s *side, a, b question) (found string, known bool) {
	if e.object != "" || e.keys != e.allKeys() {
		return "", false
	}
	keys, ok := e.kinds(s.layer)
	for _, key := range keys {
		a.resource, a.every, b.resource, b.every = s.bucketARN+"/"+key, false, s.bucketARN+"/"+key, false
		first, second := e.decide(s, &s.in, a).Result, e.decide(s, &s.in, b).Result
		switch {
		case first == iam.Denied && second == iam.Denied:
			return key, true
		case first != iam.Allowed && second != iam.Allowed:
			ok = false
		}
	}
	return "", ok
}

// granted says whether a KMS grant lets the role do an action.
func (e *evaluation) granted(k *fact.Key, action string) logic.Truth {
	if k.Grants.Absent {
		return logic.False
	}
	if k.Grants.Value == nil || e.role == nil {
		return logic.Unknown
	}
	out := logic.False
	for _, g := range *k.Grants.Value {
		if g.GranteePrincipal != e.role.ARN || !slices.Contains(g.Operations, strings.TrimPrefix(action, "kms:")) {
			continue
		}
		if !g.Constrained {
			return logic.True
		}
		out = logic.Unknown // the constraint's context was not compared
	}
	return out
}

// trust decides whether S3 may assume the role. Whether S3 sends aws:SourceArn and
// aws:SourceAccount is not documented: the answer must be the same either way.
func (e *evaluation) trust(r *demand.Requirement) Cell {
	q := question{r.Action, e.link.RoleARN, false}
	if e.RoleAbsent {
		return e.newCell(r, q, say(fmt.Sprintf("the role %s does not exist", e.link.RoleARN),
			iam.Decision{Result: iam.Denied, Reason: iam.ReasonImplicitDeny, Layer: "trust"}))
	}
	in := iam.Input{
		Identity: iam.Policies(), Boundary: iam.Policies(), Session: iam.Policies(), SCPs: iam.NotApplicable(),
		Grants: logic.False, RestrictPublicBuckets: logic.False,
	}
	account := ""
	var policies []*Policy
	if e.role == nil {
		why := reason(e.doc.Roles[e.link.RoleARN], "role")
		in.Resource, in.RCPs = iam.NotRead(why), iam.LevelsNotRead(why)
	} else {
		q.resource, account = e.role.ARN, e.role.AccountID
		p := e.policies.Get(policy.Trust, e.doc.Partition, "", e.role.Trust)
		in.Resource = iam.Policies(p.Policy)
		owner, known := e.doc.Accounts[account]
		var rcps []*Policy
		in.RCPs, rcps = e.levels(policy.RCP, owner.RCPs, owner.Management, known, "the list of RCPs over account "+account)
		policies = append(append(policies, p), rcps...)
		e.refuse(policies)
	}
	ask := func(sent bool) iam.Decision {
		e.request = iam.Request{
			Principal: principal.Service("s3.amazonaws.com"), Action: q.action, Resource: q.resource, ResourceAccount: account,
			Context: e.trustContext(policies, sent),
		}
		return explained(&e.request, &in)
	}
	with, without := ask(true), ask(false)
	d := both(with, without)
	contested := with.Result != without.Result && with.Result != iam.Undecided && without.Result != iam.Undecided
	switch {
	case contested:
		d = say("the role's trust policy depends on aws:SourceArn or aws:SourceAccount, and AWS does not say whether S3 sends them when it replicates; "+
			"try the role with a canary", d)
	case d.Result == iam.Undecided && without.Message != "":
		d.Message = without.Message
	}
	c := e.newCell(r, q, d)
	c.Contested = contested
	c.Inferred = e.inferences(policies)
	return c
}

// newCell is the cell of a decision.
func (e *evaluation) newCell(r *demand.Requirement, q question, d iam.Decision) Cell {
	c := Cell{
		Requirement: r, Class: r.Class, Action: q.action, Resource: q.resource, Result: d.Result, Reason: d.Reason, Message: e.message(r, q, d),
		Decider: d.Layer, Level: d.Target, UnknownKeys: d.UnknownKeys, UnknownLayers: d.UnknownLayers, NotRead: d.NotRead, Witness: d.Witness, butNamed: d.ButNamed,
		Deciding: make([]finding.Statement, len(d.Deciding)), denyWhen: d.DenyWhen, encryption: e.encryption,
	}
	if c.UnknownKeys == nil {
		c.UnknownKeys = []string{} // which JSON shows as a list
	}
	for i, s := range d.Deciding {
		c.Deciding[i] = finding.Statement{Layer: s.Layer, Policy: s.Policy, Sid: s.Sid, Statement: s.Index, Text: cutText(s.Text)}
	}
	if d.Result == iam.Denied {
		c.Remediation = d.Change
	}
	return c
}

// message says who may not do what, and why; "" where all is allowed and nothing is to be said.
func (e *evaluation) message(r *demand.Requirement, q question, d iam.Decision) string {
	if d.Result == iam.Allowed {
		return ""
	}
	name := e.link.RoleARN[strings.LastIndexByte(e.link.RoleARN, '/')+1:]
	bucket := e.doc.Bucket.Name
	if r.Layer == demand.Destination || r.Layer == demand.DestinationKey {
		bucket = e.link.Destination
	}
	who, does := "the replication role "+name, r.Does+" "+bucket+" ("+q.action+")"
	if r.Layer == demand.Trust {
		who, does = "S3", "assume the replication role "+name+" ("+q.action+")"
	}
	if d.Result == iam.Denied {
		return who + " may not " + does + ": " + d.Message
	}
	m := "whether " + who + " may " + does + " is not known"
	if why := strings.TrimLeft(strings.TrimPrefix(d.Message, "unknown"), ":; "); why != "" {
		m += ": " + why
	}
	if slices.Contains(d.UnknownKeys, contextKey) {
		m += "; a policy distinguishes some objects of the rule from others, or objects from their bucket (which bucket keys send), by the encryption context"
	}
	return m
}

// maxStatementText bounds the text of one statement in a matrix, in bytes.
const maxStatementText = 4 << 10

// cutText shortens the text of a statement to what a matrix keeps, and says so.
func cutText(s string) string {
	const mark = " …"
	if len(s) <= maxStatementText {
		return s
	}
	return strings.ToValidUTF8(s[:maxStatementText-len(mark)], "") + mark
}
