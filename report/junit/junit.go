// Package junit writes a run as test cases in the XML of JUnit, for CI systems.
package junit

import (
	"cmp"
	"encoding/xml"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// Render writes one suite for each account, as Jenkins reads them
// (testdata/schemas/junit-10.xsd): a failed finding is a failure, an unknown finding or
// a fact that was not read is an error, and a waived finding is skipped. Each probe of
// the canary is a case, and so is a link that does not work while no finding explains
// it: a report without failures and errors is a clean run. A finding that failed in the
// baseline and is fixed is a case that passes.
func Render(w io.Writer, r *records.Run) error {
	suites := map[string]*suite{}
	add := func(account string, c junit.Testcase) *suite {
		account = cmp.Or(account, "unknown account")
		s := suites[account]
		if s == nil {
			s = &suite{Testsuite: junit.Testsuite{Name: text.Visible(account), Timestamp: text.Visible(r.StartedAt)}}
			suites[account] = s
		}
		s.AddTestcase(c)
		return s
	}
	source := map[string]string{} // of links, by id
	err := r.Links.Each(func(l *finding.Link) error {
		source[l.ID] = l.Source.AccountID
		return nil
	})
	known := records.WorstByLink{}
	err = cmp.Or(err, r.Findings.Each(func(f *finding.Finding) error {
		if f.Status == finding.NotApplicable {
			return nil
		}
		c := newCase(cmp.Or(f.Link, f.Resource), f.RuleID+" "+f.Title)
		body := []string{f.Message}
		if f.Remediation != "" {
			body = append(body, "fix: "+f.Remediation)
		}
		if f.Baseline != "" {
			body = append(body, "baseline: "+f.Baseline)
		}
		switch {
		case f.Status == finding.Fail && f.Waiver != nil:
			c.Skipped = newResult("waived: "+records.WaiverText(f.Waiver), "", body...)
		case f.Status == finding.Fail:
			c.Failure = newResult(f.Message, string(f.Severity), body...)
		case f.Status != finding.Pass:
			c.Error = newResult(f.Message, "unknown", body...)
		}
		known.Add(f)
		add(f.AccountID, c)
		return nil
	}))
	err = cmp.Or(err, r.Links.Each(func(l *finding.Link) error {
		if known.Covers(l) {
			return nil
		}
		c := newCase(l.ID, "the link works")
		if l.Verdict.Fails() {
			c.Failure = newResult(records.Why(l), string(l.Verdict), records.Why(l))
		} else {
			c.Error = newResult(records.Why(l), "unknown", records.Why(l))
		}
		add(l.Source.AccountID, c)
		return nil
	}))
	err = cmp.Or(err, r.Past.Each(func(p *report.Past) error {
		c := newCase(cmp.Or(p.Link, p.Resource), "baseline: "+p.RuleID+" "+p.Title)
		switch {
		case p.Change == report.Lost:
			c.Error = newResult("it failed in the baseline and is not known now", "unknown")
		case p.Change == report.Gone && p.RuleID == finding.LinkWorks:
			c.Failure = newResult("the link worked in the baseline and is gone", "gone")
		}
		add(p.AccountID, c)
		return nil
	}))
	if err != nil {
		return err
	}
	for _, m := range r.Measurements {
		c := newCase(m.Link, "canary "+m.Variant+" "+m.Key)
		if m.LatencyMS != 0 {
			c.Time = seconds(m.LatencyMS)
		}
		switch records.ProbeRank(m) {
		case 0:
			c.Failure = newResult(cmp.Or(m.Message, string(m.Outcome)), string(m.Outcome), m.Message)
		case 1:
			c.Error = newResult(cmp.Or(m.Message, string(m.Outcome)), string(m.Outcome), m.Message)
		}
		add(source[m.Link], c).latency += m.LatencyMS
	}
	for _, g := range records.GroupGaps(r.Gaps) {
		c := newCase(g.Resource, "read "+g.Fact)
		body := []string{g.API + ": " + g.Code + ": " + g.Message}
		if g.N > 1 {
			body = append(body, "not read: "+g.Resources())
		}
		c.Error = newResult(g.API+": "+g.Code, "not read", body...)
		add(g.AccountID, c)
	}

	return write(w, slices.SortedFunc(maps.Values(suites), func(a, b *suite) int { return cmp.Compare(a.Name, b.Name) }))
}

// suite is the cases of an account.
type suite struct {
	junit.Testsuite
	latency int64 // milliseconds, of all its probes
}

// write writes the document, with the sums that the schema knows.
func write(w io.Writer, suites []*suite) error {
	all := junit.Testsuites{Name: "crosscheck"}
	for i, s := range suites {
		s.ID, s.Time = i, seconds(s.latency)
		all.AddSuite(s.Testsuite)
	}
	all.Skipped = 0 // the schema has this sum for a suite only
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ") // WriteXML indents with tabs, which no report has
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

const maxText = 4_000 // characters of one text

// newCase is a case about a link or resource that passes.
func newCase(class, name string) junit.Testcase {
	return junit.Testcase{Classname: clean(class), Name: clean(name)}
}

// newResult says in one line why a case did not pass, and more in the lines of body.
func newResult(message, kind string, body ...string) *junit.Result {
	for i, line := range body {
		body[i] = clean(line)
	}
	return &junit.Result{Message: clean(message), Type: text.Visible(kind), Data: strings.Join(body, "\n")}
}

// clean makes text fit for XML.
func clean(s string) string { return text.Cut(text.Visible(s), maxText) }

// seconds writes milliseconds as seconds.
func seconds(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64) }
