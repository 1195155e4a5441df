package records

import (
	"fmt"
	"slices"
	"strings"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// causes are the causes of gaps that another gap explains, by the words of the gap: an
// account that could not be entered is the cause of all that was not read in it.
type causes map[string]string

func causesOf(gaps []*fact.Gap) causes {
	closed := closedAccounts(gaps)
	c := causes{}
	for _, g := range gaps {
		if root := closed[g.AccountID]; g == root || follows(g, root) {
			c[g.String()] = fmt.Sprintf("account %s could not be entered: %s answered %s", root.AccountID, root.API, root.Code)
		}
	}
	return c
}

// of is the cause of a gap, in words, or the gap itself.
func (c causes) of(gap string) string {
	if cause, ok := c[gap]; ok {
		return cause
	}
	return gap
}

// closedAccounts are the gaps of accounts that could not be entered, by account.
func closedAccounts(gaps []*fact.Gap) map[string]*fact.Gap {
	closed := map[string]*fact.Gap{}
	for _, g := range gaps {
		if g.Fact == "account" {
			closed[g.AccountID] = g
		}
	}
	return closed
}

// follows reports whether a gap is there because of that of its account: AWS was not asked.
func follows(g, account *fact.Gap) bool {
	return account != nil && g != account && g.Code == fact.NotRead
}

// Reasons are the sentences of the links of a list, in which each gap is told once.
type Reasons struct {
	causes causes
	gaps   []string          // in words, as links tell them
	first  map[string]string // the id of the link that tells of some gaps, by their causes
}

// NewReasons are those of a list of links of the run that has the gaps.
func NewReasons(gaps []*fact.Gap) *Reasons {
	r := &Reasons{causes: causesOf(gaps), first: map[string]string{}}
	for _, g := range gaps {
		r.gaps = append(r.gaps, g.String())
	}
	return r
}

// Of is the sentence of the next link of the list. Where what it depends on was told with
// another link, it names that one.
func (r *Reasons) Of(l *finding.Link) string {
	why := Why(l)
	if l.Verdict == finding.Works || l.Verdict.Fails() {
		return why
	}
	var told []string
	for _, g := range r.gaps {
		if strings.Contains(why, g) && !slices.Contains(told, r.causes.of(g)) {
			told = append(told, r.causes.of(g))
		}
	}
	if len(told) == 0 {
		return why
	}
	key := strings.Join(told, "\x00")
	if first, ok := r.first[key]; ok {
		return "the same was not read as for " + first
	}
	r.first[key] = l.ID
	return why
}

// ProbeMessages are the messages of a list of probes. What several probes of a link say is
// told with the first.
func ProbeMessages(ms []*measure.Measurement) []string {
	type key struct {
		link, message string
		outcome       measure.Outcome
	}
	first := map[key]string{} // its variant
	out := make([]string, len(ms))
	for i, m := range ms {
		k := key{m.Link, m.Message, m.Outcome}
		out[i] = m.Message
		if variant, said := first[k]; said && m.Message != "" {
			out[i] = "the same as of " + variant
			continue
		}
		first[k] = m.Variant
	}
	return out
}
