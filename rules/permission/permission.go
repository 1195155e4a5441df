// Package permission decides which permissions a replication link needs and
// whether S3 has them. What a link needs is a table of [Requirement] rows; [Of]
// decides each of them for one link with package iam. The rules that answer from a
// single cell of this matrix are rows too: see [Rules].
package permission

import (
	"cmp"
	"slices"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/iam/logic"
)

// Layer is a place where S3 must be let in.
type Layer string

// The layers, in the order in which S3 meets them.
const (
	Trust          Layer = "trust"           // the role's trust policy
	Source         Layer = "source"          // the source bucket and its objects
	Destination    Layer = "destination"     // the destination bucket and the replicas
	SourceKey      Layer = "source_key"      // the KMS key of the source objects
	DestinationKey Layer = "destination_key" // the KMS key of the replicas
)

// Side says whose policies a question is about.
type Side string

// The sides of a request.
const (
	Whole        Side = ""         // both together
	RoleSide     Side = "role"     // the role's policies, its boundary and the SCPs over it
	ResourceSide Side = "resource" // the policy of the bucket or key and the RCPs over its owner
)

// Key names a requirement: no two have the same layer and action.
type Key struct {
	Layer  Layer
	Action string
}

func (k Key) String() string { return string(k.Layer) + "/" + k.Action }

// Matrix is what a link needs: a cell for each requirement that applies to it.
type Matrix struct {
	// Cells are in the order of the table.
	Cells []Cell
	// Refused are the policies over the link that AWS would not store.
	Refused []*Policy

	features features // of the link
}

// Find gives the cell of a requirement, the worst where there are several. Where the link does not have the
// requirement, the cell is nil and why says the reason; where the table has none of
// this key, ok is false.
func (m *Matrix) Find(key Key) (cell *Cell, why string, ok bool) {
	for i := range m.Cells {
		if c := &m.Cells[i]; c.Requirement.Key() == key || c.Key() == key {
			return c, "", true
		}
	}
	if r := Lookup(key); r != nil {
		why, _ = r.applies(&m.features)
		return nil, why, true
	}
	return nil, "", false
}

// Cell is the answer to one requirement of a link.
type Cell struct {
	*Requirement
	// Class is the class of objects that a denial is about: the requirement's, or a part of it.
	Class   finding.Class
	Others  iam.Result // where it is a part: for the others of the requirement's class
	Own     bool       // it was decided for this class by itself, which no other class shares
	further bool       // it is not of the class that comes first
	Asked   bool       // it is an encryption that a writer must ask for, against the default of the bucket
	// Action is the one that was decided; the requirement's alternative where that
	// one is allowed.
	Action   string
	Resource string     // ARN, or a pattern of the ARNs of all objects of the rule
	Result   iam.Result // for all of them
	Reason   string     // of the result: one of the reasons of an [iam.Decision]
	Message  string     // one clause that names the action; "" may stand where all is allowed

	// Decider is the layer of policies that decided a denial, as in an
	// [iam.Decision]; Level is the id of its root, unit or account where it is a
	// layer of SCPs or RCPs.
	Decider, Level string
	Deciding       []finding.Statement
	UnknownKeys    []string // condition keys that would have to be known
	UnknownLayers  []string // layers that would have to be read
	NotRead        []string // why they were not read, each reason once
	Witness        string   // a resource that the result is about, where not all are concerned
	butNamed       bool     // that is all but single ones that a policy names in full
	Some           string   // in words, the keys that a denial is about, where some may fare better; "" where all are denied

	Fails *Keys // the same, where they are known by prefixes

	Sides       *Sides // what each side says by itself; nil where no side was asked
	Remediation string // the exact change that a denial needs, "" where none is known
	Contested   bool   // AWS leaves open what decides it

	Inferred []string // what the result rests on and is only inferred, in words
}

// Sides are the results of the two sides of a request, each by itself.
type Sides struct {
	Role, Resource iam.Result
	// The messages speak of one side alone; "" where that of the cell does.
	RoleMessage, ResourceMessage string
}

// Key names the cell by what was decided.
func (c *Cell) Key() Key { return Key{c.Layer, c.Action} }

// FailureCode is the code that S3 reports where the cell is not allowed.
func (c *Cell) FailureCode() string {
	if c.Result == iam.Allowed {
		return ""
	}
	return c.Code
}

// Check is the cell as a report has it.
func (c *Cell) Check() finding.Check {
	return finding.Check{
		Layer: string(c.Layer), Action: c.Action, Resource: c.Resource, Result: finding.Result(c.Result.String()), FailureCode: c.FailureCode(),
		Deciding: c.Deciding, UnknownKeys: c.UnknownKeys, Witness: c.Witness,
	}
}

// On is the result of one side. A side is denied only if the whole is; where
// neither side denies by itself, both do together.
func (c *Cell) On(side Side) iam.Result {
	if side == Whole || c.Result == iam.Allowed {
		return c.Result
	}
	mine, other := iam.Undecided, iam.Undecided
	if c.Sides != nil {
		mine, other = c.Sides.Role, c.Sides.Resource
		if side == ResourceSide {
			mine, other = other, mine
		}
	}
	switch {
	case mine == iam.Denied && c.Result != iam.Denied:
		return iam.Undecided
	case c.Result == iam.Denied && mine != iam.Denied && other != iam.Denied:
		return iam.Denied
	}
	return mine
}

// MessageOn is the message of one side.
func (c *Cell) MessageOn(side Side) string {
	if c.Sides == nil || c.On(side) == iam.Allowed {
		return c.Message
	}
	switch {
	case side == RoleSide && c.On(side) == c.Sides.Role:
		return cmp.Or(c.Sides.RoleMessage, c.Message)
	case side == ResourceSide && c.On(side) == c.Sides.Resource:
		return cmp.Or(c.Sides.ResourceMessage, c.Message)
	}
	return c.Message
}

// Mode says what a requirement asks of the policies.
type Mode uint8

const (
	// MustAllow: the policies must allow the action on every object.
	MustAllow Mode = iota
	// MustAllowOrDenied is MustAllow; but that no policy allows the action is another
	// fault than that a policy denies it; so where none allows it, a Deny that applies
	// is the answer.
	MustAllowOrDenied
	// MayNotDeny: another permission covers the action, and only an explicit Deny
	// takes it away.
	MayNotDeny
	// Either: the action or its alternative must be allowed, except under KMS, where
	// the alternative does not do.
	Either
)

// Target says which resource a request is about.
type Target uint8

const (
	TheRole    Target = iota // the replication role
	TheBucket                // the bucket of the layer
	TheObjects               // every object of the rule in the bucket of the layer
	TheKey                   // the key of the layer
)

// Requirement is a permission that links need, a row of the table.
type Requirement struct {
	Layer       Layer
	Action      string
	Does        string // what S3 does with it, before the name of the bucket: "write replicas to"
	Alternative string // of mode Either
	On          Target
	Mode        Mode
	Code        string        // S3's failure code where it is not allowed, "" where S3 has none
	Class       finding.Class // the objects that need it; default: every object
	// ByEncryption: the request differs with the encryption of the object, so that policies
	// may tell the classes apart.
	ByEncryption bool
	// When are the conditions for a link to need it, the most general first.
	When []*Condition
	// Required says that a link cannot be said to work unless this is allowed. Of
	// other requirements a rule judges what a denial means.
	Required bool
}

// Key names the requirement.
func (r *Requirement) Key() Key { return Key{r.Layer, r.Action} }

// applies goes through the conditions for a link: why is set where it does not
// need the permission, and perhaps is the first condition that is not known.
func (r *Requirement) applies(f *features) (why string, perhaps *Condition) {
	for _, c := range r.When {
		switch c.holds(f) {
		case logic.False:
			return c.Otherwise, nil
		case logic.Unknown:
			if perhaps == nil {
				perhaps = c
			}
		}
	}
	return "", perhaps
}

// Requirements lists the table.
func Requirements() []*Requirement { return slices.Clone(requirements) }

// Lookup gives the requirement of a key, nil where the table has none.
func Lookup(key Key) *Requirement {
	for _, r := range requirements {
		if r.Key() == key {
			return r
		}
	}
	return nil
}
