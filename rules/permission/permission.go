// Package permission decides whether S3 has the permissions that a replication link needs.
// Which these are, the table of package demand says; [Of] decides each of them for one
// link with package iam. Package rows has the rules that answer from a single cell of
// this matrix.
package permission

import (
	"cmp"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/permission/demand"
)

// Side says whose policies a question is about.
type Side string

// The sides of a request.
const (
	Whole        Side = ""         // both together
	RoleSide     Side = "role"     // the role's policies, its boundary and the SCPs over it
	ResourceSide Side = "resource" // the policy of the bucket or key and the RCPs over its owner
)

// Matrix is what a link needs: a cell for each requirement that applies to it.
type Matrix struct {
	// Cells are in the order of the table.
	Cells []Cell
	// Refused are the policies over the link that AWS would not store.
	Refused []*Policy

	asked     subject
	features  demand.Features // of the link
	unwritten []finding.Class // of encryption, that no writer may ask for
}

// Find gives the cell of a requirement, the worst where there are several. Where the link does not have the
// requirement, the cell is nil and why says the reason; where the table has none of
// this key, ok is false.
func (m *Matrix) Find(key demand.Key) (cell *Cell, why string, ok bool) {
	for i := range m.Cells {
		if c := &m.Cells[i]; c.Requirement.Key() == key || c.Key() == key {
			return c, "", true
		}
	}
	if r := demand.Lookup(key); r != nil {
		why, _ = r.Applies(&m.features)
		return nil, why, true
	}
	return nil, "", false
}

// Cell is the answer to one requirement of a link.
type Cell struct {
	*demand.Requirement
	// Class is the class of objects that a denial is about: the requirement's, or a part of it.
	Class      finding.Class
	Own        bool              // it was decided for this class by itself, which no other class shares
	further    bool              // it is not of the class that comes first
	encryption finding.Class     // of the objects that it was decided for, as in an evaluation
	ofTags     bool              // it is about objects with tags that the rule does not ask for
	denyWhen   map[string]string // of what is not known, what denies, as in an [iam.Decision]
	Asked      bool              // it is an encryption that a writer must ask for, against the default of the bucket
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
	UnknownKeys    []string     // condition keys that would have to be known
	UnknownLayers  []string     // layers that would have to be read
	NotRead        []string     // why they were not read, each reason once
	Witness        string       // a resource that the result is about, where not all are concerned
	butNamed       bool         // that is all but single ones that a policy names in full
	Some           string       // in words, the keys that a denial is about, where some may fare better; "" where all are denied
	Keys           finding.Keys // the same, to be compared with those of another run

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
	// The layers that would have to be read where one side is undecided.
	RoleUnread, ResourceUnread []string
}

// Key names the cell by what was decided.
func (c *Cell) Key() demand.Key { return demand.Key{Layer: c.Layer, Action: c.Action} }

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

// UnreadOn are the layers that would have to be read for one side to be decided.
func (c *Cell) UnreadOn(side Side) []string {
	switch {
	case side == RoleSide && c.Sides != nil && c.Sides.Role == iam.Undecided:
		return c.Sides.RoleUnread
	case side == ResourceSide && c.Sides != nil && c.Sides.Resource == iam.Undecided:
		return c.Sides.ResourceUnread
	}
	return c.UnknownLayers
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
