package rows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// Rule is a rule that answers from cells of the matrix: what it asks for, and what
// a report says of it. It has the scope of a link.
type Rule struct {
	ID          string
	Title       string
	Description string
	Pack        string // the group by which it is enabled and disabled
	Severity    finding.Severity
	Decides     bool     // its failure breaks the link
	When        []string // conditions for the rule to apply, as other rules name them

	Asks []demand.Key
	Side permission.Side // of the cells
	// Exception is for cells where a denial does not always mean a failure; nil where
	// it does.
	Exception *Exception

	Controls    []string
	Remediation string
	Evidence    string // recorded, documented, inferred: how it is known that S3 behaves so
	Sources     []string
}

// Exception changes the answer of a cell.
type Exception struct {
	Name string // why the answer is another
	of   func(link *fact.Link, a permission.Answer) permission.Answer
}

// Answers gives the answer of each cell that the rule asks for.
func (r *Rule) Answers(m *permission.Matrix, link *fact.Link) []permission.Answer {
	all := make([]permission.Answer, 0, len(r.Asks))
	for _, key := range r.Asks {
		n := len(all)
		for i := range m.Cells {
			if c := &m.Cells[i]; c.Requirement.Key() == key {
				all = append(all, c.Answer(r.Side))
			}
		}
		if n == len(all) {
			a, ok := m.Answer(key, r.Side)
			if !ok {
				panic(fmt.Sprintf("permission: %s asks for %s, which the table does not have", r.ID, key))
			}
			all = append(all, a)
		}
		if r.Exception != nil {
			for i := n; i < len(all); i++ {
				all[i] = r.Exception.of(link, all[i])
			}
		}
	}
	return all
}

// Contested is for permissions of which AWS leaves open whether S3 needs them: a
// denial is unknown, and a failure only for those who want to be strict.
func Contested(what string) *Exception {
	return &Exception{Name: what, of: func(_ *fact.Link, a permission.Answer) permission.Answer {
		if a.Status == finding.Fail {
			a.Status, a.Contested, a.Message = finding.Unknown, true, what+": "+a.Message
		}
		return a
	}}
}

// TagsAreLost judges the permission to read tags. AWS's pages disagree on what happens
// where no policy allows it, so no code can be predicted then.
var TagsAreLost = &Exception{Name: "no policy allows the role to read tags, and AWS's pages disagree on whether tagged objects fail or lose their tags",
	of: func(_ *fact.Link, a permission.Answer) permission.Answer {
		if a.Status == finding.Fail && a.Cell.Reason != iam.ReasonExplicitDeny {
			a.FailureCodes, a.Open = nil, true
			a.Message += "; by AWS's pages tagged objects fail then, or arrive without their tags"
		}
		return a
	}}

// FailureCodes are the codes of S3 that the rule predicts.
func (r *Rule) FailureCodes() []string {
	return r.gather(func(q *demand.Requirement) []string {
		if q.Code == "" {
			return nil
		}
		return []string{q.Code}
	})
}

// Facts that decide a side of the requests of a layer, as other rules name them.
var (
	roleFacts     = []string{"role.inline", "role.attached", "role.boundary", "role_account.scps"}
	resourceFacts = map[demand.Layer][]string{
		demand.Trust:  {"role", "role_account.rcps"},
		demand.Source: {"bucket.policy", "source_account.rcps"},
		demand.Destination: {"destination.policy", "destination_account.rcps",
			"destination.public_access_block when public_policy", "destination_account.public_access_block"},
		demand.SourceKey:      {"source_key", "source_key.policy", "source_key.ram_policy", "source_key.grants", "bucket.encryption"},
		demand.DestinationKey: {"destination_key", "destination_key.policy", "destination_key.ram_policy", "destination_key.grants", "bucket.encryption", "destination.encryption"},
	}
)

// Uses are the facts that decide the rule, as other rules name them.
func (r *Rule) Uses() []string {
	return r.gather(func(q *demand.Requirement) []string {
		var facts []string
		if r.Side != permission.ResourceSide && q.Layer != demand.Trust {
			facts = append(facts, roleFacts...)
		}
		if r.Side != permission.RoleSide {
			facts = append(facts, resourceFacts[q.Layer]...)
		}
		for _, c := range q.When {
			facts = append(facts, c.Facts...)
		}
		return facts
	})
}

// gather collects what the rule's requirements name, each name once.
func (r *Rule) gather(of func(*demand.Requirement) []string) []string {
	var all []string
	for _, key := range r.Asks {
		for _, name := range of(demand.Lookup(key)) {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// String is the rule's part of the table, as text with a header.
func (r *Rule) String() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "LAYER\tACTION\tON\tNEEDS\tCLASS\tCODE")
	for _, key := range r.Asks {
		q := demand.Lookup(key)
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", q.Layer, q.Action, q.On, needs(q, r.Side), q.Class, cmp.Or(q.Code, "none"))
	}
	_ = t.Flush() // a Builder takes everything
	return b.String()
}

// needs says what a requirement asks of the policies of a side.
func needs(q *demand.Requirement, side permission.Side) string {
	who := map[permission.Side]string{permission.Whole: "", permission.RoleSide: " by the role's policies", permission.ResourceSide: " by the resource's policies"}[side]
	switch q.Mode {
	case demand.MayNotDeny:
		return "no Deny" + who
	case demand.Either:
		return "an Allow" + who + ", or of " + q.Alternative + " without KMS"
	}
	return "an Allow" + who
}
