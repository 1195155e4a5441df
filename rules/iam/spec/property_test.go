package spec_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
)

// drawn lets rapid choose, and shrink, every choice of the generator.
type drawn struct{ t *rapid.T }

func (d drawn) Uint64() uint64 { return rapid.Uint64().Draw(d.t, "choice") }

func drawCase(t *rapid.T) (*specGen, *specCase) {
	// One choice seeds the generator: cases have hundreds of choices, and rapid
	// shrinks what the properties do to a case rather than the case.
	g := &specGen{Rand: rand.New(rand.NewPCG(drawn{t}.Uint64(), 0))}
	return g, g.draw()
}

func decide(t *rapid.T, c *specCase) iam.Decision {
	req, in, err := c.build()
	if err != nil {
		t.Fatal(err)
	}
	d := iam.Decide(req, in)
	e := explain.Decide(req, in)
	if d.Result != e.Result || d.Reason != e.Reason {
		t.Fatalf("Decide says %v %s, Explain says %v %s\n%s", d.Result, d.Reason, e.Result, e.Reason, c)
	}
	return d
}

// clone copies a case so that its layers can be changed.
func (c *specCase) clone() *specCase {
	n := *c
	for _, l := range []*specLayer{&n.Identity, &n.Boundary, &n.Session, &n.Policy} {
		l.Docs = slices.Clone(l.Docs)
	}
	for _, l := range []*specLevels{&n.SCPs, &n.RCPs} {
		l.Levels = slices.Clone(l.Levels)
		for i := range l.Levels {
			l.Levels[i].Layer.Docs = slices.Clone(l.Levels[i].Layer.Docs)
		}
	}
	n.Context = map[string]specValue{}
	for k, v := range c.Context {
		n.Context[k] = v
	}
	return &n
}

// slot is a layer of a case together with its kind.
type slot struct {
	kind  policy.Kind
	layer *specLayer
}

func (c *specCase) service() service {
	switch strings.ToLower(c.Action)[:4] {
	case "kms:":
		return service{name: "kms", patterns: kmsPatterns, kind: policy.Key}
	case "sts:":
		return service{name: "sts", patterns: []string{"sts:AssumeRole", "sts:*"}, kind: policy.Trust}
	}
	sv := service{name: "s3", patterns: s3Patterns, wide: s3Wide, kind: policy.Bucket}
	for _, o := range s3Objects {
		sv.objects = append(sv.objects, "arn:aws:s3:::"+o)
	}
	return sv
}

func (c *specCase) slots() []slot {
	out := []slot{
		{policy.Identity, &c.Identity}, {policy.Boundary, &c.Boundary}, {policy.Session, &c.Session}, {c.service().kind, &c.Policy},
	}
	for i := range c.SCPs.Levels {
		out = append(out, slot{policy.SCP, &c.SCPs.Levels[i].Layer})
	}
	for i := range c.RCPs.Levels {
		out = append(out, slot{policy.RCP, &c.RCPs.Levels[i].Layer})
	}
	return out
}

// more says whether a decision allows more than another.
func more(a, b iam.Decision) bool { return a.Result == iam.Allowed && b.Result != iam.Allowed }

func TestAddingDenyNeverAllowsMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g, c := drawCase(t)
		// A Deny can make a public policy non-public, and so take RestrictPublicBuckets away.
		c.RestrictPublic = logic.False
		before := decide(t, c)
		for i := range c.slots() {
			n := c.clone()
			s := n.slots()[i]
			if !s.layer.Read || s.kind == policy.Boundary && n.Principal.Boundary == logic.Unknown {
				continue
			}
			var st map[string]any
			for st == nil || st["Effect"] != "Deny" {
				st = g.statement(s.kind, n.service(), 7)
			}
			b, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": st})
			if err != nil {
				t.Fatal(err)
			}
			s.layer.Docs = append(s.layer.Docs, specDoc{"added", string(b)})
			if s.kind == policy.Boundary && n.Principal.Boundary == logic.False {
				n.Principal.Boundary = logic.True
			}
			if after := decide(t, n); more(after, before) {
				t.Fatalf("%v before, %v with %s\n%s", before.Result, after.Result, b, c)
			}
		}
	})
}

func TestRemovingAllowNeverAllowsMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, c := drawCase(t)
		c.RestrictPublic = logic.False // removing the public Allow would take it away
		before := decide(t, c)
		for i := range c.slots() {
			for j := range c.slots()[i].layer.Docs {
				n := c.clone()
				doc := &n.slots()[i].layer.Docs[j]
				var m map[string]any
				if json.Unmarshal([]byte(doc.JSON), &m) != nil {
					continue
				}
				stmts, ok := m["Statement"].([]any)
				if !ok || len(stmts) < 2 {
					continue
				}
				for k, st := range stmts {
					if st.(map[string]any)["Effect"] != "Allow" {
						continue
					}
					m["Statement"] = slices.Delete(slices.Clone(stmts), k, k+1)
					b, err := json.Marshal(m)
					if err != nil {
						t.Fatal(err)
					}
					doc.JSON = string(b)
					if after := decide(t, n); more(after, before) {
						t.Fatalf("%v before, %v without statement %d of %s\n%s", before.Result, after.Result, k, doc.Name, c)
					}
				}
			}
		}
	})
}

// contradicts says whether knowing more turned one definite answer into the other, or into none.
func contradicts(before, after iam.Decision) bool {
	return before.Result != iam.Undecided && before.Witness == "" && after.Result != before.Result
}

func TestKnowingMoreRefines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g, c := drawCase(t)
		before := decide(t, c)
		s := c.space()
		for key, v := range c.Context {
			if v.State != "unknown" {
				continue
			}
			candidates := c.Domains[key]
			if candidates == nil {
				candidates = s.candidates(key)
			}
			for _, known := range candidates {
				n := c.clone()
				n.Context[key] = known
				if after := decide(t, n); contradicts(before, after) {
					t.Fatalf("%v with %s unknown, %v with %v\n%s", before.Result, key, after.Result, known, c)
				}
			}
		}
		for i, sl := range c.slots() {
			if sl.layer.Read {
				continue
			}
			if sl.kind == policy.Boundary && c.Principal.Boundary != logic.Unknown {
				continue
			}
			for range 4 {
				n := c.clone()
				full := 30
				if sl.kind != policy.Identity && sl.kind != policy.Boundary && sl.kind != policy.Session && sl.kind != policy.SCP {
					full = 0 // full access is no document of theirs
				}
				*n.slots()[i].layer = g.layer(sl.kind, "read", n.service(), 0, 30, full)
				if sl.kind == policy.Boundary {
					n.Principal.Boundary = logic.False
					if len(n.Boundary.Docs) > 0 {
						n.Principal.Boundary = logic.True
					}
				}
				valid := true
				for _, d := range n.slots()[i].layer.Docs {
					valid = valid && !parseSpec(d).invalid
				}
				if after := decide(t, n); valid && contradicts(before, after) {
					t.Fatalf("%v with a layer not read, %v with it read\nbefore %s\nafter %s", before.Result, after.Result, c, n)
				}
			}
		}
		if c.Grants == logic.Unknown {
			for _, known := range []logic.Truth{logic.True, logic.False} {
				n := c.clone()
				n.Grants = known
				if after := decide(t, n); contradicts(before, after) {
					t.Fatalf("%v with grants unknown, %v with %v\n%s", before.Result, after.Result, known, c)
				}
			}
		}
		if c.RestrictPublic == logic.Unknown {
			for _, known := range []logic.Truth{logic.True, logic.False} {
				n := c.clone()
				n.RestrictPublic = known
				if after := decide(t, n); contradicts(before, after) {
					t.Fatalf("%v with RestrictPublicBuckets unknown, %v with %v\n%s", before.Result, after.Result, known, c)
				}
			}
		}
	})
}

func TestGlobIsEveryMember(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g, c := drawCase(t)
		for !strings.HasPrefix(c.Action, "s3:") {
			c = g.draw()
		}
		c.Resource, c.Glob = "arn:aws:s3:::dst/"+pick(g, keyGlobs...), true
		whole := decide(t, c)
		list := members(c.Resource)
		if whole.Witness != "" {
			if !globMatches(requestGlob(c.Resource), units(whole.Witness)) {
				t.Fatalf("witness %q is no member of %q", whole.Witness, c.Resource)
			}
			list = append(list, whole.Witness)
		}
		g.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		refuted := false
		for i, r := range list {
			if i > 25 && r != whole.Witness {
				continue
			}
			n := c.clone()
			n.Resource, n.Glob = r, false
			one := decide(t, n)
			refuted = refuted || one.Result != iam.Allowed
			switch {
			case whole.Result == iam.Allowed && one.Result != iam.Allowed:
				t.Fatalf("all of %s are allowed, %s is %v\n%s", c.Resource, r, one.Result, c)
			case whole.Result == iam.Denied && whole.Witness == "" && one.Result != iam.Denied:
				t.Fatalf("all of %s are denied, %s is %v\n%s", c.Resource, r, one.Result, c)
			case whole.Result == iam.Denied && whole.Witness == r && one.Result != iam.Denied:
				t.Fatalf("%s is denied for the witness %s, which is %v\n%s", c.Resource, r, one.Result, c)
			}
		}
		if whole.Result != iam.Allowed && whole.Witness != "" && !refuted {
			t.Fatalf("%s is not allowed, witness %s, yet every member tried is\n%s", c.Resource, whole.Witness, c)
		}
	})
}

// shuffled writes JSON with the keys of objects in a random order.
func shuffled(g *specGen, v any) string {
	switch x := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		g.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		parts := make([]string, len(keys))
		for i, k := range keys {
			parts[i] = fmt.Sprintf("%s%q:%s", pick(g, "", " ", "\n\t"), k, shuffled(g, x[k]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = shuffled(g, e)
		}
		return "[" + strings.Join(parts, pick(g, ",", " , ")) + "]"
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g, c := drawCase(t)
		before := decide(t, c)
		for range 3 {
			n := c.clone()
			for _, s := range n.slots() {
				for i := range s.layer.Docs {
					dec := json.NewDecoder(strings.NewReader(s.layer.Docs[i].JSON))
					dec.UseNumber()
					var m map[string]any
					if err := dec.Decode(&m); err != nil {
						t.Fatal(err)
					}
					if stmts, ok := m["Statement"].([]any); ok {
						g.Shuffle(len(stmts), func(i, j int) { stmts[i], stmts[j] = stmts[j], stmts[i] })
					}
					s.layer.Docs[i].JSON = shuffled(g, m)
				}
				g.Shuffle(len(s.layer.Docs), func(i, j int) { s.layer.Docs[i], s.layer.Docs[j] = s.layer.Docs[j], s.layer.Docs[i] })
			}
			if after := decide(t, n); after.Result != before.Result || after.Reason != before.Reason {
				t.Fatalf("%v %s before, %v %s in another order\nbefore %s\nafter %s", before.Result, before.Reason, after.Result, after.Reason, c, n)
			}
		}
	})
}

func TestMatchAgainstRegexp(t *testing.T) {
	t.Parallel()
	// Within the basic plane a rune is a UTF-16 unit, so regexp can serve as the oracle.
	text := rapid.StringOfN(rapid.SampledFrom([]rune("aab*?/:.[\\^$é\n")), 0, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		p, s := text.Draw(t, "pattern"), text.Draw(t, "text")
		if rapid.Bool().Draw(t, "derive") {
			// A text that is likely to match: the pattern with its wildcards filled.
			var b strings.Builder
			for _, r := range p {
				switch r {
				case '*':
					b.WriteString(rapid.SampledFrom([]string{"", "a", "ab/", "*"}).Draw(t, "run"))
				case '?':
					b.WriteString(rapid.SampledFrom([]string{"a", "/", "é"}).Draw(t, "one"))
				default:
					b.WriteRune(r)
				}
			}
			s = b.String()
		}
		re := "^(?s:" + quoteGlob(p) + ")$"
		if want, got := regexp.MustCompile(re).MatchString(s), match.Match(p, s); got != want {
			t.Fatalf("Match(%q, %q) is %v, the regular expression %s says %v", p, s, got, re, want)
		}
		if want, got := globMatches(glob(p), units(s)), match.Match(p, s); got != want {
			t.Fatalf("Match(%q, %q) is %v, backtracking says %v", p, s, got, want)
		}
	})
}

func quoteGlob(p string) string {
	var b strings.Builder
	for _, r := range p {
		switch r {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String()
}

// TestMatchCountsUTF16 goes beyond the basic plane, where backtracking is the oracle.
func TestMatchCountsUTF16(t *testing.T) {
	t.Parallel()
	text := rapid.StringOfN(rapid.SampledFrom([]rune("a*?𝄞𐐀é")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		p, s := text.Draw(t, "pattern"), text.Draw(t, "text")
		if want, got := globMatches(glob(p), units(s)), match.Match(p, s); got != want {
			t.Fatalf("Match(%q, %q) is %v, backtracking says %v", p, s, got, want)
		}
	})
}

// TestUnreadNeverAllows: for every request, an Input of zero values allows nothing,
// and neither does any case with a field forgotten that takes part in it.
func TestUnreadNeverAllows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, c := drawCase(t)
		req, in, err := c.build()
		if err != nil {
			t.Fatal(err)
		}
		if d := iam.Decide(req, &iam.Input{}); d.Result == iam.Allowed {
			t.Fatalf("allowed by nothing: %+v\n%s", d, c)
		}
		if d := iam.Decide(&iam.Request{}, in); d.Result == iam.Allowed {
			t.Fatalf("an empty request is allowed: %+v\n%s", d, c)
		}
		zero := *req
		zero.Principal = principal.Caller{}
		if d := iam.Decide(&zero, in); d.Result == iam.Allowed {
			t.Fatalf("no one is allowed: %+v\n%s", d, c)
		}
		person := c.Principal.Kind == principal.Role || c.Principal.Kind == principal.User
		for name, forget := range map[string]func(*iam.Input){
			"identity": func(in *iam.Input) { in.Identity = iam.Layer{} },
			"boundary": func(in *iam.Input) { in.Boundary = iam.Layer{} },
			"session":  func(in *iam.Input) { in.Session = iam.Layer{} },
			"resource": func(in *iam.Input) { in.Resource = iam.Layer{} },
			"scps":     func(in *iam.Input) { in.SCPs = iam.Levels{} },
			"rcps":     func(in *iam.Input) { in.RCPs = iam.Levels{} },
		} {
			without := *in
			forget(&without)
			d := iam.Decide(req, &without)
			if d.Result != iam.Allowed {
				continue
			}
			principalSide := name == "identity" || name == "boundary" || name == "session"
			bound := person || c.Principal.Kind == principal.Root
			switch {
			case principalSide && !person:
			case name == "session" && c.Principal.Kind == principal.User: // users have none, unless they call through a federation token
			case name == "scps" && (!bound || c.Principal.InManagementAccount || c.Principal.Linked):
			case name == "rcps" && (c.Principal.Linked || strings.EqualFold(c.Action, "kms:RetireGrant") || strings.Contains(c.Resource, "role/aws-service-role/")):
			default:
				t.Fatalf("allowed although %s was not read\n%s", name, c)
			}
		}
	})
}
