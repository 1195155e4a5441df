package explain

import (
	"cmp"
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
	"crosscheck/rules/spelling"
)

// Place names a statement that bears on a request as people find it: by its Sid or number, and
// the policy that it is in. "Its" policies are those of the caller.
func Place(req *iam.Request, st *iam.Statement) string {
	e := explanation{req: req}
	return e.place(st)
}

func (e *explanation) place(st *iam.Statement) string {
	return statementName(st.Sid, st.Index) + " of " + e.policyName(st.Layer, st.Policy)
}

func statementName(sid string, index int) string {
	if sid != "" {
		return "statement " + sid
	}
	return "the " + Ordinal(index+1) + " statement"
}

// Ordinal is a number of a statement as people say it: 1st, 2nd, 3rd, 4th, 11th.
func Ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

// policyName names the policy of a layer; "its" are the policies of the caller.
func (e *explanation) policyName(layer, policy string) string {
	layer, level, _ := strings.Cut(layer, ":")
	if level != "" {
		level = " on " + level
	}
	switch layer {
	case "identity":
		return "its policy " + shortName(policy)
	case "boundary":
		return "its permissions boundary " + shortName(policy)
	case "session":
		return "its session policy"
	case "scp":
		return "the SCP " + policy + level
	case "rcp":
		return "the RCP " + policy + level
	case "key":
		if policy == secondKeyPolicy {
			return "the policy " + policy + " of the key " + e.req.Resource
		}
		return "the policy of the key " + e.req.Resource
	case "trust":
		return "the trust policy of the role"
	}
	return "the bucket policy of " + e.bucket()
}

// secondKeyPolicy is the policy of a key that AWS RAM shares, beside the one that its owner writes.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html
const secondKeyPolicy = "AWS_RAM"

// layerWords names a layer that is not read, with its verb.
func layerWords(layer string) string {
	kind, level, _ := strings.Cut(layer, ":")
	switch {
	case kind == "identity":
		return "its policies"
	case kind == "boundary":
		return "its permissions boundary"
	case kind == "session":
		return "its session policy"
	case level != "":
		return "the " + strings.ToUpper(kind) + "s on " + level
	case kind == "scp":
		return "the SCPs over its account"
	case kind == "rcp":
		return "the RCPs over the owner"
	case kind == "resource":
		return "the bucket policy"
	case kind == "key":
		return "the key policy"
	case kind == "trust":
		return "the trust policy"
	}
	return layer
}

// shortName is the name of a policy that is known by its ARN.
func shortName(policy string) string {
	if cut := match.CutARN(policy); cut >= 0 && strings.HasPrefix(policy[cut:], "policy/") {
		return policy[strings.LastIndexByte(policy, '/')+1:]
	}
	return policy
}

// bucket is the bucket that the request is about.
func (e *explanation) bucket() string {
	return firstPart(e.req.Resource[max(match.CutARN(e.req.Resource), 0):])
}

// missing says where an Allow is missing, and what came nearest.
func (e *explanation) missing(d *iam.Decision) string {
	layer := e.At
	if layer.Kind == iam.PlacePublic {
		d.Change = "name `" + e.caller() + "` instead of `*` as Principal in the bucket policy of " + e.bucket()
		return "the bucket policy of " + e.bucket() + " is public, so RestrictPublicBuckets keeps callers of other accounts out"
	}
	if layer.Kind == iam.PlaceResource && catalog.IsKMS(e.req.Action) && e.Abroad() && !catalog.UsableAbroad(e.req.Action) {
		return "no key can be used so from another account"
	}
	best, policies := e.nearest(layer)
	switch {
	case len(policies) == 0:
		return e.noPolicy(d)
	case best.s == nil && len(policies) == 1 && !policies[0].Valid():
		name := e.policyName(d.Layer, policies[0].Name())
		d.Change = "correct " + name + ", which AWS would not store"
		return "AWS would not store " + name + e.because(policies[0])
	case best.s == nil && len(policies) == 1:
		return e.policyName(d.Layer, policies[0].Name()) + " allows nothing"
	case best.s == nil:
		return e.policies(d, policies, nil) + " allows anything"
	}
	st := e.StatementOf(layer, best.p, best.s)
	d.Deciding = append(d.Deciding, st)
	misses := e.misses(layer, best)
	if (best.nearness[2] == 2 || best.s.NotAction) && len(misses) > 0 {
		return e.place(&st) + " " + e.allOf(misses, d, &st)
	}
	if best.nearness[2] < 2 && best.nearness[1] == 3 && len(misses) == 0 {
		if wrong := e.misspelt(best.p, best.s); wrong != "" {
			d.Change = "write " + e.req.Action + " instead of " + wrong + " in " + e.place(&st)
			return e.place(&st) + " names `" + wrong + "`, which is no action of S3 (write " + e.req.Action + ")"
		}
		lacks := " lacks " + e.req.Action
		if e.allowsElsewhere(best.p) {
			lacks = " does not allow " + e.req.Action + " on `" + e.wanted(d) + "`"
		}
		return e.policyName(st.Layer, st.Policy) + lacks + " (add it to " + statementName(st.Sid, st.Index) + ")"
	}
	return e.policies(d, policies, best.p) + " allows " + e.req.Action + " on `" + e.wanted(d) + "`" + e.toWhom(layer)
}

// allowsElsewhere reports whether a policy allows the action of the request on something.
func (e *explanation) allowsElsewhere(p *policy.Policy) bool {
	return slices.ContainsFunc(p.Compiled(), func(s statement.Statement) bool {
		return s.Effect == statement.Allow && s.CoversAction(e.req.Action)
	})
}

// because is why AWS would not store a policy.
func (e *explanation) because(p *policy.Policy) string {
	for _, d := range p.Diagnostics() {
		if !d.Warning {
			return ": " + d.Message + " (line " + strconv.Itoa(d.Line) + ")"
		}
	}
	return ""
}

// wanted is what the request asks for.
func (e *explanation) wanted(d *iam.Decision) string {
	if e.req.ResourceIsGlob && d.Witness != "" {
		return d.Witness
	}
	return e.req.Resource
}

// toWhom names the caller where a policy names callers.
func (e *explanation) toWhom(layer iam.Place) string {
	if layer.Kind == iam.PlaceResource {
		return " to `" + e.caller() + "`"
	}
	return ""
}

// policies says that no statement of the policies of a layer does something.
func (e *explanation) policies(d *iam.Decision, list []*policy.Policy, best *policy.Policy) string {
	if len(list) > 1 {
		layer, level, _ := strings.Cut(d.Layer, ":")
		switch layer {
		case "scp", "rcp":
			return "none of the " + strconv.Itoa(len(list)) + " " + strings.ToUpper(layer) + "s on " + level
		}
		return "none of its " + strconv.Itoa(len(list)) + " policies"
	}
	if best == nil {
		best = list[0]
	}
	return "no statement of " + e.policyName(d.Layer, best.Name())
}

// noPolicy is said where a layer has no policy at all.
func (e *explanation) noPolicy(d *iam.Decision) string {
	layer, level, _ := strings.Cut(d.Layer, ":")
	switch layer {
	case "identity":
		return "it has no policy (add one that allows " + e.req.Action + ")"
	case "scp":
		return "no SCP is attached to " + cmp.Or(level, "a level above the account") + " (attach one that allows it: FullAWSAccess, or one of your own)"
	case "resource":
		return e.bucket() + " has no bucket policy, so only its own account may use it (add one that allows `" + e.caller() + "` " + e.req.Action + ")"
	}
	return "no policy is there at " + d.Layer
}

// miss is a part of a statement that does not fit the request.
type miss struct {
	cause  string // goes on from the name of the statement
	change string // goes before the name of the statement, "" = nothing in particular
}

// allOf joins the causes of misses, and their changes where each has one.
func (e *explanation) allOf(misses []miss, d *iam.Decision, st *iam.Statement) string {
	var causes, changes []string
	for _, m := range misses {
		causes, changes = append(causes, m.cause), append(changes, m.change)
	}
	if !slices.Contains(changes, "") {
		d.Change = strings.Join(changes, " and ") + " " + e.place(st)
	}
	return strings.Join(causes, ", and ")
}

// misses says what of a statement does not fit the request, beside its action.
func (e *explanation) misses(layer iam.Place, c candidate) (list []miss) {
	if c.s.NotAction && c.nearness[2] < 2 {
		list = append(list, miss{cause: "leaves out " + e.req.Action + " by its NotAction"})
	}
	if c.nearness[2] == 2 && e.ResourceMatches(c.s, c.p.Kind()) == logic.False || e.Overlap(c.s, c.p.Kind()) == iam.Apart {
		list = append(list, e.missedResource(c.s))
	}
	if layer.Kind == iam.PlaceResource {
		if who := e.PrincipalClasses(c.s, c.p.Kind()); who.Of(principal.AnyClass) == logic.False {
			list = append(list, e.missedPrincipal(c.s))
		} else if catalog.IsKMS(e.req.Action) && who.Yes|who.Maybe == principal.ClassAccount && c.nearness[2] == 2 {
			list = append(list, miss{cause: "leaves it to the policies of the account"})
		}
	}
	for i := range c.s.Conditions {
		if t := &c.s.Conditions[i]; t.Holds(&e.Keys, false) == logic.False {
			list = append(list, e.missedCondition(t))
		}
	}
	return list
}

// misspelt is an action of a statement that is none of S3's, and nearly the request's, as it is written.
func (e *explanation) misspelt(p *policy.Policy, s *statement.Statement) string {
	if !catalog.IsS3(e.req.Action) || s.NotAction {
		return ""
	}
	for i := range s.Actions {
		g := &s.Actions[i]
		if g.Kind == match.Literal && catalog.S3ResourceTypes(g) == 0 && spelling.Nearest(g.Text, []string{strings.ToLower(e.req.Action)}) != "" {
			return written(p, s.Index, g.Text)
		}
	}
	return ""
}

// written is an action of a statement as its author wrote it.
func written(p *policy.Policy, index int, action string) string {
	for _, info := range p.Statements() {
		if info.Index != index {
			continue
		}
		for _, a := range info.Actions {
			if strings.EqualFold(a, action) {
				return a
			}
		}
	}
	return action
}

// caller is who asks, as a policy would name it.
func (e *explanation) caller() string {
	p := &e.req.Principal
	switch {
	case p.Kind == principal.ServiceKind:
		return p.Service
	case p.RoleARN != "":
		return p.RoleARN
	}
	return p.ARN
}

func (e *explanation) missedPrincipal(s *statement.Statement) miss {
	if s.NotPrincipal {
		return miss{cause: "leaves the caller out by its NotPrincipal"}
	}
	if len(s.Principals) == 0 {
		return miss{cause: "has no Principal"}
	}
	caller := e.caller()
	if en := e.meant(s); en != nil {
		what := "the role with another path"
		if en.Kind == principal.IDEntry {
			what = "the id of a role or user that was deleted, or of another one"
		}
		return miss{
			"allows it only to `" + en.Text + "`, which is " + what + " (write `" + caller + "`)",
			"write `" + caller + "` instead of `" + en.Text + "` as Principal in",
		}
	}
	text := "allows it only to `" + s.Principals[0].Text + "`"
	if s.Principals[0].Kind == principal.Star {
		text = "allows it only to `*`"
	}
	if n := len(s.Principals) - 1; n > 0 {
		text += " and " + strconv.Itoa(n) + " more"
	}
	if e.req.Principal.Kind == principal.AnonymousKind {
		return miss{cause: text + ", not to anonymous callers"}
	}
	return miss{cause: text + ", not to `" + caller + "`"}
}

func (e *explanation) missedResource(s *statement.Statement) miss {
	r := e.nearestResource(s)
	if r == nil {
		return miss{cause: "has no Resource"}
	}
	want := e.req.Resource
	if s.NotResource {
		if e.req.ResourceIsGlob { // of which it may leave out a part
			return miss{cause: "leaves out `" + r.Written + "` by its NotResource"}
		}
		return miss{cause: "leaves out `" + want + "` by its NotResource `" + r.Written + "`"}
	}
	add := "add `" + want + "` to the Resource of"
	name := "allows it only on `" + r.Written + "`"
	if n := len(s.Resources) - 1; n > 0 {
		name += " and " + strconv.Itoa(n) + " more"
	}
	if here, there := match.Field(want, 1), match.Field(r.Written, 1); e.Resource.Cut >= 0 && here != there && !match.Match(there, here) {
		return miss{name + ", which is in another partition: " + there + ", not " + here, add}
	}
	if catalog.IsS3(e.req.Action) && e.sameBucket(r) {
		entry, request := strings.Contains(r.Written, "/"), strings.Contains(want, "/")
		switch {
		case !entry && request:
			return miss{name + ", which is the bucket and not its objects (add `" + want + "`)", add}
		case entry && !request:
			return miss{name + ", which is objects and not the bucket (add `" + want + "`)", add}
		case e.req.ResourceIsGlob && e.Overlap(s, policy.Identity) == iam.Partly:
			return miss{name + ", which is some of the objects (add `" + want + "`)", add}
		}
		return miss{name + ", which is other objects of the bucket (add `" + want + "`)", add}
	}
	return miss{name + ", not on `" + want + "`", add}
}

func (e *explanation) missedCondition(c *condition.Condition) miss {
	text := "has a condition that does not hold, " + c.Name + " " + c.Written
	var want []string
	literal := false
	for i := range c.Operands {
		want = append(want, c.Operands[i].Text)
		literal = literal || strings.Contains(c.Operands[i].Text, "*")
	}
	if c.Op != condition.Null && len(want) > 0 {
		text += " " + quoted(want)
	}
	v := e.Keys.Lookup(c.Key)
	if v.State == contextkey.StateAbsent {
		return miss{text + ": the request does not send this key", "change the condition on " + c.Written + " in"}
	}
	text += ": the request has " + quoted(v.Values)
	if name := strings.ToLower(c.Name); literal && strings.Contains(name, "stringequals") {
		return miss{text + "; StringEquals takes `*` as a letter (write StringLike)", "write StringLike for the condition on " + c.Written + " in"}
	}
	return miss{text, "change the condition on " + c.Written + " in"}
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
