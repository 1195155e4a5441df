package iam

import (
	"slices"
	"strconv"
	"strings"
)

// maxNamed bounds the statements that an explanation lists.
const maxNamed = 16

// Explain is [Decide] with words: Message says what decided, and Deciding also
// holds the nearest miss of an implicit deny, the undecided statements of an
// unknown, or the statement of each layer that allows.
func Explain(req *Request, in *Input) Decision {
	e := evaluation{req: req, in: in, words: true}
	return e.answer()
}

// explain adds the words to a definite decision; the state is that of the view
// and the values that led to it.
func (e *evaluation) explain(d *Decision, v verdict) {
	if e.matched != nil {
		e.resource = newARNValue(e.views[v.view].witness)
	}
	var m strings.Builder
	switch {
	case v.result == Allowed:
		e.chain(d)
		m.WriteString("allowed")
		for i, s := range d.Deciding {
			m.WriteString([]string{" by ", ", "}[min(i, 1)])
			nameStatement(&m, s)
		}
	case v.reason == reasonExplicitDeny:
		m.WriteString("explicitly denied")
		for i, s := range d.Deciding {
			m.WriteString([]string{" by ", " and by "}[min(i, 1)])
			nameStatement(&m, s)
		}
	default:
		e.explainMissing(d, v, &m)
	}
	if d.Witness != "" {
		m.WriteString("; so for resources like `")
		m.WriteString(d.Witness)
		m.WriteString("`")
	}
	e.explainErrors(d, &m)
	d.Message = m.String()
}

func (e *evaluation) explainErrors(d *Decision, m *strings.Builder) {
	if len(d.Errors) > 0 && d.Reason == reasonInvalid {
		m.WriteString("; AWS would not store a policy that takes part: ")
		m.WriteString(d.Errors[0].Message)
		m.WriteString(" (line ")
		m.WriteString(strconv.Itoa(d.Errors[0].Line))
		m.WriteString(")")
	}
}

func nameStatement(m *strings.Builder, s Statement) {
	m.WriteString("statement ")
	if s.Sid != "" {
		m.WriteString(s.Sid)
	} else {
		m.WriteString(strconv.Itoa(s.Index))
	}
	if s.Policy != "" {
		m.WriteString(" of ")
		m.WriteString(s.Policy)
	}
	m.WriteString(" (")
	m.WriteString(s.Layer)
	m.WriteString(", line ")
	m.WriteString(strconv.Itoa(s.Line))
	m.WriteString(")")
}

// chain lists, for each layer, a statement that allows; with a set of resources
// as many as it takes to allow all of them.
func (e *evaluation) chain(d *Decision) {
	type link struct {
		ref layerRef
		s   *statement
	}
	var links []link
	e.eachView(func() {
		done := map[layerRef]bool{}
		for _, l := range links {
			if e.matched != nil && e.matches(l.s, e.kindOf(l.ref)) == True {
				done[l.ref] = true
			}
		}
		e.each(func(ref layerRef, p *Policy, s *statement, t Truth) {
			if s.effect == Allow && t == True && ref.kind != layerRCP && !done[ref] && len(links) < maxNamed {
				done[ref] = true
				links = append(links, link{ref, s})
				d.Deciding = append(d.Deciding, e.statementOf(ref, p, s))
			}
		})
	})
}

// kindOf is the kind of the policies of a layer, as far as matching asks for it.
func (e *evaluation) kindOf(ref layerRef) Kind {
	if ref.kind == layerResource && isSTS(e.req.Action) {
		return TrustPolicy
	}
	return IdentityPolicy
}

// explainMissing says where an Allow is missing and what came nearest.
func (e *evaluation) explainMissing(d *Decision, v verdict, m *strings.Builder) {
	if v.layer.kind == layerPublic {
		m.WriteString("implicitly denied: RestrictPublicBuckets keeps callers of other accounts out, because the bucket policy is public")
		return
	}
	m.WriteString("implicitly denied at ")
	if v.layer.kind == layerSCP {
		m.WriteString("scp level ")
		if target := e.in.SCPs.levels[v.layer.level].Target; target != "" {
			m.WriteString(target)
		} else {
			m.WriteString(strconv.Itoa(v.layer.level))
		}
	} else {
		m.WriteString(d.Layer)
	}
	if v.layer.kind == layerResource && isKMS(e.req.Action) && e.state.same == False && !usableAbroad(e.req.Action) {
		m.WriteString(": no key can be used so from another account")
		return
	}

	var best struct {
		p     *Policy
		s     *statement
		score int
	}
	policies := 0
	e.eachPolicy(func(ref layerRef, p *Policy) {
		if ref != v.layer {
			return
		}
		policies++
		if p.invalid {
			return
		}
		for i := range p.statements {
			s := &p.statements[i]
			if s.effect != Allow {
				continue
			}
			if score := e.closeness(ref, p, s); best.s == nil || score > best.score {
				best.p, best.s, best.score = p, s, score
			}
		}
	})
	switch {
	case policies == 0:
		m.WriteString(": no policy is there")
	case best.s == nil:
		m.WriteString(": no statement allows anything")
	default:
		st := e.statementOf(v.layer, best.p, best.s)
		d.Deciding = append(d.Deciding, st)
		m.WriteString(": no statement allows ")
		m.WriteString(e.req.Action)
		m.WriteString("; nearest is ")
		nameStatement(m, st)
		m.WriteString(": ")
		e.explainMiss(v.layer, best.p, best.s, m)
	}
}

// closeness scores how much of a statement matches: its action says most about
// what it is for.
func (e *evaluation) closeness(ref layerRef, p *Policy, s *statement) int {
	score := 0
	if e.actionMatches(s) {
		score += 32
	} else {
		for i := range s.actions {
			if service, _, ok := strings.Cut(s.actions[i].text, ":"); ok && len(service) < len(e.req.Action) && hasPrefixFold(e.req.Action, service) && e.req.Action[len(service)] == ':' {
				score += 2
				break
			}
		}
	}
	if ref.kind == layerResource {
		score += 8 * weight(e.principalClasses(s, p.kind).of(anyClass))
	}
	if t := e.resourceMatches(s, p.kind); t != False {
		score += 8 * weight(t)
	} else if r := e.nearestResource(s); r != nil && e.sameBucket(r) {
		score += 6
	}
	for i := range s.conditions {
		score += weight(e.condition(&s.conditions[i], s.effect)) - 2
	}
	return score
}

func weight(t Truth) int {
	switch t {
	case True:
		return 2
	case Unknown:
		return 1
	}
	return 0
}

// explainMiss says what of a statement matches and what does not.
func (e *evaluation) explainMiss(ref layerRef, p *Policy, s *statement, m *strings.Builder) {
	part := func(text string) {
		if m.Len() > 0 && !strings.HasSuffix(m.String(), ": ") {
			m.WriteString(", ")
		}
		m.WriteString(text)
	}
	if e.actionMatches(s) {
		part("Action matches")
	} else if s.notAction {
		part("NotAction excludes " + e.req.Action)
	} else {
		part("Action does not name " + e.req.Action)
	}
	if ref.kind == layerResource {
		if who := e.principalClasses(s, p.kind); who.of(anyClass) == False {
			part(e.missedPrincipal(s))
		} else if isKMS(e.req.Action) && who.yes|who.maybe == classAccount {
			part("Principal hands the decision to the account")
		}
	}
	if e.resourceMatches(s, p.kind) == False {
		part(e.missedResource(s))
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		if e.condition(c, s.effect) == False {
			part(e.missedCondition(c))
		}
	}
}

func (e *evaluation) missedPrincipal(s *statement) string {
	if s.notPrincipal {
		return "NotPrincipal excludes the caller"
	}
	if len(s.principals) == 0 {
		return "Principal is missing"
	}
	p := &e.req.Principal
	caller := p.RoleARN
	if caller == "" {
		caller = p.ARN
	}
	if p.Kind == PrincipalService {
		caller = p.Service
	}
	for i := range s.principals {
		switch en := &s.principals[i]; {
		case en.kind == principalID:
			return "Principal `" + en.text + "` is the id of a role or user that was deleted, or of another one"
		case en.kind == principalRole && en.account == p.Account && en.name == p.RoleName:
			return "Principal `" + en.text + "` has another path than the caller `" + caller + "`"
		}
	}
	text := "Principal `" + s.principals[0].text + "`"
	if s.principals[0].kind == principalStar {
		text = "Principal `*`"
	}
	if n := len(s.principals) - 1; n > 0 {
		text += " and " + strconv.Itoa(n) + " more"
	}
	if p.Kind == PrincipalAnonymous {
		return text + " does not include anonymous callers"
	}
	return text + " is not the caller `" + caller + "`"
}

// nearestResource is the entry that shares most of its beginning with the request's resource.
func (e *evaluation) nearestResource(s *statement) *resource {
	var best *resource
	longest := -1
	for i := range s.resources {
		r := &s.resources[i]
		if n := commonPrefix(r.written, e.resource.text); n > longest {
			best, longest = r, n
		}
	}
	return best
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// sameBucket reports whether an entry names the first part of the request's
// resource: the bucket of an object.
func (e *evaluation) sameBucket(r *resource) bool {
	cut := arnCut(r.written)
	return cut >= 0 && e.resource.cut >= 0 && firstPart(r.written[cut:]) == firstPart(e.resource.text[e.resource.cut:])
}

func firstPart(s string) string {
	if i := strings.IndexByte(s, '/'); i >= 0 {
		return s[:i]
	}
	return s
}

func (e *evaluation) missedResource(s *statement) string {
	r := e.nearestResource(s)
	if r == nil {
		return "Resource is missing"
	}
	name := "Resource `" + r.written + "`"
	if s.notResource {
		return "NotResource `" + r.written + "` excludes `" + e.resource.text + "`"
	}
	if n := len(s.resources) - 1; n > 0 {
		name += " (and " + strconv.Itoa(n) + " more)"
	}
	if isS3(e.req.Action) && e.sameBucket(r) {
		entry, request := strings.Contains(r.written, "/"), strings.Contains(e.resource.text, "/")
		switch {
		case !entry && request:
			return name + " is the bucket, not its objects: `/*` is missing"
		case entry && !request:
			return name + " is objects, not the bucket: `" + e.resource.text + "` is missing"
		case entry:
			return name + " is other objects of the bucket"
		}
	}
	return name + " does not match `" + e.resource.text + "`"
}

func (e *evaluation) missedCondition(c *condition) string {
	text := "Condition " + c.name + " " + c.written + " does not hold: "
	v := e.lookup(c.key)
	if v.state == valueAbsent {
		return text + "the request does not send the key"
	}
	text += "the request has " + quoted(v.values)
	if c.op != opNull && len(c.operands) > 0 {
		var want []string
		for i := range c.operands {
			want = append(want, c.operands[i].text)
		}
		text += ", the policy " + quoted(want)
	}
	return text
}

// quoted lists at most three texts.
func quoted(texts []string) string {
	if len(texts) == 0 {
		return "no value"
	}
	var b strings.Builder
	for i, s := range texts {
		if i == 3 {
			b.WriteString(" …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("`" + s + "`")
	}
	return b.String()
}

// explainUnknown says what an undecided request hangs on.
func (e *evaluation) explainUnknown(d *Decision) {
	e.eachView(func() {
		e.each(func(ref layerRef, p *Policy, s *statement, t Truth) {
			if t != Unknown || len(d.Deciding) >= maxNamed || ref.kind == layerRCP && s.effect == Allow {
				return
			}
			if st := e.statementOf(ref, p, s); !slices.Contains(d.Deciding, st) {
				d.Deciding = append(d.Deciding, st)
			}
		})
	})
	slices.SortStableFunc(d.Deciding, func(a, b Statement) int { return int(b.Effect) - int(a.Effect) })

	var m strings.Builder
	m.WriteString("unknown")
	sep := ": "
	if len(d.UnknownKeys) > 0 {
		m.WriteString(sep + "it depends on " + strings.Join(d.UnknownKeys, ", "))
		sep = "; "
	}
	for _, name := range d.UnknownLayers {
		m.WriteString(sep + name + " was not read")
		if reason := e.reasonOf(name); reason != "" {
			m.WriteString(" (" + reason + ")")
		}
		sep = "; "
	}
	if len(d.UnknownKeys) == 0 && len(d.UnknownLayers) == 0 && len(d.Deciding) > 0 {
		m.WriteString(sep + "what AWS makes of ")
		nameStatement(&m, d.Deciding[0])
		m.WriteString(" is neither documented nor recorded")
	}
	if d.Witness != "" {
		m.WriteString("; so for resources like `" + d.Witness + "`")
	}
	e.explainErrors(d, &m)
	d.Message = m.String()
}

// reasonOf is why a layer was not read.
func (e *evaluation) reasonOf(name string) string {
	switch name {
	case "identity":
		return e.in.Identity.reason
	case "boundary":
		return e.in.Boundary.reason
	case "session":
		return e.in.Session.reason
	case "resource", "key", "trust":
		return e.in.Resource.reason
	case "scp":
		return e.in.SCPs.reason
	case "rcp":
		return e.in.RCPs.reason
	}
	kind, target, _ := strings.Cut(name, ":")
	levels := e.in.SCPs.levels
	if kind == "rcp" {
		levels = e.in.RCPs.levels
	}
	for i := range levels {
		if levels[i].Target == target {
			return levels[i].Layer.reason
		}
	}
	return ""
}
