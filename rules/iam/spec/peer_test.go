//go:build differential

package spec_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
)

// peerVersion is pinned: another version may answer otherwise, and then
// docs/iam-differences.md has to be read again.
const peerVersion = "@cloud-copilot/iam-simulate@0.1.173"

// TestDifferential compares the package with another evaluator, run as an external
// process, on two-valued requests over generated policies. Every disagreement
// must belong to a class of docs/iam-differences.md: a class names what both
// see differently, and the test proves it by rewriting the case without that
// and asking both again. A disagreement that no class explains fails the test.
//
//	go test -tags differential -run Differential ./rules/iam/
//
// XCTEST_CACHE says where the npm package is installed,
// XCTEST_SPEC_N and XCTEST_SPEC_SEED how many cases and which.
func TestDifferential(t *testing.T) {
	t.Parallel()
	cache := installPeer(t)
	n, seed := int(envInt("XCTEST_SPEC_N", 3000)), envInt("XCTEST_SPEC_SEED", 1)

	var cases []*specCase
	for i := uint64(0); len(cases) < n; i++ {
		g := &specGen{Rand: rand.New(rand.NewPCG(seed, i))}
		if c := g.draw(); c.twoValued() && decided(t, c) != "unknown" {
			c = c.clone()
			if c.Principal.Kind == principal.AnonymousKind || c.Principal.InManagementAccount {
				c.SCPs = specLevels{State: "not applicable"} // the peer leaves that to its caller
			}
			if len(cases)%10 != 0 {
				rewriteRCPs(c) // the one difference that would hide the others behind a refusal
			}
			cases = append(cases, c)
		}
	}
	// The peer drops context keys that AWS does not send with an action. Both
	// sides are asked without them, so that they judge the same request.
	plain := make([]*specCase, len(cases))
	for i, c := range cases {
		plain[i] = c.clone()
		rewriteRCPs(plain[i])
	}
	for i, a := range askPeer(t, cache, plain) {
		for _, k := range a.Ignored {
			delete(cases[i].Context, strings.ToLower(k))
		}
	}
	cases = slices.DeleteFunc(cases, func(c *specCase) bool { return decided(t, c) == "unknown" })
	if len(cases) < n*9/10 {
		t.Errorf("only %d of %d requests are decided", len(cases), n)
	}
	theirs := askPeer(t, cache, cases)
	agree := 0
	var open []disagreement
	for i, c := range cases {
		ours := decided(t, c)
		if theirs[i].decision == ours {
			agree++
			continue
		}
		open = append(open, disagreement{c: c, ours: ours, theirs: theirs[i].decision, why: theirs[i].Error})
	}
	t.Logf("seed %d: %d requests, %d answered alike", seed, len(cases), agree)

	// Each class alone, then two, then all that apply together.
	var singles, pairs [][]peerClass
	for i, a := range peerClasses {
		singles = append(singles, []peerClass{a})
		for _, b := range peerClasses[i+1:] {
			pairs = append(pairs, []peerClass{a, b})
		}
	}
	counts := map[string]int{}
	for _, groups := range [][][]peerClass{singles, pairs, {peerClasses}} {
		var rewritten []*specCase
		var of []int
		var names [][]string
		for i, d := range open {
			if d.classes != nil {
				continue
			}
			for _, group := range groups {
				n := d.c.clone()
				var applied []string
				for _, cl := range group {
					if cl.rewrite(n) {
						applied = append(applied, cl.name)
					}
				}
				if len(applied) == min(len(group), 2) || len(applied) > 2 {
					rewritten, of, names = append(rewritten, n), append(of, i), append(names, applied)
				}
			}
		}
		for k, a := range askPeer(t, cache, rewritten) {
			if i := of[k]; open[i].classes == nil && a.decision == decided(t, rewritten[k]) {
				open[i].classes = names[k]
			}
		}
	}
	unexplained := 0
	for _, d := range open {
		if d.classes == nil {
			if unexplained++; unexplained <= int(envInt("XCTEST_PEER_SHOW", 5)) {
				t.Errorf("we say %s, the peer says %s, and no class explains it: %s\n%s", d.ours, d.theirs, d.why, d.c)
			}
			continue
		}
		counts[strings.Join(d.classes, " + ")]++
	}
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("  %4d  %s", counts[k], k)
	}
	if unexplained > 0 {
		t.Errorf("%d disagreements are not explained", unexplained)
	}
	doc, err := os.ReadFile("../../docs/iam-differences.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, cl := range peerClasses {
		if !strings.Contains(string(doc), "## "+cl.name+"\n") {
			t.Errorf("docs/iam-differences.md has no section %q", cl.name)
		}
	}
}

type disagreement struct {
	c            *specCase
	why          string
	ours, theirs string
	classes      []string // that explain it
}

// twoValued cases have nothing unknown, no glob and nothing that the peer has no word for.
func (c *specCase) twoValued() bool {
	if c.Glob || c.ResourceAccount == "" || c.Grants != logic.False || c.RestrictPublic == logic.Unknown || strings.ContainsAny(c.Resource, "*?") {
		return false
	}
	for _, v := range c.Context {
		if v.State == "unknown" {
			return false
		}
	}
	for _, s := range c.slots() {
		if !s.layer.Read {
			// What does not take part need not be read.
			person := c.Principal.Kind == principal.Role || c.Principal.Kind == principal.User
			if person || s.kind == c.service().kind || s.kind == policy.SCP || s.kind == policy.RCP {
				return false
			}
		}
	}
	if c.SCPs.State == "unread" || c.RCPs.State == "unread" || c.Principal.Kind == principal.Role && (c.Principal.RoleID == "" || c.Principal.RoleARN == "" || c.Principal.Session == "") {
		return false
	}
	if c.service().kind == policy.Trust && len(c.Policy.Docs) == 0 {
		return false // every role has a trust policy; the peer takes a missing one for nothing to ask
	}
	text := c.text()
	return !strings.Contains(text, "CanonicalUser") && !boolWithVariable.MatchString(text)
}

var boolWithVariable = regexp.MustCompile(`"[A-Za-z:]*Bool[A-Za-z]*":\{[^}]*\$\{`)

func decided(t *testing.T, c *specCase) string {
	req, in, err := c.build()
	if err != nil {
		t.Fatal(err)
	}
	d := iam.Decide(req, in)
	for _, s := range c.slots() {
		for _, doc := range s.layer.Docs {
			if parseSpec(doc).invalid {
				return "refused"
			}
		}
	}
	return d.Result.String()
}

// installPeer installs the package into a cache folder, outside this repository.
func installPeer(t *testing.T) string {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: the comparison with %s needs it", tool, peerVersion)
		}
	}
	cache := os.Getenv("XCTEST_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(dir, "crosscheck", "peer")
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("npm", "install", "--prefix", cache, "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", peerVersion).CombinedOutput()
	if err != nil {
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	return cache
}

type peerAnswer struct {
	decision string // "allowed", "denied" or "error: …"
	Result   string
	Error    string
	Ignored  []string
}

func askPeer(t *testing.T, cache string, cases []*specCase) []peerAnswer {
	if len(cases) == 0 {
		return nil
	}
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	enc.SetEscapeHTML(false)
	for i, c := range cases {
		if err := enc.Encode(map[string]any{"id": i, "simulation": c.simulation()}); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("node", "testdata/peer/drive.mjs", cache)
	cmd.Stdin = &in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	answers := make([]peerAnswer, 0, len(cases))
	sc := bufio.NewReader(bytes.NewReader(out))
	for {
		line, err := sc.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		var a peerAnswer
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		switch {
		case strings.Contains(a.Error, `"message":"policy.errors"`):
			a.decision = "refused" // not a document that it takes
		case a.Error != "":
			a.decision = "error: " + a.Error
		case a.Result == "Allowed":
			a.decision = "allowed"
		case a.Result == "ExplicitlyDenied" || a.Result == "ImplicitlyDenied":
			a.decision = "denied"
		default:
			a.decision = "error: " + a.Result
		}
		answers = append(answers, a)
	}
	if len(answers) != len(cases) {
		t.Fatalf("%d answers to %d requests\n%s", len(answers), len(cases), stderr.Bytes())
	}
	return answers
}

// simulation is a case in the peer's words.
func (c *specCase) simulation() map[string]any {
	var who any = c.Principal.ARN
	switch c.Principal.Kind {
	case principal.ServiceKind:
		who = c.Principal.Service
	case principal.AnonymousKind:
		who = map[string]any{"type": "Anonymous"}
	}
	vars := map[string]any{}
	for k, v := range c.Context {
		switch v.State {
		case "one":
			vars[k] = v.Values[0]
		case "many":
			vars[k] = v.Values
		}
	}
	switch c.Principal.Kind {
	case principal.Role:
		vars["aws:PrincipalArn"] = c.Principal.RoleARN
		vars["aws:userid"] = c.Principal.RoleID + ":" + c.Principal.Session
	case principal.User:
		vars["aws:PrincipalArn"] = c.Principal.ARN
	}
	list := func(l specLayer) []any {
		out := []any{}
		for _, d := range l.Docs {
			out = append(out, map[string]any{"name": d.Name, "policy": json.RawMessage(d.JSON)})
		}
		return out
	}
	levels := func(l specLevels) []any {
		out := []any{}
		for _, lv := range l.Levels {
			out = append(out, map[string]any{"orgIdentifier": lv.Target, "policies": list(lv.Layer)})
		}
		return out
	}
	s := map[string]any{
		"request": map[string]any{
			"principal": who, "action": c.Action,
			"resource":         map[string]any{"resource": c.Resource, "accountId": c.ResourceAccount},
			"contextVariables": vars,
		},
		"identityPolicies":        list(c.Identity),
		"serviceControlPolicies":  levels(c.SCPs),
		"resourceControlPolicies": levels(c.RCPs),
	}
	if len(c.Policy.Docs) > 0 {
		s["resourcePolicy"] = json.RawMessage(c.Policy.Docs[0].JSON)
	}
	if len(c.Session.Docs) > 0 {
		s["sessionPolicy"] = json.RawMessage(c.Session.Docs[0].JSON)
	}
	if len(c.Boundary.Docs) > 0 {
		s["permissionBoundaryPolicies"] = list(c.Boundary)
	}
	if c.RestrictPublic == logic.True {
		s["additionalSettings"] = map[string]any{"s3": map[string]any{"blockPublicAccess": true}}
	}
	return s
}

// peerClass is one thing that the two see differently. rewrite takes it out of
// a case and says whether it was there.
type peerClass struct {
	name    string
	rewrite func(c *specCase) bool
}

// replaceDocs rewrites the text of every document.
func replaceDocs(c *specCase, f func(string) string) (changed bool) {
	for _, s := range c.slots() {
		for i, d := range s.layer.Docs {
			if n := f(d.JSON); n != d.JSON {
				s.layer.Docs[i].JSON, changed = n, true
			}
		}
	}
	return changed
}

// replaceValues rewrites the values of the request's context.
func replaceValues(c *specCase, f func(string) string) (changed bool) {
	for k, v := range c.Context {
		v.Values = slices.Clone(v.Values)
		for i, s := range v.Values {
			if n := f(s); n != s {
				v.Values[i], changed = n, true
			}
		}
		c.Context[k] = v
	}
	return changed
}

// both rewrites operands in documents and values in the context.
func both(old, new string) func(c *specCase) bool {
	return func(c *specCase) bool {
		a := replaceDocs(c, func(s string) string { return strings.ReplaceAll(s, `"`+old+`"`, `"`+new+`"`) })
		b := replaceValues(c, func(s string) string {
			if s == old {
				return new
			}
			return s
		})
		return a || b
	}
}

var peerClasses = []peerClass{
	{"Resource control policies as AWS stores them", rewriteRCPs},
	{"Variables before Version 2012-10-17", func(c *specCase) bool {
		return replaceDocs(c, func(s string) string {
			if !strings.Contains(s, "${") {
				return s
			}
			if !strings.Contains(s, `"Version"`) {
				return `{"Version":"2012-10-17",` + s[1:]
			}
			return strings.ReplaceAll(s, `"Version":"2008-10-17"`, `"Version":"2012-10-17"`)
		})
	}},
	{"Unique ids of roles", func(c *specCase) bool {
		return replaceDocs(c, func(s string) string {
			s = strings.ReplaceAll(s, `"`+orphanID+`"`, `"arn:aws:iam::`+ownAccount+`:role/Gone"`)
			if c.Principal.Kind == principal.Role && c.Principal.RoleID == roleID {
				return strings.ReplaceAll(s, `"`+roleID+`"`, `"`+c.Principal.RoleARN+`"`)
			}
			return strings.ReplaceAll(s, `"`+roleID+`"`, `"arn:aws:iam::`+ownAccount+`:role/Gone"`)
		})
	}},
	{"The root user", func(c *specCase) bool {
		if c.Principal.Kind != principal.Root {
			return false
		}
		c.Identity = specLayer{Read: true, Docs: []specDoc{{"full", fullAccess}}}
		return true
	}},
	{"Service-linked roles", func(c *specCase) bool {
		if !c.Principal.Linked {
			return false
		}
		b := c.Principal.Boundary
		c.Principal = principal.RoleSession("arn:aws:iam::"+ownAccount+":role/R", roleID, "s")
		c.Principal.Boundary = b
		return true
	}},
	{"Assuming service-linked roles", func(c *specCase) bool {
		before := c.Resource
		c.Resource = strings.Replace(c.Resource, ":role/aws-service-role/x.amazonaws.com/", ":role/", 1)
		return c.Resource != before
	}},
	{"RetireGrant under RCPs", func(c *specCase) bool {
		if c.Action != "kms:RetireGrant" || c.RCPs.State != "path" {
			return false
		}
		c.RCPs = specLevels{State: "not applicable"}
		return true
	}},
	{"NotPrincipal", func(c *specCase) bool {
		return replaceStatements(c, func(st map[string]any) bool {
			if st["NotPrincipal"] == nil {
				return false
			}
			delete(st, "NotPrincipal")
			st["Principal"] = "*"
			return true
		})
	}},
	{"Variables without a value", func(c *specCase) bool {
		w := c.space().base
		lost := func(s string) bool { _, ok := w.expand(s, "2012-10-17", true); return !ok }
		return replaceStatements(c, func(st map[string]any) bool {
			changed := false
			cond, _ := st["Condition"].(map[string]any)
			for op, keys := range cond {
				for k, operands := range keys.(map[string]any) {
					list := scalars(operands)
					for i, o := range list {
						if !lost(o) {
							continue
						}
						if list[i] = "no-such-value"; strings.Contains(op, "Arn") {
							list[i] = "arn:aws:no:such::value"
						}
						changed = true
					}
					keys.(map[string]any)[k] = list
				}
			}
			list := scalars(st["NotResource"])
			keep := slices.DeleteFunc(slices.Clone(list), lost)
			if len(keep) == len(list) {
				return changed
			}
			if st["NotResource"] = keep; len(keep) == 0 {
				delete(st, "NotResource")
				st["Resource"] = "arn:aws:s3:::dst/*"
			}
			return true
		})
	}},
	{"Key policy statements without Resource", func(c *specCase) bool {
		return c.service().kind == policy.Key && replaceStatements(c, func(st map[string]any) bool {
			if st["Resource"] != nil || st["NotResource"] != nil {
				return false
			}
			st["Resource"] = "*"
			return true
		})
	}},
	{"Empty values", func(c *specCase) bool {
		return replaceValues(c, func(s string) string {
			if s == "" {
				return "e"
			}
			return s
		})
	}},
	{"The network 0.0.0.0/0", func(c *specCase) bool {
		return replaceStatements(c, func(st map[string]any) (changed bool) {
			cond, _ := st["Condition"].(map[string]any)
			for _, keys := range cond {
				for k, operands := range keys.(map[string]any) {
					list := scalars(operands)
					if i := slices.Index(list, "0.0.0.0/0"); i >= 0 {
						list[i] = "0.0.0.0/1"
						keys.(map[string]any)[k] = append(list, "128.0.0.0/1")
						changed = true
					}
				}
			}
			return changed
		})
	}},
	{"Bool of other text", func(c *specCase) bool {
		v := c.Context["aws:securetransport"]
		if v.State != "one" || strings.EqualFold(v.Values[0], "true") || v.Values[0] == "false" {
			return false
		}
		c.Context["aws:securetransport"] = specValue{"one", []string{"false"}}
		return true
	}},
	{"The characters that variables escape", func(c *specCase) bool {
		return both("${*}", "star")(c) && replaceValues(c, func(s string) string { return strings.ReplaceAll(s, "*", "star") })
	}},
	{"IPv4 addresses in IPv6 form", func(c *specCase) bool { return both("::ffff:192.0.2.1", "192.0.2.1")(c) }},
	{"A bare address and the other family", func(c *specCase) bool {
		return replaceDocs(c, func(s string) string { return strings.ReplaceAll(s, `"192.0.2.1"`, `"192.0.2.1/32"`) })
	}},
	{"A lone * for an ARN", func(c *specCase) bool {
		return replaceStatements(c, func(st map[string]any) (changed bool) {
			cond, _ := st["Condition"].(map[string]any)
			for op, keys := range cond {
				if !strings.Contains(op, "Arn") {
					continue
				}
				for k, operands := range keys.(map[string]any) {
					list := scalars(operands)
					for i := range list {
						if list[i] == "*" {
							list[i], changed = "arn:*:*:*:*:*", true
						}
					}
					keys.(map[string]any)[k] = list
				}
			}
			return changed
		})
	}},
	{"Text that is no number or date", func(c *specCase) (changed bool) {
		for k, good := range map[string]string{"aws:multifactorauthage": "999", "aws:currenttime": "2031-01-01T00:00:00Z"} {
			if v := c.Context[k]; v.State == "one" && (v.Values[0] == "x" || v.Values[0] == "NaN") {
				c.Context[k], changed = specValue{"one", []string{good}}, true
			}
		}
		return changed
	}},
	{"Forms of numbers", func(c *specCase) (changed bool) {
		for old, new := range map[string]string{"1e0": "1", "1e1": "10", "+1": "1", "01": "1", "1.0": "1"} {
			changed = both(old, new)(c) || changed
		}
		return changed
	}},
	{"Forms of dates", func(c *specCase) bool {
		a := both("1893456000", "2030-01-01T00:00:00Z")(c)
		b := both("2030-01-01", "2030-01-01T00:00:00Z")(c)
		d := both("2030-01-02", "2030-01-02T00:00:00Z")(c)
		return a || b || d
	}},
	{"Paths of roles", func(c *specCase) bool {
		changed := replaceDocs(c, func(s string) string { return strings.ReplaceAll(s, ":role/team/R", ":role/R") })
		if strings.Contains(c.Principal.RoleARN, ":role/team/R") {
			p := c.Principal
			c.Principal = principal.RoleSession("arn:aws:iam::"+ownAccount+":role/R", p.RoleID, p.Session)
			c.Principal.Boundary, c.Principal.InManagementAccount = p.Boundary, p.InManagementAccount
			changed = true
		}
		return changed
	}},
	{"Service principals under SCPs", func(c *specCase) bool {
		if c.Principal.Kind != principal.ServiceKind || c.SCPs.State != "path" {
			return false
		}
		c.SCPs = specLevels{State: "not applicable"}
		return true
	}},
	{"Users and sessions named directly", func(c *specCase) (changed bool) {
		for _, l := range []*specLayer{&c.Boundary, &c.Session} {
			for i, d := range l.Docs {
				var m map[string]any
				if json.Unmarshal([]byte(d.JSON), &m) != nil {
					continue
				}
				stmts, ok := m["Statement"].([]any)
				if !ok {
					stmts = []any{m["Statement"]}
				}
				m["Statement"] = append(stmts, map[string]any{"Effect": "Allow", "Action": "*", "Resource": "*"})
				b, _ := json.Marshal(m)
				l.Docs[i].JSON, changed = string(b), true
			}
		}
		return changed
	}},
	{"Administration of keys across accounts", func(c *specCase) bool {
		if c.Action != "kms:PutKeyPolicy" || c.ResourceAccount == ownAccount {
			return false
		}
		c.Action = "kms:DescribeKey"
		return true
	}},
}

// replaceStatements rewrites statements; f says whether it changed one.
func replaceStatements(c *specCase, f func(map[string]any) bool) bool {
	return replaceDocs(c, func(text string) string {
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		var m map[string]any
		if dec.Decode(&m) != nil {
			return text
		}
		stmts, ok := m["Statement"].([]any)
		if !ok {
			stmts = []any{m["Statement"]}
		}
		changed := false
		for _, st := range stmts {
			changed = f(st.(map[string]any)) || changed
		}
		if !changed {
			return text
		}
		b, err := json.Marshal(m)
		if err != nil {
			panic(err)
		}
		return string(b)
	})
}

func rewriteRCPs(c *specCase) (changed bool) {
	for i := range c.RCPs.Levels {
		docs := c.RCPs.Levels[i].Layer.Docs
		for j, d := range docs {
			n := strings.ReplaceAll(d.JSON, `"Principal":{"AWS":"*"}`, `"Principal":"*"`)
			n = strings.ReplaceAll(n, `"Version":"2008-10-17"`, `"Version":"2012-10-17"`)
			if !strings.Contains(n, `"Version"`) {
				n = `{"Version":"2012-10-17",` + n[1:]
			}
			changed = changed || n != d.JSON
			docs[j].JSON = n
		}
	}
	return changed
}
