package mend

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/rules/finding"
	"crosscheck/rules/fix/shared"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/spelling"
	"crosscheck/scanner/fact"
)

// shortest is how many digits of a fingerprint name a finding, at least.
const shortest = 8

// ask is one link or finding that is asked for.
type ask struct {
	text string
	id   string // as the id of a link, or a pattern of ids
	hex  bool   // it may be the beginning of a fingerprint
}

func newAsk(s string) ask {
	return ask{text: s, id: strings.Replace(s, "->", "→", 1), hex: len(s) >= shortest && strings.Trim(s, "0123456789abcdef") == ""}
}

// collector takes the messages of a run and keeps what is asked for.
type collector struct {
	report.Discard
	asked []ask

	known    []string                    // ids of all links
	failing  map[string]bool             // of those asked for
	fine     map[string]string           // why links that were asked for need nothing
	unknown  map[string]string           // why links that were asked for are unknown
	findings map[string]*finding.Finding // failing ones asked for, by fingerprint
	passed   map[string]*finding.Finding // likewise, those that do not fail

	links  map[string]bool // asked for and failing, or of a finding asked for
	prints map[string]bool
	rules  map[string]bool // of the findings asked for
	docs   []*fact.Document
	all    []*fact.Document // of a facts file: those with links
	users  *shared.Users
	has    map[string]bool // links and buckets whose facts are in docs
}

func newCollector(only []string) *collector {
	c := &collector{
		failing: map[string]bool{}, fine: map[string]string{}, unknown: map[string]string{}, findings: map[string]*finding.Finding{}, passed: map[string]*finding.Finding{},
		links: map[string]bool{}, prints: map[string]bool{}, rules: map[string]bool{}, has: map[string]bool{}, users: shared.New(),
	}
	for _, s := range only {
		c.asked = append(c.asked, newAsk(s))
	}
	return c
}

// Run refuses a run of documents that AWS does not have.
func (c *collector) Run(r *report.Run) error {
	if len(r.With) > 0 {
		return usererr.Hint(errors.New("the run was judged with documents of --with, so its facts are not what AWS has"), "record one without --with")
	}
	return nil
}

func (c *collector) Link(l *finding.Link) error {
	c.known = append(c.known, l.ID)
	c.users.Link(l)
	if len(c.asked) > 0 && !slices.ContainsFunc(c.asked, func(a ask) bool { return match.Match(a.id, l.ID) }) {
		return nil
	}
	switch {
	case l.Verdict.Fails():
		c.failing[l.ID], c.links[l.ID] = true, true
	case l.Verdict == finding.Works:
		c.fine[l.ID] = l.ID + ": works: there is nothing to fix"
	default:
		c.unknown[l.ID] = why(l)
	}
	return nil
}

func (c *collector) Finding(f *finding.Finding) error {
	if !slices.ContainsFunc(c.asked, func(a ask) bool { return a.hex && strings.HasPrefix(f.Fingerprint, a.text) }) {
		return nil
	}
	own := *f
	if f.Status != finding.Fail {
		c.passed[f.Fingerprint] = &own
		return nil
	}
	c.findings[f.Fingerprint], c.prints[f.Fingerprint], c.rules[f.RuleID] = &own, true, true
	return nil
}

// Facts keeps the facts that a change is made from. The links and findings of a document
// come before it.
func (c *collector) Facts(d *fact.Document) error {
	wanted := slices.ContainsFunc(d.Links, func(l fact.Link) bool { return c.failing[l.ID] })
	for _, f := range c.findings {
		of := f.Resource == d.Bucket.ARN || slices.ContainsFunc(d.Links, func(l fact.Link) bool { return l.ID == f.Link })
		wanted = wanted || of
		c.has[f.Fingerprint] = c.has[f.Fingerprint] || of
	}
	if !wanted {
		return nil
	}
	c.docs = append(c.docs, d)
	c.users.Judged(d)
	for _, l := range d.Links {
		c.has[l.ID] = true
	}
	return nil
}

// settle says what was asked for and is not there, or needs nothing. name is that of the file.
func (c *collector) settle(name string, out *Result) error {
	out.Failing, out.Findings = slices.Sorted(maps.Keys(c.failing)), len(c.prints)
	for _, a := range c.asked {
		if err := c.answer(name, a, out); err != nil {
			return err
		}
	}
	for id, why := range c.unknown {
		out.Unknown = append(out.Unknown, id+": "+why)
	}
	slices.Sort(out.Unknown)
	for _, id := range out.Failing {
		if !c.has[id] {
			return usererr.Hint(fmt.Errorf("%s has no facts of the link %s: it was recorded by an earlier version of crosscheck", name, id),
				"record a run anew with 'crosscheck scan -o jsonl=RUN', or write the facts with 'crosscheck facts -o FILE' and give --facts FILE")
		}
	}
	for print, f := range c.findings {
		if !c.has[print] {
			return usererr.Hint(fmt.Errorf("%s has no facts for the finding %s of %s: run files keep those of links that are broken or partial", name, f.RuleID, about(f)),
				"write all facts with 'crosscheck facts -o FILE' and give --facts FILE")
		}
	}
	return nil
}

func about(f *finding.Finding) string { return cmp.Or(f.Link, report.BucketOf(f.Resource)) }

// answer looks for what was asked for.
func (c *collector) answer(name string, a ask, out *Result) error {
	found := false
	for _, id := range c.known {
		if match.Match(a.id, id) {
			found = true
			if note := c.fine[id]; note != "" && id == a.id {
				out.Notes = append(out.Notes, note)
			}
		}
	}
	if a.hex {
		for print := range c.findings {
			found = found || strings.HasPrefix(print, a.text)
		}
		for print, f := range c.passed {
			if strings.HasPrefix(print, a.text) && f.Status == finding.Unknown {
				found = true
				out.Undecided = append(out.Undecided, fmt.Sprintf("%s, %s of %s: %s", a.text, f.RuleID, about(f), f.Message))
			} else if strings.HasPrefix(print, a.text) {
				found = true
				out.Notes = append(out.Notes, fmt.Sprintf("%s: the finding %s of %s is %s: there is nothing to fix", a.text, f.RuleID, about(f), f.Status))
			}
		}
	}
	if found {
		return nil
	}
	if a.hex {
		return usererr.Hint(fmt.Errorf("%s has no finding whose fingerprint begins with %s", name, a.text), "the JSON report shows the fingerprints of its findings")
	}
	return usererr.Hint(fmt.Errorf("%s has no link %q", name, a.text), near(a.id, c.known))
}

// near is a hint of the links that may have been meant: of the same source, or spelled alike.
func near(id string, known []string) string {
	const most = 5
	source, _, _ := strings.Cut(id, "/")
	var list []string
	for _, k := range known {
		if strings.HasPrefix(k, source+"/") {
			list = append(list, k)
		}
	}
	if one := spelling.Nearest(id, known); one != "" && len(list) == 0 {
		return "did you mean " + one + "?"
	}
	if len(list) == 0 {
		list = slices.Clone(known)
	}
	slices.Sort(list)
	switch {
	case len(list) == 0:
		return "it has no links at all"
	case len(list) > most:
		return fmt.Sprintf("it has %s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return "it has " + strings.Join(list, ", ")
}
