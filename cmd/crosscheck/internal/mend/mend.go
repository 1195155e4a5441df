// Package mend finds the changes that mend links of a recorded run or of a facts file: it
// selects what is asked for, and asks package fix.
package mend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/text"
	"crosscheck/rules"
	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/scanner/fact"
)

// Options say what is mended.
type Options struct {
	From  string // run file, "-" is Stdin; or
	Facts string // facts file, likewise
	Stdin io.Reader
	Only  []string // links by id or pattern, findings by the beginning of their fingerprint; nil = all links that fail
	All   bool     // also what would be better, and keeps no link from working
}

// Result is what was found.
type Result struct {
	finding.Repairs
	Failing   []string // ids of the links that fail and were asked for, sorted
	Findings  int      // that fail and were asked for by their fingerprints
	Mended    int      // of them, by the changes
	Notes     []string // what was asked for and needs nothing, and why, as it was asked for
	Unknown   []string // links that were asked for and are unknown, and why, sorted
	Undecided []string // findings likewise, as they were asked for
	Left      int      // findings that keep no link from working, and may be mended with Options.All
}

// Find finds the changes.
func Find(ctx context.Context, engine *rules.Engine, o *Options) (*Result, error) {
	c := newCollector(o.Only)
	judge := audit.Judge(engine)
	name := o.From
	var err error
	switch {
	case o.From == "" && o.Facts == "":
		return nil, usererr.Hint(errors.New("fix has neither a run nor facts to make changes from"),
			"give --from RUN, written with -o jsonl=RUN, or --facts FILE, written with 'crosscheck facts -o FILE'")
	case o.From != "" && o.Facts != "":
		return nil, usererr.Hint(errors.New("--from and --facts exclude each other"), "a run file has the facts of its broken and partial links")
	case o.From != "":
		err = c.run(ctx, o)
	default:
		name = o.Facts
		err = c.facts(ctx, o, judge)
	}
	if err != nil {
		return nil, err
	}
	out := &Result{Repairs: finding.Repairs{Changes: []finding.Change{}, Fixes: []finding.Fix{}, Decisions: []finding.Decision{}}}
	if err := c.settle(name, out); err != nil {
		return nil, err
	}
	if len(c.docs) == 0 {
		return out, nil
	}
	scope := fix.Scope{
		Link: func(id string) bool { return c.has[id] },
		Finding: func(x *finding.Finding) bool { // of a link that shares something, the same: each of their roles is named
			return o.All || c.prints[x.Fingerprint] || !c.has[x.Link] && c.rules[x.RuleID]
		},
	}
	found, left, err := fix.Within(ctx, scope, c.docs, judge)
	if err != nil {
		return nil, err
	}
	if more := c.sharing(&found); len(more) > 0 { // judged again, with the links that a change may harm
		if found, left, err = fix.Within(ctx, scope, slices.Concat(c.docs, more), judge); err != nil {
			return nil, err
		}
	}
	for i := range left {
		if len(c.asked) == 0 || c.links[left[i].Link] {
			out.Left++
		}
	}
	c.users.Mark(&found)
	out.Repairs = c.only(found)
	for print := range c.prints {
		if slices.ContainsFunc(out.Changes, func(x finding.Change) bool {
			return slices.ContainsFunc(x.Edits, func(e finding.Edit) bool { return slices.Contains(e.Findings, print) })
		}) {
			out.Mended++
		}
	}
	return out, nil
}

// run reads a run file.
func (c *collector) run(ctx context.Context, o *Options) error {
	run, err := audit.OpenRun(ctx, "--from", o.From, o.Stdin)
	if err != nil {
		return err
	}
	defer func() { _ = run.Close() }() // read only
	return audit.Replay(ctx, o.From, run, c)
}

// facts judges a facts file.
func (c *collector) facts(ctx context.Context, o *Options, judge fix.Judge) error {
	return audit.FactsFile(o.Facts, o.Stdin)(ctx, func(m fact.Message) error {
		if m.Document == nil {
			return nil
		}
		links, findings, err := judge(ctx, m.Document)
		if err != nil {
			return err
		}
		for i := range links {
			err = errors.Join(err, c.Link(&links[i]))
		}
		for i := range findings {
			err = errors.Join(err, c.Finding(&findings[i]))
		}
		if len(m.Document.Links) > 0 {
			c.all = append(c.all, m.Document)
		}
		return errors.Join(err, c.Facts(m.Document))
	})
}

// String is what becomes of the links on one line.
func (r *Result) String() string {
	switch {
	case len(r.Failing) > 0:
	case r.Findings > 0:
		return fmt.Sprintf("%d of %s mended by these changes.", r.Mended, text.Count(r.Findings, "finding"))
	default:
		return "There is nothing to fix."
	}
	works, unproven := 0, 0
	var decided []string
	for _, link := range r.Failing {
		i := slices.IndexFunc(r.Fixes, func(f finding.Fix) bool { return f.Link == link })
		switch {
		case i >= 0 && r.Fixes[i].Proven && r.Fixes[i].After == finding.Works:
			works++
			continue
		case i >= 0 && !r.Fixes[i].Proven:
			unproven++
			continue
		}
		decided = append(decided, link)
	}
	parts := []string{fmt.Sprintf("%d of %s works with these changes", works, text.Count(len(r.Failing), "failing link"))}
	if len(r.Failing) != 1 && works != 1 {
		parts[0] = fmt.Sprintf("%d of %s work with these changes", works, text.Count(len(r.Failing), "failing link"))
	}
	if unproven > 0 {
		parts = append(parts, fmt.Sprintf("of %d it is not proven", unproven))
	}
	if n := len(decided); n > 0 {
		is := "are"
		if n == 1 {
			is = "is"
		}
		parts = append(parts, fmt.Sprintf("%d %s a matter of decision", n, is))
	}
	return strings.Join(parts, "; ") + "."
}

// only are the changes, fixes and decisions about what was asked for. A change has all its
// edits, also those for other links, since it is one document.
func (c *collector) only(r finding.Repairs) finding.Repairs {
	if len(c.asked) == 0 {
		return r
	}
	out := finding.Repairs{Changes: []finding.Change{}, Fixes: []finding.Fix{}, Decisions: []finding.Decision{}}
	at := map[int]int{}
	for i := range r.Changes {
		if c.concerns(&r.Changes[i]) {
			at[i] = len(out.Changes)
			out.Changes = append(out.Changes, r.Changes[i])
		}
	}
	for _, f := range r.Fixes {
		f.Changes = slices.Clone(f.Changes)
		f.Changes = slices.DeleteFunc(f.Changes, func(i int) bool { _, ok := at[i]; return !ok })
		for k, i := range f.Changes {
			f.Changes[k] = at[i]
		}
		if len(f.Changes) > 0 && (c.links[f.Link] || len(c.prints) > 0) {
			out.Fixes = append(out.Fixes, f)
		}
	}
	for _, d := range r.Decisions {
		if c.links[d.Link] || slices.ContainsFunc(d.Findings, func(f string) bool { return c.prints[f] }) {
			out.Decisions = append(out.Decisions, d)
		}
	}
	return out
}

// concerns reports whether a change is for a link or a finding that was asked for.
func (c *collector) concerns(x *finding.Change) bool {
	return slices.ContainsFunc(x.Links, func(l string) bool { return c.links[l] }) ||
		slices.ContainsFunc(x.Edits, func(e finding.Edit) bool {
			return slices.ContainsFunc(e.Findings, func(f string) bool { return c.prints[f] })
		})
}

// why is the reason of a link on one line, as far as it has one.
func why(l *finding.Link) string { return cmp.Or(l.Why, strings.Join(l.FailureCodes, ", ")) }

// sharing are the documents, of a facts file, of links that a change may take something from
// and that were not judged with it. They are judged from here on.
func (c *collector) sharing(r *finding.Repairs) []*fact.Document {
	harmed := map[string]bool{}
	for i := range r.Changes {
		for _, id := range c.users.Of(&r.Changes[i]) {
			harmed[id] = true
		}
	}
	var list []*fact.Document
	for _, d := range c.all {
		if !slices.Contains(c.docs, d) && slices.ContainsFunc(d.Links, func(l fact.Link) bool { return harmed[l.ID] }) {
			list = append(list, d)
			c.users.Judged(d)
		}
	}
	return list
}
