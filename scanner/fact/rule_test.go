package fact

import (
	"strings"
	"testing"
)

// TestMatches: a filter selects the objects that have its prefix and all of its tags, except
// those that it excludes. A filter that excludes all of them is empty.
func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule                 ReplicationRule
		key                  string
		tags                 map[string]string
		matches, empty, asks bool
	}{
		{ReplicationRule{}, "a", nil, true, false, false},
		{ReplicationRule{Prefix: "b"}, "a", nil, false, false, false},
		{ReplicationRule{Tags: map[string]string{"k": ""}}, "a", nil, false, false, true},
		{ReplicationRule{Tags: map[string]string{"k": ""}}, "a", map[string]string{"k": ""}, true, false, true},
		{ReplicationRule{Exclude: Exclusions{Prefixes: []string{""}}}, "a", nil, false, true, false},
		{ReplicationRule{Prefix: "a/", Exclude: Exclusions{Prefixes: []string{"b", "a/x"}}}, "a/y", nil, true, false, false},
		{ReplicationRule{Prefix: "a/", Exclude: Exclusions{Prefixes: []string{"b", "a/x"}}}, "a/x", nil, false, false, false},
		{ReplicationRule{Prefix: "a/x", Exclude: Exclusions{Prefixes: []string{"a/"}}}, "a/x", nil, false, true, false},
		{ReplicationRule{Exclude: Exclusions{Tags: []Tag{{"k", ""}}}}, "a", nil, true, false, true},
		{ReplicationRule{Exclude: Exclusions{Tags: []Tag{{"k", ""}}}}, "a", map[string]string{"k": ""}, false, false, true},
		{ReplicationRule{Tags: map[string]string{"k": "v"}, Exclude: Exclusions{Tags: []Tag{{"k", "v"}}}}, "a", map[string]string{"k": "v"}, false, true, true},
	} {
		if m, e, a := c.rule.Matches(c.key, c.tags), c.rule.Empty(), c.rule.AsksForTags(); m != c.matches || e != c.empty || a != c.asks {
			t.Errorf("%+v and %s with %v: matches %v, empty %v, asks for tags %v", c.rule, c.key, c.tags, m, e, a)
		}
	}
}

// TestRelatedKey: the key of replicas is the one of the destination's Region, or it is said
// why it is not known.
func TestRelatedKey(t *testing.T) {
	t.Parallel()
	const mrk, single = "arn:aws:kms:us-east-1:111111111111:key/mrk-1", "arn:aws:kms:us-east-1:111111111111:key/1"
	under := func(id string) Fact[Encryption] { return Of(Encryption{Algorithm: "aws:kms", KeyID: id}) }
	key := func(arn string) Fact[Key] { return Of(Key{ARN: arn}) }
	for _, c := range []struct {
		encryption Fact[Encryption]
		key        Fact[Key]
		region     string
		want, why  string
	}{
		{under(mrk), key(mrk), "eu-west-1", "arn:aws:kms:eu-west-1:111111111111:key/mrk-1", ""},
		{under(mrk), key(mrk), "us-east-1", mrk, ""},
		{under("alias/x"), key(mrk), "eu-west-1", "arn:aws:kms:eu-west-1:111111111111:key/mrk-1", ""},
		{under(mrk), Fact[Key]{}, "eu-west-1", "arn:aws:kms:eu-west-1:111111111111:key/mrk-1", ""}, // its ARN says what it is
		{under("alias/x"), Fact[Key]{}, "eu-west-1", "", "which key alias/x is, is not known"},
		{under("alias/x"), key(single), "eu-west-1", "", "is no multi-Region key"},
		{under(""), key(single), "eu-west-1", "", "is no multi-Region key"},
		{under(mrk), key(mrk), "", "", "the Region of d is not known"},
		{Of(Encryption{Algorithm: "AES256"}), Fact[Key]{}, "eu-west-1", "", "names no key"},
		{Fact[Encryption]{}, Fact[Key]{}, "eu-west-1", "", "is not known"},
	} {
		id := AWSManagedKey
		if e := c.encryption.Value; e != nil && e.KeyID != "" {
			id = e.KeyID
		}
		rule := ReplicationRule{ID: "r", Destination: Destination{Bucket: "arn:aws:s3:::d", RelatedKey: true}}
		d := &Document{
			Bucket:  Bucket{Name: "s", Encryption: c.encryption, Replication: Of(Replication{Role: "r"})},
			Buckets: map[string]Fact[Bucket]{"d": Of(Bucket{Region: c.region})}, Keys: map[string]Fact[Key]{id: c.key},
		}
		l := d.LinkOf(&rule)
		if _, why := d.RelatedKey(&l); l.ReplicaKey != c.want || (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%+v: %q, %q", c, l.ReplicaKey, why)
		}
	}
}

// TestRelatedKeyOfFile: the related key in a link of a facts file is what follows from the
// document, unless that was lost.
func TestRelatedKeyOfFile(t *testing.T) {
	t.Parallel()
	document := func() *Document {
		const key = "arn:aws:kms:us-east-1:111111111111:key/mrk-1"
		d := &Document{
			Bucket: Bucket{Name: "s", Encryption: Of(Encryption{Algorithm: "aws:kms", KeyID: key}), Replication: Of(Replication{
				Role: "r", Rules: []ReplicationRule{{ID: "r", Status: "Enabled", Destination: Destination{Bucket: "arn:aws:s3:::d", RelatedKey: true}}}})},
			Buckets: map[string]Fact[Bucket]{"d": Of(Bucket{Region: "eu-west-1"})}, Keys: map[string]Fact[Key]{key: Of(Key{ARN: key})},
		}
		d.Links = []Link{d.LinkOf(&d.Bucket.Replication.Value.Rules[0])}
		return d
	}
	for name, c := range map[string]struct {
		do   func(*Document)
		good bool
	}{
		"as scanned":              {func(*Document) {}, true},
		"the destination is lost": {func(d *Document) { d.Buckets = nil }, true},
		"the encryption is lost":  {func(d *Document) { d.Bucket.Encryption = Fact[Encryption]{} }, true},
		"another key":             {func(d *Document) { d.Links[0].ReplicaKey += "2" }, false},
		"no key":                  {func(d *Document) { d.Links[0].ReplicaKey = "" }, false},
		"another Region":          {func(d *Document) { d.Buckets["d"].Value.Region = "eu-west-2" }, false},
	} {
		d := document()
		c.do(d)
		if err := d.linksAgree(); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
