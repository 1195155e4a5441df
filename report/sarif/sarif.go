// Package sarif writes a run in SARIF 2.1.0, as GitHub code scanning takes it.
package sarif

import (
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/internal/spool"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// Limits of GitHub code scanning for one uploaded file.
// https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit
const (
	sarifResults = 25_000  // results in a run; more refuse the file
	sarifKept    = 5_000   // results of them that are shown, the most severe first
	sarifBytes   = 9 << 20 // compressed; 10 MB refuse the file, the rest is for the rules and the frame
	sarifTags    = 20      // tags of a rule
	sarifGaps    = 100     // notifications about gaps of one kind, our own limit
	sarifText    = 1_000   // characters of a message, our own limit
	sarifChunk   = 1_000   // results validated at a time, which bounds the memory that takes
	sarifSegment = 200     // bytes of one part of a location's address, our own limit
)

const (
	sarifSchema    = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	troubleshooter = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-troubleshoot.html"
)

// Render writes SARIF 2.1.0 as GitHub code scanning takes it: every result
// has a file-like address of its bucket, since results without one refuse the
// whole upload, and fingerprints that outlive a change of wording. Findings that
// passed are left out, and so are those that a baseline had and that are fixed: code
// scanning closes an alert that is missing, and would open one for a result whose
// state is absent. Links and probes that no finding covers are results too. What is
// unknown is a warning of kind fail: the standard has a kind for it (open), but only
// with level none, which readers hide.
func Render(w io.Writer, r *records.Run, rules map[string]finding.About) error {
	kept := spool.Top[hashed]{N: sarifResults}
	number := map[string]int{}
	if err := r.AsFindings(func(f *finding.Finding) error {
		if records.Faulty(f) && f.RuleID != finding.FactRead { // gaps are notifications
			kept.Add(records.Urgency(f), hashed{f, lineHash(f, number)})
		}
		return nil
	}); err != nil {
		return err
	}
	fs := kept.List()
	mends, err := r.Mends(findingsOf(fs))
	if err != nil {
		return err
	}
	index := map[string]int{}
	descriptors := sarifRules(fs, rules, index)

	results := make([]*sarif.Result, 0, len(fs))
	size := newGzipSize()
	for _, f := range fs {
		res := sarifResult(f.Finding, f.hash, index[f.RuleID], mends)
		if list := fixes(r.With, mends[f.Fingerprint]); len(list) > 0 {
			res.WithFixes(list)
		}
		if r.Summary.Baseline != nil {
			res.WithBaselineState(baselineState(f.Finding))
		}
		if n, err := size.add(res); err != nil {
			return err
		} else if n > sarifBytes {
			break
		}
		results = append(results, res)
	}

	driver := sarif.NewToolComponent().WithName(text.Visible(r.Tool.Name)).WithVersion(text.Visible(r.Tool.Version)).WithRules(descriptors)
	run := sarif.NewRun().
		WithTool(sarif.NewTool().WithDriver(driver)).
		WithAutomationDetails(sarif.NewRunAutomationDetails().WithID("crosscheck/" + text.Visible(r.ID))).
		WithColumnKind("unicodeCodePoints").
		WithInvocations([]*sarif.Invocation{sarifInvocation(r, len(results), kept.All-len(results))}).
		WithResults(results)
	report := sarif.NewReport()
	report.Schema = sarifSchema
	report.AddRun(run)
	if err := validate(report, run); err != nil {
		return fmt.Errorf("this is a bug of crosscheck: the SARIF report does not meet its schema: %w", err)
	}
	if err := report.Write(w); err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n")
	return err
}

// validate checks the report against the SARIF schema, some results at a time.
func validate(report *sarif.Report, run *sarif.Run) error {
	all := run.Results
	defer func() { run.Results = all }()
	for rest := all; ; {
		n := min(len(rest), sarifChunk)
		run.Results, rest = rest[:n], rest[n:]
		if err := report.Validate(); err != nil {
			return err
		}
		if len(rest) == 0 {
			return nil
		}
	}
}

// sarifRules describes the rules of the findings, sorted by id, and fills index
// with their places.
func sarifRules(fs []hashed, rules map[string]finding.About, index map[string]int) []*sarif.ReportingDescriptor {
	byRule := map[string][]*finding.Finding{}
	for _, f := range fs {
		byRule[f.RuleID] = append(byRule[f.RuleID], f.Finding)
	}
	ids := make([]string, 0, len(byRule))
	for id := range byRule {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	ds := make([]*sarif.ReportingDescriptor, 0, len(ids))
	for i, id := range ids {
		index[id] = i
		ds = append(ds, sarifRule(id, byRule[id], records.AboutOf(rules, id)))
	}
	return ds
}

func sarifRule(id string, fs []*finding.Finding, help finding.About) *sarif.ReportingDescriptor {
	worst := fs[0].Severity
	tags := []string{"security", "s3", "replication"}
	var controls []string
	for _, f := range fs {
		if f.Severity.Rank() < worst.Rank() {
			worst = f.Severity
		}
		for _, c := range f.Controls {
			controls = append(controls, text.Visible(text.Cut(c, 100)))
		}
	}
	slices.Sort(controls)
	for _, c := range controls {
		if len(tags) < sarifTags && !slices.Contains(tags, c) {
			tags = append(tags, c)
		}
	}

	title := text.Visible(text.Cut(cmp.Or(help.Title, fs[0].Title, id), sarifText))
	body := title + ". What it checks and how to fix it: crosscheck rules show " + text.Visible(id)
	markdown := text.Markdown(title) + "\n\nWhat it checks and how to fix it: `crosscheck rules show " + text.Visible(strings.ReplaceAll(id, "`", "")) + "`"
	if help.ID != "" {
		markdown = strings.TrimSuffix(help.Markdown(), "\n")
	}
	if own, ok := finding.AboutOf(id); ok {
		body = title + ". " + own.Description
	}
	markdown = strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || text.Unseen(r)) {
			return -1
		}
		return r
	}, markdown)
	page := troubleshooter
	if u, err := url.Parse(help.URI()); err == nil && u.IsAbs() {
		page = help.URI()
	}
	properties := sarif.NewPropertyBag().WithTags(tags)
	if n := securitySeverity(worst); n != "" {
		properties.Add("security-severity", n)
	}
	return sarif.NewReportingDescriptor().
		WithID(text.Visible(id)).
		WithShortDescription(sarif.NewMultiformatMessageString().WithText(title)).
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(title)).
		WithHelp(sarif.NewMultiformatMessageString().WithText(body).WithMarkdown(markdown)).
		WithHelpURI(page).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(level(worst))).
		WithProperties(properties)
}

// securitySeverity is the score by which code scanning names a severity; "" is
// none, for what is only information.
func securitySeverity(s finding.Severity) string {
	return []string{"9.5", "8.0", "5.5", "2.0", ""}[s.Rank()]
}

func level(s finding.Severity) string {
	return []string{sarif.LevelError, sarif.LevelError, sarif.LevelWarning, sarif.LevelNote, sarif.LevelNote}[s.Rank()]
}

func sarifResult(f *finding.Finding, hash string, rule int, mends records.Mends) *sarif.Result {
	body := sarifMessage(cmp.Or(f.Message, f.Title, f.RuleID))
	lvl := level(f.Severity)
	if f.Status != finding.Fail {
		lvl = sarif.LevelWarning
		body = "unknown: " + body
	}
	if label, fix := mends.Fix(f); fix != "" {
		body += "\n" + strings.ToUpper(label[:1]) + label[1:] + ": " + sarifMessage(fix)
	}
	bucket := report.BucketOf(f.Resource)
	line := 1
	location := sarif.NewLocation().
		WithPhysicalLocation(sarif.NewPhysicalLocation().
			WithArtifactLocation(sarif.NewArtifactLocation().WithURI(address(f.AccountID, f.Region, bucket))).
			WithRegion(&sarif.Region{StartLine: &line, StartColumn: &line, EndLine: &line, EndColumn: &line})).
		WithLogicalLocations([]*sarif.LogicalLocation{sarif.NewLogicalLocation().
			WithName(text.Visible(text.Cut(bucket, sarifText))).
			WithFullyQualifiedName(text.Visible(text.Cut(cmp.Or(f.Link, f.Resource), sarifText))).
			WithKind("resource")})

	properties := sarif.NewPropertyBag().Add("status", string(f.Status)).Add("severity", string(f.Severity))
	if f.Link != "" {
		properties.Add("link", text.Visible(text.Cut(f.Link, sarifText)))
	}
	if len(f.FailureCodes) > 0 {
		codes := make([]string, len(f.FailureCodes))
		for i, c := range f.FailureCodes {
			codes[i] = text.Visible(text.Cut(c, 100))
		}
		properties.Add("failureCodes", codes)
	}
	if m := mends[f.Fingerprint]; m != nil {
		properties.Add("changes", changes(m))
	}
	res := sarif.NewResult().
		WithRuleID(text.Visible(f.RuleID)).
		WithRuleIndex(rule).
		WithLevel(lvl).
		WithMessage(sarif.NewMessage().WithText(body)).
		WithLocations([]*sarif.Location{location}).
		WithPartialFingerprints(map[string]string{"primaryLocationLineHash": hash, "crosscheck/v1": text.Visible(text.Cut(f.Fingerprint, 200))}).
		WithProperties(properties)
	if f.Status == finding.Fail && f.Waiver != nil {
		res.AddSuppression(sarif.NewSuppression().WithKind("external").WithStatus("accepted").
			WithJustification(text.Visible(text.Cut(records.WaiverText(f.Waiver), sarifText))))
	}
	return res
}

// baselineState is that of every result or of none: readers filter by it.
// What is unknown has no mark; a reader who asks for what is new must see it.
func baselineState(f *finding.Finding) string {
	if f.Baseline == report.MarkExisting {
		return "unchanged"
	}
	return "new"
}

// sarifMessage is text for a message, in which [text](target) would be a link.
func sarifMessage(s string) string {
	return strings.ReplaceAll(text.Visible(text.Cut(s, sarifText)), "](", "] (")
}

// address is the path of a bucket as if the organization were a tree of files:
// code scanning shows it and groups by it.
func address(account, region, bucket string) string {
	segment := func(s string) string {
		s = url.PathEscape(strings.ToValidUTF8(cmp.Or(s, "unknown"), "\uFFFD"))
		if strings.Trim(s, ".") == "" {
			s = strings.ReplaceAll(s, ".", "%2E")
		}
		if len(s) > sarifSegment {
			sum := sha256.Sum256([]byte(s))
			s = hex.EncodeToString(sum[:])
		}
		return s
	}
	return "aws/" + segment(account) + "/" + segment(region) + "/" + segment(bucket) + ".json"
}

// hashed is a finding with the fingerprint by which code scanning follows it.
type hashed struct {
	*finding.Finding
	hash string
}

// lineHash is the fingerprint by which code scanning follows a finding from run to
// run: of account, bucket, replication rule and rule, and its number among the
// findings that share all four, in the order of the report.
func lineHash(f *finding.Finding, number map[string]int) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{f.AccountID, f.Resource, f.Link, f.RuleID}, "\x00")))
	h := hex.EncodeToString(sum[:8])
	number[h]++
	return h + ":" + strconv.Itoa(number[h])
}

// sarifInvocation says how the run ended, what it could not read, and what this
// file leaves out.
func sarifInvocation(r *records.Run, results, left int) *sarif.Invocation {
	notes := []*sarif.Notification{}
	note := func(level, format string, args ...any) {
		notes = append(notes, sarif.NewNotification().WithLevel(level).WithMessage(sarif.NewMessage().WithText(fmt.Sprintf(format, args...))))
	}
	if left > 0 {
		note(sarif.LevelWarning, "%d more findings are left out, the least urgent ones: an upload takes at most %d results and 10 MB", left, sarifResults)
	}
	if results > sarifKept {
		note(sarif.LevelWarning, "code scanning keeps the %d most severe of these %d results", sarifKept, results)
	}
	if b := r.Summary.Baseline; b != nil {
		level := sarif.LevelNote
		if b.Unknown > 0 {
			level = sarif.LevelWarning
		}
		note(level, "baseline: %s", records.BaselineText(b))
	}
	gaps, told := records.GroupGaps(r.Gaps), 0
	for _, g := range gaps[:min(len(gaps), sarifGaps)] {
		told += g.N
		note(sarif.LevelWarning, "not read: %s of %s in account %s: %s: %s", sarifMessage(g.API), sarifMessage(g.Resources()), sarifMessage(cmp.Or(g.AccountID, "?")), sarifMessage(g.Code), sarifMessage(g.Message))
	}
	if n := len(r.Gaps) - told; n > 0 {
		note(sarif.LevelWarning, "%d more facts could not be read", n)
	}
	i := sarif.NewInvocation().WithExecutionSuccessful(true).WithExitCode(r.Summary.ExitStatus).
		WithExitCodeDescription(records.ExitText(r.Summary.ExitStatus)).WithToolExecutionNotifications(notes)
	if _, err := time.Parse(time.RFC3339, r.StartedAt); err == nil {
		i.WithStartTimeUtc(r.StartedAt)
	}
	if _, err := time.Parse(time.RFC3339, r.FinishedAt); err == nil {
		i.WithEndTimeUtc(r.FinishedAt)
	}
	return i
}

// gzipSize estimates how large the results are in a compressed upload.
type gzipSize struct {
	w *gzip.Writer
	n int
}

func newGzipSize() *gzipSize {
	s := &gzipSize{}
	s.w, _ = gzip.NewWriterLevel(s, gzip.BestSpeed) // the level is valid
	return s
}

func (s *gzipSize) Write(p []byte) (int, error) {
	s.n += len(p)
	return len(p), nil
}

// add counts one more result; what the compressor still holds is not counted.
func (s *gzipSize) add(res *sarif.Result) (int, error) {
	b, err := json.Marshal(res)
	if err != nil {
		return 0, err
	}
	_, err = s.w.Write(b)
	return s.n, err
}

// changes are what mends a finding: policies and settings of AWS, most of which are no files
// that a result could have fixes for.
func changes(m *records.Mended) []any {
	var list []any
	for _, c := range m.Changes {
		patch := make([]any, len(c.Patch))
		for i, o := range c.Patch {
			patch[i] = map[string]any{"op": o.Op, "path": text.Visible(o.Path), "value": seen(o.Value)}
			if o.Op == "remove" {
				delete(patch[i].(map[string]any), "value")
			}
		}
		list = append(list, map[string]any{
			"kind": string(c.Kind), "accountId": text.Visible(c.AccountID), "resource": text.Visible(c.Resource), "policy": text.Visible(c.Policy),
			"proven": c.Proven, "patch": patch,
		})
	}
	return list
}

// seen is a JSON value without characters that are not seen.
func seen(v any) any {
	switch v := v.(type) {
	case string:
		return text.Visible(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = seen(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k := range v {
			out[text.Visible(k)] = seen(v[k])
		}
		return out
	}
	return v
}

func findingsOf(list []hashed) []*finding.Finding {
	out := make([]*finding.Finding, len(list))
	for i := range list {
		out[i] = list[i].Finding
	}
	return out
}
