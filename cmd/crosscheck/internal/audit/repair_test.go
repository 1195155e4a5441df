package audit

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/rules/fix/overlay"
	"crosscheck/rules/fix/surplus"
	"crosscheck/scanner"
	"crosscheck/scanner/fact"
)

// TestRepairs: all changes that are found for a world, made together, make each of its links
// work, or a decision or a gap says why they do not; no other finding fails then.
func TestRepairs(t *testing.T) {
	t.Parallel()
	worlds := faultWorlds(t)
	for _, dir := range []string{"cases", "worlds"} {
		paths, err := filepath.Glob(filepath.Join(root, "testdata", dir, "*.yaml"))
		if err != nil || len(paths) == 0 {
			t.Fatal(paths, err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimSuffix(filepath.Base(path), ".yaml")
			known := slices.ContainsFunc(worlds, func(w *faultWorld) bool { return w.name == name })
			if !known && !strings.Contains(name, "crosscheck") { // which is a configuration
				worlds = append(worlds, &faultWorld{name: name, text: text, options: scanner.Options{RoleName: "crosscheck-audit"}})
			}
		}
	}
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			testRepairs(t, w)
		})
	}
}

func testRepairs(t *testing.T, w *faultWorld) {
	got := w.scan(t, nil, nil, scanner.Options{})
	if got.err != nil {
		t.Fatal(got.err)
	}
	engine, err := w.engine()
	if err != nil {
		t.Fatal(err)
	}
	judge := Judge(engine)
	var docs []*fact.Document
	for _, m := range got.messages {
		if m.Document != nil {
			docs = append(docs, m.Document)
		}
	}
	r, err := fix.Find(t.Context(), docs, judge)
	if err != nil {
		t.Fatal(err)
	}
	o := overlay.Of(r.Changes)
	for _, c := range r.Changes {
		for _, e := range c.Edits {
			t.Logf("change: %s [%s]", e.Summary, e.Optional)
		}
	}
	for _, d := range r.Decisions {
		t.Logf("decision: %s: %s", d.Link, d.Text)
	}
	broken, mended := 0, 0
	for _, doc := range docs {
		after, _, err := o.Apply(doc)
		if err != nil {
			t.Fatal(err)
		}
		was, before, err := judge(t.Context(), doc)
		if err != nil {
			t.Fatal(err)
		}
		is, now, err := judge(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range is {
			decided := slices.ContainsFunc(r.Decisions, func(d finding.Decision) bool { return d.Link == l.ID })
			rests := slices.ContainsFunc(r.Fixes, func(x finding.Fix) bool { return x.Link == l.ID && !x.Proven })
			if was[i].Verdict.Fails() {
				broken++
				if l.Verdict == finding.Works {
					mended++
				}
			}
			t.Logf("%s: %s → %s", l.ID, was[i].Verdict, l.Verdict)
			if l.Verdict.Fails() && !decided || l.Verdict == finding.UnknownVerdict && was[i].Verdict != finding.UnknownVerdict && !rests {
				t.Errorf("%s is %s after all changes, and nothing says why: %s", l.ID, l.Verdict, l.Why)
			}
		}
		for _, f := range now {
			if f.Status == finding.Fail && f.Severity != finding.Info && !slices.ContainsFunc(before, func(b finding.Finding) bool { return b.Fingerprint == f.Fingerprint && b.Status == finding.Fail }) {
				t.Errorf("%s fails after the changes and did not before: %s: %s", f.RuleID, f.Link, f.Message)
			}
		}
	}
	needless, err := surplus.Of(t.Context(), docs, r, judge)
	if err != nil || len(needless) > 0 {
		t.Errorf("nothing needs %q, %v", needless, err)
	}
	t.Logf("%d of %d links that failed are mended, by %d changes; %d decisions", mended, broken, len(r.Changes), len(r.Decisions))
}
