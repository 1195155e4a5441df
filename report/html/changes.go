package html

import (
	"cmp"
	"slices"
	"strings"

	"crosscheck/report/internal/records"
	"crosscheck/report/repair"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

const (
	htmlChangeBytes = 700_000 // of changes with their documents
	htmlDecisions   = 200
	htmlDocument    = 64 << 10 // bytes of one document; AWS's largest policy has 32 KB
)

// fixView is how to mend a finding.
type fixView struct{ Label, Text string }

// fixes says how to mend the findings of the page.
func (p *page) fixes(links *linkData, list *findingList) error {
	views := slices.Clone(list.views)
	for _, l := range links.views {
		views = append(views, l.Findings...)
	}
	shown := make([]*finding.Finding, len(views))
	for i, v := range views {
		shown[i] = v.of
	}
	mends, err := p.r.Mends(shown)
	for _, v := range views {
		label, fix := mends.Fix(v.of)
		if fix != "" {
			v.Fix = fixView{strings.ToUpper(label[:1]) + label[1:], sentence(fix)}
		}
	}
	return err
}

// changeView is a change as the page shows it.
type changeView struct {
	N        int
	Title    string
	Account  string
	Edits    []editView
	Links    []linkRef
	Proven   bool
	Rests    []string
	Lines    []diffLine
	Document string // the whole new one, "" for a setting
}

type editView struct{ Text, Optional string }

// linkRef is a link by its id, and the section that it has.
type linkRef struct {
	ID     string
	Anchor int
}

// diffLine is a line of a diff.
type diffLine struct{ Class, Text string }

// decisionView is what a person must decide.
type decisionView struct {
	About linkRef
	What  string
	Text  string
}

// changes writes what is to change, document by document, and what is to be decided.
func (p *page) changes() error {
	if !mends(p.r) {
		return nil
	}
	p.part("changes", nil)
	var decisions []decisionView
	n, left, more, room := 0, 0, 0, htmlChangeBytes
	err := p.r.Repairs.Each(func(x *finding.Repairs) error {
		for i := range x.Changes {
			n++
			v := p.change(&x.Changes[i], n)
			body := p.made("change", v)
			if room -= len(body); room < 0 {
				left++
				continue
			}
			p.raw("", body, "")
		}
		for _, d := range x.Decisions {
			if len(decisions) == htmlDecisions {
				more++
				continue
			}
			v := decisionView{About: p.linkRef(d.Link), Text: sentence(d.Text)}
			if d.Kind != "" {
				v.What = name(repair.What(d.Target))
			}
			decisions = append(decisions, v)
		}
		return nil
	})
	p.part("changes-end", struct {
		Left, More int
		Decisions  []decisionView
	}{left, more, decisions})
	return cmp.Or(err, p.err)
}

func (p *page) linkRef(id string) linkRef { return linkRef{name(id), p.anchor(id)} }

func (p *page) change(c *finding.Change, n int) changeView {
	v := changeView{N: n, Title: name(repair.What(c.Target)), Account: name(cmp.Or(c.AccountID, "not known")), Proven: c.Proven, Rests: texts(c.Rests)}
	for _, e := range c.Edits {
		v.Edits = append(v.Edits, editView{sentence(e.Summary), sentence(e.Optional)})
	}
	for _, id := range c.Links[:min(len(c.Links), htmlOnLink)] {
		v.Links = append(v.Links, p.linkRef(id))
	}
	if len(c.Before)+len(c.After) > 2*htmlDocument {
		v.Lines = []diffLine{{"", "The document is too long for this page; -o json has it."}}
		return v
	}
	for line := range strings.Lines(repair.Diff(c)) {
		v.Lines = append(v.Lines, diffLine{diffClass(line), spaces(line)})
	}
	if c.Kind.Document() {
		v.Document = spaces(text.Lines(c.After))
	}
	return v
}

// spaces indents by spaces instead of tabs, which JSON has between its values alone.
func spaces(s string) string { return strings.ReplaceAll(s, "\t", "    ") }

func diffClass(line string) string {
	switch {
	case strings.HasPrefix(line, "+++ "), strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "@@"):
		return "at"
	case strings.HasPrefix(line, "+"):
		return "add"
	case strings.HasPrefix(line, "-"):
		return "del"
	}
	return ""
}

// mends reports whether the run has changes or decisions.
func mends(r *records.Run) bool { return r.Repairs.Len() > 0 }
