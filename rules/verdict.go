package rules

import (
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/permission"
	"crosscheck/scanner/fact"
)

// fault is what a deciding rule or a cell of the matrix holds against a link: that objects
// fail, or that it is not known whether they do.
type fault struct {
	status  finding.Status
	message string
	codes   []string
	class   finding.Class    // of the objects that it is about
	own     bool             // of these alone
	open    bool             // whether they arrive all the same, though not whole, is not known
	some    string           // in words, which of them fail, where not all do; "" = all
	witness string           // the key of one of these
	cell    *permission.Cell // that says so, nil for rules in Rego
}

// verdict is what the fault makes of the objects of a class.
func (f *fault) verdict(p *permission.Promise) finding.Verdict {
	meets := p.Meets(f.class, f.own)
	if f.open && p.Class != f.class && meets == logic.True {
		meets = logic.Unknown // of these objects it counts whether they arrive
	}
	switch {
	case meets == logic.False:
		return finding.Works
	case f.status != finding.Fail || meets == logic.Unknown:
		return finding.UnknownVerdict
	case f.some != "":
		return finding.Partial
	}
	return finding.Broken
}

// verdicts gives every link its verdict, by those on the classes of its objects.
func (j *judgement) verdicts(doc *fact.Document, matrices []permission.Matrix) []finding.Link {
	out := make([]finding.Link, len(doc.Links))
	for i := range doc.Links {
		l, m := &doc.Links[i], &matrices[i]
		to := finding.End{Bucket: l.Destination}
		if b := doc.Buckets[l.Destination].Value; b != nil {
			to.AccountID, to.Region = b.AccountID, b.Region
		}
		v := finding.Link{
			ID: l.ID, RuleID: l.Rule.ID, RoleARN: l.RoleARN, Destination: to,
			Source:       finding.End{AccountID: doc.Bucket.AccountID, Region: doc.Bucket.Region, Bucket: doc.Bucket.Name},
			FailureCodes: []string{}, Checks: make([]finding.Check, len(m.Cells)),
		}
		faults := j.faults[i]
		for k := range m.Cells {
			c := &m.Cells[k]
			v.Checks[k] = c.Check()
			// The rules judge the matrix; this holds even if none of them looked at a cell.
			if c.Required && c.Result != iam.Allowed {
				faults = append(faults, fault{status: finding.Unknown, message: c.Message, class: c.Class, own: c.Own})
			}
		}
		decide(&v, m.Promises(), faults)
		if v.Verdict == finding.Works {
			v.Why = j.arrives[i]
		}
		out[i] = v
	}
	return out
}

// decide gives a link and its classes their verdicts, codes and reason.
func decide(l *finding.Link, promises []permission.Promise, faults []fault) {
	l.Classes = make([]finding.ClassVerdict, len(promises))
	for i, p := range promises {
		l.Classes[i] = judgeClass(p, faults)
	}
	l.Verdict = finding.LinkVerdict(l.Classes)
	for _, c := range l.Classes {
		// Where no object arrives, none gets as far as what fails its class alone; a delete marker
		// is no object.
		met := l.Verdict != finding.Broken || c.Class == finding.Default || c.Class == finding.DeleteMarker
		if c.Counted && met {
			l.FailureCodes = append(l.FailureCodes, c.FailureCodes...)
		}
	}
	l.FailureCodes = sorted(l.FailureCodes)
	l.Why = why(l.Verdict, promises, faults)
}

// judgeClass is the verdict on the objects of a class: the worst of their faults, but broken
// where several are together about all keys.
func judgeClass(p permission.Promise, faults []fault) finding.ClassVerdict {
	c := finding.ClassVerdict{Class: p.Class, Verdict: finding.Works, FailureCodes: []string{}, Counted: p.Counted}
	var denied []*permission.Cell
	for i := range faults {
		f := &faults[i]
		v := f.verdict(&p)
		if k := f.keys(); v == finding.Partial && !slices.ContainsFunc(c.Fails, func(o finding.Keys) bool { return o.Equal(&k) }) {
			c.Fails = append(c.Fails, k)
		}
		if v.Fails() {
			c.FailureCodes = append(c.FailureCodes, f.codes...)
			if f.cell != nil {
				denied = append(denied, f.cell)
			}
		}
		if v.Rank() < c.Verdict.Rank() {
			c.Verdict, c.Witness = v, ""
			if v == finding.Partial {
				c.Witness = f.witness
			}
		}
	}
	if c.Verdict == finding.Partial && len(denied) > 1 && p.AllDenied(denied) {
		c.Verdict, c.Witness = finding.Broken, ""
	}
	if c.Verdict != finding.Partial {
		c.Fails = nil
	}
	c.FailureCodes = sorted(c.FailureCodes)
	return c
}

// keys are those that fail, where not all do.
func (f *fault) keys() finding.Keys {
	if f.cell != nil && f.cell.Some != "" {
		return f.cell.Keys
	}
	return finding.Keys{SuchAs: f.witness}
}

// why is the reason of a verdict: the first fault that leads to it, and, of a partial link,
// which objects fail.
func why(v finding.Verdict, promises []permission.Promise, faults []fault) string {
	if v == finding.Broken && !slices.ContainsFunc(faults, func(f fault) bool {
		class, worst := f.worst(promises)
		return class == finding.Default && worst == finding.Broken
	}) {
		v = finding.Partial // which several faults make broken together
	}
	reason := ""
	var objects []string
	for i := range faults {
		f := &faults[i]
		of, worst := f.worst(promises)
		switch {
		case worst == finding.Works:
			continue
		case v == finding.Partial && worst.Fails():
			// Where keys fail whatever the class, their classes need no names.
			if o := objectsOf(of, f.some); !slices.Contains(objects, o) && !slices.Contains(objects, f.some) {
				objects = append(objects, o)
			}
		case worst != v:
			continue
		}
		if reason == "" {
			reason = f.message
		}
	}
	if len(objects) > 0 {
		return listed(objects) + " fail: " + reason
	}
	return reason
}

// worst is what the fault makes of the class that matters most: default, where its objects
// meet it, else the fault's own.
func (f *fault) worst(promises []permission.Promise) (finding.Class, finding.Verdict) {
	worst := finding.Works
	for _, p := range promises {
		is := f.verdict(&p)
		if p.Class == finding.Default && is.Fails() {
			return finding.Default, is
		}
		if p.Counted && is.Rank() < worst.Rank() {
			worst = is
		}
	}
	return f.class, worst
}

// objectsOf names the objects of a class, of which some is a part.
func objectsOf(class finding.Class, some string) string {
	switch {
	case some == "":
		return class.Objects()
	case class == finding.Default:
		return some
	}
	return class.Objects() + " with " + some
}

// listed joins a few names.
func listed(names []string) string {
	n := len(names)
	if n < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
}

// sorted is a list without doubles, sorted.
func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
