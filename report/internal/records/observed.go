package records

import (
	"cmp"
	"strconv"

	"crosscheck/report"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// AsFindings walks over the findings, those that do not apply left out, and then
// over all else that a reader of findings alone would miss, as findings: links
// that do not work although no finding says why, what failed in the baseline and
// is not found, probes, facts that were not read.
func (r *Run) AsFindings(yield func(*finding.Finding) error) error {
	known := WorstByLink{}
	gone := map[string]bool{} // fingerprints of the baseline
	err := cmp.Or(r.Past.Each(func(p *report.Past) error {
		gone[p.Fingerprint] = true
		return nil
	}), r.Findings.Each(func(f *finding.Finding) error {
		known.Add(f)
		delete(gone, f.Fingerprint)
		if f.Status == finding.NotApplicable {
			return nil
		}
		return yield(f)
	}), r.Past.Each(func(p *report.Past) error {
		if !gone[p.Fingerprint] {
			return nil
		}
		return yield(pastFinding(p))
	}))
	sources := r.ProbedSources()
	err = cmp.Or(err, r.Links.Each(func(l *finding.Link) error {
		if _, probed := sources[l.ID]; probed {
			sources[l.ID] = l.Source
		}
		if known.Covers(l) {
			return nil
		}
		f := asFinding(finding.LinkWorks, l.Source, l.ID)
		f.Link, f.Status, f.Baseline = l.ID, finding.Unknown, l.Baseline
		if l.Verdict.Fails() {
			f.Status = finding.Fail
		}
		f.Message, f.FailureCodes = cmp.Or(Why(l), "the link is "+string(cmp.Or(l.Verdict, finding.UnknownVerdict))), l.FailureCodes
		return yield(f)
	}))
	if err != nil {
		return err
	}
	for _, m := range r.Measurements {
		f := asFinding(finding.ProbeShows, sources[m.Link], m.Link, m.Variant)
		f.Link, f.FailureCodes, f.Baseline = m.Link, m.FailureCodes, m.Baseline
		f.Status = []finding.Status{finding.Fail, finding.Unknown, finding.Pass}[ProbeRank(m)]
		f.Message = m.Variant + " probe " + string(cmp.Or(m.Outcome, "undecided"))
		if m.Message != "" {
			f.Message += ": " + m.Message
		}
		if n := len(m.Leftovers); n > 0 {
			f.Message += "; " + text.Count(n, "version") + " could not be removed"
		}
		if err := yield(f); err != nil {
			return err
		}
	}
	for _, g := range r.Gaps {
		f := asFinding(finding.FactRead, finding.End{AccountID: g.AccountID}, g.AccountID, g.Resource, g.Fact, g.API)
		f.Title, f.Resource, f.Status = g.Fact+" is read", g.Resource, finding.Unknown
		f.Message = g.API + ": " + g.Code + ": " + g.Message
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

// asFinding is a finding of the catalog about the bucket at an end of a link. Its
// fingerprint is of its id and parts.
func asFinding(id string, at finding.End, parts ...string) *finding.Finding {
	about, _ := finding.AboutOf(id)
	return &finding.Finding{
		RuleID: id, Title: about.Title, Severity: about.Severity,
		AccountID: at.AccountID, Region: at.Region, Resource: BucketARN(at), Fingerprint: finding.Fingerprint(append(parts, id)...),
	}
}

// ProbedSources has the ids of the links that were probed; their sources are to be
// filled in by who walks the links.
func (r *Run) ProbedSources() map[string]finding.End {
	sources := map[string]finding.End{}
	for _, m := range r.Measurements {
		sources[m.Link] = finding.End{}
	}
	return sources
}

// BucketARN is the ARN of the bucket at an end, "" where that is not known.
func BucketARN(at finding.End) string {
	if at.Bucket == "" {
		return ""
	}
	return "arn:" + fact.PartitionOf(at.Region) + ":s3:::" + at.Bucket
}

// WorstByLink is the worst that findings say of each link.
type WorstByLink map[string]finding.Status

// Add counts a finding in.
func (e WorstByLink) Add(f *finding.Finding) {
	if f.Status != finding.Pass && f.Status != finding.NotApplicable && e[f.Link] != finding.Fail {
		e[f.Link] = f.Status
	}
}

// Covers reports whether the link works or a finding says why it does not.
func (e WorstByLink) Covers(l *finding.Link) bool {
	worst := e[l.ID]
	return l.Verdict == finding.Works || worst == finding.Fail || worst != "" && !l.Verdict.Fails()
}

// IDs names findings for systems that keep them from run to run: by their
// fingerprints, those that share one by number. The order of the findings has
// to be that of the report.
type IDs map[string]int

// Of is the id of a finding, unique among those asked for so far.
func (u IDs) Of(f *finding.Finding) string {
	id := f.Fingerprint
	switch {
	case id == "":
		id = finding.Fingerprint(f.RuleID, f.AccountID, f.Resource, f.Link)
	case len(id) > 100 || !text.Plain(id): // none of ours
		id = finding.Fingerprint(id)
	}
	u[id]++
	if n := u[id]; n > 1 {
		id += "-" + strconv.Itoa(n)
	}
	return id
}

// AboutOf explains the findings of an id: one of the rules, or of the catalog.
func AboutOf(rules map[string]finding.About, id string) finding.About {
	if a, ok := rules[id]; ok {
		return a
	}
	a, _ := finding.AboutOf(id)
	return a
}

// pastFinding is what a run says of a fault that it does not find any more.
func pastFinding(p *report.Past) *finding.Finding {
	f := &finding.Finding{RuleID: p.RuleID, Title: p.Title, Severity: p.Severity, AccountID: p.AccountID, Region: p.Region, Resource: p.Resource, Link: p.Link,
		Fingerprint: p.Fingerprint, Status: finding.Unknown, Message: "it failed in the baseline and is not known now"}
	switch {
	case p.Change == report.Fixed:
		f.Status, f.Message = finding.Pass, "it failed in the baseline and was judged again without that fault"
	case p.Change == report.Gone && p.RuleID == finding.LinkWorks:
		f.Status, f.Message = finding.Fail, "the link worked in the baseline and is gone: nothing replicates by its rule any more"
	case p.Change == report.Gone:
		f.Status, f.Message = finding.Pass, "it failed in the baseline, and what it was about is gone"
	}
	return f
}
