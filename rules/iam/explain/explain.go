// Package explain says why a request is allowed, denied or unknown: [iam.Decide] with words.
package explain

import (
	"slices"
	"strconv"
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/condition"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/iam/statement"
)

// maxNamed bounds the statements that an explanation lists.
const maxNamed = 16

// Decide is [iam.Decide] with words: Message says what decided, and Deciding also
// holds the nearest miss of an implicit deny, the undecided statements of an
// unknown, or the statement of each layer that allows.
func Decide(req *iam.Request, in *iam.Input) iam.Decision {
	e := explanation{req: req, in: in}
	d := e.Examine(req, in)
	switch {
	case d.Message != "": // why the request cannot be decided at all
	case d.Result == iam.Undecided:
		e.explainUnknown(&d)
	default:
		e.explain(&d)
	}
	return d
}

// explanation finds the words for a decision.
type explanation struct {
	iam.Evaluation
	req *iam.Request
	in  *iam.Input
}

// explain adds the words to a definite decision.
func (e *explanation) explain(d *iam.Decision) {
	var m strings.Builder
	switch {
	case d.Result == iam.Allowed:
		e.chain(d)
		m.WriteString("allowed")
		for i, s := range d.Deciding {
			m.WriteString([]string{" by ", ", "}[min(i, 1)])
			nameStatement(&m, s)
		}
	case d.Reason == iam.ReasonExplicitDeny:
		m.WriteString("explicitly denied")
		for i, s := range d.Deciding {
			m.WriteString([]string{" by ", " and by "}[min(i, 1)])
			nameStatement(&m, s)
		}
	default:
		e.explainMissing(d, &m)
	}
	if d.Witness != "" {
		m.WriteString("; so for resources like `")
		m.WriteString(d.Witness)
		m.WriteString("`")
	}
	e.explainErrors(d, &m)
	d.Message = m.String()
}

func (e *explanation) explainErrors(d *iam.Decision, m *strings.Builder) {
	if len(d.Errors) > 0 && d.Reason == iam.ReasonInvalid {
		m.WriteString("; AWS would not store a policy that takes part: ")
		m.WriteString(d.Errors[0].Message)
		m.WriteString(" (line ")
		m.WriteString(strconv.Itoa(d.Errors[0].Line))
		m.WriteString(")")
	}
}

func nameStatement(m *strings.Builder, s iam.Statement) {
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
func (e *explanation) chain(d *iam.Decision) {
	type link struct {
		ref iam.Place
		s   *statement.Statement
	}
	var links []link
	e.EachView(func() {
		done := map[iam.Place]bool{}
		for _, l := range links {
			if e.Divided() && e.Matches(l.s, e.kindOf(l.ref)) == logic.True {
				done[l.ref] = true
			}
		}
		e.Each(func(ref iam.Place, p *policy.Policy, s *statement.Statement, t logic.Truth) {
			if s.Effect == statement.Allow && t == logic.True && ref.Kind != iam.PlaceRCP && !done[ref] && len(links) < maxNamed {
				done[ref] = true
				links = append(links, link{ref, s})
				d.Deciding = append(d.Deciding, e.StatementOf(ref, p, s))
			}
		})
	})
}

// kindOf is the kind of the policies of a layer, as far as matching asks for it.
func (e *explanation) kindOf(ref iam.Place) policy.Kind {
	if ref.Kind == iam.PlaceResource && catalog.IsSTS(e.req.Action) {
		return policy.Trust
	}
	return policy.Identity
}

// explainMissing says where an Allow is missing and what came nearest.
func (e *explanation) explainMissing(d *iam.Decision, m *strings.Builder) {
	layer := e.At
	if layer.Kind == iam.PlacePublic {
		m.WriteString("implicitly denied: RestrictPublicBuckets keeps callers of other accounts out, because the bucket policy is public")
		return
	}
	m.WriteString("implicitly denied at ")
	if layer.Kind == iam.PlaceSCP {
		m.WriteString("scp level ")
		if target := e.in.SCPs.Target(layer.Level); target != "" {
			m.WriteString(target)
		} else {
			m.WriteString(strconv.Itoa(layer.Level))
		}
	} else {
		m.WriteString(d.Layer)
	}
	if layer.Kind == iam.PlaceResource && catalog.IsKMS(e.req.Action) && e.Abroad() && !catalog.UsableAbroad(e.req.Action) {
		m.WriteString(": no key can be used so from another account")
		return
	}

	var best struct {
		p     *policy.Policy
		s     *statement.Statement
		score int
	}
	policies := 0
	e.EachPolicy(func(ref iam.Place, p *policy.Policy) {
		if ref != layer {
			return
		}
		policies++
		if !p.Valid() {
			return
		}
		for i := range p.Compiled() {
			s := &p.Compiled()[i]
			if s.Effect != statement.Allow {
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
		st := e.StatementOf(layer, best.p, best.s)
		d.Deciding = append(d.Deciding, st)
		m.WriteString(": no statement allows ")
		m.WriteString(e.req.Action)
		m.WriteString("; nearest is ")
		nameStatement(m, st)
		m.WriteString(": ")
		e.explainMiss(layer, best.p, best.s, m)
	}
}

// closeness scores how much of a statement matches: its action says most about
// what it is for.
func (e *explanation) closeness(ref iam.Place, p *policy.Policy, s *statement.Statement) int {
	score := 0
	if s.CoversAction(e.req.Action) {
		score += 32
	} else {
		for i := range s.Actions {
			if service, _, ok := strings.Cut(s.Actions[i].Text, ":"); ok && len(service) < len(e.req.Action) && match.HasPrefixFold(e.req.Action, service) && e.req.Action[len(service)] == ':' {
				score += 2
				break
			}
		}
	}
	if ref.Kind == iam.PlaceResource {
		score += 8 * weight(e.PrincipalClasses(s, p.Kind()).Of(principal.AnyClass))
	}
	if t := e.ResourceMatches(s, p.Kind()); t != logic.False {
		score += 8 * weight(t)
	} else if r := e.nearestResource(s); r != nil && e.sameBucket(r) {
		score += 6
	}
	for i := range s.Conditions {
		score += weight(s.Conditions[i].Holds(&e.Keys, s.Effect == statement.Deny)) - 2
	}
	return score
}

func weight(t logic.Truth) int {
	switch t {
	case logic.True:
		return 2
	case logic.Unknown:
		return 1
	}
	return 0
}

// explainMiss says what of a statement matches and what does not.
func (e *explanation) explainMiss(ref iam.Place, p *policy.Policy, s *statement.Statement, m *strings.Builder) {
	part := func(text string) {
		if m.Len() > 0 && !strings.HasSuffix(m.String(), ": ") {
			m.WriteString(", ")
		}
		m.WriteString(text)
	}
	if s.CoversAction(e.req.Action) {
		part("Action matches")
	} else if s.NotAction {
		part("NotAction excludes " + e.req.Action)
	} else {
		part("Action does not name " + e.req.Action)
	}
	if ref.Kind == iam.PlaceResource {
		if who := e.PrincipalClasses(s, p.Kind()); who.Of(principal.AnyClass) == logic.False {
			part(e.missedPrincipal(s))
		} else if catalog.IsKMS(e.req.Action) && who.Yes|who.Maybe == principal.ClassAccount {
			part("Principal hands the decision to the account")
		}
	}
	if e.ResourceMatches(s, p.Kind()) == logic.False {
		part(e.missedResource(s))
	}
	for i := range s.Conditions {
		c := &s.Conditions[i]
		if c.Holds(&e.Keys, s.Effect == statement.Deny) == logic.False {
			part(e.missedCondition(c))
		}
	}
}

func (e *explanation) missedPrincipal(s *statement.Statement) string {
	if s.NotPrincipal {
		return "NotPrincipal excludes the caller"
	}
	if len(s.Principals) == 0 {
		return "Principal is missing"
	}
	p := &e.req.Principal
	caller := p.RoleARN
	if caller == "" {
		caller = p.ARN
	}
	if p.Kind == principal.ServiceKind {
		caller = p.Service
	}
	for i := range s.Principals {
		switch en := &s.Principals[i]; {
		case en.Kind == principal.IDEntry:
			return "Principal `" + en.Text + "` is the id of a role or user that was deleted, or of another one"
		case en.Kind == principal.RoleEntry && en.Account == p.Account && en.Name == p.RoleName:
			return "Principal `" + en.Text + "` has another path than the caller `" + caller + "`"
		}
	}
	text := "Principal `" + s.Principals[0].Text + "`"
	if s.Principals[0].Kind == principal.Star {
		text = "Principal `*`"
	}
	if n := len(s.Principals) - 1; n > 0 {
		text += " and " + strconv.Itoa(n) + " more"
	}
	if p.Kind == principal.AnonymousKind {
		return text + " does not include anonymous callers"
	}
	return text + " is not the caller `" + caller + "`"
}

// nearestResource is the entry that shares most of its beginning with the request's resource.
func (e *explanation) nearestResource(s *statement.Statement) *statement.Resource {
	var best *statement.Resource
	longest := -1
	for i := range s.Resources {
		r := &s.Resources[i]
		if n := commonPrefix(r.Written, e.Resource.Text); n > longest {
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
func (e *explanation) sameBucket(r *statement.Resource) bool {
	cut := match.CutARN(r.Written)
	return cut >= 0 && e.Resource.Cut >= 0 && firstPart(r.Written[cut:]) == firstPart(e.Resource.Text[e.Resource.Cut:])
}

func firstPart(s string) string {
	if i := strings.IndexByte(s, '/'); i >= 0 {
		return s[:i]
	}
	return s
}

func (e *explanation) missedResource(s *statement.Statement) string {
	r := e.nearestResource(s)
	if r == nil {
		return "Resource is missing"
	}
	name := "Resource `" + r.Written + "`"
	if s.NotResource {
		return "NotResource `" + r.Written + "` excludes `" + e.Resource.Text + "`"
	}
	if n := len(s.Resources) - 1; n > 0 {
		name += " (and " + strconv.Itoa(n) + " more)"
	}
	if here, there := match.Field(e.Resource.Text, 1), match.Field(r.Written, 1); e.Resource.Cut >= 0 && here != there && !match.Match(there, here) {
		return name + " is in another partition: `" + there + "`, not `" + here + "`"
	}
	if catalog.IsS3(e.req.Action) && e.sameBucket(r) {
		entry, request := strings.Contains(r.Written, "/"), strings.Contains(e.Resource.Text, "/")
		switch {
		case !entry && request:
			return name + " is the bucket, not its objects: `/*` is missing"
		case entry && !request:
			return name + " is objects, not the bucket: `" + e.Resource.Text + "` is missing"
		case entry:
			return name + " is other objects of the bucket"
		}
	}
	return name + " does not match `" + e.Resource.Text + "`"
}

func (e *explanation) missedCondition(c *condition.Condition) string {
	text := "Condition " + c.Name + " " + c.Written + " does not hold: "
	v := e.Keys.Lookup(c.Key)
	if v.State == contextkey.StateAbsent {
		return text + "the request does not send the key"
	}
	text += "the request has " + quoted(v.Values)
	if c.Op != condition.Null && len(c.Operands) > 0 {
		var want []string
		for i := range c.Operands {
			want = append(want, c.Operands[i].Text)
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
func (e *explanation) explainUnknown(d *iam.Decision) {
	e.EachView(func() {
		e.Each(func(ref iam.Place, p *policy.Policy, s *statement.Statement, t logic.Truth) {
			if t != logic.Unknown || len(d.Deciding) >= maxNamed || ref.Kind == iam.PlaceRCP && s.Effect == statement.Allow {
				return
			}
			if st := e.StatementOf(ref, p, s); !slices.Contains(d.Deciding, st) {
				d.Deciding = append(d.Deciding, st)
			}
		})
	})
	slices.SortStableFunc(d.Deciding, func(a, b iam.Statement) int { return int(b.Effect) - int(a.Effect) })

	var m strings.Builder
	m.WriteString("unknown")
	sep := ": "
	if len(d.UnknownKeys) > 0 {
		m.WriteString(sep + "it depends on " + strings.Join(d.UnknownKeys, ", "))
		sep = "; "
	}
	var reasons []string
	layers := map[string][]string{} // by the reason why they were not read
	for _, name := range d.UnknownLayers {
		reason := e.in.NotReadBecause(name)
		if layers[reason] == nil {
			reasons = append(reasons, reason)
		}
		layers[reason] = append(layers[reason], name)
	}
	for _, reason := range reasons {
		names := layers[reason]
		if names[0] == iam.Guard {
			m.WriteString(sep + reason)
			sep = "; "
			continue
		}
		m.WriteString(sep + strings.Join(names[:len(names)-1], ", "))
		if len(names) > 1 {
			m.WriteString(" and " + names[len(names)-1] + " were not read")
		} else {
			m.WriteString(names[0] + " was not read")
		}
		if reason != "" {
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
