package canary

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"crosscheck/canary/bucket"
	"crosscheck/canary/journal"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Target is a link to probe: an enabled replication rule between two buckets
// that the canary can reach.
type Target struct {
	Link        string // id of the link
	Rule        fact.ReplicationRule
	Rules       []fact.ReplicationRule // all rules of the source bucket; they decide which rule a key falls under
	Source      bucket.Bucket
	Destination bucket.Bucket
	// Others are the buckets to which other rules of the source replicate, by the ARN in the
	// rule. What such a rule covers has to be removed there, too; where a bucket is missing, it
	// is left there.
	Others       map[string]*bucket.Bucket
	ReplicaKey   string                 // ARN of the key behind the rule's ReplicaKmsKeyID; "" = not resolved
	Predicted    string                 // the audit's verdict: works, partial, broken, unknown; "" = not audited
	FailureCodes []string               // the codes that the audit predicts
	Classes      []finding.ClassVerdict // what it predicts of the classes of the link's objects
	// Refusals are the statements that refuse the canary's role, by what they refuse, as far as
	// the facts of a scan say; nil = not known.
	Refusals map[Right]string
}

// Folder is the default name under which all probe objects lie, inside the
// rule's prefix: prefix + folder/run/number.
const Folder = "crosscheck-canary"

// maxKey is the longest key that S3 takes, in bytes of UTF-8, and maxTags the
// most tags of an object.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const (
	maxKey  = 1024
	maxTags = 10
)

// ErrNoKey says that no key can be written which the rule, and only this rule,
// would replicate.
var ErrNoKey = errors.New("no key can be written that falls under this rule")

// underRule chooses key and tags of probe n of a run so that the target's rule, and
// only that rule, replicates the object. The key is returned with an error too.
func (t *Target) underRule(folder, run string, n int) (key string, tags map[string]string, err error) {
	r := t.Rule
	key = journal.Key(r.Prefix, folder, run, n)
	switch {
	case len(key) > maxKey:
		err = fmt.Errorf("%w: its prefix of %d bytes leaves no room in a key of %d", ErrNoKey, len(r.Prefix), maxKey)
	case !utf8.ValidString(key):
		err = fmt.Errorf("%w: its prefix is not UTF-8", ErrNoKey)
	case len(r.Tags) > maxTags:
		err = fmt.Errorf("%w: its filter asks for %d tags, and an object has at most %d", ErrNoKey, len(r.Tags), maxTags)
	}
	if err != nil {
		return key, r.Tags, err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Tags)) {
		if strings.HasPrefix(strings.ToLower(name), "aws:") {
			return key, r.Tags, fmt.Errorf("%w: its filter asks for the tag %s, which only AWS can set", ErrNoKey, name)
		}
	}
	switch {
	case r.Empty():
		return key, r.Tags, fmt.Errorf("%w: its filter excludes every object", ErrNoKey)
	case !r.Matches(key, r.Tags):
		return key, r.Tags, fmt.Errorf("%w: its filter excludes the key %s, with the tags that it asks for; another --folder may do",
			ErrNoKey, key)
	}
	if w := winner(t.Rules, r.Destination.Bucket, key, r.Tags); w != nil && w.ID != r.ID {
		return key, r.Tags, fmt.Errorf("%w: rule %s has the higher priority for every such key, with the same destination",
			ErrNoKey, w.ID)
	}
	return key, r.Tags, nil
}

// outsideRules chooses key and tags of probe n of a run so that no enabled rule of the
// bucket replicates the object: best what the target's rule excludes, since that shows
// that S3 does as the filter says. The key is returned with an error too.
func (t *Target) outsideRules(folder, run string, n int) (key string, tags map[string]string, err error) {
	plain := outside{key: journal.Key("", folder, run, n)}
	for _, o := range append(excluded(t.Rule, folder, run, n), plain) {
		if !slices.ContainsFunc(t.rules(), func(r fact.ReplicationRule) bool { return covers(r, o.key, o.tags) }) {
			return o.key, o.tags, nil
		}
	}
	for _, r := range t.rules() {
		if covers(r, plain.key, nil) {
			err = fmt.Errorf("rule %s covers every key that the canary may write, so none lies outside", cmp.Or(r.ID, "none"))
			break
		}
	}
	return plain.key, nil, err
}

// outside is an object that no rule may take.
type outside struct {
	key  string
	tags map[string]string
}

// excluded are objects that the filter of a rule would take, were it not for what it excludes.
func excluded(r fact.ReplicationRule, folder, run string, n int) (list []outside) {
	for _, prefix := range r.Exclude.Prefixes {
		key := journal.Key(prefix, folder, run, n)
		if strings.HasPrefix(prefix, r.Prefix) && len(key) <= maxKey && utf8.ValidString(key) {
			list = append(list, outside{key, r.Tags})
		}
	}
	for _, tag := range r.Exclude.Tags {
		tags := map[string]string{}
		maps.Copy(tags, r.Tags)
		tags[tag.Key] = tag.Value
		if len(tags) <= maxTags && !strings.HasPrefix(strings.ToLower(tag.Key), "aws:") {
			list = append(list, outside{journal.Key(r.Prefix, folder, run, n), tags})
		}
	}
	return list
}

// rules are the rules of the source bucket, at least the target's own.
func (t *Target) rules() []fact.ReplicationRule {
	if len(t.Rules) == 0 {
		return []fact.ReplicationRule{t.Rule}
	}
	return t.Rules
}

// errNoAccess is why a replica in the bucket of another rule is left.
var errNoAccess = errors.New("this run has no access to it")

// others are the buckets beside the destination that an object goes to. One that the run
// cannot access has an error.
func (t *Target) others(key string, tags map[string]string) []*bucket.Bucket {
	var list []*bucket.Bucket
	seen := map[string]bool{"": true, t.Rule.Destination.Bucket: true}
	for _, r := range t.rules() {
		arn := r.Destination.Bucket
		if seen[arn] || !covers(r, key, tags) {
			continue
		}
		seen[arn] = true
		b := t.Others[arn]
		if b == nil {
			b = &bucket.Bucket{Bucket: fact.Bucket{Name: bucketOf(arn), AccountID: r.Destination.Account}, Err: errNoAccess}
		}
		list = append(list, b)
	}
	return list
}

// marksElsewhere reports whether a rule replicates the delete marker of an object to the
// bucket of another rule.
func (t *Target) marksElsewhere(b *bucket.Bucket, key string, tags map[string]string) bool {
	return slices.ContainsFunc(t.rules(), func(r fact.ReplicationRule) bool {
		return bucketOf(r.Destination.Bucket) == b.Name && covers(r, key, tags) && replicatesDeleteMarkers(r)
	})
}

// knowOthers sets the buckets of the other rules, with what is known of each.
func (t *Target) knowOthers(known func(name string) *fact.Bucket) {
	for _, r := range t.Rules {
		arn, name := r.Destination.Bucket, bucketOf(r.Destination.Bucket)
		if r.Status != "Enabled" || name == "" || arn == t.Rule.Destination.Bucket || t.Others[arn] != nil {
			continue
		}
		b := &bucket.Bucket{Bucket: fact.Bucket{Name: name, AccountID: r.Destination.Account}}
		if f := known(name); f != nil {
			b.Bucket = essential(*f)
		}
		if t.Others == nil {
			t.Others = map[string]*bucket.Bucket{}
		}
		t.Others[arn] = b
	}
}

// destinations counts the buckets that an object goes to. The source shows one
// status for all of them, so with more than one its FAILED names none.
func (t *Target) destinations(key string, tags map[string]string) int {
	seen := map[string]bool{}
	for _, r := range t.rules() {
		if covers(r, key, tags) {
			seen[r.Destination.Bucket] = true
		}
	}
	return len(seen)
}

// covers reports whether an enabled rule's filter matches an object.
func covers(r fact.ReplicationRule, key string, tags map[string]string) bool {
	return r.Status == "Enabled" && r.Matches(key, tags)
}

// winner is the rule that S3 applies among those with one destination: the one
// with the highest priority.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationRule.html
func winner(rules []fact.ReplicationRule, destination, key string, tags map[string]string) *fact.ReplicationRule {
	var best *fact.ReplicationRule
	for i, r := range rules {
		if r.Destination.Bucket == destination && covers(r, key, tags) && (best == nil || r.Priority > best.Priority) {
			best = &rules[i]
		}
	}
	return best
}

// replicatesDeleteMarkers reports whether delete markers arrive: always in V1
// (it says nothing of them), in V2 when enabled, never for a filter with tags.
func replicatesDeleteMarkers(r fact.ReplicationRule) bool {
	return !r.AsksForTags() && (r.Schema == "V1" || r.DeleteMarkers == "Enabled")
}
