package rules

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

func TestPacks(t *testing.T) {
	t.Parallel()
	rules := standard(t).Rules()
	byPack := map[string][]string{}
	for _, r := range rules {
		byPack[r.Pack] = append(byPack[r.Pack], r.ID)
	}
	if packs := Packs(rules); len(packs) != len(byPack) || byPack[""] != nil || slices.Contains(packs, "") {
		t.Fatalf("%v of %v", packs, byPack)
	}
	in := func(packs ...string) (list []string) {
		for _, p := range packs {
			list = append(list, byPack[p]...)
		}
		return list
	}
	monitoring := in("monitoring")
	if len(monitoring) < 2 || len(in("organization")) == 0 {
		t.Fatalf("the packs are %v", byPack)
	}
	one, others := monitoring[:1], monitoring[1:]
	for name, c := range map[string]struct {
		opts Options
		want []string // ids that report; nil = all
	}{
		"all":                    {Options{}, nil},
		"a pack":                 {Options{Enabled: []string{"monitoring"}}, monitoring},
		"two and a rule":         {Options{Enabled: []string{"monitoring", "organization", "XC001"}}, append(in("monitoring", "organization"), "XC001")},
		"a pack without a rule":  {Options{Enabled: []string{"monitoring"}, Disabled: one}, others},
		"a rule above its pack":  {Options{Enabled: one, Disabled: []string{"monitoring"}}, one},
		"packs that do not meet": {Options{Enabled: []string{"monitoring"}, Disabled: []string{"links"}}, monitoring},
	} {
		e := engine(t, c.opts)
		var got []string
		for _, r := range rules {
			if !e.judge.disabled[r.ID] {
				got = append(got, r.ID)
			}
		}
		want := slices.Sorted(slices.Values(c.want))
		if want == nil {
			want = ids(rules)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	off := engine(t, Options{Disabled: []string{"encryption"}})
	if got := slices.Sorted(maps.Keys(off.judge.disabled)); !slices.Equal(got, byPack["encryption"]) {
		t.Errorf("disabled %v, want %v", got, byPack["encryption"])
	}
}

// TestPacksNeverImprove: whatever is switched off, links keep their verdicts and what
// is left keeps its findings.
func TestPacksNeverImprove(t *testing.T) {
	t.Parallel()
	doc := change(func(w *world) {
		w.dst(func(b *fact.Bucket) { b.Versioning = fact.Of(fact.Versioning{Status: "Suspended"}) })
	})
	all := engine(t, Options{}) // which it changes
	want := eval(t, all, doc)
	names := append(ids(all.Rules()), Packs(all.Rules())...)
	rapid.Check(t, func(r *rapid.T) {
		some := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 6, rapid.ID[string])
		opts := Options{Enabled: some.Draw(r, "enabled")}
		opts.Disabled = slices.DeleteFunc(some.Draw(r, "disabled"), func(n string) bool { return slices.Contains(opts.Enabled, n) })
		off, err := switchedOff(all.Rules(), opts)
		if err != nil {
			r.Fatal(err)
		}
		all.judge.disabled = off
		got, err := all.Eval(context.Background(), doc)
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(want.Links, got.Links); diff != "" {
			r.Fatal(diff)
		}
		left := slices.DeleteFunc(slices.Clone(want.Findings), func(f finding.Finding) bool { return off[f.RuleID] })
		if len(left)+len(got.Findings) > 0 && !cmp.Equal(left, got.Findings) {
			r.Fatal(cmp.Diff(left, got.Findings))
		}
	})
}

// TestSeverities: the configuration's word stands above the rule's and its answers'.
func TestSeverities(t *testing.T) {
	t.Parallel()
	text := ruleText("#   scope: link\n", `answers contains {"link": link.id, "status": "fail", "severity": "info", "message": "x"} if some link in input.links`)
	e, err := with(t, Options{Severities: map[string]finding.Severity{"ACME001": finding.High, "XC047": finding.Critical, "XC001": finding.Low}}, text)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]finding.Severity{}
	for _, f := range eval(t, e, working()).Findings {
		got[f.RuleID] = f.Severity
	}
	if got["ACME001"] != finding.High || got["XC047"] != finding.Critical || got["XC001"] != finding.Low || got["XC002"] != finding.Critical {
		t.Error(got)
	}
	for _, r := range e.Rules() {
		if r.ID == "XC047" && r.Severity != finding.Critical {
			t.Errorf("XC047 is listed as %s", r.Severity)
		}
	}
}

// TestParameters: rules read what they declare, the default where nothing is given.
func TestParameters(t *testing.T) {
	t.Parallel()
	text := ruleText("#   scope: link\n#   parameters: {acme_words: [a], acme_count: 3}\n",
		`answers contains {"link": link.id, "status": "fail", "message": sprintf("%v %v", [data.crosscheck.config.acme_words, data.crosscheck.config.acme_count])} if some link in input.links`)
	for want, given := range map[string]map[string]any{
		`["a"] 3`:      nil,
		`["b", "c"] 4`: {"acme_words": []any{"b", "c"}, "acme_count": 4},
		`[] 3`:         {"acme_words": []any{}},
	} {
		e, err := with(t, Options{Parameters: given}, text)
		if err != nil {
			t.Fatal(err)
		}
		if f := find(eval(t, e, working()).Findings, "ACME001"); len(f) != 1 || f[0].Message != want {
			t.Errorf("%v: %+v, want %s", given, f, want)
		}
	}
	other := strings.ReplaceAll(strings.ReplaceAll(ruleText("#   scope: link\n#   parameters: {acme_count: 4}\n",
		`answers contains {"link": link.id, "status": "pass", "message": "x"} if some link in input.links`), "ACME001", "ACME002"), "acme001", "acme002")
	if _, err := with(t, Options{}, text, other); err == nil || !strings.Contains(err.Error(), "acme_count has another default in user0.rego") {
		t.Errorf("two defaults: %v", err)
	}
}

func TestOptionsRefuse(t *testing.T) {
	t.Parallel()
	text := ruleText("#   scope: link\n#   parameters: {acme_words: [a]}\n", `answers contains {"link": link.id, "status": "pass", "message": "x"} if some link in input.links`)
	for name, c := range map[string]struct {
		opts   Options
		option string
		near   string
		want   string
	}{
		"no such rule":      {Options{Disabled: []string{"XC999"}}, "disable", "", `there is no rule or pack "XC999"`},
		"nearly a pack":     {Options{Enabled: []string{"monitorng"}}, "enable", "monitoring", `there is no rule or pack "monitorng"`},
		"both":              {Options{Enabled: []string{"links"}, Disabled: []string{"links"}}, "disable", "", "links is both enabled and disabled"},
		"severity of none":  {Options{Severities: map[string]finding.Severity{"ACME01": finding.Low}}, "severity", "ACME001", `there is no rule "ACME01"`},
		"severity unknown":  {Options{Severities: map[string]finding.Severity{"XC047": "severe"}}, "severity", "", `"severe" is no severity`},
		"severity too low":  {Options{Severities: map[string]finding.Severity{"XC004": finding.Info}}, "severity", "", "XC004 decides whether links work"},
		"parameter of none": {Options{Parameters: map[string]any{"acme_word": []any{}}}, "parameters", "acme_words", `no rule has the parameter "acme_word"`},
		"parameter's type":  {Options{Parameters: map[string]any{"acme_words": "a"}}, "parameters", "", "the parameter acme_words of ACME001 is a list, not text"},
	} {
		_, err := with(t, c.opts, text)
		var e *OptionError
		if !errors.As(err, &e) || e.Option != c.option || e.Near != c.near || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v (%+v)", name, err, e)
		}
	}
}
