package spec_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
)

// build hands a case to the package.
func (c *specCase) build() (*iam.Request, *iam.Input, error) {
	var bad error
	layer := func(kind policy.Kind, l specLayer, opts ...policy.ParseOption) iam.Layer {
		if !l.Read {
			return iam.NotRead("not read in this case")
		}
		var ps []*policy.Policy
		for _, d := range l.Docs {
			p := policy.Parse(kind, d.Name, []byte(d.JSON), opts...)
			if want := !parseSpec(d).invalid; p.Valid() != want {
				bad = fmt.Errorf("document %s: valid is %v, want %v: %v\n%s", d.Name, p.Valid(), want, p.Diagnostics(), d.JSON)
			}
			ps = append(ps, p)
		}
		return iam.Policies(ps...)
	}
	levels := func(kind policy.Kind, l specLevels) iam.Levels {
		switch l.State {
		case "unread":
			return iam.LevelsNotRead("not read in this case")
		case "not applicable":
			return iam.NotApplicable()
		}
		var out []iam.Level
		for _, lv := range l.Levels {
			out = append(out, iam.Level{Target: lv.Target, Layer: layer(kind, lv.Layer)})
		}
		return iam.OnPath(out...)
	}
	req := &iam.Request{
		Principal: c.Principal, Action: c.Action, Resource: c.Resource, ResourceIsGlob: c.Glob,
		ResourceAccount: c.ResourceAccount, Context: map[string]contextkey.Value{},
	}
	for k, v := range c.Context {
		switch v.State {
		case "unknown":
			var domain []contextkey.Value
			for _, one := range c.Domains[k] {
				domain = append(domain, one.known())
			}
			req.Context[k] = contextkey.OneOf(domain...)
		default:
			req.Context[k] = v.known()
		}
	}
	in := &iam.Input{
		Identity: layer(policy.Identity, c.Identity),
		Boundary: layer(policy.Boundary, c.Boundary),
		Session:  layer(policy.Session, c.Session),
		SCPs:     levels(policy.SCP, c.SCPs),
		RCPs:     levels(policy.RCP, c.RCPs),
		Grants:   c.Grants, RestrictPublicBuckets: c.RestrictPublic,
	}
	switch strings.ToLower(c.Action)[:4] {
	case "kms:":
		in.Resource = layer(policy.Key, c.Policy)
	case "sts:":
		in.Resource = layer(policy.Trust, c.Policy)
	default:
		in.Resource = layer(policy.Bucket, c.Policy, policy.ForBucket("dst"))
	}
	return req, in, bad
}

// String shows a case for people: what is asked, and each document on a line.
func (c *specCase) String() string {
	var b strings.Builder
	p := c.Principal
	fmt.Fprintf(&b, "principal %d %s%s role %s id %q boundary %v linked %v management %v\n", p.Kind, p.ARN, p.Service, p.RoleARN, p.RoleID, p.Boundary, p.Linked, p.InManagementAccount)
	fmt.Fprintf(&b, "%s on %s (glob %v) of %q, grants %v, RestrictPublicBuckets %v\n", c.Action, c.Resource, c.Glob, c.ResourceAccount, c.Grants, c.RestrictPublic)
	for _, k := range slices.Sorted(maps.Keys(c.Context)) {
		fmt.Fprintf(&b, "  %s: %s %q\n", k, c.Context[k].State, c.Context[k].Values)
	}
	layer := func(name string, l specLayer) {
		if !l.Read {
			fmt.Fprintf(&b, "%s: not read\n", name)
		}
		for _, d := range l.Docs {
			fmt.Fprintf(&b, "%s: %s %s\n", name, d.Name, d.JSON)
		}
	}
	layer("identity", c.Identity)
	layer("boundary", c.Boundary)
	layer("session", c.Session)
	layer("resource", c.Policy)
	for name, l := range map[string]specLevels{"scp": c.SCPs, "rcp": c.RCPs} {
		fmt.Fprintf(&b, "%s: %s\n", name, l.State)
		for _, lv := range l.Levels {
			layer(name+" "+lv.Target, lv.Layer)
		}
	}
	return b.String()
}

// decidesRight runs one case through the package and compares.
func decidesRight(c *specCase, rng *rand.Rand, limit int) (d iam.Decision, loose bool, s *specSpace, err error) {
	req, in, err := c.build()
	if err != nil {
		return d, false, nil, err
	}
	d = iam.Decide(req, in)
	if loose, s, err = c.check(d, rng, limit); err != nil {
		return d, loose, s, err
	}
	if loose && len(s.dims) == 0 && !c.Glob {
		return d, loose, s, fmt.Errorf("unknown, although nothing is unknown")
	}
	if err := c.checkWitnesses(d, rng, limit); err != nil {
		return d, loose, s, err
	}
	return d, loose, s, c.checkBlame(d, s)
}

// known is a value that is known, as the package has it.
func (v specValue) known() contextkey.Value {
	switch v.State {
	case "one":
		return contextkey.One(v.Values[0])
	case "many":
		return contextkey.Many(v.Values...)
	}
	return contextkey.Absent()
}

// checkBlame: with nothing unknown, an explicit deny is called one, and the statements named are ones that bite.
func (c *specCase) checkBlame(d iam.Decision, s *specSpace) error {
	if len(s.dims) > 0 || c.Glob || d.Result != iam.Denied {
		return nil
	}
	out := s.world(nil, c.Resource).decide()
	if out.invalid {
		return nil
	}
	want := "implicit_deny"
	if len(out.denies) > 0 {
		want = "explicit_deny"
	}
	if d.Reason != want {
		return fmt.Errorf("reason is %s, want %s", d.Reason, want)
	}
	if len(out.denies) == 0 {
		return nil
	}
	if len(d.Deciding) == 0 {
		return fmt.Errorf("an explicit deny without its statement")
	}
	for _, st := range d.Deciding {
		if !slices.ContainsFunc(out.denies, func(r specRef) bool {
			return r.index == st.Index && r.policy == st.Policy && st.Effect == statement.Deny
		}) {
			return fmt.Errorf("statement %d of %s is blamed, but it does not bite: those that do are %v", st.Index, st.Policy, out.denies)
		}
	}
	return nil
}

func envInt(name string, otherwise uint64) uint64 {
	if v, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return v
	}
	return otherwise
}

// TestSpecification compares the package with the executable specification on
// random requests. XCTEST_SPEC_N and XCTEST_SPEC_SEED choose how many
// and which, XCTEST_SPEC_WORLDS how many worlds of each are tried at most;
// XCTEST_SPEC_AT runs one request alone.
func TestSpecification(t *testing.T) {
	t.Parallel()
	n, seed := envInt("XCTEST_SPEC_N", 20000), envInt("XCTEST_SPEC_SEED", 1)
	from := uint64(0)
	if at := os.Getenv("XCTEST_SPEC_AT"); at != "" {
		from = envInt("XCTEST_SPEC_AT", 0)
		n = from + 1
	}
	limit := int(envInt("XCTEST_SPEC_WORLDS", 60))
	var (
		mu       sync.Mutex
		results  = map[string]int{}
		loose    = map[string]int{}
		definite int
		allowed  int
		failures int
		wg       sync.WaitGroup
		next     = make(chan uint64, 64)
	)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				g := &specGen{Rand: rand.New(rand.NewPCG(seed, i))}
				c := g.draw()
				d, lax, s, err := decidesRight(c, g.Rand, limit)
				mu.Lock()
				results[fmt.Sprintf("%v/%s", d.Result, d.Reason)]++
				if d.Result != iam.Undecided {
					definite++
				}
				if d.Result == iam.Allowed {
					allowed++
				}
				if lax {
					what := slices.Clone(s.unknown)
					for i, u := range what {
						if strings.HasPrefix(u, "key ") {
							what[i] = "key"
						}
					}
					if c.Glob {
						what = append(what, "glob")
					}
					slices.Sort(what)
					loose[strings.Join(slices.Compact(what), "+")]++
				}
				if err != nil {
					if failures++; failures <= 5 {
						t.Errorf("seed %d, case %d: %v\ndecision: %+v\n%s", seed, i, err, d, c)
					} else if failures <= 100 {
						t.Errorf("seed %d, case %d: %v", seed, i, err)
					}
				}
				mu.Unlock()
			}
		})
	}
	for i := from; i < n; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
	total := 0
	for _, v := range loose {
		total += v
	}
	t.Logf("seed %d, %d requests: %v; %d decided; unknown where every world that was tried agrees: %d (%.2f %%)", seed, n-from, results, definite, total, 100*float64(total)/float64(n-from))
	for _, k := range slices.SortedFunc(maps.Keys(loose), func(a, b string) int { return loose[b] - loose[a] }) {
		t.Logf("  less definite for %s: %d", k, loose[k])
	}
	if failures > 0 {
		t.Errorf("%d of %d requests are decided wrongly", failures, n-from)
	}
	if from == 0 && n >= 1000 && (allowed < int(n)/20 || definite < int(n)/4) {
		t.Errorf("the generator no longer reaches both answers: %v", results)
	}
}
