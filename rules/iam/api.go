// Package iam decides AWS policies: it says whether a request is allowed,
// denied or unknown, and which statement decided.
//
// It evaluates identity policies, permissions boundaries, session policies, SCPs,
// RCPs, bucket policies, KMS key policies and role trust policies (package policy
// reads them) in Kleene's three-valued logic. A layer that was not read is
// unknown, never absent: the zero value of every input type means "not read",
// so no caller can obtain [Allowed] by forgetting to fill one in. Package explain
// adds why.
//
// The evaluation order follows
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
// and, where AWS's documentation is silent, recorded AWS behavior (docs/iam.md).
// The package uses the standard library and golang.org/x only.
package iam

import (
	"strings"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/iam/statement"
)

// Layer is what is known of one kind of policy of a request.
// The zero value is a layer that was not read.
type Layer struct {
	known    bool
	reason   string
	policies []*policy.Policy
}

// Policies is a layer that was read completely; with no argument it is known to be empty.
func Policies(p ...*policy.Policy) Layer { return Layer{known: true, policies: p} }

// NotRead is a layer that could not be read; reason says why.
func NotRead(reason string) Layer { return Layer{reason: reason} }

// ReadInPart is a layer of which some policies were read, and perhaps others could not be.
// What they deny is denied; everything else is unknown.
func ReadInPart(reason string, p ...*policy.Policy) Layer { return Layer{reason: reason, policies: p} }

// Level is one level (root, OU or account) of the SCPs or RCPs over an account.
type Level struct {
	Target string // id of the root, OU or account
	Layer  Layer
}

// Levels is the chain of levels from the root to the account.
// The zero value was not read.
type Levels struct {
	known      bool
	notApplied bool
	reason     string
	levels     []Level
}

// OnPath is a chain that was read, from the root to the account.
func OnPath(levels ...Level) Levels { return Levels{known: true, levels: levels} }

// Target is the id of the i-th level, "" where it has none.
func (l *Levels) Target(i int) string {
	if i < len(l.levels) {
		return l.levels[i].Target
	}
	return ""
}

// Forget makes the layer of a level one that was not read; it reports whether there is such a level.
func (l *Levels) Forget(target, reason string) bool {
	for i := range l.levels {
		if l.levels[i].Target == target {
			l.levels[i].Layer = NotRead(reason)
			return true
		}
	}
	return false
}

// NotApplicable says that this policy type does not apply: policy type not
// enabled, management account, or an account outside an organization.
func NotApplicable() Levels { return Levels{known: true, notApplied: true} }

// LevelsNotRead is a chain that could not be read; reason says why.
func LevelsNotRead(reason string) Levels { return Levels{reason: reason} }

// Request is one API request. Keys of Context are lower case; a key that is
// not in Context is absent, unless it is listed with the zero Value (unknown).
type Request struct {
	Principal       principal.Caller
	Action          string   // "s3:ReplicateObject"
	Resource        string   // ARN; with ResourceIsGlob a glob standing for every ARN it matches
	ResourceIsGlob  bool     // "*" and "?" in Resource are wildcards: the decision is for all such resources
	Except          []string // globs of resources that a request with a glob is not about
	ResourceAccount string   // 12 digits; "" = unknown
	Context         map[string]contextkey.Value
}

// Input is every policy that bears on a request. A zero field was not read.
type Input struct {
	Identity              Layer
	Boundary              Layer
	Session               Layer
	SCPs                  Levels      // over the principal's account
	RCPs                  Levels      // over the resource's account
	Resource              Layer       // bucket policy, key policy or (sts:AssumeRole) trust policy
	Grants                logic.Truth // KMS: a grant allows it; False when grants were listed and none does
	RestrictPublicBuckets logic.Truth // effective setting (bucket, account or organization)
}

// Result of a decision. The zero value is Undecided.
type Result uint8

const (
	Undecided Result = iota // unknown
	Allowed
	Denied
)

// Statement names a statement of a policy: the one to blame or to thank.
type Statement struct {
	Layer  string // identity, boundary, session, scp:<target>, rcp:<target>, resource, key, trust
	Policy string // name or ARN of the policy
	Sid    string
	Index  int // 0-based in the document
	Line   int // 1-based line of the statement in the document
	Effect statement.Effect
	Text   string // the statement as it is written; it keeps the document in memory
}

// Decision is the answer to a request. [Decide] leaves Message empty and lists
// explicit denies only in Deciding; package explain fills both.
type Decision struct {
	Result        Result
	Reason        string              // explicit_deny, implicit_deny, allowed, invalid_policy, unknown
	Layer         string              // layer that decided a denial: where an Allow is missing or the Deny is
	Target        string              // of a denial by SCPs or RCPs: the id of the level, as in Layer
	Unfit         bool                // the request itself cannot be decided, and Message says why
	Deciding      []Statement         // explicit denies; else the nearest miss, the undecided statements, or those of each layer that allow
	UnknownKeys   []string            // context keys that would have to be known, sorted
	UnknownLayers []string            // layers that would have to be read, sorted
	NotRead       []string            // why they were not read, each reason once, sorted
	Change        string              // what of the nearest miss would have to change, in the words of package explain; "" = nothing in particular
	Witness       string              // a resource (or value of a key that ranges) the decision is about, where not all are concerned
	ButNamed      bool                // of a denial with a Witness: what it is not about is single resources (or values) that a policy names in full
	AllowWhen     map[string]string   // Undecided by keys: one assignment that allows … (absent keys are NotSent; nil: none was found)
	DenyWhen      map[string]string   // … and one that denies
	Message       string              // one sentence for people: what decided, nearest miss and what is missing
	Errors        []policy.Diagnostic // of invalid documents that took part
}

// String is allowed, denied or unknown.
func (r Result) String() string {
	switch r {
	case Allowed:
		return "allowed"
	case Denied:
		return "denied"
	}
	return "unknown"
}

// NotReadBecause is why a layer that a [Decision] names was not read.
func (in *Input) NotReadBecause(name string) string {
	switch name {
	case Guard:
		return "AWS keeps its managed policies and the roles of its services from changes, whatever policies allow"
	case "identity":
		return in.Identity.reason
	case "boundary":
		return in.Boundary.reason
	case "session":
		return in.Session.reason
	case "resource", "key", "trust":
		return in.Resource.reason
	case "scp":
		return in.SCPs.reason
	case "rcp":
		return in.RCPs.reason
	}
	kind, target, _ := strings.Cut(name, ":")
	levels := in.SCPs.levels
	if kind == "rcp" {
		levels = in.RCPs.levels
	}
	for i := range levels {
		if levels[i].Target == target {
			return levels[i].Layer.reason
		}
	}
	return ""
}
