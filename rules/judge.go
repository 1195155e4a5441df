package rules

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// judge turns answers into findings and verdicts.
type judge struct {
	rules      []*Rule
	strict     bool
	disabled   map[string]bool             // ids of the rules whose findings are not wanted
	overridden map[string]finding.Severity // severities that stand above what rules and their answers say
}

// judgement is what is judged of one document.
type judgement struct {
	*judge
	bucket   *fact.Bucket
	links    []fact.Link
	faults   [][]fault // by link: of the rules that decide
	arrives  []string  // by link: why the destination cannot read its replicas, "" = no rule says that
	findings []finding.Finding
	records  map[string][]*ast.Term // by the id of an organization rule
}

// document judges a document by the outcomes of the rules.
func (g *judge) document(doc *fact.Document, outcomes iter.Seq[outcome]) *judgement {
	j := &judgement{
		judge: g, bucket: &doc.Bucket, links: doc.Links, faults: make([][]fault, len(doc.Links)), arrives: make([]string, len(doc.Links)),
		findings: make([]finding.Finding, 0, len(g.rules)*len(doc.Links)), records: map[string][]*ast.Term{},
	}
	for o := range outcomes {
		if o.rule.Scope == ScopeOrganization {
			j.collect(o)
		} else {
			j.rule(o)
		}
	}
	return j
}

// rule turns the answers of a rule into findings, one subject after the other. A
// subject without an answer is unknown, so that a rule that is undefined, fails or is
// misspelled never passes anything.
func (j *judgement) rule(o outcome) {
	left := o.answers
	for _, s := range o.subjects {
		n := 0
		for n < len(left) && left[n].link == s.link {
			n++
		}
		answers := left[:n:n]
		left = left[n:]
		if s.why != "" {
			j.add(o.rule, s.link, &answer{Status: finding.NotApplicable, Message: s.why})
			continue
		}
		answers = j.settle(o.rule, s, answers, o.fault)
		for k := range answers {
			j.add(o.rule, s.link, &answers[k])
		}
	}
}

// silence says why a rule may have no answer although all of its facts were read: one of
// them is empty, or has a value for which the rule has no case.
func silence(r *Rule) string {
	var names []string
	for _, n := range slices.Concat(r.needs, r.uses) {
		if !slices.Contains(names, n.name) {
			names = append(names, n.name)
		}
	}
	switch len(names) {
	case 0:
		return "the rule has no case for what was read"
	case 1:
		return "the rule has no case for what was read of " + names[0] + ": it is empty or has a value that the rule does not know"
	}
	return "the rule has no case for what was read of " + strings.Join(names, ", ") + ": one of them is empty or has a value that the rule does not know"
}

// settle applies what no rule can talk its way around: faults of the rule, needs
// that are gaps, silence, and that the worst answer counts.
func (g *judge) settle(r *Rule, s subject, answers []answer, fault error) []answer {
	switch {
	case fault != nil:
		return []answer{{Status: finding.Unknown, Message: "the rule could not be evaluated: " + fault.Error()}}
	case s.missing != nil:
		return []answer{unknownBecause(s.missing, s.refused)}
	case len(answers) == 0 && s.unread != nil:
		return []answer{unknownBecause(s.unread, s.refused)}
	case len(answers) == 0:
		return []answer{{Status: finding.Unknown, Message: silence(r)}}
	}
	if g.strict {
		for i, a := range answers {
			if a.Contested && a.Status != finding.NotApplicable {
				answers[i].Status = finding.Fail
				answers[i].Message += "; --strict counts it as failing"
			}
		}
	}
	// A rule may give several faults; beside a fault a pass says nothing.
	if slices.ContainsFunc(answers, func(a answer) bool { return a.Status == finding.Fail || a.Status == finding.Unknown }) {
		answers = slices.DeleteFunc(answers, func(a answer) bool { return a.Status == finding.Pass || a.Status == finding.NotApplicable })
	}
	slices.SortStableFunc(answers, func(a, b answer) int {
		return cmp.Or(cmp.Compare(a.Status.Rank(), b.Status.Rank()), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Message, b.Message))
	})
	if s := answers[0].Status; s == finding.Pass || s == finding.NotApplicable {
		return answers[:1] // one word that all is well is enough
	}
	return answers
}

// unknownBecause is the answer where a fact is a gap; refused says which statement is why.
func unknownBecause(g *fact.Gap, refused string) answer {
	message := g.String()
	if refused != "" {
		message += "; " + refused
	}
	return answer{
		Status:  finding.Unknown,
		Message: message,
		Evidence: map[string]any{"gap": map[string]any{
			"account_id": g.AccountID, "resource": g.Resource, "fact": g.Fact, "api": g.API, "code": g.Code, "message": g.Message,
		}},
	}
}

// add makes a finding of an answer and lets it count for the verdict.
func (j *judgement) add(r *Rule, link int, a *answer) {
	b := j.bucket
	f := finding.Finding{
		RuleID: r.ID, Title: r.Title, Status: a.Status, Severity: cmp.Or(j.overridden[r.ID], a.Severity, r.Severity),
		AccountID: b.AccountID, Region: b.Region, Resource: b.ARN,
		Message: cmp.Or(a.Message, r.Title), FailureCodes: finding.NotNil(a.FailureCodes),
		Evidence: a.Evidence, Controls: finding.NotNil(r.Controls),
	}
	if f.Evidence == nil {
		f.Evidence = noEvidence
	}
	if a.Status == finding.Fail {
		f.Remediation = cmp.Or(a.Remediation, r.Remediation)
	}
	ruleID, destination := "", ""
	if link != theBucket {
		l := &j.links[link]
		f.Link, ruleID, destination = l.ID, l.Rule.ID, l.Destination
		class := cmp.Or(a.class, r.Class, finding.Default)
		decides := r.Decides || a.Contested && a.Status == finding.Fail || class == finding.Annotated
		if decides && (a.Status == finding.Fail || a.Status == finding.Unknown) {
			j.faults[link] = append(j.faults[link], fault{a.Status, f.Message, f.FailureCodes, class, a.own, a.open && !j.strict, a.some(), a.Witness, a.cell})
		}
		if r.Unreadable && a.Status == finding.Fail && j.arrives[link] == "" {
			j.arrives[link] = f.Message
		}
	}
	f.Fingerprint = finding.Fingerprint(r.ID, b.AccountID, b.Name, ruleID, destination, a.Key)
	if !j.disabled[r.ID] {
		j.findings = append(j.findings, f)
	}
}

// noEvidence is shared by all findings that have none; evidence is never written to.
var noEvidence = map[string]any{}
