// Package demand lists what replication demands: which permissions S3 needs, as a table, and
// what of a link decides which of them it needs. Whether S3 has them, package permission says.
package demand

import (
	"cmp"
	"slices"

	"crosscheck/rules/finding"
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

// Key names a requirement: no two have the same layer and action.
type Key struct {
	Layer  Layer
	Action string
}

func (k Key) String() string { return string(k.Layer) + "/" + k.Action }

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

// Applies goes through the conditions for a link: why is set where it does not
// need the permission, and perhaps is the first condition that is not known.
func (r *Requirement) Applies(f *Features) (why string, perhaps *Condition) {
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

// Need is a requirement that a link has.
type Need struct {
	*Requirement
	Perhaps *Condition // the link has it only if this holds, which is not known; nil: it has it
}

// Of are the requirements of a link, in the order of the table.
func Of(f *Features) []Need {
	list := make([]Need, 0, len(table))
	for _, r := range table {
		if why, perhaps := r.Applies(f); why == "" {
			list = append(list, Need{r, perhaps})
		}
	}
	return list
}

// Requirements lists the table.
func Requirements() []*Requirement { return slices.Clone(table) }

// Lookup gives the requirement of a key, nil where the table has none.
func Lookup(key Key) *Requirement {
	for _, r := range table {
		if r.Key() == key {
			return r
		}
	}
	return nil
}

func (t Target) String() string {
	return [...]string{TheRole: "the role", TheBucket: "the bucket", TheObjects: "its objects", TheKey: "the key"}[t]
}

// CompareActions orders actions as the table of permissions has them.
func CompareActions(a, b string) int {
	place := func(x string) int {
		for i, r := range Requirements() {
			if r.Action == x {
				return i
			}
		}
		return len(Requirements())
	}
	return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
}
