package rules

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// removals gives a document once for every fact of it that can be taken away,
// because its read failed and, with everyWay, also because nobody asked.
func removals(t *testing.T, doc *fact.Document, everyWay bool, try func(name string, doc *fact.Document)) {
	t.Helper()
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var whole any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	without := func(name string) {
		text, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		var less fact.Document
		if err := json.Unmarshal(text, &less); err != nil {
			t.Fatal(err)
		}
		try(name, &less)
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case []any:
			for i, x := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), x)
			}
		case map[string]any:
			if _, ok := v["value"]; len(v) == 1 && (ok || v["absent"] == true) {
				before := maps.Clone(v)
				clear(v)
				if everyWay {
					without(path + " not read")
				}
				v["gap"] = map[string]any{"account_id": account2, "resource": "r", "fact": path, "api": "s3:Get", "code": "AccessDenied", "message": "no"}
				without(path + " gap")
				clear(v)
				maps.Copy(v, before)
			}
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(path+"/"+key, v[key])
			}
		}
	}
	walk("", whole)
}

// worst is what the findings say per rule and link.
func worst(findings []finding.Finding) map[string]finding.Status {
	out := map[string]finding.Status{}
	for _, f := range findings {
		k := f.RuleID + " " + f.Link
		if s, ok := out[k]; !ok || f.Status.Rank() < s.Rank() {
			out[k] = f.Status
		}
	}
	return out
}

// classes are the verdicts on the classes of a link.
func classes(l *finding.Link) map[finding.Class]finding.Verdict {
	by := map[finding.Class]finding.Verdict{}
	for _, c := range l.Classes {
		by[c.Class] = c.Verdict
	}
	return by
}

// TestRemoval takes every fact of every document away in turn. What was known
// may become unknown; nothing may improve, and nothing may be guessed.
func TestRemoval(t *testing.T) {
	t.Parallel()
	e := engine(t, Options{Parameters: map[string]any{"destinations": map[string]any{"regions": []any{"eu-west-1"}, "other_account": true}}})
	all := links
	for _, c := range codeWorlds {
		all = append(all, c.link)
	}
	tried := 0
	for i, c := range all {
		doc := change(c.do)
		before := eval(t, e, doc)
		verdict, statuses := before.Links[0].Verdict, worst(before.Findings)
		removals(t, doc, i < 2, func(name string, less *fact.Document) {
			tried++
			after := eval(t, e, less)
			// Of a broken link it may still be known that some of its objects fail.
			got, was := after.Links[0].Verdict, classes(&before.Links[0])
			if got != verdict && got != finding.UnknownVerdict && !(got == finding.Partial && verdict == finding.Broken) {
				t.Errorf("%s, %s: the link was %s and became %s: %s", c.name, name, verdict, got, after.Links[0].Why)
			}
			for class, got := range classes(&after.Links[0]) {
				was, promised := was[class]
				if promised && got != was && got != finding.UnknownVerdict && !(got == finding.Partial && was == finding.Broken) {
					t.Errorf("%s, %s: the class %s was %s and became %s", c.name, name, class, was, got)
				}
			}
			now := worst(after.Findings)
			for k, s := range statuses {
				well := func(s finding.Status) bool { return s == finding.Pass || s == finding.NotApplicable }
				if got := now[k]; got != s && got != finding.Unknown && !(well(got) && well(s)) {
					t.Errorf("%s, %s: %s was %s and became %q", c.name, name, k, s, got)
				}
			}
		})
	}
	t.Logf("%d facts taken away", tried)
}
