package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Rule ids of what is no finding of a rule and is shown as one, in formats that
// know nothing else.
const (
	linkRule  = "link"
	probeRule = "probe"
	gapRule   = "gap"
)

// observedHelp explains what is shown as rules and is none.
var observedHelp = map[string]RuleHelp{
	linkRule:  {Title: "The link works", Markdown: "A replication link does not work, or is not known to, and no finding says why: the rule that would may be disabled. `-o json` has its permission matrix."},
	probeRule: {Title: "A probe shows what the link promises", Markdown: "A canary object did not do what the replication rule promises, or it could not be seen whether it did."},
	gapRule:   {Title: "Facts are read", Markdown: "A fact could not be read, and what depends on it is unknown."},
}

// observed walks over the findings, those that do not apply left out, and then
// over all else that a reader of findings alone would miss, as findings: links
// that do not work although no finding says why, what failed in the baseline and
// is not found, probes, facts that were not read.
func (r *records) observed(yield func(*finding.Finding) error) error {
	known := explained{}
	gone := map[string]bool{} // fingerprints of the baseline
	err := cmp.Or(r.past.each(func(p *Past) error {
		gone[p.Fingerprint] = true
		return nil
	}), r.findings.each(func(f *finding.Finding) error {
		known.add(f)
		delete(gone, f.Fingerprint)
		if f.Status == finding.NotApplicable {
			return nil
		}
		return yield(f)
	}), r.past.each(func(p *Past) error {
		if !gone[p.Fingerprint] {
			return nil
		}
		return yield(p.finding())
	}))
	sources := r.probedSources()
	err = cmp.Or(err, r.links.each(func(l *finding.Link) error {
		if _, probed := sources[l.ID]; probed {
			sources[l.ID] = l.Source
		}
		if known.covers(l) {
			return nil
		}
		f := observation(linkRule, observedHelp[linkRule].Title, l.Source, l.ID)
		f.Status, f.Severity, f.Baseline = finding.Unknown, finding.Critical, l.Baseline
		if l.Verdict == finding.Broken {
			f.Status = finding.Fail
		}
		f.Message, f.FailureCodes = cmp.Or(why(l), "the link is "+string(cmp.Or(l.Verdict, finding.UnknownVerdict))), l.FailureCodes
		return yield(f)
	}))
	if err != nil {
		return err
	}
	for _, m := range r.measurements {
		f := observation(probeRule, observedHelp[probeRule].Title, sources[m.Link], m.Link, m.Variant)
		f.Link, f.Severity, f.FailureCodes, f.Baseline = m.Link, finding.Critical, m.FailureCodes, m.Baseline
		f.Status = []finding.Status{finding.Fail, finding.Unknown, finding.Pass}[measured(m)]
		f.Message = m.Variant + " probe " + string(cmp.Or(m.Outcome, "undecided"))
		if m.Message != "" {
			f.Message += ": " + m.Message
		}
		if n := len(m.Leftovers); n > 0 {
			f.Message += "; " + count(n, "version") + " could not be removed"
		}
		if err := yield(f); err != nil {
			return err
		}
	}
	for _, g := range r.gaps {
		f := observation(gapRule, g.Fact+" is read", finding.End{AccountID: g.AccountID}, g.AccountID, g.Resource, g.Fact, g.API)
		f.Resource, f.Status, f.Severity = g.Resource, finding.Unknown, finding.Medium
		f.Message = g.API + ": " + g.Code + ": " + g.Message
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

// finding is what a run says of a fault that it does not find any more.
func (p *Past) finding() *finding.Finding {
	f := &finding.Finding{RuleID: p.RuleID, Title: p.Title, Severity: p.Severity, AccountID: p.AccountID, Region: p.Region, Resource: p.Resource, Link: p.Link,
		Fingerprint: p.Fingerprint, Status: finding.Unknown, Message: "it failed in the baseline and is not known now"}
	if p.Change == Fixed {
		f.Status, f.Message = finding.Pass, "it failed in the baseline and was judged again without that fault"
	}
	return f
}

// observation is a finding about the bucket at an end of a link. Its
// fingerprint is of its rule and parts.
func observation(rule, title string, at finding.End, parts ...string) *finding.Finding {
	f := &finding.Finding{RuleID: rule, Title: title, AccountID: at.AccountID, Region: at.Region, Fingerprint: digest(append(parts, rule)...)}
	f.Resource = bucketARN(at)
	if rule == linkRule {
		f.Link = parts[0]
	}
	return f
}

// probedSources has the ids of the links that were probed; their sources are to be
// filled in by who walks the links.
func (r *records) probedSources() map[string]finding.End {
	sources := map[string]finding.End{}
	for _, m := range r.measurements {
		sources[m.Link] = finding.End{}
	}
	return sources
}

// bucketARN is the ARN of the bucket at an end, "" where that is not known.
func bucketARN(at finding.End) string {
	if at.Bucket == "" {
		return ""
	}
	return "arn:" + fact.PartitionOf(at.Region) + ":s3:::" + at.Bucket
}

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// explained is the worst that findings say of each link.
type explained map[string]finding.Status

func (e explained) add(f *finding.Finding) {
	if f.Status != finding.Pass && f.Status != finding.NotApplicable && e[f.Link] != finding.Fail {
		e[f.Link] = f.Status
	}
}

// covers reports whether the link works or a finding says why it does not.
func (e explained) covers(l *finding.Link) bool {
	worst := e[l.ID]
	return l.Verdict == finding.Works || worst == finding.Fail || worst != "" && l.Verdict != finding.Broken
}

// uids names findings for systems that keep them from run to run: by their
// fingerprints, those that share one by number. The order of the findings has
// to be that of the report.
type uids map[string]int

func (u uids) of(f *finding.Finding) string {
	id := f.Fingerprint
	switch {
	case id == "":
		id = digest(f.RuleID, f.AccountID, f.Resource, f.Link)
	case len(id) > 100 || !plain(id): // none of ours
		id = digest(id)
	}
	u[id]++
	if n := u[id]; n > 1 {
		id += "-" + strconv.Itoa(n)
	}
	return id
}
