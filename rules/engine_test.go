package rules

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"

	"crosscheck/rules/finding"
	"crosscheck/rules/internal/opa"
	"crosscheck/rules/permission/demand"
	"crosscheck/rules/permission/rows"
	"crosscheck/scanner/fact"
)

func engine(t testing.TB, opts Options) *Engine {
	t.Helper()
	e, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var shared = sync.OnceValues(func() (*Engine, error) { return New(Options{}) })

// standard is the engine without options. All tests share one, since compiling the
// rules is most of the time of many: they may judge with it, but not call Gap, Restore or Finish.
func standard(t testing.TB) *Engine {
	t.Helper()
	e, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func eval(t testing.TB, e *Engine, doc *fact.Document) Result {
	t.Helper()
	r, err := e.Eval(context.Background(), doc)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWorkingLink(t *testing.T) {
	t.Parallel()
	r := eval(t, standard(t), working())
	if len(r.Links) != 1 || r.Links[0].Verdict != finding.Works {
		t.Errorf("links %+v", r.Links)
	}
	for _, f := range r.Findings {
		// Advice may be left to give: no trust policy can be guarded and known to work (XC046).
		if f.Status != finding.Pass && f.Status != finding.NotApplicable && f.Severity != finding.Info {
			t.Errorf("%s is %s: %s", f.RuleID, f.Status, f.Message)
		}
	}
}

// with is an engine with one more rule, given as Rego text.
func with(t testing.TB, opts Options, files ...string) (*Engine, error) {
	t.Helper()
	all, err := sourcesOf(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range files {
		all = append(all, source{name: fmt.Sprintf("user%d.rego", i), text: []byte(text), user: true})
	}
	return newEngine(opts, all)
}

// ruleText is a user rule with the given METADATA lines and body.
func ruleText(meta, body string) string {
	return "# METADATA\n# title: A rule\n# custom:\n#   id: ACME001\n#   severity: low\n#   evidence: inferred\n" + meta +
		"package crosscheck.rules.acme001\n\n" + body + "\n"
}

// TestRulesReferToRules: a rule of the user sees what embedded ones say, by their packages.
func TestRulesReferToRules(t *testing.T) {
	t.Parallel()
	e, err := with(t, Options{}, ruleText("#   scope: link\n", "answers contains a if some a in data.crosscheck.rules.links.source_versioning.answers"))
	if err != nil {
		t.Fatal(err)
	}
	all := eval(t, e, working()).Findings
	theirs, mine := find(all, "XC001"), find(all, "ACME001")
	if len(theirs) != 1 || len(mine) != 1 || mine[0].Status != finding.Pass || mine[0].Message != theirs[0].Message {
		t.Errorf("XC001 says %+v, and the rule that refers to it %+v", theirs, mine)
	}
}

func find(findings []finding.Finding, id string) []finding.Finding {
	var out []finding.Finding
	for _, f := range findings {
		if f.RuleID == id {
			out = append(out, f)
		}
	}
	return out
}

func TestSilenceIsUnknown(t *testing.T) {
	t.Parallel()
	without := eval(t, standard(t), working()).Findings
	for name, body := range map[string]string{
		"no answer":             `answers contains {"link": "no", "status": "pass"} if false`,
		"undefined":             `answers contains {"link": link.id, "status": "pass"} if { some link in input.links; link.source_key }`,
		"no status":             `answers contains {"link": link.id} if some link in input.links`,
		"misspelled field":      `answers contains {"link": link.id, "statsu": "pass", "status": "pass"} if some link in input.links`,
		"misspelled status":     `answers contains {"link": link.id, "status": "passed"} if some link in input.links`,
		"no object":             `answers contains "pass"`,
		"another link":          `answers contains {"link": "x", "status": "pass"}`,
		"no link":               `answers contains {"status": "pass"}`,
		"fails":                 `answers contains {"link": link.id, "status": "pass"} if { some link in input.links; 1 / to_number(link.rule.id) > 0 }`,
		"fails in a negation":   `answers contains {"link": link.id, "status": "pass"} if { some link in input.links; not to_number(link.rule.id) }`,
		"contradicts itself":    `answers contains {"link": link.id, "status": "pass"} if some link in input.links` + "\n" + `answers contains {"link": link.id, "status": "unknown"} if some link in input.links`,
		"no failure code of S3": `answers contains {"link": link.id, "status": "pass", "failure_codes": ["Nonsense"]} if some link in input.links`,
		"answers is no set":     `answers := {"status": "pass"}`,
	} {
		t.Run(name, func(t *testing.T) {
			e, err := with(t, Options{}, ruleText("#   scope: link\n#   decides: true\n", body))
			if err != nil {
				t.Fatal(err)
			}
			r := eval(t, e, working())
			f := find(r.Findings, "ACME001")
			if len(f) != 1 || f[0].Status != finding.Unknown || f[0].Message == "" {
				t.Errorf("findings %+v", f)
			}
			if r.Links[0].Verdict != finding.UnknownVerdict {
				t.Errorf("the link is %s", r.Links[0].Verdict)
			}
			others := slices.DeleteFunc(r.Findings, func(f finding.Finding) bool { return f.RuleID == "ACME001" })
			if diff := cmp.Diff(without, others); diff != "" {
				t.Errorf("other rules are touched: %s", diff)
			}
		})
	}
}

func TestNeedIsStrongerThanTheRule(t *testing.T) {
	t.Parallel()
	body := `answers contains {"link": link.id, "status": status} if { some link in input.links; some status in ["pass", "not_applicable"] }`
	names := slices.Sorted(maps.Keys(needs))
	id := func(i int) string { return fmt.Sprintf("ACME%03d", i+1) }
	var files []string
	for i, name := range names {
		text := ruleText("#   scope: link\n#   needs: ["+name+"]\n", body)
		files = append(files, strings.NewReplacer("ACME001", id(i), "acme001", strings.ToLower(id(i))).Replace(text))
	}
	e, err := with(t, Options{}, files...)
	if err != nil {
		t.Fatal(err)
	}
	read := working()
	nothing := &fact.Document{Bucket: fact.Bucket{Name: "src", ARN: "arn:aws:s3:::src"}, Links: slices.Clone(read.Links)}
	nothing.Links[0].ReplicaKey, nothing.Links[0].SourceKey = "k", "k"
	all, none := eval(t, e, read).Findings, eval(t, e, nothing).Findings
	for i, name := range names {
		if f := find(all, id(i)); len(f) != 1 || f[0].Status != finding.Pass {
			t.Errorf("%s: %+v", name, f)
		}
		if f := find(none, id(i)); len(f) != 1 || f[0].Status != finding.Unknown || f[0].Evidence["gap"] == nil {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestGapNamesAPIAndAccount(t *testing.T) {
	t.Parallel()
	doc := change(func(w *world) {
		w.dst(func(b *fact.Bucket) {
			b.Versioning = fact.Missing[fact.Versioning](gap("destination.versioning", "AccessDenied"))
		})
	})
	r := eval(t, standard(t), doc)
	f := find(r.Findings, "XC004")
	if len(f) != 1 || f[0].Status != finding.Unknown || f[0].Message != "destination.versioning is not known: s3:Get answered AccessDenied in account 222222222222" {
		t.Errorf("%+v", f)
	}
	if r.Links[0].Verdict != finding.UnknownVerdict || r.Links[0].Why != f[0].Message {
		t.Errorf("%+v", r.Links[0])
	}
}

func TestBrokenRules(t *testing.T) {
	t.Parallel()
	ok := `answers contains {"link": link.id, "status": "pass"} if some link in input.links`
	for name, c := range map[string]struct {
		text string
		line int
		want string
	}{
		"syntax":            {ruleText("#   scope: link\n", "answers contains {"), 11, "unexpected eof"},
		"unsafe variable":   {ruleText("#   scope: link\n", `answers contains {"link": x, "status": "pass"} if true`), 10, "unsafe"},
		"unused variable":   {ruleText("#   scope: link\n", ok+"\n"+`x if { y := 1; true }`), 11, "unused"},
		"network":           {ruleText("#   scope: link\n", ok+"\n"+`x := http.send({"method": "get", "url": "http://localhost"})`), 11, "undefined function http.send"},
		"clock":             {ruleText("#   scope: link\n", ok+"\n"+`x := time.now_ns()`), 11, "undefined function time.now_ns"},
		"environment":       {ruleText("#   scope: link\n", ok+"\n"+`x := opa.runtime()`), 11, "undefined function opa.runtime"},
		"misspelled fact":   {ruleText("#   scope: link\n", `answers contains {"link": link.id, "status": "pass"} if { some link in input.links; input.bucket.versionning }`), 10, "undefined ref"},
		"unknown fact":      {ruleText("#   scope: link\n#   needs: [bucket.colour]\n", ok), 1, "does not exist"},
		"link fact":         {ruleText("#   scope: bucket\n#   needs: [destination.versioning]\n", ok), 1, "belongs to a link"},
		"unknown scope":     {ruleText("#   scope: planet\n", ok), 1, "custom.scope"},
		"unknown field":     {ruleText("#   scope: link\n#   sope: x\n", ok), 1, "sope"},
		"unknown code":      {ruleText("#   scope: link\n#   failure_codes: [X]\n", ok), 1, "no failure code"},
		"bucket decides":    {ruleText("#   scope: bucket\n#   decides: true\n", ok), 1, "decides"},
		"decides, arrives":  {ruleText("#   scope: link\n#   decides: true\n#   unreadable: true\n", ok), 1, "custom.unreadable"},
		"bucket arrives":    {ruleText("#   scope: bucket\n#   unreadable: true\n", ok), 1, "custom.unreadable"},
		"no answers":        {ruleText("#   scope: link\n", "x := 1"), 8, "defines no answers"},
		"no records":        {ruleText("#   scope: organization\n", `answers contains {"status": "pass"} if false`), 8, "records"},
		"another's package": {"package crosscheck.rules.links.source_versioning\n\nanswers contains {}", 1, "taken by"},
		"helper inside":     {"package crosscheck.mine\n\nx := 1", 1, "no METADATA"},
		"wrong package":     {strings.Replace(ruleText("#   scope: link\n", ok), "acme001", "acme002", 1), 8, "must be crosscheck.rules.acme001"},
		"duplicate id":      {strings.Replace(strings.Replace(ruleText("#   scope: link\n", ok), "ACME001", "XC001", 1), "rules.acme001", "rules.xc001", 1), 1, "exists already"},
		"empty":             {"", 1, "empty"},
		"pack of words":     {ruleText("#   scope: link\n#   pack: two words\n", ok), 1, "a pack is one word"},
		"no default":        {ruleText("#   scope: link\n#   parameters: {x: null}\n", ok), 1, "has no default"},
		"parameter word":    {ruleText("#   scope: link\n#   parameters: {\"a b\": 1}\n", ok), 1, "small letters"},
		"our parameter":     {ruleText("#   scope: link\n#   parameters: {destinations: {}}\n", ok), 1, "of crosscheck itself"},
		"no severity":       {strings.Replace(ruleText("#   scope: link\n", ok), "severity: low", "severity: bad", 1), 1, "severity"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := with(t, Options{}, c.text)
			var e *Error
			if !errors.As(err, &e) || e.File != "user0.rego" || e.Line != c.line || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want user0.rego:%d: …%s…", err, c.line, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

// TestEmbeddedRulesHaveTheirPlace: the directory of an embedded rule is its pack, so
// that METADATA cannot say another.
func TestEmbeddedRulesHaveTheirPlace(t *testing.T) {
	t.Parallel()
	meta := strings.ReplaceAll(ruleText("#   scope: link\n", `answers contains crosscheck.pass(link, "x") if some link in input.links`), "rules.acme001", "rules.links.mine")
	packed := strings.Replace(meta, "#   scope: link\n", "#   scope: link\n#   pack: links\n", 1)
	for name, c := range map[string]struct{ file, text, want string }{
		"in its place":     {"links/acme001_mine.rego", meta, ""},
		"another pack":     {"access/acme001_mine.rego", meta, "is in PACK/acme001_NAME.rego"},
		"another name":     {"links/acme001_yours.rego", meta, "is in PACK/acme001_NAME.rego"},
		"another id":       {"links/acme002_mine.rego", meta, "is in PACK/acme001_NAME.rego"},
		"without its id":   {"links/mine.rego", meta, "is in PACK/acme001_NAME.rego"},
		"in no pack":       {"acme001_mine.rego", meta, "is in PACK/acme001_NAME.rego"},
		"pack in METADATA": {"links/acme001_mine.rego", packed, "has custom.pack: the directory of an embedded rule is its pack"},
	} {
		_, _, err := load([]source{{name: "rules/policy/" + c.file, text: []byte(c.text)}}, false)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDigest: a run is continued, and its judgement taken over, only by an engine that
// judges by the same files, options and table of permissions.
func TestDigest(t *testing.T) {
	t.Parallel()
	files := func() []source { return []source{{name: "a.rego", text: []byte("package a")}} }
	opts := Options{Disabled: []string{"XC001"}}
	requirements, table := demand.Requirements(), rows.Rules()
	same, err := digest(opts, files(), requirements, table)
	if err != nil {
		t.Fatal(err)
	}
	renamed, changed, more := files(), files(), files()
	renamed[0].name, changed[0].text = "b.rego", []byte("package b")
	more = append(more, source{name: "b.rego"})
	for name, c := range map[string]struct {
		opts  Options
		files []source
	}{
		"the same":       {opts, files()},
		"other options":  {Options{}, files()},
		"a renamed file": {opts, renamed},
		"a changed file": {opts, changed},
		"one more file":  {opts, more},
		"no file":        {opts, nil},
	} {
		got, err := digest(c.opts, c.files, requirements, table)
		if err != nil || (got == same) != (name == "the same") {
			t.Errorf("%s: %s and %s, %v", name, got, same, err)
		}
	}
	lock := slices.IndexFunc(requirements, func(r *demand.Requirement) bool { return r.Action == "s3:GetObjectRetention" })
	requirement, rule, condition := *requirements[lock], *table[0], *requirements[lock].When[len(requirements[lock].When)-1]
	requirement.When = []*demand.Condition{&condition}
	exception := rows.Exception{Name: "an exception"}
	rule.Exception = &exception
	table[0], requirements[lock] = &rule, &requirement
	digests := map[string]string{}
	for _, row := range []any{&requirement, &condition, &rule, &exception} {
		v := reflect.ValueOf(row).Elem()
		for i := range v.NumField() {
			name := fmt.Sprintf("%T.%s", row, v.Type().Field(i).Name)
			if !v.Type().Field(i).IsExported() { // a function, which the version of the program is for
				if v.Field(i).Kind() != reflect.Func {
					t.Errorf("%s is data that no digest has", name)
				}
				continue
			}
			before := reflect.ValueOf(v.Field(i).Interface())
			v.Field(i).Set(another(before))
			got, err := digest(opts, files(), requirements, table)
			v.Field(i).Set(before)
			if other, taken := digests[got]; err != nil || taken || got == same {
				t.Errorf("another %s does not change the digest: %s, as of another %s, %v", name, got, other, err)
			}
			digests[got] = name
		}
	}
	embedded, err := sourcesOf(nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := digest(Options{}, embedded, demand.Requirements(), rows.Rules())
	if err != nil || standard(t).Digest() != want {
		t.Errorf("the engine's digest is not that of its files, its options and the permission table: %v", err)
	}
}

// another is a value of the type of v that is not v.
func another(v reflect.Value) reflect.Value {
	w := reflect.New(v.Type()).Elem()
	switch {
	case !v.IsZero():
	case w.Kind() == reflect.String:
		w.SetString("another")
	case w.Kind() == reflect.Bool:
		w.SetBool(true)
	case w.CanInt():
		w.SetInt(1)
	case w.CanUint():
		w.SetUint(1)
	case w.Kind() == reflect.Slice:
		w.Set(reflect.MakeSlice(v.Type(), 1, 1))
	}
	return w
}

func TestDisablingNeverImproves(t *testing.T) {
	t.Parallel()
	doc := change(func(w *world) {
		w.dst(func(b *fact.Bucket) { b.Versioning = fact.Of(fact.Versioning{Status: "Suspended"}) })
	})
	want := eval(t, standard(t), doc)
	var ids []string
	for _, r := range standard(t).Rules() {
		ids = append(ids, r.ID)
	}
	got := eval(t, engine(t, Options{Disabled: ids}), doc)
	if len(got.Findings) != 0 {
		t.Errorf("findings of disabled rules: %+v", got.Findings)
	}
	if diff := cmp.Diff(want.Links, got.Links); diff != "" {
		t.Error(diff)
	}
	if _, err := New(Options{Disabled: []string{"XC999"}}); err == nil {
		t.Error("an unknown id was disabled")
	}
}

func TestConcurrentEval(t *testing.T) {
	t.Parallel()
	e := engine(t, Options{Parameters: map[string]any{"required_replication": []any{map[string]any{"name": "*"}}}})
	broken := change(func(w *world) { w.dst(func(b *fact.Bucket) { b.Versioning = fact.Of(fact.Versioning{}) }) })
	good, bad := eval(t, e, working()), eval(t, e, broken)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 10 {
				if diff := cmp.Diff(good, eval(t, e, working())); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(bad, eval(t, e, broken)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	group.Wait()
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := standard(t).Eval(ctx, working()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestValueIsJSON(t *testing.T) {
	t.Parallel()
	doc := change(func(w *world) { w.Keys = map[string]fact.Fact[fact.Key]{"k": fact.None[fact.Key](), "l": {}} })
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ast.ValueFromReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := opa.Value(doc); got.Compare(want) != 0 {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestOrganization(t *testing.T) {
	t.Parallel()
	e := engine(t, Options{Parameters: map[string]any{"required_replication": []any{
		map[string]any{"name": "prod-*"}, map[string]any{"name": "dst"}, map[string]any{"tags": map[string]any{"tier": "gold"}},
	}}})
	if got := e.Needs(); !slices.Contains(got, "bucket.tags") {
		t.Errorf("needs %v", got)
	}
	if got := standard(t).Needs(); slices.Contains(got, "bucket.tags") || !slices.Contains(got, "destination.versioning") {
		t.Errorf("needs %v", got)
	}
	alone := func(name string, tags fact.Fact[map[string]string]) *fact.Document {
		return &fact.Document{Bucket: fact.Bucket{Name: name, ARN: "arn:aws:s3:::" + name, AccountID: account1, Region: "us-east-1", Replication: fact.None[fact.Replication](), Tags: tags}}
	}
	gold := fact.Of(map[string]string{"tier": "gold"})
	unreadable := fact.Missing[map[string]string](gap("bucket.tags", "AccessDenied"))
	var immediate []finding.Finding
	for _, doc := range []*fact.Document{
		working(), alone("prod-a", fact.None[map[string]string]()), alone("dev", gold), alone("dst", gold),
		alone("test", fact.None[map[string]string]()), alone("dark", unreadable),
	} {
		immediate = append(immediate, find(eval(t, e, doc).Findings, "XC031")...)
	}
	if len(immediate) != 0 {
		t.Errorf("%+v", immediate)
	}
	for range 2 { // the end may be asked for twice
		findings, err := e.Finish(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]finding.Status{}
		for _, f := range find(findings, "XC031") {
			got[f.Resource] = f.Status
		}
		want := map[string]finding.Status{"arn:aws:s3:::prod-a": finding.Fail, "arn:aws:s3:::dev": finding.Fail, "arn:aws:s3:::dst": finding.NotApplicable, "arn:aws:s3:::dark": finding.Unknown}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// TestOrganizationUnread: what has no replication rule may be the destination of a
// link that nobody has seen.
func TestOrganizationUnread(t *testing.T) {
	t.Parallel()
	bucket := func(name string, replication fact.Fact[fact.Replication]) *fact.Document {
		return &fact.Document{Bucket: fact.Bucket{Name: name, ARN: "arn:aws:s3:::" + name, AccountID: account1, Region: "us-east-1", Replication: replication}}
	}
	none := fact.None[fact.Replication]()
	account := func(name, api, code string) *fact.Gap {
		return &fact.Gap{AccountID: account2, Resource: account2, Fact: name, API: api, Code: code}
	}
	for name, c := range map[string]struct {
		docs []*fact.Document
		gap  *fact.Gap
		want finding.Status
	}{
		"everything read":          {nil, nil, finding.Fail},
		"a source denied":          {[]*fact.Document{bucket("dark", fact.Missing[fact.Replication](gap("bucket.replication", "AccessDenied")))}, nil, finding.Unknown},
		"a source nobody asked of": {[]*fact.Document{bucket("dark", fact.Fact[fact.Replication]{})}, nil, finding.Unknown},
		"an account not entered":   {nil, account("account", "sts:AssumeRole", "AccessDenied"), finding.Unknown},
		"an account half listed":   {nil, account("account.buckets", "s3:ListBuckets", "Timeout"), finding.Unknown},
		"an account suspended":     {nil, account("account", "organizations:ListAccounts", "SUSPENDED"), finding.Fail},
		"an account being closed":  {nil, account("account", "organizations:ListAccounts", "PENDING_CLOSURE"), finding.Unknown},
		"another gap":              {nil, account("account.path", "organizations:ListParents", "AccessDenied"), finding.Fail},
		"the source was read":      {[]*fact.Document{working()}, account("account", "sts:AssumeRole", "AccessDenied"), finding.NotApplicable},
	} {
		t.Run(name, func(t *testing.T) {
			e := engine(t, Options{Parameters: map[string]any{"required_replication": []any{map[string]any{"name": "dst"}}}})
			for _, doc := range append(c.docs, bucket("dst", none)) {
				eval(t, e, doc)
			}
			if c.gap != nil {
				e.Gap(c.gap)
			}
			findings, err := e.Finish(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if got := find(findings, "XC031"); len(got) != 1 || got[0].Status != c.want {
				t.Errorf("%+v, want %s", got, c.want)
			}
		})
	}
}

// TestRego runs the tests beside the embedded rules.
func TestRego(t *testing.T) {
	t.Parallel()
	files, err := sourcesOf(nil)
	if err != nil {
		t.Fatal(err)
	}
	results, err := runTests(context.Background(), files)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !r.Passed {
			t.Errorf("%s:%d: %s: %s %s", r.File, r.Line, r.Name, r.Message, r.Output)
		}
	}
	for _, r := range standard(t).Rules() {
		if r.permission != nil {
			continue // the tests of package permission
		}
		for _, kind := range []string{"pass", "fail", "not_applicable", "unknown"} {
			if kind == "unknown" && len(r.Needs)+len(r.Uses) == 0 {
				continue // it looks at the replication configuration alone, without which there is no link
			}
			if kind == "not_applicable" && len(r.When) > 0 {
				continue // TestWhen
			}
			if !slices.ContainsFunc(results, func(x TestResult) bool {
				return strings.HasPrefix(x.Name, "crosscheck.rules."+r.pkg+"_test.test_"+kind)
			}) {
				t.Errorf("%s has no test test_%s…", r.ID, kind)
			}
		}
	}
}

func TestRegoIsFormatted(t *testing.T) {
	t.Parallel()
	files, err := sourcesOf(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		want, err := format.SourceWithOpts(f.name, f.text, format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, f.text) {
			t.Errorf("%s is not formatted: %s", f.name, cmp.Diff(string(want), string(f.text)))
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(strings.TrimPrefix(f.name, "rules/"), want, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestWhen holds every rule to what it asks for: where that is not so it is not
// applicable, and where it is not known the rule is asked.
func TestWhen(t *testing.T) {
	t.Parallel()
	off := map[string]func(*world){
		"replication":        func(w *world) { w.Bucket.Replication, w.Links = fact.None[fact.Replication](), nil },
		"destination":        func(w *world) { w.Buckets["dst"] = fact.None[fact.Bucket]() },
		"role":               func(w *world) { w.Roles[roleARN] = fact.None[fact.Role]() },
		"destination_policy": func(w *world) { w.dst(func(b *fact.Bucket) { b.Policy = fact.None[fact.Policy]() }) },
		"cross_account":      func(w *world) { w.dst(func(b *fact.Bucket) { b.AccountID = account1 }) },
		"kms":                func(w *world) { w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "Disabled" }) },
		"source_key":         func(w *world) { w.Links[0].SourceKey = "" },
		"replica_key":        func(w *world) { w.Links[0].ReplicaKey = "" },
		"object_lock":        func(w *world) { w.Bucket.ObjectLock = fact.None[fact.ObjectLock]() },
	}
	for name := range conditions {
		if _, ok := off[name]; !ok && economies[name] == nil {
			t.Errorf("no test has the condition %s", name)
		}
	}
	on := func(w *world) {
		kmsWorld(w)
		locked(w)
		w.Bucket.Encryption.Value.BucketKey = true
		w.Bucket.Lifecycle = fact.Of([]fact.LifecycleRule{{ID: "old", Status: "Enabled", ExpirationDays: 30}})
		w.dst(func(b *fact.Bucket) { // two-way
			b.Replication = fact.Of(fact.Replication{Rules: []fact.ReplicationRule{{Status: "Enabled", Destination: fact.Destination{Bucket: "arn:aws:s3:::src"}}}})
		})
	}
	params := map[string]any{"destinations": map[string]any{"other_region": true}, "required_replication": []any{map[string]any{"name": "*"}}}
	with, without := engine(t, Options{Parameters: params}), standard(t)
	for _, r := range with.Rules() {
		for _, name := range r.When {
			e, do := with, off[name]
			if strings.HasPrefix(name, "parameter ") {
				e, do = without, func(*world) {}
			}
			for _, f := range find(eval(t, with, change(on)).Findings, r.ID) {
				if f.Status == finding.NotApplicable {
					t.Errorf("%s is not applicable where it should be: %s", r.ID, f.Message)
				}
			}
			f := find(eval(t, e, change(func(w *world) { on(w); do(w) })).Findings, r.ID)
			if r.Scope == ScopeLink && (len(f) != 1 || f[0].Status != finding.NotApplicable) || r.Scope != ScopeLink && len(f) != 0 {
				t.Errorf("%s without %s: %+v", r.ID, name, f)
			}
		}
	}
}

// TestRulesNameWhatTheyRead holds the embedded rules to fields of input: one that
// looks at input as a whole has every account's policies turned into Rego.
func TestRulesNameWhatTheyRead(t *testing.T) {
	t.Parallel()
	files, err := sourcesOf(nil)
	if err != nil {
		t.Fatal(err)
	}
	modules, _, err := load(files, false)
	if err != nil {
		t.Fatal(err)
	}
	fields := opa.InputFields(modules)
	if got, want := slices.Sorted(maps.Keys(fields)), []string{"bucket", "buckets", "keys", "links", "roles"}; !slices.Equal(got, want) {
		t.Errorf("the rules look at %v", got)
	}
	if e, err := with(t, Options{}, ruleText("#   scope: link\n", `answers contains {"link": link.id, "status": "pass"} if { some link in input.links; walk(input, [_, "o-example"]) }`)); err != nil || e.evaluator.fields != nil {
		t.Errorf("%v %v", e.evaluator.fields, err)
	} else if f := find(eval(t, e, working()).Findings, "ACME001"); f[0].Status != finding.Pass {
		t.Errorf("a rule that looks at everything does not see the organization: %+v", f)
	}
}
