package spec_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
)

// A dimension is one thing that is not known, with everything that is tried for it.
type dimension []func(*specWorld)

// multivalued keys, by AWS's list of global and service keys.
var multivalued = map[string]bool{
	"aws:tagkeys": true, "aws:principalorgpaths": true, "kms:encryptioncontextkeys": true,
}

// alphabet stands for all characters of object keys: those that the generated
// patterns use, and one that no pattern uses.
var alphabet = []string{"a", "b", "/", ":", "z"}

// strings over the alphabet up to a length, shortest first.
func words(n int) []string {
	out := []string{""}
	last := []string{""}
	for range n {
		var next []string
		for _, w := range last {
			for _, c := range alphabet {
				next = append(next, w+c)
			}
		}
		out, last = append(out, next...), next
	}
	return out
}

var (
	words1 = words(1)
	words2 = words(2)
	words3 = words(3)
)

// requestGlob cuts up the resource of a request: "${*}" and "${?}" are the characters.
func requestGlob(s string) []tok {
	p, _ := new(specWorld).expand(s, "2012-10-17", true)
	return p
}

// members lists resources of a glob.
func members(g string) []string {
	p := requestGlob(g)
	stars, marks := 0, 0
	for _, t := range p {
		switch t.wild {
		case '*':
			stars++
		case '?':
			marks++
		}
	}
	fill := words3
	if stars > 1 {
		fill = words1
	} else if stars == 1 && marks > 0 {
		fill = words2
	}
	out := []string{""}
	for _, t := range p {
		sub := []string{string(rune(t.unit))}
		switch t.wild {
		case '*':
			sub = fill
		case '?':
			sub = alphabet
		}
		var next []string
		for _, o := range out {
			for _, s := range sub {
				next = append(next, o+s)
			}
		}
		out = next
	}
	return out
}

func stmt(pairs ...any) parsed {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return parsed{name: "unread", version: "2012-10-17", stmts: []map[string]any{m}}
}

var (
	allowAll = stmt("Effect", "Allow", "Action", "*", "Resource", "*")
	denyAll  = stmt("Effect", "Deny", "Action", "*", "Resource", "*")
)

// specSpace is every world that is consistent with what a case knows.
type specSpace struct {
	base    specWorld
	dims    []dimension
	members []string // of a glob
	docs    []parsed // all documents that take part, to look for literals
	soft    bool     // whether the bucket policy is public is not settled by the specification
	unknown []string // names of the unknown things
	pooled  bool     // values come from the generator's pools: no others need be tried
}

var anyIfExists = regexp.MustCompile(`"ForAnyValue:[A-Za-z]+IfExists"`)

var operandVariable = regexp.MustCompile(`\$\{[^}]*\}`)

func (c *specCase) space() *specSpace {
	s := &specSpace{pooled: c.Pooled}
	w := &s.base
	*w = specWorld{
		p: c.Principal, action: c.Action, resource: c.Resource, resourceAccount: c.ResourceAccount,
		identity: parseAll(c.Identity), boundary: parseAll(c.Boundary), session: parseAll(c.Session), policy: parseAll(c.Policy),
		grants: c.Grants == logic.True, restrictPublic: c.RestrictPublic == logic.True,
		boundaryAttached: c.Principal.Boundary == logic.True,
		ctx:              map[string]specValue{},
		memo:             map[string][]tok{},
	}
	switch {
	case strings.HasPrefix(strings.ToLower(c.Action), "kms:"):
		w.policyKind = policy.Key
	case strings.HasPrefix(strings.ToLower(c.Action), "sts:"):
		w.policyKind = policy.Trust
	default:
		w.policyKind = policy.Bucket
	}
	add := func(name string, d dimension) { s.dims, s.unknown = append(s.dims, d), append(s.unknown, name) }

	all := slices.Concat(w.identity, w.boundary, w.session, w.policy)
	levels := func(name string, l specLevels, set func(*specWorld, *[][]parsed)) {
		switch l.State {
		case "not applicable":
		case "path":
			var out [][]parsed
			var unread []int
			for i, lv := range l.Levels {
				docs := parseAll(lv.Layer)
				all = append(all, docs...)
				out = append(out, docs)
				if !lv.Layer.Read {
					unread = append(unread, i)
				}
			}
			set(w, &out)
			for _, i := range unread {
				var d dimension
				for _, docs := range [][]parsed{nil, {allowAll}, {allowAll, denyAll}} {
					if name == "rcps" && len(docs) == 2 {
						docs = []parsed{stmt("Effect", "Deny", "Principal", "*", "Action", "*", "Resource", "*")}
					}
					d = append(d, func(w *specWorld) {
						cur := w.scps
						if name == "rcps" {
							cur = w.rcps
						}
						next := slices.Clone(*cur)
						next[i] = docs
						set(w, &next)
					})
				}
				add(name, d)
			}
		default:
			var d dimension
			for _, docs := range []*[][]parsed{nil, {{allowAll}}, {{}}, {{stmt("Effect", "Deny", "Principal", "*", "Action", "*", "Resource", "*")}}} {
				d = append(d, func(w *specWorld) { set(w, docs) })
			}
			add(name, d)
		}
	}
	levels("scps", c.SCPs, func(w *specWorld, l *[][]parsed) { w.scps = l })
	levels("rcps", c.RCPs, func(w *specWorld, l *[][]parsed) { w.rcps = l })

	if !c.Identity.Read {
		var d dimension
		for _, docs := range [][]parsed{nil, {allowAll}, {allowAll, denyAll}} {
			d = append(d, func(w *specWorld) { w.identity = docs })
		}
		add("identity", d)
	}
	if !c.Session.Read {
		var d dimension
		for _, docs := range [][]parsed{nil, {allowAll}, {allowAll, denyAll}, {stmt("Effect", "Allow", "Action", "x:y", "Resource", "*")}} {
			d = append(d, func(w *specWorld) { w.session = docs })
		}
		add("session", d)
	}
	person := c.Principal.Kind == principal.Role || c.Principal.Kind == principal.User
	if c.Boundary.Read {
		w.boundaryAttached = person && len(w.boundary) > 0
	} else {
		var d dimension
		for i, docs := range [][]parsed{nil, {allowAll}, {allowAll, denyAll}, {stmt("Effect", "Allow", "Action", "x:y", "Resource", "*")}} {
			if i == 0 && c.Principal.Boundary == logic.True || i > 0 && c.Principal.Boundary == logic.False {
				continue
			}
			d = append(d, func(w *specWorld) { w.boundary, w.boundaryAttached = docs, i > 0 })
		}
		add("boundary", d)
	}
	if !c.Policy.Read {
		var d dimension
		for _, docs := range [][]parsed{
			nil,
			{stmt("Effect", "Allow", "Principal", "*", "Action", "*", "Resource", "*")},
			{stmt("Effect", "Allow", "Principal", map[string]any{"AWS": c.Principal.Account, "Service": c.Principal.Service}, "Action", "*", "Resource", "*")},
			{stmt("Effect", "Deny", "Principal", "*", "Action", "*", "Resource", "*")},
		} {
			d = append(d, func(w *specWorld) { w.policy = docs })
		}
		add("resource", d)
	}
	if c.Grants == logic.Unknown && w.policyKind == policy.Key {
		add("grants", dimension{func(w *specWorld) { w.grants = true }, func(w *specWorld) { w.grants = false }})
	}
	if c.RestrictPublic == logic.Unknown && w.policyKind == policy.Bucket {
		add("restrictPublicBuckets", dimension{func(w *specWorld) { w.restrictPublic = true }, func(w *specWorld) { w.restrictPublic = false }})
	}
	if c.ResourceAccount == "" {
		add("resourceAccount", dimension{
			func(w *specWorld) { w.resourceAccount = c.Principal.Account },
			func(w *specWorld) { w.resourceAccount = "999999999999" },
		})
	}
	s.docs = all
	text := c.text()
	if c.Principal.Kind == principal.Role && c.Principal.Session == "" {
		var d dimension
		for _, session := range []string{"s3-replication", "other", "third"} {
			d = append(d, func(w *specWorld) { w.p.ARN = "arn:aws:sts::" + ownAccount + ":assumed-role/R/" + session })
		}
		add("session name", d)
	}
	if c.Principal.Kind == principal.Role && c.Principal.RoleID == "" && strings.Contains(text, `"AROA`) {
		d := dimension{func(w *specWorld) {}}
		for _, id := range regexp.MustCompile(`AROA[A-Z0-9]+`).FindAllString(text, -1) {
			d = append(d, func(w *specWorld) { w.p.RoleID = id })
		}
		add("roleID", d)
	}
	if regexp.MustCompile(`"[A-Za-z:]*Bool[A-Za-z]*":\{[^}]*\$\{`).MatchString(text) {
		add("variables in Bool", dimension{func(w *specWorld) { w.boolVariables = true }, func(w *specWorld) {}})
	}
	if anyIfExists.MatchString(text) {
		add("ForAnyValue with IfExists", dimension{func(w *specWorld) { w.anyIfExists = true }, func(w *specWorld) {}})
	}
	if slices.ContainsFunc(slices.Concat(c.SCPs.Levels, c.RCPs.Levels), specLevel.hasShort) {
		add("short ARNs of organizations", dimension{func(w *specWorld) { w.completesShort = true }, func(w *specWorld) {}})
	}
	if w.policyKind == policy.Trust {
		add("* for services", dimension{func(w *specWorld) { w.starIsServices = true }, func(w *specWorld) {}})
	}
	if strings.Contains(text, `"CanonicalUser"`) {
		add("canonical id", dimension{func(w *specWorld) { w.canonicalIsUs = true }, func(w *specWorld) {}})
	}
	if w.policyKind == policy.Key && c.Grants != logic.False {
		add("grant across accounts", dimension{func(w *specWorld) { w.grantDelegates = true }, func(w *specWorld) {}})
	}
	for key, v := range c.Context {
		if v.State != "unknown" {
			w.ctx[key] = v
			continue
		}
		var d dimension
		candidates := c.Domains[key]
		if candidates == nil {
			candidates = s.candidates(key)
		}
		for _, v := range candidates {
			d = append(d, func(w *specWorld) { w.ctx[key] = v })
		}
		add("key "+key, d)
	}
	switch publicness(w.policy) {
	case logic.True:
		w.publicPolicy = true
	case logic.Unknown:
		s.soft = true
	}
	if !c.Policy.Read {
		s.soft = true
	}
	s.members = []string{c.Resource}
	if c.Glob {
		s.members = members(c.Resource)
	}
	return s
}

// hasShort reports whether a policy of the level names a resource with fewer fields than an ARN.
func (l specLevel) hasShort() bool {
	for _, d := range parseAll(l.Layer) {
		for _, st := range d.stmts {
			if slices.ContainsFunc(slices.Concat(scalars(st["Resource"]), scalars(st["NotResource"])), isShort) {
				return true
			}
		}
	}
	return false
}

// text is all documents of a case.
func (c *specCase) text() (text string) {
	for _, l := range []specLayer{c.Identity, c.Boundary, c.Session, c.Policy} {
		for _, d := range l.Docs {
			text += d.JSON
		}
	}
	for _, l := range slices.Concat(c.SCPs.Levels, c.RCPs.Levels) {
		for _, d := range l.Layer.Docs {
			text += d.JSON
		}
	}
	return text
}

// candidates are the values to try for an unknown key: absent, each literal it
// is compared with and a value close to it, each value of the generator's pool,
// and one that nothing names.
func (s *specSpace) candidates(key string) []specValue {
	seen := map[string]bool{}
	var vals []string
	put := func(v string) {
		if !seen[v] {
			seen[v] = true
			vals = append(vals, v)
		}
	}
	for _, d := range s.docs {
		for _, st := range d.stmts {
			cond, _ := st["Condition"].(map[string]any)
			for _, keys := range cond {
				for k, operands := range keys.(map[string]any) {
					if !strings.EqualFold(k, key) {
						continue
					}
					for _, o := range scalars(operands) {
						o = operandVariable.ReplaceAllString(o, "a")
						put(o)
						put(strings.NewReplacer("*", "", "?", "z").Replace(o))
						address, _, _ := strings.Cut(o, "/")
						put(address)
						put(strings.NewReplacer("*", "zz", "?", "a").Replace(o))
					}
				}
			}
		}
	}
	for _, k := range specKeys {
		if strings.EqualFold(k.name, key) {
			for _, v := range k.values {
				put(v)
			}
		}
	}
	put("fresh")
	far := []string{"-1000000", "1000000", "192.0.2.99", "2001:db8:ffff::1", "1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z"}
	if s.pooled {
		far = nil
	}
	// Parts of the resource (for variables), and values far from any literal.
	for _, part := range strings.FieldsFunc(s.base.resource, func(r rune) bool { return r == '/' || r == ':' || r == '*' || r == '?' }) {
		if !s.pooled {
			put(part)
		}
	}
	for _, v := range far {
		put(v)
	}
	out := []specValue{{State: "absent"}}
	for i, v := range vals {
		if multivalued[key] {
			out = append(out, specValue{"many", []string{v}}, specValue{"many", []string{v, vals[(i+1)%len(vals)]}})
		} else {
			out = append(out, specValue{"one", []string{v}})
		}
	}
	return out
}

// size is the number of worlds, each member of a glob in each.
func (s *specSpace) size() int {
	n := len(s.members)
	for _, d := range s.dims {
		n *= len(d)
	}
	return n
}

// world builds the world that choice names, at one resource.
func (s *specSpace) world(choice []int, resource string) *specWorld {
	w := s.base
	w.resource = resource
	w.ctx = make(map[string]specValue, len(s.base.ctx)+2)
	for k, v := range s.base.ctx {
		w.ctx[k] = v
	}
	for i, d := range s.dims {
		d[choice[i]](&w)
	}
	return &w
}

// each visits the worlds at a resource: all of them up to limit, else a sample.
func (s *specSpace) each(rng *rand.Rand, resource string, limit int, visit func(*specWorld, specOutcome) bool) {
	n := 1
	for _, d := range s.dims {
		n *= len(d)
	}
	choice := make([]int, len(s.dims))
	for i := range min(n, limit) {
		k := i
		for j, d := range s.dims {
			if n <= limit {
				choice[j] = k % len(d)
				k /= len(d)
			} else {
				choice[j] = rng.IntN(len(d))
			}
		}
		w := s.world(choice, resource)
		out := w.decide()
		if s.soft && w.restrictPublic {
			other := *w
			other.publicPolicy = !w.publicPolicy
			if other.decide().allowed != out.allowed {
				continue // the specification does not settle this one
			}
		}
		if !visit(w, out) {
			return
		}
	}
}

// narrowing keys make a wildcard principal non-public when their value is fixed.
var narrowing = map[string]bool{
	"aws:principalorgid": true, "aws:principalarn": true, "aws:sourcearn": true, "aws:sourcevpc": true, "aws:sourcevpce": true,
	"aws:sourceaccount": true, "aws:principalaccount": true, "aws:sourceorgid": true, "aws:userid": true, "aws:sourceip": true,
	"s3:x-amz-server-side-encryption-aws-kms-key-id": true, "s3:dataaccesspointarn": true, "s3:dataaccesspointaccount": true,
}

// publicness is what the specification says for certain: Unknown is "not settled here".
func publicness(docs []parsed) logic.Truth {
	result, deny := logic.False, false
	for _, d := range docs {
		for _, st := range d.stmts {
			if st["Effect"] == "Deny" {
				deny = true
				continue
			}
			star := st["Principal"] == "*"
			if m, ok := st["Principal"].(map[string]any); ok {
				if m["Federated"] != nil || m["CanonicalUser"] != nil {
					return logic.Unknown
				}
				star = slices.Contains(scalars(m["AWS"]), "*")
			}
			if !star {
				continue
			}
			cond, _ := st["Condition"].(map[string]any)
			narrow, doubt := false, false
			for op, keys := range cond {
				for k, operands := range keys.(map[string]any) {
					if !narrowing[strings.ToLower(k)] {
						// Recorded with plain operators only.
						doubt = doubt || op != "StringEquals" && op != "Bool"
						continue
					}
					doubt = true
					fixed := op == "StringEquals" && !strings.EqualFold(k, "aws:SourceIp") && !strings.EqualFold(k, "aws:userid")
					for _, o := range scalars(operands) {
						fixed = fixed && !strings.ContainsAny(o, "*?${")
					}
					narrow = narrow || fixed
				}
			}
			switch {
			case narrow:
			case doubt:
				return logic.Unknown
			default:
				result = logic.True
			}
		}
	}
	if result == logic.True && deny {
		return logic.Unknown // a Deny may cancel the public Allow
	}
	return result
}

// alwaysDenied is a member that every world denies, if there is one.
func (s *specSpace) alwaysDenied(rng *rand.Rand, limit int) string {
	for _, r := range s.members {
		denied := true
		s.each(rng, r, limit, func(_ *specWorld, out specOutcome) bool {
			denied = !out.allowed
			return denied
		})
		if denied {
			return r
		}
	}
	return ""
}

// check compares a decision of the package with every world of the case. It
// returns what is wrong with the decision, and whether the decision was less
// definite than the worlds that were tried.
func (c *specCase) check(d iam.Decision, rng *rand.Rand, limit int) (loose bool, s *specSpace, err error) {
	s = c.space()
	sawAllowed, sawDenied, sawInvalid := false, false, false
	var allowedAt, deniedAt *specWorld
	perMember := max(1, limit/len(s.members))
	for _, r := range s.members {
		s.each(rng, r, perMember, func(w *specWorld, out specOutcome) bool {
			sawInvalid = sawInvalid || out.invalid
			if out.allowed {
				sawAllowed, allowedAt = true, w
			} else {
				sawDenied, deniedAt = true, w
			}
			return !(sawAllowed && sawDenied)
		})
		if sawAllowed && sawDenied {
			break
		}
	}
	if d.Witness != "" && d.Result == iam.Denied {
		// Denied for some of the resources: the witness must be one of them, and denied in every world.
		if !globMatches(requestGlob(c.Resource), units(d.Witness)) {
			return false, s, fmt.Errorf("witness %q is no member of %q", d.Witness, c.Resource)
		}
		// (Where no member is denied in all of them, each world must deny some member.)
		s.each(rng, d.Witness, limit, func(w *specWorld, out specOutcome) bool {
			for _, r := range s.members {
				if !out.allowed || out.invalid {
					return true
				}
				other := *w
				other.resource = r
				out = other.decide()
			}
			if out.allowed && !out.invalid {
				err = fmt.Errorf("denied for the witness %q, yet all members are allowed with %v", d.Witness, w.ctx)
			}
			return err == nil
		})
		always := ""
		if err == nil && sawAllowed && s.size() <= limit*len(s.members) {
			always = s.alwaysDenied(rng, limit)
		}
		if always != "" && d.Witness != always {
			s.each(rng, d.Witness, limit, func(w *specWorld, out specOutcome) bool {
				if out.allowed && !out.invalid {
					err = fmt.Errorf("the witness %q is allowed with %v, and %q never is", d.Witness, w.ctx, always)
				}
				return err == nil
			})
		}
		return false, s, err
	}
	switch d.Result {
	case iam.Allowed:
		if sawDenied {
			return false, s, fmt.Errorf("allowed, yet denied: %s with %v", deniedAt.resource, deniedAt.ctx)
		}
		if sawInvalid {
			return false, s, fmt.Errorf("allowed although an invalid document takes part")
		}
	case iam.Denied:
		if sawAllowed && !sawInvalid {
			return false, s, fmt.Errorf("denied, yet allowed: %s with %v", allowedAt.resource, allowedAt.ctx)
		}
	default:
		unsettled := s.soft && c.RestrictPublic != logic.False
		loose = !(sawAllowed && sawDenied) && !sawInvalid && !unsettled
	}
	return loose, s, nil
}

// checkWitnesses: the assignments that an undecided decision gives must lead to the answers that it says.
func (c *specCase) checkWitnesses(d iam.Decision, rng *rand.Rand, limit int) error {
	if d.Result != iam.Undecided || c.Glob {
		return nil
	}
	for want, when := range map[iam.Result]map[string]string{iam.Allowed: d.AllowWhen, iam.Denied: d.DenyWhen} {
		if when == nil {
			continue
		}
		n := c.clone()
		for k, v := range when {
			switch {
			case n.Context[k].State != "unknown":
				return fmt.Errorf("%s is assigned, but it is not unknown", k)
			case c.Domains[k] != nil && !slices.ContainsFunc(c.Domains[k], func(one specValue) bool {
				return v == iam.NotSent && one.State == "absent" || one.State != "absent" && v == strings.Join(one.Values, ",")
			}):
				return fmt.Errorf("%s is assigned %q, which is not in its domain %v", k, v, c.Domains[k])
			case v == iam.NotSent:
				n.Context[k] = specValue{State: "absent"}
			case multivalued[k]:
				n.Context[k] = specValue{"many", strings.Split(v, ",")}
			default:
				n.Context[k] = specValue{"one", []string{v}}
			}
		}
		if _, _, err := n.check(iam.Decision{Result: want}, rng, limit); err != nil {
			return fmt.Errorf("with %v it should be %v: %w", when, want, err)
		}
	}
	return nil
}
