package permission

import (
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/permission/demand"
)

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

// Answer is the answer of a rule that asks for one cell, or for one side of it;
// false where the table has no such requirement.
func (m *Matrix) Answer(key demand.Key, side Side) (Answer, bool) {
	c, why, ok := m.Find(key)
	if c == nil {
		return Answer{Status: finding.NotApplicable, Message: why}, ok
	}
	return c.Answer(side), true
}

// Answer is what the cell says, or one side of it.
func (c *Cell) Answer(side Side) Answer {
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
