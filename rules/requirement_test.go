package rules

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

func TestUnusedRequirements(t *testing.T) {
	t.Parallel()
	entry := func(key string, v any) any { return map[string]any{"name": "*", key: v} }
	required := []any{
		map[string]any{"name": "src"}, map[string]any{"name": "srk"},
		entry("tags", map[string]any{"tier": "gold"}),
		entry("accounts", []any{"999999999999"}),
		entry("ous", []any{"ou-none-00000000"}), entry("ous", []any{"r-root"}),
	}
	engineFor := func(opts Options) *Engine {
		opts.Parameters = map[string]any{"required_replication": required}
		return engine(t, opts)
	}
	judged := func(e *Engine, tags fact.Fact[map[string]string]) *Engine {
		doc := change(func(w *world) {
			w.Bucket.Tags = tags
			w.account(account1, func(a *fact.Account) { a.Path = fact.Of([]string{"r-root", "ou-here-00000000"}) })
		})
		eval(t, e, doc)
		if _, err := e.Finish(context.Background()); err != nil {
			t.Fatal(err)
		}
		return e
	}
	none := fact.None[map[string]string]()
	whole := fact.Scope{Mode: "organization"}
	for name, c := range map[string]struct {
		e     *Engine
		scope fact.Scope
		want  map[string]string // entries: status, severity
	}{
		"whole":         {judged(engineFor(Options{}), none), whole, map[string]string{"2": "fail low", "3": "fail low", "4": "fail low", "5": "fail low"}},
		"tags not read": {judged(engineFor(Options{}), fact.Missing[map[string]string](gap("bucket.tags", "AccessDenied"))), whole, map[string]string{"2": "fail low", "3": "unknown low", "4": "fail low", "5": "fail low"}},
		"nothing":       {engineFor(Options{}), whole, map[string]string{"1": "fail low", "2": "fail low", "3": "fail low", "4": "fail low", "5": "fail low", "6": "fail low"}},
		"some accounts": {judged(engineFor(Options{}), none), fact.Scope{Mode: "accounts"}, map[string]string{"2": "fail info", "3": "fail info", "4": "fail info", "5": "fail info"}},
		"excluded":      {judged(engineFor(Options{}), none), fact.Scope{Mode: "organization", ExcludeAccounts: []string{account2}}, map[string]string{"2": "fail info", "3": "fail info", "4": "fail info", "5": "fail info"}},
		"some buckets":  {judged(engineFor(Options{}), none), fact.Scope{Mode: "organization", Buckets: "s*"}, map[string]string{"2": "not_applicable low", "3": "not_applicable low", "4": "not_applicable low", "5": "not_applicable low"}},
		"switched off":  {judged(engineFor(Options{Disabled: []string{"XC031"}}), none), whole, map[string]string{}},
	} {
		got := map[string]string{}
		for _, f := range c.e.UnusedRequirements(c.scope) {
			n := string(rune('0' + f.Evidence["entry"].(int)))
			got[n] = string(f.Status) + " " + string(f.Severity)
			if !strings.Contains(f.Message, "entry "+n) || f.RuleID != finding.RequirementUnused {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	// Where not everything was read, nothing is said to be unused.
	e := judged(engineFor(Options{}), none)
	e.Gap(&fact.Gap{AccountID: account2, Fact: "account", Code: "AccessDenied"})
	for _, f := range e.UnusedRequirements(whole) {
		if f.Status != finding.Unknown {
			t.Errorf("%+v", f)
		}
	}
	// A bucket is selected, whether its replication was read or not.
	e = engineFor(Options{})
	eval(t, e, change(func(w *world) {
		w.Bucket.Tags, w.Bucket.Replication = none, fact.Missing[fact.Replication](gap("bucket.replication", "AccessDenied"))
	}))
	if got := e.UnusedRequirements(whole); len(got) != 4 {
		t.Errorf("%+v", got)
	}
}

// TestRequirementNeedsPath: the place of every account is read where an entry asks.
func TestRequirementNeedsPath(t *testing.T) {
	t.Parallel()
	for want, required := range map[bool][]any{
		true:  {map[string]any{"name": "*"}, map[string]any{"ous": []any{"r-root"}}},
		false: {map[string]any{"name": "*", "ous": []any{}}},
	} {
		needs := engine(t, Options{Parameters: map[string]any{"required_replication": required}}).Needs()
		got := false
		for _, n := range needs {
			got = got || n == "account.path"
		}
		if got != want {
			t.Errorf("%v needs %v", required, needs)
		}
	}
}

// A continued run ends as one that was not interrupted: what was kept of a document is
// as good as judging it again.
func TestKeptIsAsGoodAsJudged(t *testing.T) {
	t.Parallel()
	opts := Options{Parameters: map[string]any{"required_replication": []any{map[string]any{"name": "*"}}}}
	whole, continued := engine(t, opts), engine(t, opts)
	alone := &fact.Document{Bucket: fact.Bucket{Name: "alone", ARN: "arn:aws:s3:::alone", AccountID: account1, Region: "us-east-1",
		Replication: fact.None[fact.Replication](), Tags: fact.None[map[string]string]()}}
	second := change(func(w *world) { w.Bucket.Name, w.Bucket.ARN = "second", "arn:aws:s3:::second" })
	for _, doc := range []*fact.Document{alone, working(), second} {
		kept := eval(t, whole, doc).Kept
		if len(kept) == 0 {
			t.Fatalf("nothing was kept of %s", doc.Bucket.Name)
		}
		if err := continued.Restore(kept); err != nil {
			t.Fatal(err)
		}
	}
	finish := func(e *Engine) []finding.Finding {
		list, err := e.Finish(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	want := finish(whole)
	if f := find(want, "XC031"); len(f) == 0 || !slices.ContainsFunc(f, func(f finding.Finding) bool { return f.Status == finding.Fail }) {
		t.Errorf("findings %+v", f)
	}
	if f := find(want, "XC061"); len(f) != 2 || f[0].Status != finding.Fail || f[1].Status != finding.Fail {
		t.Errorf("two sources of one destination: %+v", f)
	}
	if diff := cmp.Diff(want, finish(continued)); diff != "" {
		t.Error(diff)
	}
	for name, kept := range map[string]map[string][]string{
		"no such rule":            {"XC999": {`{}`}},
		"not of the organization": {"XC001": {`{}`}},
		"malformed":               {"XC031": {`{`}},
		"not an object":           {"XC031": {`"a"`}},
		"a variable":              {"XC031": {`{"a": x}`}},
	} {
		if err := continued.Restore(kept); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
}
