package canary

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"

	"crosscheck/canary/bucket"
	"crosscheck/canary/journal"
	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
)

// rule is an enabled V2 rule to dst, changed by the given functions.
func rule(id string, priority int32, change ...func(*fact.ReplicationRule)) fact.ReplicationRule {
	r := fact.ReplicationRule{ID: id, Schema: "V2", Status: "Enabled", Priority: priority, DeleteMarkers: "Disabled", Destination: fact.Destination{Bucket: "arn:aws:s3:::dst"}}
	for _, f := range change {
		f(&r)
	}
	return r
}

func prefix(p string) func(*fact.ReplicationRule) {
	return func(r *fact.ReplicationRule) { r.Prefix = p }
}

// without excludes prefixes.
func without(prefixes ...string) func(*fact.ReplicationRule) {
	return func(r *fact.ReplicationRule) { r.Exclude.Prefixes = prefixes }
}

func withoutTag(key, value string) func(*fact.ReplicationRule) {
	return func(r *fact.ReplicationRule) { r.Exclude.Tags = []fact.Tag{{Key: key, Value: value}} }
}

func tags(pairs ...string) func(*fact.ReplicationRule) {
	return func(r *fact.ReplicationRule) {
		r.Tags = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			r.Tags[pairs[i]] = pairs[i+1]
		}
	}
}

func to(bucket string) func(*fact.ReplicationRule) {
	return func(r *fact.ReplicationRule) { r.Destination.Bucket = "arn:aws:s3:::" + bucket }
}

func disabled(r *fact.ReplicationRule) { r.Status = "Disabled" }

func TestPlace(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		rules        []fact.ReplicationRule // the first is the target's
		key          string                 // "" = none can be written
		destinations int
		outside      string // "" = none lies outside
		auto         string
	}{
		{"whole bucket", []fact.ReplicationRule{rule("a", 1)}, "crosscheck-canary/run/1", 1, "", "plain, tagged"},
		{"prefix", []fact.ReplicationRule{rule("a", 1, prefix("logs/"))}, "logs/crosscheck-canary/run/1", 1, "crosscheck-canary/run/1", "plain, tagged, negative-control"},
		{"a prefix of the folder", []fact.ReplicationRule{rule("a", 1, prefix("cross"))}, "crosscrosscheck-canary/run/1", 1, "", "plain, tagged"},
		{"tags", []fact.ReplicationRule{rule("a", 1, tags("k", "v"))}, "crosscheck-canary/run/1", 1, "crosscheck-canary/run/1", "plain, tagged, negative-control"},
		{"ten tags", []fact.ReplicationRule{rule("a", 1, tags("1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8", "", "9", "", "0", ""))}, "crosscheck-canary/run/1", 1, "crosscheck-canary/run/1", "plain, negative-control"},
		{"eleven tags", []fact.ReplicationRule{rule("a", 1, tags("1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8", "", "9", "", "0", "", "x", ""))}, "", 0, "", ""},
		{"tag of AWS", []fact.ReplicationRule{rule("a", 1, tags("AWS:x", ""))}, "", 0, "", ""},
		{"prefix fills the key", []fact.ReplicationRule{rule("a", 1, prefix(strings.Repeat("é", 510)))}, "", 0, "", ""},
		{"prefix is no text", []fact.ReplicationRule{rule("a", 1, prefix("\xff"))}, "", 0, "", ""},
		{"shadowed", []fact.ReplicationRule{rule("a", 1, prefix("logs/")), rule("b", 2)}, "", 0, "", ""},
		{"shadowed in part", []fact.ReplicationRule{rule("a", 1), rule("b", 2, prefix("logs/"))}, "crosscheck-canary/run/1", 1, "", "plain, tagged"},
		{"shadowed by a disabled rule", []fact.ReplicationRule{rule("a", 1), rule("b", 2, disabled)}, "crosscheck-canary/run/1", 1, "", "plain, tagged"},
		{"another destination", []fact.ReplicationRule{rule("a", 1), rule("b", 2, to("dst2")), rule("c", 3, to("dst3"), prefix("logs/"))}, "crosscheck-canary/run/1", 2, "", "plain, tagged"},
		{"delete markers", []fact.ReplicationRule{rule("a", 1, func(r *fact.ReplicationRule) { r.DeleteMarkers = "Enabled" })}, "crosscheck-canary/run/1", 1, "", "plain, tagged, delete-marker"},
		{"V1", []fact.ReplicationRule{rule("a", 0, func(r *fact.ReplicationRule) { r.Schema, r.DeleteMarkers = "V1", "" })}, "crosscheck-canary/run/1", 1, "", "plain, tagged, delete-marker"},
		{"delete markers never with tags", []fact.ReplicationRule{rule("a", 1, tags("k", "v"), func(r *fact.ReplicationRule) { r.DeleteMarkers = "Enabled" })}, "crosscheck-canary/run/1", 1, "crosscheck-canary/run/1", "plain, tagged, negative-control"},
		{"an excluded prefix", []fact.ReplicationRule{rule("a", 1, without("secret/"))}, "crosscheck-canary/run/1", 1, "secret/crosscheck-canary/run/1", "plain, tagged, negative-control"},
		{"an excluded prefix below another", []fact.ReplicationRule{rule("a", 1, prefix("logs/"), without("other/", "logs/s"))}, "logs/crosscheck-canary/run/1", 1, "logs/scrosscheck-canary/run/1", "plain, tagged, negative-control"},
		{"an excluded prefix that another rule takes", []fact.ReplicationRule{rule("a", 1, without("secret/")), rule("b", 2, to("dst2"))}, "crosscheck-canary/run/1", 2, "", "plain, tagged"},
		{"everything is excluded", []fact.ReplicationRule{rule("a", 1, without(""))}, "", 0, "", ""},
		{"the folder is excluded", []fact.ReplicationRule{rule("a", 1, without("cross"))}, "", 0, "", ""},
		{"the tags are excluded", []fact.ReplicationRule{rule("a", 1, tags("k", "v"), withoutTag("k", "v"))}, "", 0, "", ""},
		{"an excluded tag makes no delete markers", []fact.ReplicationRule{rule("a", 1, withoutTag("k", "v"), func(r *fact.ReplicationRule) { r.DeleteMarkers = "Enabled" })}, "crosscheck-canary/run/1", 1, "crosscheck-canary/run/1 k=v", "plain, tagged, negative-control"},
	} {
		target := &Target{Rule: test.rules[0], Rules: test.rules}
		key, tags, err := target.underRule(Folder, "run", 1)
		switch {
		case test.key == "" && !errors.Is(err, ErrNoKey):
			t.Errorf("%s: %q, %v", test.name, key, err)
			continue
		case test.key == "":
			if r := &test.rules[0]; r.Empty() && strings.Contains(err.Error(), "--folder") {
				t.Errorf("%s: no folder does: %v", test.name, err)
			}
			continue
		case err != nil || key != test.key || target.destinations(key, tags) != test.destinations:
			t.Errorf("%s: %q to %d destinations, %v", test.name, key, target.destinations(key, tags), err)
		}
		key, tags, err = target.outsideRules(Folder, "run", 1)
		for k, v := range tags {
			key += " " + k + "=" + v
		}
		if (err == nil) != (test.outside != "") || err == nil && key != test.outside {
			t.Errorf("%s: outside is %q with the tags %v, %v", test.name, key, tags, err)
		}
		if auto := JoinVariants(Auto(target)); auto != test.auto {
			t.Errorf("%s: auto is %s", test.name, auto)
		}
	}
	kms := &Target{Rule: rule("a", 1)}
	kms.Source.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms:dsse"})
	if auto := JoinVariants(Auto(kms)); auto != "kms, tagged" {
		t.Errorf("KMS by default: auto is %s", auto)
	}
}

// TestPlaceIsCovered: wherever a probe is put, its rule is the one that applies
// to it, and a negative control falls under no rule.
func TestPlaceIsCovered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		one := rapid.Custom(func(t *rapid.T) fact.ReplicationRule {
			r := rule(rapid.StringMatching(`[a-c]`).Draw(t, "id"), rapid.Int32Range(0, 5).Draw(t, "priority"),
				prefix(rapid.SampledFrom([]string{"", "c", "crosscheck-canary/", "logs/", "x"}).Draw(t, "prefix")), to(rapid.SampledFrom([]string{"d1", "d2"}).Draw(t, "to")))
			if rapid.Bool().Draw(t, "tagged") {
				r.Tags = map[string]string{rapid.SampledFrom([]string{"k", "l"}).Draw(t, "tag"): "v"}
			}
			r.Exclude.Prefixes = rapid.SliceOfN(rapid.SampledFrom([]string{"", "c", "crosscheck-canary/", "logs/s", "x"}), 0, 2).Draw(t, "excluded")
			if rapid.Bool().Draw(t, "untagged") {
				r.Exclude.Tags = []fact.Tag{{Key: rapid.SampledFrom([]string{"k", "l"}).Draw(t, "excluded tag"), Value: "v"}}
			}
			if rapid.Bool().Draw(t, "disabled") {
				r.Status = "Disabled"
			}
			return r
		})
		rules := rapid.SliceOfN(one, 1, 5).Draw(t, "rules")
		for i := range rules {
			rules[i].ID += string(rune('0' + i))
			rules[i].Priority = rules[i].Priority*10 + int32(i) // S3 refuses equal ones
		}
		target := &Target{Rule: rules[0], Rules: rules}
		target.Rule.Status, rules[0].Status = "Enabled", "Enabled"
		if key, tags, err := target.underRule(Folder, "run", 1); err == nil {
			if w := winner(rules, target.Rule.Destination.Bucket, key, tags); w == nil || w.ID != target.Rule.ID {
				t.Fatalf("%q falls under %+v", key, w)
			}
		}
		if key, tags, err := target.outsideRules(Folder, "run", 1); err == nil && target.destinations(key, tags) != 0 {
			t.Fatalf("%q is not outside", key)
		}
	})
}

// TestSchedule: whatever the jitter, a wait of 15 minutes costs at most 120 polls,
// and no slack is larger than promised.
func TestSchedule(t *testing.T) {
	t.Parallel()
	const end = 15 * time.Minute
	for range 1000 {
		polls := 2 // the last look and the last status
		for at, last := nextLook(0), time.Duration(0); at < end; at, last = nextLook(at), at {
			polls++
			if gap := at - last; gap > max(firstLook, min(last/5, longestLook)) || gap <= 0 {
				t.Fatalf("%s after %s", gap, last)
			}
			if gap := at - last; last >= firstLook && last < fineUntil && gap > fineLook {
				t.Fatalf("%s after %s", gap, last)
			}
		}
		if at := nextLook(time.Minute); at < time.Minute+time.Minute/5*19/20-1 {
			t.Fatalf("after a minute, looked for at %s: more often than planned", at)
		}
		for at := nextStatus(0); at < end; at = nextStatus(at) {
			polls++
		}
		if polls > 120 {
			t.Fatalf("%d polls", polls)
		}
	}
}

// TestRulePromises compares with what the rule says, and sees when it is not so.
func TestRulePromises(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		world  labWorld
		change func(*Target)
		want   string // the check that differs, "" = none
	}{
		{"storage class", labWorld{destination: ", StorageClass: STANDARD_IA"}, func(t *Target) { t.Rule.Destination.StorageClass = "STANDARD_IA" }, ""},
		{"another storage class", labWorld{destination: ", StorageClass: STANDARD_IA"}, func(*Target) {}, "storage_class (wanted STANDARD, got STANDARD_IA)"},
		{"archive class", labWorld{destination: ", StorageClass: DEEP_ARCHIVE"}, func(t *Target) { t.Rule.Destination.StorageClass = "DEEP_ARCHIVE" }, ""},
		{"owner override", labWorld{target: "ownership: ObjectWriter", destination: `, Account: "333333333333", AccessControlTranslation: {Owner: Destination}`},
			func(t *Target) { t.Rule.Destination.OwnerOverride = true }, ""},
		{"owner override that is not", labWorld{target: "ownership: ObjectWriter"},
			func(t *Target) { t.Rule.Destination.OwnerOverride = true }, "owner (wanted destination, got source)"},
		{"owner enforced", labWorld{}, func(t *Target) { t.Destination.Ownership = fact.Of("BucketOwnerEnforced") }, ""},
		{"owner expected otherwise", labWorld{}, func(t *Target) { t.Destination.Ownership = fact.Of("ObjectWriter") }, "owner (wanted source, got destination)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				test.world.lag = time.Second
				l := newLab(t, test.world)
				target := l.target(0)
				test.change(target)
				m := Probe(t.Context(), target, measure.Plain, 1, probeOptions)
				switch {
				case test.want == "" && (m.Outcome != measure.Arrived || m.Fault()):
					t.Errorf("%s: %s", m.Outcome, m.Message)
				case test.want != "" && (m.Outcome != measure.Differs || !strings.Contains(m.Message, test.want)):
					t.Errorf("%s: %s", m.Outcome, m.Message)
				}
				l.empty(0)
			})
		})
	}
}

// TestSeveralDestinations: one status stands for all destinations of a source,
// so FAILED of another one does not end the wait.
func TestSeveralDestinations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: 20 * time.Second, links: 2, second: "arn:aws:s3:::dst-gone"})
		target := l.target(0)
		other := target.Rule
		other.ID, other.Priority, other.Destination.Bucket = "other", 2, "arn:aws:s3:::dst-gone"
		target.Rules = []fact.ReplicationRule{target.Rule, other}
		m := Probe(t.Context(), target, measure.Plain, 1, Options{Run: "test", AllowRetained: true})
		if m.Outcome != measure.Arrived || m.SourceStatus != "FAILED" || len(m.Leftovers) != 1 || m.Leftovers[0].Bucket != "dst-gone" {
			t.Errorf("%s %s: %s", m.Outcome, m.SourceStatus, m.Message)
		}
		within(t, m, 20*time.Second)
		l.empty(0)
	})
}

// TestOtherDestinations removes the replicas that other rules make, or says where one may be.
func TestOtherDestinations(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		lag     time.Duration
		reached bool
		other   func(*fact.ReplicationRule)
		left    int // in the bucket of the other rule
		entries int // in the journal
	}{
		{name: "reached", lag: time.Second, reached: true},
		{name: "reached, but slow", lag: time.Hour, reached: true, entries: 1},
		{name: "not reached", lag: time.Second, left: 1, entries: 1},
		{name: "not reached, but another key", lag: time.Second, other: func(r *fact.ReplicationRule) { r.Prefix = "logs/" }},
		{name: "not reached, but other tags", lag: time.Second, other: func(r *fact.ReplicationRule) { r.Tags = map[string]string{"a": "b"} }},
		{name: "not reached, but disabled", lag: time.Second, other: func(r *fact.ReplicationRule) { r.Status = "Disabled" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := labWorld{lag: test.lag, links: 2}
				if test.other == nil {
					w.second = "arn:aws:s3:::dst-1"
				}
				l := newLab(t, w)
				target := l.target(0)
				other := target.Rule
				other.ID, other.Priority, other.Destination.Bucket = "other", 2, "arn:aws:s3:::dst-1"
				if test.other != nil {
					test.other(&other)
				}
				target.Rules = []fact.ReplicationRule{target.Rule, other}
				if test.reached {
					target.Others = map[string]*bucket.Bucket{other.Destination.Bucket: &l.target(1).Destination}
				}
				j, err := journal.Open(t.TempDir(), "r1", Folder)
				if err != nil {
					t.Fatal(err)
				}
				m := Probe(t.Context(), target, measure.Plain, 1, Options{Run: "r1", Journal: j, Timeout: time.Minute, AllowRetained: !test.reached})
				if len(m.Leftovers) != test.left || m.Fault() != (test.left > 0 || m.Outcome == measure.Timeout) {
					t.Errorf("%+v", m)
				}
				for _, left := range m.Leftovers {
					if left.Bucket != "dst-1" || left.Key != m.Key || !strings.Contains(left.Message, "another rule may have replicated the probe to it") {
						t.Errorf("%+v", left)
					}
				}
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
				if there := l.everything(1); len(there) != test.left {
					t.Errorf("%q", there)
				}
				if test.entries == 0 {
					l.empty(0)
					return
				}
				entries, err := journal.Read(j.Path())
				if err != nil || len(entries) != test.entries || len(entries[0].Others) != 1 || entries[0].Others[0].Bucket != "dst-1" {
					t.Fatalf("%+v, %v", entries, err)
				}
				reach := false
				open := func(_ context.Context, p journal.Location, _ bool) (*bucket.Bucket, error) {
					switch {
					case p.Bucket == "src":
						return &l.target(0).Source, nil
					case p.Bucket == "dst":
						return &l.target(0).Destination, nil
					case reach:
						return &l.target(1).Destination, nil
					}
					return nil, errors.New("no role")
				}
				if swept, err := Sweep(t.Context(), j.Path(), open, Options{}); err != nil || len(swept.Leftovers) != 1 || swept.Leftovers[0].Bucket != "dst-1" {
					t.Errorf("a sweep that does not reach it: %+v, %v", swept, err)
				}
				reach = true
				if swept, err := Sweep(t.Context(), j.Path(), open, Options{}); err != nil || len(swept.Leftovers) != 0 || swept.Removed != test.left {
					t.Errorf("a sweep that does: %+v, %v", swept, err)
				}
				l.empty(0)
				l.empty(1)
			})
		})
	}
}

// TestOtherDestinationsFirst: nothing is put that could not be removed from the destination of
// another rule.
func TestOtherDestinationsFirst(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		world labWorld
		fault *sandbox.Fault
		err   error
		want  string
	}{
		{name: "kept", fault: &sandbox.Fault{Operation: "s3:DeleteObject", Bucket: "dst-1", Kind: sandbox.AccessDenied}, want: "a probe could not be removed from the bucket dst-1, where its versions may not be deleted (AccessDenied"},
		{name: "perhaps kept", fault: &sandbox.Fault{Operation: "s3:DeleteObject", Bucket: "dst-1", Kind: sandbox.ServerError}, want: "whether a probe could be removed from the bucket dst-1 is not known (InternalError"},
		{name: "lock not readable", fault: &sandbox.Fault{Operation: "s3:GetObjectLockConfiguration", Bucket: "dst-1", Kind: sandbox.AccessDenied}, want: "whether the bucket dst-1 retains objects cannot be read (AccessDenied"},
		{name: "not reached", err: errors.New("no role"), want: "the bucket dst-1 cannot be reached (no role), so a replica might stay"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, labWorld{lag: time.Second, links: 2, second: "arn:aws:s3:::dst-1"})
				target := l.target(0)
				other := target.Rule
				other.ID, other.Priority, other.Destination.Bucket = "other", 2, "arn:aws:s3:::dst-1"
				target.Rules = []fact.ReplicationRule{target.Rule, other}
				b := l.target(1).Destination
				b.Err = test.err
				target.Others = map[string]*bucket.Bucket{other.Destination.Bucket: &b}
				if test.fault != nil {
					if err := l.aws.AddFault(*test.fault); err != nil {
						t.Fatal(err)
					}
				}
				m := Probe(t.Context(), target, measure.Plain, 1, probeOptions)
				l.aws.ClearFaults()
				if m.Outcome != measure.Inconclusive || !strings.Contains(m.Message, "another rule replicates a probe, too: "+test.want) || m.Fault() {
					t.Errorf("outcome %s: %s", m.Outcome, m.Message)
				}
				l.empty(0)
				l.empty(1)
			})
		})
	}
}

// TestDeleteMarkersElsewhere: the clean-up of a delete marker with several destinations is over
// once all of them were seen to have what was put.
func TestDeleteMarkersElsewhere(t *testing.T) {
	t.Parallel()
	for _, marks := range []string{"Enabled", "Disabled"} {
		for lag, entries := range map[time.Duration]int{time.Second: 0, 10 * time.Minute: 1} {
			t.Run(marks+" "+lag.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := newLab(t, labWorld{lag: lag, links: 2, second: "arn:aws:s3:::dst-1", marks: marks})
					target := l.target(0)
					other := target.Rule
					other.ID, other.Priority, other.Destination.Bucket, other.DeleteMarkers = "other", 2, "arn:aws:s3:::dst-1", marks
					target.Rules = []fact.ReplicationRule{target.Rule, other}
					target.Others = map[string]*bucket.Bucket{other.Destination.Bucket: &l.target(1).Destination}
					j, err := journal.Open(t.TempDir(), "r1", Folder)
					if err != nil {
						t.Fatal(err)
					}
					m := Probe(t.Context(), target, measure.DeleteMarker, 1, Options{Run: "r1", Journal: j, Timeout: time.Minute})
					if want := map[int]measure.Outcome{0: measure.Arrived, 1: measure.Timeout}[entries]; m.Outcome != want || len(m.Leftovers) > 0 {
						t.Errorf("%+v", m)
					}
					if err := j.Close(); err != nil {
						t.Fatal(err)
					}
					if left, err := journal.List(filepath.Dir(j.Path())); err != nil || len(left) != entries {
						t.Errorf("journals %q, %v: %s", left, err, m.Message)
					}
					l.empty(0)
					l.empty(1)
				})
			})
		}
	}
}

// TestOthersOfLinks: a target knows the other buckets of its source, also those to which it
// is no link.
func TestOthersOfLinks(t *testing.T) {
	t.Parallel()
	third := replicateTo("c", "arn:aws:s3:::third")
	third.Destination.Account = aws.String(destinationAccount)
	reader := configured{rules: []types.ReplicationRule{replicateTo("a", "arn:aws:s3:::dst"), replicateTo("b", "arn:aws:s3:::dst"), third}}
	targets, err := Links(t.Context(), &reader, &bucket.Bucket{Bucket: fact.Bucket{Name: "src"}}, "dst")
	if err != nil || len(targets) != 2 {
		t.Fatalf("%v, %v", targets, err)
	}
	for _, target := range targets {
		b := target.Others["arn:aws:s3:::third"]
		if len(target.Others) != 1 || b == nil || b.Name != "third" || b.AccountID != destinationAccount {
			t.Errorf("%+v", target.Others)
		}
	}
	doc := &fact.Document{
		Bucket:  fact.Bucket{Name: "src", Replication: fact.Of(fact.Replication{Rules: targets[0].Rules})},
		Buckets: map[string]fact.Fact[fact.Bucket]{"third": fact.Of(fact.Bucket{Name: "third", AccountID: "444444444444", Region: "eu-west-1"})},
	}
	target := TargetOf(doc, &fact.Link{Rule: targets[0].Rule, Destination: "dst"})
	if b := target.Others["arn:aws:s3:::third"]; len(target.Others) != 1 || b == nil || b.AccountID != "444444444444" || b.Region != "eu-west-1" {
		t.Errorf("%+v", target.Others)
	}
}

// TestOwnKeys: a sweep of a bucket knows the keys of probes.
func TestOwnKeys(t *testing.T) {
	t.Parallel()
	run := NewRun(time.Now(), "ABCDEFGHIJKLMNOP")
	target := &Target{Rule: rule("a", 1, prefix("p/"))}
	if key, _, err := target.underRule(Folder, run, rand.N(1_000_000)); err != nil {
		t.Error(err)
	} else if of, ok := journal.RunOfKey(key, "p/", Folder); !ok || of != run {
		t.Errorf("%q is not known as a probe's", key)
	}
}
