// Package html writes a run as one self-contained page, for readers without access to
// AWS or crosscheck.
package html

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/internal/records"
	"crosscheck/report/internal/spool"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// What one page holds, so that 2,000 links stay below 5 MB and a browser opens it
// at once. What does not fit is counted.
const (
	htmlLinks        = 3_000     // links looked at
	htmlWholeBytes   = 2_000_000 // of links shown with their permissions and findings
	htmlBriefBytes   = 1_100_000 // of links shown without
	htmlFindings     = 5_000     // findings looked at
	htmlFindingBytes = 1_000_000
	htmlProbes       = 400
	htmlGaps         = 300
	htmlStatements   = 6 // in the section of a link
	htmlOnLink       = 8 // findings in the section of a link
	htmlRules        = 500
	htmlCalls        = 200
	htmlWaivers      = 200
	htmlPast         = 200
	htmlFirst        = 5 // entries of what to fix first
	htmlText         = 1_000
	htmlName         = 300
)

//go:embed page.html page.css page.js
var htmlFiles embed.FS

var (
	htmlTemplate = template.Must(template.New("").Funcs(template.FuncMap{"prose": prose}).Parse(string(asset("page.html"))))
	htmlStyle    = asset("page.css")
	htmlScript   = asset("page.js")
)

// asset is an embedded file without its indentation.
func asset(name string) []byte {
	body, err := htmlFiles.ReadFile(name)
	if err != nil {
		panic(err) // it is compiled in
	}
	return regexp.MustCompile(`\n\s*`).ReplaceAll(body, []byte("\n"))
}

// Options is what the page shows beside the run.
type Options struct {
	History []compare.TrendPoint     // earlier runs, for the trend; nil = no trend
	Rules   map[string]finding.About // by id, the rules that judged; findings of others are explained by the catalog
	Codes   map[string]string        // what decides each of S3's failure codes
}

// Render writes one self-contained page: it loads nothing, and its policy forbids to
// load anything, even if a name or a text of an account asks for it. All of it can be
// read without its script; the script filters.
func Render(w io.Writer, r *records.Run, o Options) error {
	p := &page{w: w, r: r, o: o, points: compare.Trend(o.History, r), anchors: map[string]int{}}
	links, err := p.readLinks()
	if err != nil {
		return err
	}
	findings, err := p.readFindings(links)
	if err != nil {
		return err
	}
	if err := p.fixes(links, findings); err != nil {
		return err
	}
	p.part("head", struct{ Policy, Title string }{contentPolicy(), "crosscheck: " + p.outcome().Title})
	p.raw("<style>", htmlStyle, "</style>\n")
	p.part("summary", p.summary(links, findings))
	p.links(links)
	if err := p.changes(); err != nil {
		return err
	}
	p.findings(findings)
	p.part("canary", p.canary())
	p.part("trend", p.trendChart())
	p.part("coverage", p.coverage())
	past, err := p.past()
	if err != nil {
		return err
	}
	p.part("waivers", struct {
		Waivers []*waiverView
		Most    int
		Past    pastView
	}{findings.excuses(), htmlWaivers, past})
	p.part("appendix", p.appendix())
	p.raw("<script>", htmlScript, "</script>\n</body>\n</html>\n")
	return p.err
}

// contentPolicy lets the page's own style and script run and nothing else.
func contentPolicy() string {
	source := func(body []byte) string {
		sum := sha256.Sum256(body)
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; script-src " + source(htmlScript) + "; style-src " + source(htmlStyle) + "; img-src data:; base-uri 'none'; form-action 'none'"
}

// page writes the parts of the document until the first error.
type page struct {
	w      io.Writer
	r      *records.Run
	o      Options
	err    error
	points []compare.TrendPoint // of the trend, this run among them
	buf    bytes.Buffer

	anchors map[string]int // number of the section of a link, by its id
	shown   int            // sections that were written, once they are
}

// anchor is the number of the section of a link, 0 if it has none.
func (p *page) anchor(link string) int {
	n := p.anchors[link]
	if n > p.shown {
		return 0
	}
	return n
}

func (p *page) raw(open string, body []byte, end string) {
	for _, b := range [][]byte{[]byte(open), body, []byte(end)} {
		if p.err == nil {
			_, p.err = p.w.Write(b)
		}
	}
}

// part writes a part of the template.
func (p *page) part(name string, v any) { p.raw("", p.made(name, v), "") }

// made is a part of the template; it holds until the next one is made.
func (p *page) made(name string, v any) []byte {
	p.buf.Reset()
	if p.err == nil {
		p.err = htmlTemplate.ExecuteTemplate(&p.buf, name, v)
	}
	return p.buf.Bytes()
}

// Text of accounts, as it may be shown.
func sentence(s string) string { return text.Cut(text.Visible(text.CutBytes(s, 4*htmlText)), htmlText) }
func name(s string) string     { return text.Cut(text.Visible(text.CutBytes(s, 4*htmlName)), htmlName) }

func texts(list []string) []string {
	out := make([]string, 0, min(len(list), 20))
	for _, s := range list[:min(len(list), 20)] {
		out = append(out, name(s))
	}
	if n := len(list) - len(out); n > 0 {
		out = append(out, "… and "+strconv.Itoa(n)+" more")
	}
	return out
}

// span is a piece of a sentence, code or not.
type span struct {
	Code bool
	Text string
}

// prose marks code between backquotes as such, apart from the words around it.
func prose(s string) []span {
	var out []span
	for i, piece := range strings.Split(s, "`") {
		if piece != "" {
			out = append(out, span{i%2 == 1, piece})
		}
	}
	return out
}

// outcome is the result of a run in words.
type outcome struct{ Class, Title, Meaning string }

func (p *page) outcome() outcome {
	switch p.r.Summary.ExitStatus {
	case report.ExitFaults:
		return outcome{"broken", "faults found", "At least one link is broken or partial, a rule failed or a probe did. Begin with the list below."}
	case report.ExitIncomplete:
		return outcome{"unknown", "incomplete", "Nothing is known to be broken, but not everything could be read. What was not read is unknown, not good: see Coverage."}
	}
	l, f := p.r.Summary.Links, p.r.Summary.Findings
	whole := p.told() && report.Complete(p.r.Coverage) && len(p.r.Gaps) == 0 && !slices.ContainsFunc(p.r.Measurements, func(m *measure.Measurement) bool { return records.ProbeRank(m) < 2 })
	if l.Failing() > 0 || l.Unknown > 0 || f.Fail > 0 || f.Unknown > 0 || !whole {
		return outcome{"works", "passed", "Nothing gates: what is broken, partial or unknown below is waived, below the severity that fails a run, or allowed to be unknown."}
	}
	return outcome{"works", "clean", "Every link works as far as configuration, policies and probes can tell, and all that was asked for was read."}
}

// told reports whether the run says what it covered.
func (p *page) told() bool { return p.r.Coverage.Accounts.Listed > 0 }

// headline is the verdicts in one sentence.
func (p *page) headline() string {
	l := p.r.Summary.Links
	all := l.All()
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{l.Broken, "broken"}, {l.Partial, "partial"}, {l.Unknown, "unknown"}} {
		if p.n == 0 {
			continue
		}
		of := ""
		if parts == nil {
			of = " of " + text.Count(all, "link")
		}
		parts = append(parts, fmt.Sprintf("%d%s %s %s", p.n, of, map[bool]string{true: "is", false: "are"}[p.n == 1], p.word))
	}
	switch {
	case all == 0:
		return "No replication link was judged"
	case parts == nil && all == 1:
		return "The only link works"
	case parts == nil:
		return "All " + text.Count(all, "link") + " work"
	case l.Failing() == 0:
		parts = append(parts, "none is known to be broken")
	}
	return strings.Join(parts, ", ")
}

// linkView is a link as the page shows it.
type linkView struct {
	*finding.Link
	N        int // of its section
	Findings []*findingView
	More     int  // findings on it that are left out
	Waived   bool // promised objects fail, and it does not gate

	urgent spool.Top[*findingView]
	probes []*measure.Measurement
}

// linkData is all the links, of which the page shows some.
type linkData struct {
	views []*linkView
	pairs map[accountPair]linkCounts // all of them
}

type codeView struct{ Code, Meaning string }

// checkView is a row of the permission matrix: one permission that is not allowed,
// or all those on a resource that are.
type checkView struct {
	Layer, Resource, Result, Code, Witness string
	Actions, UnknownKeys                   []string
	Deciding                               []string
}

// statementView is a statement that decided something about a link, as it is
// written in its policy.
type statementView struct {
	Name, Text string
	Actions    []string // that it decided
}

// findingView is a finding as the page shows it.
type findingView struct {
	N                                                int // of its row in the table, 0 = it is not there
	Rule, Title, Severity, Status, Account, Resource string
	Link                                             string
	Anchor                                           int  // of the section of the link, 0 = it has none
	New                                              bool // the baseline did not have it
	Message, Waiver                                  string
	Fix                                              fixView
	of                                               *finding.Finding
	Codes                                            []string
}

func (p *page) finding(f *finding.Finding) *findingView {
	v := &findingView{
		Rule: name(f.RuleID), Title: name(f.Title), Severity: string(f.Severity), Status: records.StatusText(f), Account: name(cmp.Or(f.AccountID, "not known")),
		Resource: name(report.BucketOf(f.Resource)), Link: name(f.Link), Anchor: p.anchors[f.Link], Message: sentence(cmp.Or(f.Message, f.Title)), of: f, Codes: texts(f.FailureCodes),
	}
	v.New = f.Baseline == report.MarkNew && f.Waiver == nil
	if f.Waiver != nil && f.Status == finding.Fail {
		v.Waiver = sentence(records.WaiverText(f.Waiver))
	}
	return v
}

// readLinks picks the links to show, the worst verdict first.
func (p *page) readLinks() (*linkData, error) {
	t := spool.Top[*finding.Link]{N: htmlLinks}
	pairs := map[accountPair]linkCounts{}
	err := p.r.Links.Each(func(l *finding.Link) error {
		pair := accountPair{endOf(l.Source).Account, endOf(l.Destination).Account}
		c := pairs[pair]
		c.Add(l.Verdict, 1)
		pairs[pair] = c
		t.Add(l.Verdict.Rank(), l)
		return nil
	})
	var views []*linkView
	for i, l := range t.List() {
		views = append(views, &linkView{Link: l, N: i + 1, Waived: slices.Contains(p.r.Summary.WaivedLinks, l.ID), urgent: spool.Top[*findingView]{N: htmlOnLink}})
		if p.anchors[l.ID] == 0 {
			p.anchors[l.ID] = i + 1
		}
	}
	for _, m := range p.r.Measurements {
		if n := p.anchors[m.Link]; n > 0 {
			views[n-1].probes = append(views[n-1].probes, m)
		}
	}
	return &linkData{views, pairs}, err
}

// graph is nil where there is nothing to draw.
func (d *linkData) graph() *graphView {
	var links []graphLink
	for _, l := range d.views[:min(len(d.views), graphWhole)] {
		from, to := l.From(), l.To()
		links = append(links, graphLink{from.Account, to.Account, from.Bucket, to.Bucket, l.Rule(), l.Verdict, l.N})
	}
	if len(links) == 0 {
		return nil
	}
	return drawGraph(links, d.pairs)
}

// findingList is the findings to show, the most urgent first.
type findingList struct {
	views   []*findingView
	all     int
	waivers map[finding.Waiver]*waiverView
}

// waiverView is a waiver and what it excuses.
type waiverView struct {
	finding.Waiver
	Rules    []string
	Findings int
}

// readFindings picks the findings to show, and those of each link.
func (p *page) readFindings(links *linkData) (*findingList, error) {
	t := spool.Top[*findingView]{N: htmlFindings}
	list := &findingList{waivers: map[finding.Waiver]*waiverView{}}
	err := p.r.Findings.Each(func(f *finding.Finding) error {
		if !records.Faulty(f) {
			return nil
		}
		if f.Waiver != nil && f.Status == finding.Fail {
			list.waive(f)
		}
		v := p.finding(f)
		t.Add(records.Urgency(f), v)
		if v.Anchor > 0 {
			links.views[v.Anchor-1].urgent.Add(records.Urgency(f), v)
		}
		return nil
	})
	for _, l := range links.views {
		l.Findings = l.urgent.List()
		l.More = l.urgent.All - len(l.Findings)
	}
	list.views, list.all = t.List(), t.All
	for i, f := range list.views {
		f.N = i + 1
	}
	return list, err
}

func (l *findingList) waive(f *finding.Finding) {
	w := l.waivers[*f.Waiver]
	if w == nil {
		if len(l.waivers) == htmlWaivers {
			return
		}
		w = &waiverView{Waiver: finding.Waiver{Reason: sentence(f.Waiver.Reason), Owner: name(f.Waiver.Owner), Ticket: name(f.Waiver.Ticket), Expires: name(f.Waiver.Expires)}}
		l.waivers[*f.Waiver] = w
	}
	w.Findings++
	if rule := name(f.RuleID); !slices.Contains(w.Rules, rule) && len(w.Rules) < 20 {
		w.Rules = append(w.Rules, rule)
	}
}

// excuses is the waivers, the first to expire first.
func (l *findingList) excuses() []*waiverView {
	return slices.SortedFunc(maps.Values(l.waivers), func(a, b *waiverView) int {
		return cmp.Or(cmp.Compare(a.Expires, b.Expires), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Ticket, b.Ticket), slices.Compare(a.Rules, b.Rules), cmp.Compare(a.Findings, b.Findings))
	})
}

// first is an entry of what to fix first.
type first struct {
	Verdict, Title, Why string
	Fixes               []fixView
	Anchor              int
	Finding             *findingView
}

type summaryView struct {
	Headline   string
	Outcome    outcome
	Run        *report.Run
	Exit       string
	Trend      bool
	Waivers    bool
	Changes    bool
	Links      report.LinkCounts
	Findings   report.FindingCounts
	Severities []severityCount
	Probes     [3]int // failed, undecided, as promised
	Measured   int
	Coverage   string
	Baseline   string
	First      []first
	FirstMore  int
}

type severityCount struct {
	Severity string
	N        int
}

func (p *page) summary(links *linkData, findings *findingList) summaryView {
	v := summaryView{Headline: p.headline(), Outcome: p.outcome(), Run: p.run(), Exit: records.ExitText(p.r.Summary.ExitStatus), Links: p.r.Summary.Links, Findings: p.r.Summary.Findings,
		Coverage: records.CoverageText(p.r), Measured: len(p.r.Measurements)}
	if b := p.r.Summary.Baseline; b != nil {
		v.Baseline = records.BaselineText(b)
	}
	v.Changes = mends(p.r)
	v.Trend, v.Waivers = p.trendChart() != nil, len(findings.waivers) > 0
	for _, m := range p.r.Measurements {
		v.Probes[records.ProbeRank(m)]++
	}
	var entries []first
	reasons := records.NewReasons(p.r.Gaps)
	for _, l := range links.views {
		if !l.Verdict.Fails() && l.Verdict != finding.UnknownVerdict || l.Waived {
			continue
		}
		e := first{Verdict: string(l.Verdict), Title: l.Title(), Why: sentence(reasons.Of(l.Link)), Anchor: l.N}
		for _, f := range l.Findings {
			if f.Status == string(finding.Fail) && f.Fix.Text != "" && f.Severity != string(finding.Info) && f.Severity != string(finding.Low) && !slices.Contains(e.Fixes, f.Fix) && len(e.Fixes) < 3 {
				e.Fixes = append(e.Fixes, f.Fix)
			}
		}
		entries = append(entries, e)
	}
	for _, f := range findings.views {
		if f.Anchor == 0 && f.Status == string(finding.Fail) && (f.Severity == string(finding.Critical) || f.Severity == string(finding.High)) {
			entries = append(entries, first{Verdict: f.Severity, Title: f.Resource, Why: f.Message, Fixes: []fixView{f.Fix}, Finding: f})
		}
	}
	v.First = entries[:min(len(entries), htmlFirst)]
	v.FirstMore = len(entries) - len(v.First)
	return v
}

// run is the run as it may be shown.
func (p *page) run() *report.Run {
	r := *p.r.Run
	for _, s := range []*string{&r.ID, &r.StartedAt, &r.FinishedAt, &r.Tool.Name, &r.Tool.Version, &r.Scope.Mode, &r.Scope.Buckets} {
		*s = name(*s)
	}
	r.Calls = slices.Clone(r.Calls[:min(len(r.Calls), htmlCalls)])
	for i := range r.Calls {
		r.Calls[i].API = name(r.Calls[i].API)
	}
	if r.Baseline != nil {
		r.Baseline = &report.BaselineRun{ID: name(r.Baseline.ID), StartedAt: name(r.Baseline.StartedAt)}
	}
	r.With = texts(r.With)
	r.Scope.Accounts, r.Scope.ExcludeAccounts = texts(r.Scope.Accounts), texts(r.Scope.ExcludeAccounts)
	return &r
}

// What the template asks of a link.
func (l *linkView) Title() string {
	return name(l.Link.Source.Bucket) + " → " + name(l.Link.Destination.Bucket)
}
func (l *linkView) Reason() string { return sentence(records.Why(l.Link)) }
func (l *linkView) From() endView  { return endOf(l.Link.Source) }
func (l *linkView) To() endView    { return endOf(l.Link.Destination) }

// Objects are the verdicts on the classes of the link's objects, where they do not all work.
func (l *linkView) Objects() []finding.ClassVerdict {
	if l.Link.Verdict == finding.Works {
		return nil
	}
	list := slices.Clone(l.Classes)
	for i := range list {
		list[i].Class, list[i].Witness = finding.Class(name(string(list[i].Class))), name(list[i].Witness)
		list[i].FailureCodes = texts(list[i].FailureCodes)
	}
	return list
}

func (l *linkView) Rule() string { return name(l.Link.RuleID) }
func (l *linkView) Role() string { return name(l.Link.RoleARN) }

type endView struct{ Account, Region, Bucket string }

func endOf(e finding.End) endView {
	return endView{name(cmp.Or(e.AccountID, "not known")), name(cmp.Or(e.Region, "not known")), name(e.Bucket)}
}

// Codes are the failure codes of the link with their meaning.
func (p *page) codes(l *finding.Link) []codeView {
	var out []codeView
	for _, c := range l.FailureCodes {
		out = append(out, codeView{name(c), sentence(p.o.Codes[c])})
	}
	return out
}

func checks(l *finding.Link) []checkView {
	var out []checkView
	for _, c := range l.Checks {
		v := checkView{Layer: name(strings.ReplaceAll(c.Layer, "_", " ")), Resource: name(c.Resource), Result: name(string(c.Result)), Actions: []string{name(c.Action)}}
		if c.Result == finding.Allowed {
			same := slices.IndexFunc(out, func(o checkView) bool { return o.Result == v.Result && o.Layer == v.Layer && o.Resource == v.Resource })
			if same >= 0 {
				out[same].Actions = append(out[same].Actions, v.Actions...)
				continue
			}
			out = append(out, v)
			continue
		}
		v.Code, v.Witness, v.UnknownKeys = name(c.FailureCode), name(c.Witness), texts(c.UnknownKeys)
		for _, s := range c.Deciding[:min(len(c.Deciding), 5)] {
			v.Deciding = append(v.Deciding, statementName(s))
		}
		out = append(out, v)
	}
	return out
}

func statementName(s finding.Statement) string {
	n := "statement " + strconv.Itoa(s.Statement)
	if s.Sid != "" {
		n = "Sid " + s.Sid
	}
	return name(n + " of " + s.Policy + " (" + s.Layer + ")")
}

// statements are the statements that decided, each once, with their text; those
// that break the link first.
func statements(l *finding.Link) []statementView {
	var out []statementView
	breaks := func(c finding.Check) bool { return slices.Contains(l.FailureCodes, c.FailureCode) }
	for _, first := range []bool{true, false} {
		for _, c := range l.Checks {
			if breaks(c) != first {
				continue
			}
			for _, s := range c.Deciding {
				n, action := statementName(s), name(c.Action)
				i := slices.IndexFunc(out, func(v statementView) bool { return v.Name == n })
				switch {
				case s.Text == "" || i < 0 && len(out) == htmlStatements:
				case i < 0:
					out = append(out, statementView{n, policyText(s.Text), []string{action}})
				case len(out[i].Actions) < 20:
					out[i].Actions = append(out[i].Actions, action)
				}
			}
		}
	}
	return out
}

// policyText is JSON of a policy with its lines set in, or as it is where it was cut.
func policyText(s string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(s), "", "  ") == nil {
		s = b.String()
	}
	var out []string
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\r\n")
		body := strings.TrimLeft(line, " \t")
		out = append(out, strings.Repeat(" ", min(len(line)-len(body), 40))+text.Cut(text.Visible(body), htmlText))
	}
	return strings.Join(out, "\n")
}

type linkSection struct {
	*linkView
	Statements []statementView
	Codes      []codeView
	Checks     []checkView
	Probes     []probeView
	Brief      bool
}

// links writes a section for each link: whole ones while there is room, then
// brief ones, then how many there are no sections of.
func (p *page) links(links *linkData) {
	p.part("links", struct {
		report.LinkCounts
		Graph *graphView
	}{p.r.Summary.Links, links.graph()})
	whole, brief, shown, briefs := htmlWholeBytes, htmlBriefBytes, 0, 0
	for _, l := range links.views {
		s := linkSection{linkView: l, Codes: p.codes(l.Link), Checks: checks(l.Link), Statements: statements(l.Link)}
		for _, m := range l.probes[:min(len(l.probes), htmlOnLink)] {
			s.Probes = append(s.Probes, probeOf(m))
		}
		if whole > 0 {
			body := p.made("link", s)
			if whole -= len(body); whole >= 0 {
				p.raw("", body, "")
				shown++
				continue
			}
		}
		s.Brief = true
		body := p.made("link", s)
		if brief -= len(body); brief < 0 {
			break
		}
		p.raw("", body, "")
		shown++
		briefs++
	}
	p.shown = shown
	p.part("links-end", struct{ Shown, Brief, More int }{shown, briefs, p.r.Links.Len() - shown})
}

// findings writes the table of findings that did not pass.
func (p *page) findings(list *findingList) {
	p.part("findings", struct {
		report.FindingCounts
		Any bool
	}{p.r.Summary.Findings, len(list.views) > 0})
	room, shown := htmlFindingBytes, 0
	for _, f := range list.views {
		if f.Anchor > p.shown {
			f.Anchor = 0
		}
		body := p.made("finding", f)
		if room -= len(body); room < 0 {
			break
		}
		p.raw("", body, "")
		shown++
	}
	p.part("findings-end", struct {
		Any  bool
		More int
	}{len(list.views) > 0, list.all - shown})
}

// probeView is a measurement as the page shows it.
type probeView struct {
	Class, Link, Variant, Outcome, Predicted, Latency, Status, Message string
	Anchor                                                             int
	New                                                                bool     // the baseline did not have it
	Left                                                               []string // what could not be removed
}

func probeOf(m *measure.Measurement) probeView {
	v := probeView{Class: []string{"broken", "unknown", "works"}[records.ProbeRank(m)], Link: name(m.Link), Variant: name(m.Variant), Outcome: string(cmp.Or(m.Outcome, "undecided")),
		Predicted: name(m.Predicted), Latency: records.Latency(m), Status: name(m.SourceStatus), Message: sentence(m.Message), New: m.Baseline == report.MarkNew}
	for _, l := range m.Leftovers[:min(len(m.Leftovers), 5)] {
		v.Left = append(v.Left, name(strings.TrimSpace(l.Bucket+"/"+l.Key+" "+l.VersionID)))
	}
	if n := len(m.Leftovers) - len(v.Left); n > 0 {
		v.Left = append(v.Left, "and "+strconv.Itoa(n)+" more")
	}
	return v
}

func (p *page) canary() any {
	ms := slices.Clone(p.r.Measurements)
	slices.SortStableFunc(ms, func(a, b *measure.Measurement) int { return cmp.Compare(records.ProbeRank(a), records.ProbeRank(b)) })
	var v struct {
		Chart  *latencyChart
		Counts [3]int
		Probes []probeView
		More   int
	}
	v.Chart = p.latencyChart()
	for _, m := range ms {
		v.Counts[records.ProbeRank(m)]++
	}
	for _, m := range ms[:min(len(ms), htmlProbes)] {
		row := probeOf(m)
		row.Anchor = p.anchor(m.Link)
		v.Probes = append(v.Probes, row)
	}
	v.More = len(ms) - len(v.Probes)
	return v
}

type gapView struct {
	Account, API, Code, Resource, Message, Fact string
	N                                           int
}

func (p *page) coverage() any {
	var v struct {
		fact.Coverage
		Told     bool // what was covered
		Complete bool
		New      string // elements of answers
		Facts    int
		Gaps     []gapView
		More     int
	}
	v.Told = p.told()
	v.Coverage, v.Complete, v.Facts = p.r.Coverage, report.Complete(p.r.Coverage) && len(p.r.Gaps) == 0, len(p.r.Gaps)
	v.New = records.AdditionsText(p.r, name)
	groups := records.GroupGaps(p.r.Gaps)
	for _, g := range groups[:min(len(groups), htmlGaps)] {
		v.Gaps = append(v.Gaps, gapView{name(cmp.Or(g.AccountID, "not known")), name(g.API), name(g.Code), name(g.Resources()), sentence(g.Message), name(g.Fact), g.N})
	}
	for _, g := range groups[len(v.Gaps):] {
		v.More += g.N
	}
	return v
}

// pastView is what failed in the baseline and does not fail now.
type pastView struct {
	Run  *report.BaselineRun
	List []report.Past
	More int
}

func (p *page) past() (pastView, error) {
	v := pastView{Run: p.run().Baseline}
	err := p.r.Past.Each(func(past *report.Past) error {
		if len(v.List) == htmlPast {
			v.More++
			return nil
		}
		v.List = append(v.List, report.Past{Change: past.Change, Severity: past.Severity, RuleID: name(past.RuleID), Title: name(past.Title), AccountID: name(past.AccountID),
			Link: name(cmp.Or(past.Link, report.BucketOf(past.Resource)))})
		return nil
	})
	return v, err
}

// ruleView is a rule and what it came to.
type ruleView struct {
	ID, Title, URI                                  string
	Help                                            []string // paragraphs
	Fail, Unknown, Waived, Pass, NotApplicable, All int
}

type callView struct {
	report.Calls
	Took string
}

func (p *page) appendix() any {
	var v struct {
		Run   *report.Run
		Calls []callView
		More  int
		Exit  string
		Rules []ruleView
		Codes []codeView
	}
	v.Run, v.Exit = p.run(), records.ExitText(p.r.Summary.ExitStatus)
	for _, c := range v.Run.Calls {
		v.Calls = append(v.Calls, callView{c, text.Millis(c.DurationMS)})
	}
	v.More = len(p.r.Calls) - len(v.Calls)
	for _, id := range slices.Sorted(maps.Keys(p.r.ByRule)) {
		c, help := p.r.ByRule[id], records.AboutOf(p.o.Rules, id)
		rule := ruleView{ID: name(id), Title: name(cmp.Or(help.Title, c.Title)), Fail: c.Fail, Unknown: c.Unknown, Waived: c.Waived, Pass: c.Pass, NotApplicable: c.NotApplicable}
		if strings.HasPrefix(help.URI(), "https://") && text.Plain(help.URI()) {
			rule.URI = help.URI()
		}
		for line := range strings.Lines(text.CutBytes(help.Markdown(), 8*htmlText)) {
			if line = sentence(strings.ReplaceAll(line, "**", "")); line != "" {
				rule.Help = append(rule.Help, line)
			}
		}
		v.Rules = append(v.Rules, rule)
		if len(v.Rules) == htmlRules {
			break
		}
	}
	return v
}
