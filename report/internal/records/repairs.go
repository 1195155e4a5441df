package records

import (
	"slices"
	"strings"

	"crosscheck/rules/finding"
)

// repairsKey sorts repairs by the first link that they are about.
func repairsKey(r *finding.Repairs) []string {
	first := ""
	note := func(link string) {
		if first == "" || link < first {
			first = link
		}
	}
	for i := range r.Fixes {
		note(r.Fixes[i].Link)
	}
	for i := range r.Decisions {
		note(r.Decisions[i].Link)
	}
	return []string{first}
}

// Mended is what mends a finding.
type Mended struct {
	Changes []*finding.Change // that have an edit for it
	Proven  bool              // all of them
	edits   []string
}

// Mends is what mends findings, by their fingerprints; those for which there is no change are
// not in it.
type Mends map[string]*Mended

// Mends looks for what mends the findings.
func (r *Run) Mends(findings []*finding.Finding) (Mends, error) {
	out := Mends{}
	for _, f := range findings {
		if f.Status == finding.Fail {
			out[f.Fingerprint] = &Mended{Proven: true}
		}
	}
	err := r.Repairs.Each(func(x *finding.Repairs) error {
		for i := range x.Changes {
			c := &x.Changes[i]
			for _, e := range c.Edits {
				for _, print := range e.Findings {
					m := out[print]
					if m == nil {
						continue
					}
					if !slices.Contains(m.edits, e.Summary) {
						m.edits = append(m.edits, e.Summary)
					}
					if !slices.Contains(m.Changes, c) {
						m.Changes = append(m.Changes, c)
					}
					m.Proven = m.Proven && c.Proven
				}
			}
		}
		return nil
	})
	for print, m := range out {
		if len(m.Changes) == 0 {
			delete(out, print)
		}
	}
	return out, err
}

// Fix is what a finding says of how to mend it, on one line, and what that is: "proven fix" for
// changes that were judged, "fix, not proven" for changes that rest on what was not read,
// "fix" for the advice of its rule, "" where it says nothing.
func (m Mends) Fix(f *finding.Finding) (label, text string) {
	x := m[f.Fingerprint]
	switch {
	case x == nil || f.Status != finding.Fail:
		if f.Remediation == "" {
			return "", ""
		}
		return "fix", f.Remediation
	case x.Proven:
		label = "proven fix"
	default:
		label = "fix, not proven"
	}
	return label, strings.Join(x.edits, "; ")
}

// Shown are the findings that rows show.
func Shown(rows []*Row) []*finding.Finding {
	list := make([]*finding.Finding, len(rows))
	for i, r := range rows {
		list[i] = r.Shown
	}
	return list
}
