// Package junit writes a run as test cases in the XML of JUnit, for CI systems.
package junit

import (
	"cmp"
	"encoding/xml"
	"io"
	"slices"
	"strconv"
	"strings"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/internal/text"
	"crosscheck/rules/finding"
)

// Render writes one suite for every account, as Jenkins reads them
// (testdata/schemas/junit-10.xsd): a failed finding is a failure,
// what is unknown or was not read is an error, a waived finding is skipped. A
// link that does not work without a finding that says why, and every probe of
// the canary, is a case too, so that a report without red is a clean one. What failed
// in the baseline is a case that passes where it is fixed.
func Render(w io.Writer, r *records.Run) error {
	suites := map[string]*junitSuite{}
	add := func(account string, c junitCase) {
		account = cmp.Or(account, "unknown account")
		s := suites[account]
		if s == nil {
			s = &junitSuite{Name: text.Visible(account), Timestamp: text.Visible(r.StartedAt)}
			suites[account] = s
		}
		s.add(c)
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
			c.Skipped = newDetail("waived: "+records.WaiverText(f.Waiver), "", body...)
		case f.Status == finding.Fail:
			c.Failure = newDetail(f.Message, string(f.Severity), body...)
		case f.Status != finding.Pass:
			c.Error = newDetail(f.Message, "unknown", body...)
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
		if l.Verdict == finding.Broken {
			c.Failure = newDetail(records.Why(l), "broken", records.Why(l))
		} else {
			c.Error = newDetail(records.Why(l), "unknown", records.Why(l))
		}
		add(l.Source.AccountID, c)
		return nil
	}))
	err = cmp.Or(err, r.Past.Each(func(p *report.Past) error {
		c := newCase(cmp.Or(p.Link, p.Resource), "baseline: "+p.RuleID+" "+p.Title)
		if p.Change != report.Fixed {
			c.Error = newDetail("it failed in the baseline and is not known now", "unknown")
		}
		add(p.AccountID, c)
		return nil
	}))
	if err != nil {
		return err
	}
	for _, m := range r.Measurements {
		c := newCase(m.Link, "canary "+m.Variant+" "+m.Key)
		c.Time = seconds(m.LatencyMS)
		switch records.ProbeRank(m) {
		case 0:
			c.Failure = newDetail(cmp.Or(m.Message, string(m.Outcome)), string(m.Outcome), m.Message)
		case 1:
			c.Error = newDetail(cmp.Or(m.Message, string(m.Outcome)), string(m.Outcome), m.Message)
		}
		add(source[m.Link], c)
	}
	for _, g := range r.Gaps {
		c := newCase(g.Resource, "read "+g.Fact)
		c.Error = newDetail(g.API+": "+g.Code, "not read", g.API+": "+g.Code+": "+g.Message)
		add(g.AccountID, c)
	}

	all := junitSuites{Name: "crosscheck"}
	for _, s := range suites {
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Suites = append(all.Suites, s)
	}
	slices.SortFunc(all.Suites, func(a, b *junitSuite) int { return cmp.Compare(a.Name, b.Name) })
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n")
	return err
}

type junitSuites struct {
	XMLName  xml.Name      `xml:"testsuites"`
	Name     string        `xml:"name,attr"`
	Tests    int           `xml:"tests,attr"`
	Failures int           `xml:"failures,attr"`
	Errors   int           `xml:"errors,attr"`
	Suites   []*junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	XMLName   xml.Name    `xml:"testsuite"`
	Name      string      `xml:"name,attr"` // the account
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Timestamp string      `xml:"timestamp,attr,omitempty"`
	Cases     []junitCase `xml:"testcase"`
}

func (s *junitSuite) add(c junitCase) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

type junitCase struct {
	Classname string       `xml:"classname,attr"` // the link or bucket
	Name      string       `xml:"name,attr"`      // the rule
	Time      string       `xml:"time,attr,omitempty"`
	Skipped   *junitDetail `xml:"skipped"`
	Error     *junitDetail `xml:"error"`
	Failure   *junitDetail `xml:"failure"`
}

type junitDetail struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

const maxJUnit = 4_000 // characters of a text

func newCase(class, name string) junitCase {
	return junitCase{Classname: text.Cut(text.Visible(class), maxJUnit), Name: text.Cut(text.Visible(name), maxJUnit)}
}

func newDetail(message, kind string, body ...string) *junitDetail {
	for i, t := range body {
		body[i] = text.Cut(text.Visible(t), maxJUnit)
	}
	return &junitDetail{Message: text.Cut(text.Visible(message), maxJUnit), Type: text.Visible(kind), Text: strings.Join(body, "\n")}
}

// seconds writes milliseconds as seconds, "" for none.
func seconds(ms int64) string {
	if ms == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64)
}
