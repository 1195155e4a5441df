package scanner

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/fact"
)

// Plan is what a scan with some options would call.
type Plan struct {
	Caller       string               `json:"caller"`                 // ARN
	Role         string               `json:"role,omitempty"`         // to assume in every account; "" = the caller's own credentials
	Mode         string               `json:"mode"`                   // organization, accounts, account-only
	Organization string               `json:"organization,omitempty"` // its id
	Accounts     fact.AccountCoverage `json:"accounts"`
	Buckets      int                  `json:"buckets"` // in scope
	Calls        []PlannedCalls       `json:"calls"`   // sorted by API
	Gaps         []fact.Gap           `json:"gaps"`    // accounts that cannot be entered, or listed whole

	// Latency is what a call took on average while the plan was made.
	Latency time.Duration `json:"-"`
}

// PlannedCalls is how often a scan would call an API.
type PlannedCalls struct {
	API string `json:"api"`
	By  string `json:"by"` // caller, audit role
	// Listing is how often the plan itself called it; the scan does so again.
	Listing int `json:"listing"`
	// None is how often it is called if no bucket replicates; All, if each replicates
	// by one rule into another one of the account, through a role and under a key of its own.
	None int `json:"none"`
	All  int `json:"all"`
}

// MakePlan lists the accounts and the buckets in scope, as a scan begins, and says
// what the scan would call. It reads nothing of any bucket. It fails as [Scan] does.
func MakePlan(ctx context.Context, cfg aws.Config, opts Options) (*Plan, error) {
	p := &Plan{Gaps: []fact.Gap{}}
	opts.Meter = new(Meter)
	err := begin(ctx, cfg, opts, func(ctx context.Context, s *scan) error {
		var n ask.Notes
		mode, entered, err := s.list(ctx, &n)
		if err != nil {
			return err
		}
		p.Mode, p.Caller, p.Gaps = mode, s.session.caller.ARN, append(p.Gaps, n.Gaps...)
		if mode != "account-only" {
			p.Role = s.opts.RoleName
		}
		if o := s.org.Fact.Value; o != nil {
			p.Organization = o.ID
		}
		p.Accounts = fact.AccountCoverage{Listed: len(s.accounts), Scanned: len(entered), Unreadable: len(s.accounts) - len(entered)}
		p.plan(s, entered)
		return nil
	})
	return p, err
}

// plan counts the calls.
func (p *Plan) plan(s *scan, entered []*account) {
	calls := map[string]*PlannedCalls{}
	of := func(api string) *PlannedCalls {
		c := calls[api]
		if c == nil {
			c = &PlannedCalls{API: api, By: "audit role"}
			if p.Role == "" || strings.HasPrefix(api, "organizations:") || strings.HasPrefix(api, "sts:") {
				c.By = "caller"
			}
			calls[api] = c
		}
		return c
	}
	var took time.Duration
	made := 0
	for _, c := range s.opts.Meter.Calls() {
		n := of(c.API)
		n.Listing, n.None, n.All = c.Calls, c.Calls, c.Calls
		took, made = took+c.Duration, made+c.Calls
	}
	p.Latency = took / time.Duration(max(made, 1))

	// A bucket that is source and destination has the facts of both read, once.
	idle, taking := map[string]bool{"replication": true}, map[string]bool{}
	for _, name := range s.needs["bucket"] {
		idle[name] = true
	}
	maps.Copy(taking, idle)
	for _, name := range slices.Concat(s.needs["source"], s.needs["destination"]) {
		taking[name] = true
	}
	types := s.org.PolicyTypes()
	if types > 0 {
		of("organizations:ListPoliciesForTarget").All += types // of the root
		of("organizations:DescribePolicy").All += types        // of what AWS attaches everywhere
	}
	for _, a := range entered {
		buckets, _, _ := s.left(a)
		n := len(buckets)
		p.Buckets += n
		for name := range idle {
			of(bucketAPI(name)).None += n
		}
		for name := range taking {
			of(bucketAPI(name)).All += n
		}
		for _, name := range s.needs["silent"] { // at least: once in each Region
			of(bucketAPI(name)).All += min(n, 1)
		}
		if n == 0 {
			continue
		}
		of("s3control:GetPublicAccessBlock").All++
		if s.org.Fact.Value != nil {
			if len(s.org.Members[a.id].Paths) == 0 {
				of("organizations:ListParents").All++
			}
			if a.id != s.org.Fact.Value.ManagementAccountID {
				of("organizations:ListPoliciesForTarget").All += types
			}
		}
		of("iam:GetRole").All += n
		alone := min(n, manyRoles)
		for _, api := range []string{"iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:GetPolicyVersion"} {
			of(api).All += alone
		}
		if n > alone { // the roles, and as many policies
			of("iam:GetAccountAuthorizationDetails").All += 2 * ((n + listPage - 1) / listPage)
		}
		for _, api := range ask.APIs() {
			if strings.HasPrefix(api, "kms:") {
				of(api).All += n
			}
		}
		of("kms:GetKeyPolicy").All += n // AWS_RAM, beside default
	}
	for _, api := range slices.Sorted(maps.Keys(calls)) {
		p.Calls = append(p.Calls, *calls[api])
	}
}

// organizationsRates are how many calls a second Organizations sustains.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
var organizationsRates = map[string]float64{
	"organizations:DescribePolicy":        2,
	"organizations:ListAccounts":          8,
	"organizations:ListParents":           5,
	"organizations:ListPoliciesForTarget": 5,
	"organizations:ListRoots":             1,
}

// MinDuration is how long the calls take at least, if no bucket replicates and if each
// does: as many of them at a time as are allowed, each as long as those of the plan,
// and those to Organizations at its rates.
func (p *Plan) MinDuration(concurrency int) (none, all time.Duration) {
	o := Options{Concurrency: concurrency}
	var calls, slowest [2]time.Duration
	for _, c := range p.Calls {
		for i, n := range []int{c.None, c.All} {
			calls[i] += time.Duration(n) * p.Latency / time.Duration(o.concurrency())
			if rate := organizationsRates[c.API]; rate > 0 {
				slowest[i] = max(slowest[i], time.Duration(float64(n)/rate*float64(time.Second)))
			}
		}
	}
	return max(calls[0], slowest[0]), max(calls[1], slowest[1])
}
