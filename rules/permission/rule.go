package permission

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
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
	Side Side // of the cells
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
	of   func(link *fact.Link, a Answer) Answer
}

// Answer is what one cell says of a link.
type Answer struct {
	Status       finding.Status
	Message      string
	Key          string // distinguishes the faults of one rule on a link
	FailureCodes []string
	Cell         *Cell // the evidence; nil where there is none
	Remediation  string
	Severity     finding.Severity // "" = the rule's
	Contested    bool             // AWS leaves open what decides it
	Class        finding.Class    // the objects that it is about, where it is not all well
	Own          bool             // it is about that class alone, as [Cell.Own]
	Open         bool             // of a failure: whether such objects arrive all the same, though not whole, is not known
}

// Answers gives the answer of each cell that the rule asks for.
func (r *Rule) Answers(m *Matrix, link *fact.Link) []Answer {
	all := make([]Answer, 0, len(r.Asks))
	for _, key := range r.Asks {
		n := len(all)
		for i := range m.Cells {
			if c := &m.Cells[i]; c.Requirement.Key() == key {
				all = append(all, c.answer(r.Side))
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

// Answer is the answer of a rule that asks for one cell, or for one side of it;
// false where the table has no such requirement.
func (m *Matrix) Answer(key demand.Key, side Side) (Answer, bool) {
	c, why, ok := m.Find(key)
	if c == nil {
		return Answer{Status: finding.NotApplicable, Message: why}, ok
	}
	return c.answer(side), true
}

// answer is what the cell says, or one side of it.
func (c *Cell) answer(side Side) Answer {
	a := Answer{
		Class: c.Class, Own: c.Own, Status: finding.Unknown, Message: c.MessageOn(side), Key: c.Requirement.Key().String(), Cell: c,
		Remediation: c.Remediation, Contested: c.Contested,
	}
	if c.further {
		a.Key += "/" + string(c.Class)
	}
	switch c.On(side) {
	case iam.Allowed:
		return Answer{Status: finding.Pass, Message: "allowed for every object of the rule" + c.taken()}
	case iam.Denied:
		a.Status, a.Message = finding.Fail, a.Message+c.taken()
	}
	if (a.Status == finding.Fail || a.Contested) && c.Code != "" {
		a.FailureCodes = []string{c.Code}
	}
	if c.Asked {
		a.againstTheDefault()
	}
	return a
}

// againstTheDefault judges what concerns only objects that a writer encrypts otherwise than
// the bucket does by default. Two layers of KMS are rare, and their class does not count.
func (a *Answer) againstTheDefault() {
	failed := a.Status == finding.Fail
	if failed {
		a.Message = a.Class.Objects() + " fail: " + a.Message
	}
	switch {
	case a.Class == finding.DSSE:
		a.Severity = finding.Info
	case failed:
		a.Status, a.FailureCodes = finding.Unknown, nil
		a.Message = "whether writers ask for another encryption than the default of the bucket is not known; " + a.Message
	}
}

// taken says what the answer takes for granted, "" for nothing.
func (c *Cell) taken() string {
	if len(c.Inferred) == 0 {
		return ""
	}
	return "; taken for granted: " + strings.Join(c.Inferred, ", ")
}

// Contested is for permissions of which AWS leaves open whether S3 needs them: a
// denial is unknown, and a failure only for those who want to be strict.
func Contested(what string) *Exception {
	return &Exception{Name: what, of: func(_ *fact.Link, a Answer) Answer {
		if a.Status == finding.Fail {
			a.Status, a.Contested, a.Message = finding.Unknown, true, what+": "+a.Message
		}
		return a
	}}
}

// TagsAreLost judges the permission to read tags. AWS's pages disagree on what happens
// where no policy allows it, so no code can be predicted then.
var TagsAreLost = &Exception{Name: "no policy allows the role to read tags, and AWS's pages disagree on whether tagged objects fail or lose their tags",
	of: func(_ *fact.Link, a Answer) Answer {
		if a.Status == finding.Fail && a.Cell.Reason != explicitDeny {
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
		if r.Side != ResourceSide && q.Layer != demand.Trust {
			facts = append(facts, roleFacts...)
		}
		if r.Side != RoleSide {
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
func needs(q *demand.Requirement, side Side) string {
	who := map[Side]string{Whole: "", RoleSide: " by the role's policies", ResourceSide: " by the resource's policies"}[side]
	switch q.Mode {
	case demand.MayNotDeny:
		return "no Deny" + who
	case demand.Either:
		return "an Allow" + who + ", or of " + q.Alternative + " without KMS"
	}
	return "an Allow" + who
}
