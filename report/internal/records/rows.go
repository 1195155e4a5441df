package records

import (
	"fmt"
	"slices"
	"strings"

	"crosscheck/report/internal/spool"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Rows makes rows for people of the findings of a run, which come in the order of records.
// What one gap leaves unknown is told in one row, wherever it is, and so are the failures
// of a rule of low or info severity, which repeat themselves on every link. JSON has each
// of the findings.
type Rows struct {
	causes   causes
	first    spool.Top[*Row]
	all      int             // findings that were added
	repeated map[string]*Row // of low or info severity, by severity, rule and baseline
	unknown  map[string]*Row // by what is not known
}

// Row is a row of findings that say the same. It shows the most urgent of them.
type Row struct {
	Shown  *finding.Finding
	N      int    // findings that the row is about
	number int    // of Shown, in the order of records
	about  string // what is not known
	rules  []string
	keys   []string // condition keys that the unknown ones among them depend on, beside what was not read
	places int      // links and buckets
	place  string
}

// NewRows makes rows of which the first n are listed, of the findings of the run that has the gaps.
func NewRows(n int, gaps []*fact.Gap) *Rows {
	return &Rows{causes: causesOf(gaps), first: spool.Top[*Row]{N: n}, repeated: map[string]*Row{}, unknown: map[string]*Row{}}
}

// Add adds a finding; those that pass have no row.
func (s *Rows) Add(f *finding.Finding) {
	if !Faulty(f) {
		return
	}
	s.all++
	by, key := s.repeated, strings.Join([]string{string(f.Severity), f.RuleID, f.Baseline}, "\x00")
	switch {
	case f.Status == finding.Unknown:
		by, key = s.unknown, s.notKnown(f)
	case f.Status != finding.Fail || f.Waiver != nil || f.Severity.Rank() < finding.Low.Rank():
		by = nil
	}
	row := by[key]
	if row == nil {
		row = &Row{Shown: f, number: s.all, about: key}
		if by != nil {
			by[key] = row
		}
		if f.Status != finding.Unknown {
			s.first.Add(Urgency(f), row)
		}
	}
	row.N++
	if !slices.Contains(row.rules, f.RuleID) {
		row.rules = append(row.rules, f.RuleID)
	}
	if f.Status == finding.Unknown && len(notRead(f)) > 0 {
		for _, key := range unknownKeys(f) {
			if !slices.Contains(row.keys, key) {
				row.keys = append(row.keys, key)
			}
		}
	}
	if place := strings.Join([]string{f.AccountID, f.Resource, f.Link}, "\x00"); place != row.place {
		row.place = place
		row.places++
	}
	if f.Status == finding.Unknown && Urgency(f) < Urgency(row.Shown) {
		row.Shown, row.number = f, s.all
	}
}

// List is the first rows, the most urgent first. left is how many findings are in none of
// them.
func (s *Rows) List() (list []*Row, left int) {
	unknown := make([]*Row, 0, len(s.unknown))
	for _, r := range s.unknown {
		unknown = append(unknown, r)
	}
	clear(s.unknown)
	slices.SortFunc(unknown, func(a, b *Row) int { return a.number - b.number })
	for _, r := range unknown {
		s.first.Add(Urgency(r.Shown), r)
	}
	list, left = s.first.List(), s.all
	for _, r := range list {
		left -= r.N
	}
	return list, left
}

// Len is how many findings have a row.
func (s *Rows) Len() int { return s.all }

// Message is what the row says: what all of its findings have in common.
func (r *Row) Message() string {
	if r.N > 1 && r.Shown.Status == finding.Unknown {
		return r.about + r.dependsToo()
	}
	if r.Shown.Message == "" {
		return r.Shown.Title
	}
	return r.Shown.Message
}

// dependsToo names the condition keys that the findings of the row depend on, some of them at
// least.
func (r *Row) dependsToo() string {
	if len(r.keys) == 0 {
		return ""
	}
	return "; some depend on " + strings.Join(slices.Sorted(slices.Values(r.keys)), ", ") + ", too"
}

// More says which findings the row is about beside the one that it shows, "" if about none.
func (r *Row) More() string {
	switch {
	case r.N == 1:
		return ""
	case r.Shown.Status == finding.Fail:
		return fmt.Sprintf("and %d more of %s (use -o json)", r.N-1, r.Shown.RuleID)
	}
	const named = 8
	rules := slices.Sorted(slices.Values(r.rules))
	names := strings.Join(rules[:min(named, len(rules))], ", ")
	if n := len(rules) - named; n > 0 {
		names += " and " + text.Count(n, "more rule")
	}
	where := ""
	if r.places > 1 {
		where = " on " + text.Count(r.places, map[bool]string{true: "bucket", false: "link"}[r.Shown.Link == ""])
	}
	return fmt.Sprintf("leaves %d findings%s unknown: %s", r.N, where, names)
}

// notKnown is what a finding depends on: what was not read, in the words of its gaps and of
// what caused them, else what its message says of it.
func (s *Rows) notKnown(f *finding.Finding) string {
	var list []string
	for _, gap := range notRead(f) {
		if cause := s.causes.of(gap); !slices.Contains(list, cause) {
			list = append(list, cause)
		}
	}
	if len(list) > 0 {
		return strings.Join(list, "; ")
	}
	if what, why, ok := strings.Cut(f.Message, " is not known: "); ok && strings.Contains(what, "whether ") {
		return why // which names condition keys, and no link
	}
	return s.causes.of(f.Message)
}

// notRead is why facts were not read that a finding depends on, and unknownKeys are the
// condition keys.
func notRead(f *finding.Finding) []string     { return ofCheck(f, "not_read") }
func unknownKeys(f *finding.Finding) []string { return ofCheck(f, "unknown_keys") }

// ofCheck is a list of texts in the evidence of a permission.
func ofCheck(f *finding.Finding, name string) (texts []string) {
	check, _ := f.Evidence["check"].(map[string]any)
	switch list := check[name].(type) {
	case []string:
		return list
	case []any:
		for _, r := range list {
			texts = append(texts, fmt.Sprint(r))
		}
	}
	return texts
}
