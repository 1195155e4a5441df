package rules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// answer is one object of a rule's answers.
type answer struct {
	Status       finding.Status
	Message      string
	Link         string
	Key          string // what tells two faults of a rule on one subject apart; part of the fingerprint
	Severity     finding.Severity
	FailureCodes []string
	Evidence     map[string]any
	Remediation  string
	Contested    bool // AWS leaves it open: a failure with Options.Strict
	// of organization rules only
	Account, Region, Bucket string
}

// decode reads an answer; an answer that says nothing intelligible is an error.
func (a *answer) decode(t *ast.Term) error {
	obj, ok := t.Value.(ast.Object)
	if !ok {
		return fmt.Errorf("an answer is an object, not %s", ast.TypeName(t.Value))
	}
	for _, k := range obj.Keys() {
		v := obj.Get(k)
		key, _ := k.Value.(ast.String)
		if to := a.textField(string(key)); to != nil {
			s, ok := v.Value.(ast.String)
			if !ok {
				return fmt.Errorf("the %s of an answer is a string", key)
			}
			*to = string(s)
			continue
		}
		switch key {
		case "severity":
			s, _ := v.Value.(ast.String)
			if a.Severity = finding.Severity(s); !a.Severity.Valid() {
				return fmt.Errorf("an answer has the unknown severity %s", v)
			}
		case "contested":
			b, ok := v.Value.(ast.Boolean)
			if !ok {
				return errors.New("contested is true or false")
			}
			a.Contested = bool(b)
		case "failure_codes":
			list, ok := elements(v)
			if !ok {
				return errors.New("the failure_codes of an answer are an array or a set")
			}
			for _, c := range list {
				s, _ := c.Value.(ast.String)
				if _, ok := codeOf(string(s)); !ok {
					return fmt.Errorf("an answer names %s, which is no failure code of S3", c)
				}
				a.FailureCodes = append(a.FailureCodes, string(s))
			}
		case "evidence":
			x, err := ast.JSON(v.Value)
			m, ok := x.(map[string]any)
			if err != nil || !ok {
				return errors.New("the evidence of an answer is an object")
			}
			a.Evidence = m
		default:
			return fmt.Errorf("an answer has the unknown field %s", k)
		}
	}
	if !a.Status.Valid() {
		return fmt.Errorf("an answer has the status %q: use fail, pass, unknown or not_applicable", a.Status)
	}
	slices.Sort(a.FailureCodes)
	a.FailureCodes = slices.Compact(a.FailureCodes)
	return nil
}

// textField is the field of that name which is plain text.
func (a *answer) textField(name string) *string {
	switch name {
	case "status":
		return (*string)(&a.Status)
	case "message":
		return &a.Message
	case "link":
		return &a.Link
	case "key":
		return &a.Key
	case "remediation":
		return &a.Remediation
	case "account_id":
		return &a.Account
	case "region":
		return &a.Region
	case "bucket":
		return &a.Bucket
	}
	return nil
}

// elements are those of a set or an array.
func elements(t *ast.Term) ([]*ast.Term, bool) {
	switch v := t.Value.(type) {
	case ast.Set:
		return v.Slice(), true
	case *ast.Array:
		list := make([]*ast.Term, v.Len())
		for i := range list {
			list[i] = v.Elem(i)
		}
		return list, true
	}
	return nil, false
}

// decided is the answer of one deciding rule on a link.
type decided struct {
	rule    *Rule
	status  finding.Status
	message string
	codes   []string
}

// judgement collects the findings on one document.
type judgement struct {
	engine   *Engine
	doc      *fact.Document
	findings []finding.Finding
	kept     map[string][]string
	byLink   [][]decided
	slots    [][]answer // of the rule at hand, by subject
	one      answer     // the answer at hand: here, so that it is not allocated
}

// subject is what a rule is asked about: the bucket (link -1) or a link of the document.
const theBucket = -1

// rule turns the answers of a rule into findings, one subject after the other.
// A subject without an answer is unknown, so that a rule that is undefined,
// fails or is misspelled never passes anything.
func (j *judgement) rule(r *Rule, o outcome) {
	switch {
	case r.Scope == ScopeOrganization:
		j.collect(r, o)
		return
	case r.Scope == ScopeSource && j.doc.Bucket.Replication.Absent:
		return
	case r.Scope == ScopeLink && len(j.doc.Links) == 0:
		return
	}
	set, fault := o.answers()
	// Slot 0 is the bucket's, slot 1+i that of link i.
	for len(j.slots) < 1+len(j.doc.Links) {
		j.slots = append(j.slots, nil)
	}
	for i := range j.slots {
		j.slots[i] = j.slots[i][:0]
	}
	for _, t := range set {
		a := &j.one
		*a = answer{}
		err := a.decode(t)
		at := theBucket
		if err == nil && r.Scope == ScopeLink {
			for at = len(j.doc.Links) - 1; at >= 0 && j.doc.Links[at].ID != a.Link; at-- {
			}
			if at < 0 {
				err = fmt.Errorf("an answer names the link %q, which the document does not have", a.Link)
			}
		}
		if err != nil {
			fault = cmp.Or(fault, err)
			continue
		}
		j.slots[1+at] = append(j.slots[1+at], *a)
	}
	first, last := theBucket, theBucket
	if r.Scope == ScopeLink {
		first, last = 0, len(j.doc.Links)-1
	}
	for s := first; s <= last; s++ {
		var link *fact.Link
		if s != theBucket {
			link = &j.doc.Links[s]
		}
		if why := j.engine.inapplicable(r, j.doc, link); why != "" {
			j.add(r, s, answer{Status: finding.NotApplicable, Message: why})
			continue
		}
		for _, a := range j.settle(r, s, j.slots[1+s], fault) {
			j.add(r, s, a)
		}
	}
}

// answers are the elements of the set that a rule gave.
func (o outcome) answers() ([]*ast.Term, error) {
	if o.err != nil {
		return nil, o.err
	}
	if o.set != nil {
		if set, ok := o.set.Value.(ast.Set); ok {
			return set.Slice(), nil
		}
	}
	return nil, errors.New("answers is no set")
}

// settle applies what no rule can talk its way around: faults of the rule, needs
// that are gaps, silence, and that the worst answer stands.
func (j *judgement) settle(r *Rule, s int, answers []answer, fault error) []answer {
	if fault != nil {
		return []answer{{Status: finding.Unknown, Message: "the rule could not be evaluated: " + fault.Error()}}
	}
	if g := j.gap(r.needs, s); g != nil {
		return []answer{unknownBecause(g)}
	}
	if len(answers) == 0 {
		if g := j.gap(r.uses, s); g != nil {
			return []answer{unknownBecause(g)}
		}
		return []answer{{Status: finding.Unknown, Message: "the rule gave no answer"}}
	}
	if j.engine.strict {
		for i, a := range answers {
			if a.Contested && a.Status != finding.NotApplicable {
				answers[i].Status = finding.Fail
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

// gap is the first of the named facts that is not known.
func (j *judgement) gap(list []need, s int) *fact.Gap {
	var link *fact.Link
	if s != theBucket {
		link = &j.doc.Links[s]
	}
	for _, n := range list {
		if !j.engine.stands(n) || !j.engine.holds(&n.when, j.doc, link) {
			continue
		}
		if g := n.missing(j.doc, link); g != nil {
			return g
		}
	}
	return nil
}

func unknownBecause(g *fact.Gap) answer {
	return answer{
		Status:  finding.Unknown,
		Message: gapMessage(g),
		Evidence: map[string]any{"gap": map[string]any{
			"account_id": g.AccountID, "resource": g.Resource, "fact": g.Fact, "api": g.API, "code": g.Code, "message": g.Message,
		}},
	}
}

func gapMessage(g *fact.Gap) string {
	if g.Code == "NotRead" {
		return fmt.Sprintf("%s was not read: %s", g.Fact, cmp.Or(g.Message, "nobody asked AWS for it"))
	}
	where := ""
	if g.AccountID != "" {
		where = " in account " + g.AccountID
	}
	return fmt.Sprintf("%s is not known: %s answered %s%s", g.Fact, cmp.Or(g.API, "AWS"), g.Code, where)
}

// add makes a finding of an answer and lets it count for the verdict.
func (j *judgement) add(r *Rule, s int, a answer) {
	b := &j.doc.Bucket
	f := finding.Finding{
		RuleID: r.ID, Title: r.Title, Status: a.Status, Severity: cmp.Or(j.engine.overridden[r.ID], a.Severity, r.Severity),
		AccountID: b.AccountID, Region: b.Region, Resource: b.ARN,
		Message: cmp.Or(a.Message, r.Title), FailureCodes: orEmpty(a.FailureCodes),
		Evidence: a.Evidence, Controls: orEmpty(r.Controls),
	}
	if f.Evidence == nil {
		f.Evidence = noEvidence
	}
	if a.Status == finding.Fail {
		f.Remediation = cmp.Or(a.Remediation, r.Remediation)
	}
	ruleID, destination := "", ""
	if s != theBucket {
		l := &j.doc.Links[s]
		f.Link, ruleID, destination = l.ID, l.Rule.ID, l.Destination
		if r.Decides || a.Contested && a.Status == finding.Fail {
			if a.Status == finding.Fail || a.Status == finding.Unknown {
				j.byLink[s] = append(j.byLink[s], decided{r, a.Status, f.Message, f.FailureCodes})
			}
		}
	}
	f.Fingerprint = finding.Fingerprint(r.ID, b.AccountID, b.Name, ruleID, destination, a.Key)
	if !j.engine.disabled[r.ID] {
		j.findings = append(j.findings, f)
	}
}

// noEvidence is shared by all findings that have none; nobody writes to evidence.
var noEvidence = map[string]any{}

// links gives every link its verdict: broken if a deciding rule fails, else
// unknown if one is unknown or a cell of its matrix is anything but allowed.
func (j *judgement) links(ev *evaluation) []finding.Link {
	doc := j.doc
	out := make([]finding.Link, len(doc.Links))
	for i := range doc.Links {
		l := &doc.Links[i]
		to := finding.End{Bucket: l.Destination}
		if b := doc.Buckets[l.Destination].Value; b != nil {
			to.AccountID, to.Region = b.AccountID, b.Region
		}
		v := finding.Link{
			ID: l.ID, RuleID: l.Rule.ID, RoleARN: l.RoleARN, Destination: to, Verdict: finding.Works,
			Source:       finding.End{AccountID: doc.Bucket.AccountID, Region: doc.Bucket.Region, Bucket: doc.Bucket.Name},
			FailureCodes: []string{}, Checks: make([]finding.Check, 0, len(ev.links[i].cells)),
		}
		for _, d := range j.byLink[i] {
			switch d.status {
			case finding.Fail:
				if v.Verdict != finding.Broken {
					v.Verdict, v.Why = finding.Broken, d.message
				}
				v.FailureCodes = append(v.FailureCodes, d.codes...)
			case finding.Unknown:
				if v.Verdict == finding.Works {
					v.Verdict, v.Why = finding.UnknownVerdict, d.message
				}
			}
		}
		slices.Sort(v.FailureCodes)
		v.FailureCodes = slices.Compact(v.FailureCodes)
		for _, c := range ev.links[i].cells {
			v.Checks = append(v.Checks, c.Check)
			// The rules judge the matrix; this holds even if none of them looked at a cell.
			if v.Verdict == finding.Works && c.required && c.Result != "allowed" {
				v.Verdict, v.Why = finding.UnknownVerdict, c.message
			}
		}
		out[i] = v
	}
	return out
}

// collect keeps the records of an organization rule on this document. Where the
// rule's needs are gaps the document's bucket is unknown at once, and only what is
// about other buckets is kept.
func (j *judgement) collect(r *Rule, o outcome) {
	if j.engine.inapplicable(r, j.doc, nil) != "" {
		return
	}
	records, fault := o.answers()
	for _, t := range records {
		if _, ok := t.Value.(ast.Object); !ok {
			fault = cmp.Or(fault, errors.New("a record is an object"))
		}
	}
	if fault != nil {
		j.add(r, theBucket, answer{Status: finding.Unknown, Message: "the rule could not be evaluated: " + fault.Error()})
		return
	}
	if g := j.gap(r.needs, theBucket); g != nil {
		j.add(r, theBucket, unknownBecause(g))
		records = slices.DeleteFunc(slices.Clone(records), isSubject)
	}
	if len(records) > 0 {
		j.engine.keep(r, records)
		if j.kept == nil {
			j.kept = map[string][]string{}
		}
		for _, t := range records {
			j.kept[r.ID] = append(j.kept[r.ID], t.String())
		}
	}
}

// isSubject reports whether a record is about a bucket that its rule must answer on.
func isSubject(record *ast.Term) bool {
	s := record.Value.(ast.Object).Get(ast.StringTerm("subject"))
	return s != nil && s.Equal(ast.BooleanTerm(true))
}

// organization turns the answers at the end into findings. Every record with
// "subject": true is something the rule must answer on.
func (j *judgement) organization(r *Rule, o outcome, records []*ast.Term) {
	type id struct{ account, bucket string }
	if j.engine.inapplicable(r, nil, nil) != "" {
		return
	}
	set, fault := o.answers()
	answers := map[id][]answer{}
	regions, arns := map[id]string{}, map[id]string{}
	var order []id
	for _, t := range records {
		obj := t.Value.(ast.Object)
		str := func(key string) string {
			if v := obj.Get(ast.StringTerm(key)); v != nil {
				s, _ := v.Value.(ast.String)
				return string(s)
			}
			return ""
		}
		if !isSubject(t) {
			continue
		}
		k := id{str("account_id"), str("bucket")}
		if _, ok := regions[k]; !ok {
			order = append(order, k)
		}
		regions[k], arns[k] = str("region"), str("arn")
	}
	for _, t := range set {
		var a answer
		err := a.decode(t)
		k := id{a.Account, a.Bucket}
		if _, known := regions[k]; err == nil && !known {
			err = fmt.Errorf("an answer names the bucket %q of account %q, which no record with subject has", a.Bucket, a.Account)
		}
		if err != nil {
			fault = cmp.Or(fault, err)
			continue
		}
		answers[k] = append(answers[k], a)
	}
	for _, k := range order {
		b := fact.Bucket{Name: k.bucket, ARN: arns[k], AccountID: k.account, Region: regions[k]}
		one := judgement{engine: j.engine, doc: &fact.Document{Bucket: b}}
		settled := []answer{}
		switch list := answers[k]; {
		case fault != nil:
			settled = append(settled, answer{Status: finding.Unknown, Message: "the rule could not be evaluated: " + fault.Error()})
		case len(list) == 0:
			settled = append(settled, answer{Status: finding.Unknown, Message: "the rule gave no answer"})
		default:
			settled = list
		}
		for _, a := range settled {
			one.add(r, theBucket, a)
		}
		j.findings = append(j.findings, one.findings...)
	}
}

// orEmpty is the list as JSON shows it: [] and never null.
func orEmpty(s []string) []string {
	if s == nil {
		return empties
	}
	return s
}

var empties = []string{}
