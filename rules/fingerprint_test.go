package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// crowded has policies with many statements, several of them at fault.
func crowded(w *world) {
	const foreign = `arn:aws:iam::444444444444:`
	w.Bucket.Policy = fact.Of(fact.Policy{Name: "src", Document: `{"Version":"2012-10-17","Statement":[
{"Sid":"A","Effect":"Allow","Principal":{"AWS":["` + foreign + `role/x","` + foreign + `role/y"]},"Action":"s3:PutReplicationConfiguration","Resource":"arn:aws:s3:::src"},
{"Effect":"Allow","Principal":{"AWS":"` + foreign + `root"},"Action":["s3:Get*","s3:Put*"],"Resource":["arn:aws:s3:::src","arn:aws:s3:::src/*"]}]}`})
	w.dst(func(b *fact.Bucket) {
		b.Policy = fact.Of(fact.Policy{Name: "dst", Document: `{"Version":"2012-10-17","Statement":[
{"Effect":"Allow","Principal":{"AWS":["` + roleARN + `","` + foreign + `root"]},"Action":["s3:ReplicateObject","s3:ReplicateDelete"],"Resource":"arn:aws:s3:::dst/*"},
{"Sid":"Lists","Effect":"Allow","Principal":{"AWS":["` + foreign + `role/x","AROAEXAMPLEEXAMPLE222"]},"Action":["s3:ListBucket","s3:ListBucketVersions"],"Resource":"arn:aws:s3:::dst"},
{"Effect":"Allow","Principal":"*","Action":["s3:DeleteObject","s3:PutBucketVersioning"],"Resource":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"]},
{"Sid":"NoTags","Effect":"Deny","Principal":"*","Action":"s3:ReplicateTags","Resource":"arn:aws:s3:::dst/*"}]}`})
	})
	w.deny("s3:GetObjectVersionAcl", "arn:aws:s3:::src/secret/*")
}

// faults are what is said of a document, the wording left out.
func faults(r Result) []string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, fmt.Sprint(f.RuleID, f.Status, f.Severity, f.Resource, f.Link, f.FailureCodes, f.Fingerprint))
	}
	slices.Sort(all)
	return all
}

// TestFingerprintsSurviveReordering: statements, and what stands in them, may change
// their order and statements their names.
func TestFingerprintsSurviveReordering(t *testing.T) {
	t.Parallel()
	e := standard(t)
	all := append([]link{{name: "crowded", do: crowded}, {name: "the guide", do: guide("2012-10-17")}}, links...)
	for _, c := range codeWorlds {
		all = append(all, c.link)
	}
	rapid.Check(t, func(t *rapid.T) {
		c := all[0] // few of the others have much to put into another order
		if rapid.Bool().Draw(t, "another") {
			c = rapid.SampledFrom(all).Draw(t, "document")
		}
		doc := change(c.do)
		if want, got := faults(evalIn(t, e, doc)), faults(evalIn(t, e, reordered(t, doc))); !slices.Equal(want, got) {
			t.Fatalf("%s: %s", c.name, cmp.Diff(want, got))
		}
	})
}

func evalIn(t *rapid.T, e *Engine, doc *fact.Document) Result {
	r, err := e.Eval(t.Context(), doc)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// reordered is the document with its policies written in another order.
func reordered(t *rapid.T, doc *fact.Document) *fact.Document {
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	eachPolicy(v, func(p map[string]any) { reorder(t, p) })
	if text, err = json.Marshal(v); err != nil {
		t.Fatal(err)
	}
	out := &fact.Document{}
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// eachPolicy changes every policy text in v that has a list of statements.
func eachPolicy(v any, do func(map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			eachPolicy(x, do)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) { // the same draws give the same text
			x := v[k]
			text, _ := x.(string)
			var p map[string]any
			if k != "document" || json.Unmarshal([]byte(text), &p) != nil {
				eachPolicy(x, do)
				continue
			}
			do(p)
			var out bytes.Buffer
			enc := json.NewEncoder(&out)
			enc.SetEscapeHTML(false)
			if enc.Encode(p) == nil {
				v[k] = out.String()
			}
		}
	}
}

func reorder(t *rapid.T, p map[string]any) {
	statements, ok := p["Statement"].([]any)
	if !ok {
		statements = []any{p["Statement"]}
	}
	for i, s := range statements {
		s, ok := s.(map[string]any)
		if !ok {
			continue
		}
		if rapid.Bool().Draw(t, "name") {
			s["Sid"] = fmt.Sprintf("S%dx%d", i, rapid.IntRange(0, 9).Draw(t, "sid"))
		} else {
			delete(s, "Sid")
		}
		lists(t, s)
	}
	p["Statement"] = rapid.Permutation(statements).Draw(t, "statements")
}

// lists permutes the lists of a statement.
func lists(t *rapid.T, m map[string]any) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		switch x := m[k].(type) {
		case []any:
			m[k] = rapid.Permutation(x).Draw(t, "list")
		case map[string]any:
			lists(t, x)
		}
	}
}

// TestFingerprintsTellFaultsApart: another fault on the same link is another one,
// and the same fault stays what it is when its message changes.
func TestFingerprintsTellFaultsApart(t *testing.T) {
	t.Parallel()
	e := standard(t)
	failing := func(do func(*world)) map[string]string {
		prints := map[string]string{} // message by rule and fingerprint
		for _, f := range eval(t, e, change(do)).Findings {
			if f.Status == finding.Fail {
				prints[f.RuleID+" "+f.Fingerprint] = f.Message
			}
		}
		return prints
	}
	grant := func(sid, principal, actions string) func(*world) {
		return func(w *world) {
			w.policy(`{"Sid":"Replica"`, `{"Sid":"`+sid+`","Effect":"Allow","Principal":{"AWS":`+principal+`},"Action":[`+actions+`],"Resource":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"]},{"Sid":"Replica"`)
		}
	}
	source := func(sid, principal string) func(*world) {
		return func(w *world) {
			w.Bucket.Policy = fact.Of(fact.Policy{Name: "src", Document: `{"Version":"2012-10-17","Statement":[
{"Sid":"` + sid + `","Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"s3:PutReplicationConfiguration","Resource":"arn:aws:s3:::src"}]}`})
		}
	}
	const x, y = `"arn:aws:iam::444444444444:role/x"`, `"arn:aws:iam::555555555555:role/y"`
	for name, c := range map[string]struct {
		rule          string
		before, after func(*world)
		same          bool
	}{
		"another action is lacking":  {"", func(w *world) { w.identity(`"s3:ReplicateObject",`, ``) }, func(w *world) { w.identity(`"s3:ReplicateDelete",`, ``) }, false},
		"denied elsewhere":           {"XC011", func(w *world) { w.deny("s3:ReplicateObject", "arn:aws:s3:::dst/a/*") }, func(w *world) { w.deny("s3:ReplicateObject", "arn:aws:s3:::dst/b/*") }, true},
		"another may delete":         {"XC043", grant("A", x, `"s3:DeleteObject"`), grant("A", y, `"s3:DeleteObject"`), false},
		"another may, too":           {"XC043", grant("A", x, `"s3:DeleteObject"`), grant("A", `[`+x+`,`+y+`]`, `"s3:DeleteObject"`), false},
		"may do another thing":       {"XC043", grant("A", x, `"s3:DeleteObject"`), grant("A", x, `"s3:DeleteBucket"`), false},
		"the grant has a new name":   {"XC043", grant("A", x, `"s3:DeleteObject"`), grant("B", x, `"s3:DeleteObject"`), true},
		"another may list":           {"XC044", grant("A", x, `"s3:ListBucket"`), grant("A", y, `"s3:ListBucket"`), false},
		"another account as a whole": {"XC045", grant("A", `"444444444444"`, `"s3:PutObject"`), grant("A", `"555555555555"`, `"s3:PutObject"`), false},
		"another may configure":      {"XC055", source("A", "arn:aws:iam::444444444444:role/x"), source("A", "arn:aws:iam::555555555555:role/y"), false},
		"configures by a new name":   {"XC055", source("A", "arn:aws:iam::444444444444:role/x"), source("B", "arn:aws:iam::444444444444:role/x"), true},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := failing(c.before), failing(c.after)
			var was, is []string
			for k := range before {
				if strings.HasPrefix(k, c.rule) {
					was = append(was, k)
				}
			}
			for k := range after {
				if strings.HasPrefix(k, c.rule) {
					is = append(is, k)
				}
			}
			slices.Sort(was)
			slices.Sort(is)
			if len(was) == 0 || len(is) == 0 {
				t.Fatalf("no fault of %s: %v, %v", c.rule, before, after)
			}
			if slices.Equal(was, is) != c.same {
				t.Errorf("the fingerprints of %s are the same: %v, want %v", c.rule, !c.same, c.same)
			}
		})
	}
}
