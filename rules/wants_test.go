package rules

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"pgregory.net/rapid"

	"crosscheck/scanner/fact"
)

const publicPolicy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"}}`

// economies are the conditions that only needs have: a fact, and an edit of the
// document which makes that the fact is wanted, where it was not in the world of the tests.
var economies = map[string]*struct {
	fact string
	do   func(*world)
}{
	"public_policy": {"public_access_block", func(w *world) {
		w.dst(func(b *fact.Bucket) { b.Policy = fact.Of(fact.Policy{Name: "dst", Document: publicPolicy}) })
	}},
	"owner_override": {"ownership", func(w *world) { // within one account, where XC014 does not ask
		w.rule(func(r *fact.ReplicationRule) { r.Destination.OwnerOverride = true })
	}},
	"sse_c":  {"encryption", func(w *world) { w.Bucket.Encryption.Value.BlockedTypes = nil }},
	"sse_s3": {"encryption", func(w *world) { w.Bucket.Encryption.Value.Algorithm = "AES256" }},
	"no_mfa_delete": {"object_lock", func(w *world) {
		w.dst(func(b *fact.Bucket) { b.Versioning = fact.Of(fact.Versioning{Status: "Enabled"}) })
	}},
}

// oneAccount lets the destination belong to the account of the source.
func oneAccount(w *world) {
	w.dst(func(b *fact.Bucket) { b.AccountID = account1 })
	w.rule(func(r *fact.ReplicationRule) { r.Destination.Account = "" })
}

// TestWants: what of a destination is read, and when not.
func TestWants(t *testing.T) {
	t.Parallel()
	e := standard(t)
	wanted := func(e *Engine, doc *fact.Document) []string {
		var list []string
		for _, name := range slices.Sorted(maps.Keys(bucketFacts)) {
			if e.Wants("destination."+name, doc, &doc.Links[0]) && name != "owner" {
				list = append(list, name)
			}
		}
		return list
	}
	leftOut := func(w *world) { w.Bucket.Encryption.Value.Algorithm = "aws:kms" }
	same := change(func(w *world) { oneAccount(w); leftOut(w) })
	if diff := cmp.Diff([]string{"encryption", "lifecycle", "ownership", "policy", "replication", "request_payment", "versioning"}, wanted(e, working())); diff != "" {
		t.Errorf("between accounts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"lifecycle", "policy", "replication", "versioning"}, wanted(e, same)); diff != "" {
		t.Errorf("in one account (-want +got):\n%s", diff)
	}
	for name, x := range economies {
		if doc := change(func(w *world) { oneAccount(w); leftOut(w); x.do(w) }); !slices.Contains(wanted(e, doc), x.fact) || slices.Contains(wanted(e, same), x.fact) {
			t.Errorf("%s: %s is not wanted by it alone", name, x.fact)
		}
	}
	// Of what is not known everything may be.
	blank := change(func(w *world) {
		w.Bucket.Encryption, w.Bucket.ObjectLock = fact.Fact[fact.Encryption]{}, fact.Fact[fact.ObjectLock]{}
		w.rule(func(r *fact.ReplicationRule) { r.Destination.OwnerOverride = true })
		w.Buckets["dst"] = fact.Of(fact.Bucket{Name: "dst", ARN: "arn:aws:s3:::dst"})
	})
	var named []string
	for _, need := range e.Needs() {
		if name, ok := strings.CutPrefix(need, "destination."); ok {
			named = append(named, name)
		}
	}
	if diff := cmp.Diff(named, wanted(e, blank)); diff != "" || slices.Contains(named, "tags") {
		t.Errorf("of a bucket of which nothing was read (-named by rules +wanted):\n%s", diff)
	}
	off := engine(t, Options{Disabled: []string{"XC036", "XC051", "XC014", "XC049", "XC060"}})
	if diff := cmp.Diff([]string{"policy", "replication", "request_payment", "versioning"}, wanted(off, working())); diff != "" {
		t.Errorf("with rules switched off; XC049 decides all the same (-want +got):\n%s", diff)
	}
}

// TestRulesOfTheUserSeeWhatTheyName: a rule that looks at a fact without needing it
// has it read, so that what was not asked for is never taken for what is not there.
func TestRulesOfTheUserSeeWhatTheyName(t *testing.T) {
	t.Parallel()
	e, err := with(t, Options{}, ruleText("#   scope: link\n", `answers contains {"link": link.id, "status": "pass"} if { some link in input.links; not input.buckets[link.destination].value.public_access_block.value }`))
	if err != nil {
		t.Fatal(err)
	}
	doc := working()
	if !e.Wants("destination.public_access_block", doc, &doc.Links[0]) || e.Wants("destination.object_lock", doc, &doc.Links[0]) {
		t.Error("the rule looks at the public access block")
	}
	if needs := e.Needs(); !slices.Contains(needs, "source.public_access_block") || !slices.Contains(needs, "destination.public_access_block") || slices.Contains(needs, "source.tags") {
		t.Errorf("needs %v", needs)
	}
}

// TestRulesNameTheirFacts: what an embedded rule looks at stands among its needs.
func TestRulesNameTheirFacts(t *testing.T) {
	t.Parallel()
	files, err := sourcesOf(nil)
	if err != nil {
		t.Fatal(err)
	}
	modules, list, err := load(files, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.permission != nil {
			continue // it names them by its place in the table
		}
		named := map[string]bool{"owner": true}
		for _, n := range slices.Concat(r.needs, r.uses) {
			_, name, _ := strings.Cut(n.name, ".")
			named[name] = true
		}
		ast.WalkRefs(modules[r.File], func(ref ast.Ref) bool {
			if ref[0].Equal(ast.DefaultRootDocument) {
				return false // a package: encryption is one, too
			}
			for i, term := range ref[1:] {
				s, ok := term.Value.(ast.String)
				if !ok || bucketFacts[string(s)] == nil || named[string(s)] {
					continue
				}
				if before := ref[i].Value.String(); s == "tags" && (before == `"rule"` || before == "rule") || s == "policy" && strings.Contains(ref.String(), "keys") {
					continue // of a replication rule; of a key
				}
				t.Errorf("%s looks at %s (%s) and does not need it", r.ID, s, ref)
			}
			return false
		})
	}
}

// TestWhatIsNotWantedChangesNothing: for documents of every kind, a fact that is not
// wanted makes no difference to anything that is said, whatever it says and
// whether or not it is known; and what is not wanted of a part of a document is
// not wanted of the whole.
func TestWhatIsNotWantedChangesNothing(t *testing.T) {
	t.Parallel()
	e := engine(t, Options{Parameters: map[string]any{"destinations": map[string]any{"regions": []any{"eu-west-1"}, "other_account": true}}})
	edits := []func(*world){
		oneAccount, kmsWorld, locked,
		func(w *world) { w.Bucket.Encryption.Value.Algorithm = "aws:kms" },
		func(w *world) { w.rule(func(r *fact.ReplicationRule) { r.Destination.OwnerOverride = true }) },
		func(w *world) { w.dst(func(b *fact.Bucket) { b.Policy = fact.None[fact.Policy]() }) },
		func(w *world) {
			w.dst(func(b *fact.Bucket) {
				b.Policy = fact.Of(fact.Policy{Name: "dst", Document: `{"Version":"2012-10-17"`})
			})
		},
	}
	for _, x := range economies {
		edits = append(edits, x.do)
	}
	var docs []func(*world)
	for _, l := range links {
		docs = append(docs, l.do)
	}
	for _, c := range codeWorlds {
		docs = append(docs, c.do)
	}
	forget := map[string]func(*fact.Bucket){
		"replication": func(b *fact.Bucket) { b.Replication = fact.Fact[fact.Replication]{} }, "versioning": func(b *fact.Bucket) { b.Versioning = fact.Fact[fact.Versioning]{} },
		"policy": func(b *fact.Bucket) { b.Policy = fact.Fact[fact.Policy]{} }, "ownership": func(b *fact.Bucket) { b.Ownership = fact.Fact[string]{} },
		"encryption": func(b *fact.Bucket) { b.Encryption = fact.Fact[fact.Encryption]{} }, "object_lock": func(b *fact.Bucket) { b.ObjectLock = fact.Fact[fact.ObjectLock]{} },
		"lifecycle": func(b *fact.Bucket) { b.Lifecycle = fact.Fact[[]fact.LifecycleRule]{} }, "request_payment": func(b *fact.Bucket) { b.RequestPayment = fact.Fact[string]{} },
		"public_access_block": func(b *fact.Bucket) { b.PublicAccessBlock = fact.Fact[fact.PublicAccessBlock]{} },
	}
	other := map[string]func(*fact.Bucket){ // what else it might say
		"ownership": func(b *fact.Bucket) { b.Ownership = fact.Of("ObjectWriter") },
		"encryption": func(b *fact.Bucket) {
			b.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms", BucketKey: true, BlockedTypes: []string{"SSE-C"}})
		},
		"object_lock": func(b *fact.Bucket) {
			b.ObjectLock = fact.Of(fact.ObjectLock{Enabled: true, DefaultMode: "COMPLIANCE", DefaultDays: 1})
		},
		"request_payment": func(b *fact.Bucket) { b.RequestPayment = fact.Of("Requester") },
		"public_access_block": func(b *fact.Bucket) {
			b.PublicAccessBlock = fact.Of(fact.PublicAccessBlock{RestrictPublicBuckets: true})
		},
	}
	saved := map[string]int{}
	property := func(rt *rapid.T) {
		tried := func(do func(*world), w *world) { // some edits exclude each other
			defer func() { _ = recover() }()
			do(w)
		}
		base := rapid.SampledFrom(docs).Draw(rt, "document")
		some := rapid.SliceOfN(rapid.SampledFrom(edits), 0, 4).Draw(rt, "edits")
		build := func() *fact.Document {
			return change(func(w *world) {
				tried(base, w)
				for _, do := range some {
					if w.Buckets["dst"].Value != nil {
						tried(do, w)
					}
				}
			})
		}
		doc := build()
		if len(doc.Links) == 0 || doc.Buckets["dst"].Value == nil {
			return
		}
		part := build()
		w := &world{part}
		for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(forget))), rapid.ID[string]).Draw(rt, "not known yet") {
			w.dst(forget[name])
		}
		whole := eval(t, e, doc)
		less := build()
		for _, name := range slices.Sorted(maps.Keys(forget)) {
			unwanted := !e.Wants("destination."+name, doc, &doc.Links[0])
			if unwanted {
				saved[name]++
				(&world{less}).dst(forget[name])
			} else if !e.Wants("destination."+name, part, &part.Links[0]) {
				rt.Fatalf("%s is wanted, and was not when less was known", name)
			}
			if unwanted && other[name] != nil {
				lies := build()
				(&world{lies}).dst(other[name])
				if diff := cmp.Diff(whole, eval(t, e, lies)); diff != "" {
					rt.Fatalf("%s is not wanted, and says something else (-true +other):\n%s", name, diff)
				}
			}
		}
		if diff := cmp.Diff(whole, eval(t, e, less)); diff != "" {
			rt.Fatalf("without what is not wanted (-whole +less):\n%s", diff)
		}
	}
	for range 3 { // encryption is not wanted in six of a hundred
		rapid.Check(t, property)
	}
	for name := range other {
		if saved[name] == 0 {
			t.Errorf("%s was wanted every time", name)
		}
	}
	t.Logf("not wanted: %v", saved)
}

// A scan reads what Needs lists and no more: facts of sources only of buckets that
// replicate, nothing because a word of a rule is also the name of a field.
func TestNeedsAreNarrow(t *testing.T) {
	t.Parallel()
	needs := standard(t).Needs()
	for _, want := range []string{"source.lifecycle", "source.encryption", "destination.lifecycle"} {
		if !slices.Contains(needs, want) {
			t.Errorf("%s is not among the needs %v", want, needs)
		}
	}
	for _, name := range needs {
		if name == "bucket.lifecycle" || strings.HasSuffix(name, ".owner") {
			t.Errorf("%s is among the needs", name)
		}
	}
	e, err := with(t, Options{}, ruleText("#   scope: link\n", `answers contains {"link": link.id, "status": "pass", "message": "tags owner"} if {
	some link in input.links
	count({x | some x in [input.bucket["tags"], "owner", input.bucket["ownership"]]}) >= 0
}`))
	if err != nil {
		t.Fatal(err)
	}
	if !e.mentioned["ownership"] || e.mentioned["tags"] || e.mentioned["owner"] {
		t.Errorf("mentioned: %v", e.mentioned)
	}
}

// A gap names the account and the resource to look at, also where nothing was read.
func TestGapNamesWhere(t *testing.T) {
	t.Parallel()
	doc := working()
	doc.Bucket.Versioning = fact.Fact[fact.Versioning]{}
	doc.Links[0].SourceKey = "k"
	doc.Keys = map[string]fact.Fact[fact.Key]{"k": fact.Of(fact.Key{ARN: "arn:k", AccountID: account1})}
	doc.Accounts = nil
	for name, want := range map[string][2]string{
		"bucket.versioning":        {account1, "arn:aws:s3:::src"},
		"source_key.policy":        {account1, "arn:k"},
		"source_account.scps":      {account1, account1},
		"destination_account.rcps": {account2, account2},
		"role_account.scps":        {account1, account1},
	} {
		g := needs[name](doc, &doc.Links[0])
		if g == nil || [2]string{g.AccountID, g.Resource} != want {
			t.Errorf("%s: %+v, want one of %v", name, g, want)
		}
	}
}
