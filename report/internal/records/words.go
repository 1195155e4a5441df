package records

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// LinkRank puts the worst verdict first, and of one verdict what the baseline has last.
func LinkRank(l *finding.Link) int {
	r := 2 * l.Verdict.Rank()
	if l.Baseline == report.MarkExisting {
		r++
	}
	return r
}

// Ends names both ends of a link by account and bucket.
func Ends(l *finding.Link) string { return end(l.Source) + " → " + end(l.Destination) }

func end(e finding.End) string { return cmp.Or(e.AccountID, "?") + "/" + e.Bucket }

// Why is the sentence of a link with those failure codes that it does not name.
func Why(l *finding.Link) string {
	var codes []string
	for _, c := range l.FailureCodes {
		if !strings.Contains(l.Why, c) {
			codes = append(codes, c)
		}
	}
	switch {
	case len(codes) == 0:
		return l.Why
	case l.Why == "":
		return strings.Join(codes, ", ")
	}
	return l.Why + " (" + strings.Join(codes, ", ") + ")"
}

// StatusText is the status of a finding, "waived" for a failing one with a waiver.
func StatusText(f *finding.Finding) string {
	if f.Status == finding.Fail && f.Waiver != nil {
		return "waived"
	}
	return string(f.Status)
}

// MarkedStatus is a status that says what is new since the baseline.
func MarkedStatus(f *finding.Finding) string {
	if f.Waiver != nil {
		return StatusText(f)
	}
	return Marked(StatusText(f), f.Baseline)
}

// Marked is s with the mark of what is new since the baseline.
func Marked(s, mark string) string {
	if mark == report.MarkNew {
		return s + " " + mark
	}
	return s
}

// VerdictText is the verdict of a link. It also says whether the verdict is new since the
// baseline, and what it was before the documents of scan --with were applied.
func VerdictText(l *finding.Link) string {
	s := Marked(string(l.Verdict), l.Baseline)
	if l.Was != "" {
		s += " (was " + string(l.Was) + ")"
	}
	return s
}

// WithText says what was judged instead of facts, each through show; "" for nothing.
func WithText(r *Run, show func(string) string) string {
	var parts []string
	for _, w := range r.With {
		parts = append(parts, show(w))
	}
	if len(parts) == 0 {
		return ""
	}
	return "judged as if AWS had " + strings.Join(parts, ", ")
}

// WaiverText is a waiver on one line: reason, owner, ticket, last day.
func WaiverText(w *finding.Waiver) string {
	var parts []string
	for _, p := range []struct{ label, value string }{
		{"", w.Reason}, {"owner ", w.Owner}, {"ticket ", w.Ticket}, {"until ", w.Expires},
	} {
		if p.value != "" {
			parts = append(parts, p.label+p.value)
		}
	}
	return strings.Join(parts, ", ")
}

// PastRank puts links that are gone first, then what is not known, what is gone and what is
// fixed, the severe first of each.
func PastRank(p *report.Past) int {
	group := 1
	switch {
	case p.Change == report.Gone && p.RuleID == finding.LinkWorks:
		group = 0
	case p.Change == report.Gone:
		group = 2
	case p.Change == report.Fixed:
		group = 3
	}
	return group*len(finding.Severities) + p.Severity.Rank()
}

// BaselineText counts what a comparison with a baseline found.
func BaselineText(b *report.BaselineCounts) string {
	s := fmt.Sprintf("%d new, %d existing, %d fixed", b.New, b.Existing, b.Fixed)
	switch b.GoneLinks {
	case 0:
	case 1:
		s = "1 link that worked is gone; " + s
	default:
		s = fmt.Sprintf("%d links that worked are gone; %s", b.GoneLinks, s)
	}
	if b.Gone > 0 {
		s += fmt.Sprintf(", %d gone", b.Gone)
	}
	if b.Unknown > 0 {
		s += fmt.Sprintf(", %d not known now", b.Unknown)
	}
	if b.NewLinks > 0 {
		s += fmt.Sprintf("; %s newly failing", text.Count(b.NewLinks, "link"))
	}
	if b.NewProbes > 0 {
		s += fmt.Sprintf("; %s newly failed", text.Count(b.NewProbes, "probe"))
	}
	return s
}

// ProbeRank ranks measurements: 0 faults, 1 undecided ones, 2 what went as promised.
func ProbeRank(m *measure.Measurement) int {
	switch {
	case m.Fault():
		return 0
	case m.Undecided():
		return 1
	}
	return 2
}

// Latency is the latency of a probe as text, "" where none was measured.
func Latency(m *measure.Measurement) string {
	if m.LatencyMS == 0 && m.Outcome != measure.Arrived {
		return ""
	}
	s := text.Millis(m.LatencyMS)
	if m.SlackMS > 0 {
		s += " (slack " + text.Millis(m.SlackMS) + ")"
	}
	return s
}

// GapGroup is the gaps of one call with one error in one account: the first and how many
// there are. A missing permission makes a gap for every bucket. That of an account which could
// not be entered has all that was not read in it as well.
type GapGroup struct {
	*fact.Gap
	N       int
	follows int // of N, those that are there because of the first
}

// Resources is the resource of the first gap, and how many others there are.
func (g GapGroup) Resources() string {
	s := g.Resource
	if n := g.N - g.follows - 1; n > 0 {
		s += " and " + text.Count(n, "other")
	}
	if g.follows > 0 {
		s += " with " + text.Count(g.follows, "fact")
	}
	return s
}

// GroupGaps groups gaps by account, API and error code, in this order.
func GroupGaps(gaps []*fact.Gap) []GapGroup {
	type key struct{ account, api, code string }
	closed := closedAccounts(gaps)
	index := map[key]int{}
	var groups []GapGroup
	for _, g := range gaps {
		first := g
		if root := closed[g.AccountID]; follows(g, root) {
			first = root
		}
		k := key{first.AccountID, first.API, first.Code}
		i, ok := index[k]
		if !ok {
			i = len(groups)
			index[k] = i
			groups = append(groups, GapGroup{Gap: first})
		}
		groups[i].N++
		if first != g {
			groups[i].follows++
		}
	}
	slices.SortStableFunc(groups, func(a, b GapGroup) int {
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.API, b.API), cmp.Compare(a.Code, b.Code))
	})
	return groups
}

// CoverageText says how many accounts, buckets and facts were read.
func CoverageText(r *Run) string {
	c := r.Coverage
	s := fmt.Sprintf("%d of %s and %d of %s read, %s", c.Accounts.Scanned, text.Count(c.Accounts.Listed, "account"),
		c.Buckets.Scanned, text.Count(c.Buckets.Listed, "bucket"), text.Count(c.Links, "link"))
	if n := c.Accounts.Unreadable; n > 0 {
		s += fmt.Sprintf("; %s could not be read", text.Count(n, "account"))
	}
	if n := len(r.Gaps); n > 0 {
		s += fmt.Sprintf("; %s could not be read", text.Count(n, "fact"))
	}
	return s
}

// AdditionsText says which elements AWS answered with that this version does not know,
// "" where there are none. show makes the name of one harmless.
func AdditionsText(r *Run, show func(string) string) string {
	const most = 5
	all := r.Coverage.Additions
	if len(all) == 0 {
		return ""
	}
	var names []string
	for _, a := range all[:min(len(all), most)] {
		names = append(names, show(a))
	}
	more := ""
	if n := len(all) - len(names); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	which := map[bool]string{true: "which this version does not know (it decides nothing)", false: "which this version does not know (they decide nothing)"}[len(all) == 1]
	return fmt.Sprintf("AWS answered with %s %s: %s%s; see whether a newer version of crosscheck does", text.Count(len(all), "element"), which, strings.Join(names, ", "), more)
}

// SummaryText counts links and findings and gives the exit status.
func SummaryText(r *Run) string {
	f := r.Summary.Findings
	failed := strconv.Itoa(f.Fail) + " failed"
	if b := r.Summary.Baseline; b != nil {
		failed += fmt.Sprintf(" (%d new)", b.New)
	}
	return fmt.Sprintf("links %s; findings %s, %d unknown, %d waived, %d passed; %s",
		r.Summary.Links, failed, f.Unknown, f.Waived, f.Pass, ExitText(r.Summary.ExitStatus))
}

// ExitText is an exit status and its meaning.
func ExitText(status int) string {
	s := "exit status " + strconv.Itoa(status)
	switch status {
	case report.ExitClean:
		return s + " (clean)"
	case report.ExitFaults:
		return s + " (faults found)"
	case report.ExitIncomplete:
		return s + " (incomplete: something is unknown)"
	}
	return s
}

// RunTime is when the run ended, or began where that is not known, or 1970 where
// neither is.
func RunTime(r *Run) time.Time {
	for _, s := range []string{r.FinishedAt, r.StartedAt} {
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t.UTC()
		}
	}
	return time.Unix(0, 0).UTC()
}

// ResourceOf names what a finding is about as Security Hub does: its type, its
// visible id, and its partition, "" where that is not known. What has no name of
// its own is the account.
func ResourceOf(f *finding.Finding) (kind, id, partition string) {
	id = text.Visible(f.Resource)
	if id == "" {
		return "AwsAccount", "AWS::::Account:" + cmp.Or(text.Visible(f.AccountID), "unknown"), ""
	}
	kind = "Other"
	part := strings.SplitN(id, ":", 6)
	if len(part) < 6 || part[0] != "arn" || !slices.Contains(partitions, part[1]) {
		return kind, id, ""
	}
	switch {
	case part[2] == "s3" && part[3] == "" && part[4] == "":
		kind = "AwsS3Bucket"
	case part[2] == "iam" && strings.HasPrefix(part[5], "role/"):
		kind = "AwsIamRole"
	case part[2] == "kms" && strings.HasPrefix(part[5], "key/"):
		kind = "AwsKmsKey"
	}
	return kind, id, part[1]
}

// FindingType classifies findings for Security Hub, whose taxonomy OCSF takes
// over: namespace, category, classifier.
// https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html
const FindingType = "Software and Configuration Checks/AWS Security Best Practices"

// partitions that Security Hub takes for a resource: fewer than there are, and the isolated
// ones by other names than ARNs have.
var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-us-iso", "aws-us-iso-b"}
