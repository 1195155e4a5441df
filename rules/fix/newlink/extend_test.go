package newlink_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/newlink"
	"crosscheck/scanner/fact"
)

// facts are the documents of the buckets of a link, before there is one.
func facts(t *testing.T, l newlink.Link) (source, destination *fact.Document) {
	t.Helper()
	doc, err := newlink.Before(l)
	if err != nil {
		t.Fatal(err)
	}
	other := *doc
	other.Bucket, other.Buckets, other.Roles = *doc.Buckets["dst"].Value, nil, nil
	doc.Buckets, doc.Roles = nil, nil
	return doc, &other
}

// TestExtend: what is there stays, and the link works with what is added.
func TestExtend(t *testing.T) {
	t.Parallel()
	const deny = `{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`
	old := fact.ReplicationRule{ID: "to-dst", Schema: "V1", Status: "Enabled", Prefix: "old/", Destination: fact.Destination{Bucket: "arn:aws:s3:::dst", Account: "222222222222"}}
	for _, c := range []struct {
		name string
		link newlink.Link
		do   func(source, destination *fact.Document)
		has  map[finding.Kind][]string
		not  string
	}{
		{"nothing is there", newlink.Link{}, func(_, _ *fact.Document) {}, map[finding.Kind][]string{
			finding.TrustPolicy: {"s3.amazonaws.com"}, finding.RolePolicy: {"arn:aws:s3:::src", "arn:aws:s3:::dst/*"}, finding.BucketPolicy: {"role/replicate-src"},
			finding.Versioning: {"Enabled"}, finding.Replication: {`"id": "to-dst"`},
		}, "s3:ReplicateDelete"},
		{"a policy and a configuration", newlink.Link{DeleteMarkers: true, Prefix: "new/"}, func(source, destination *fact.Document) {
			destination.Bucket.Policy = fact.Of(fact.Policy{Name: "dst", Document: `{"Version":"2012-10-17","Statement":[` + deny + `]}`})
			source.Bucket.Versioning, destination.Bucket.Versioning = fact.Of(fact.Versioning{Status: "Enabled"}), fact.Of(fact.Versioning{Status: "Enabled"})
			source.Bucket.Replication = fact.Of(fact.Replication{Role: "arn:aws:iam::111111111111:role/mine", Rules: []fact.ReplicationRule{old}})
			source.Roles = map[string]fact.Fact[fact.Role]{"arn:aws:iam::111111111111:role/mine": fact.Of(fact.Role{
				ARN: "arn:aws:iam::111111111111:role/mine", AccountID: "111111111111", Path: "/", Name: "mine", ID: "AROAEXAMPLEEXAMPLE111",
				Trust:  fact.Policy{Name: "trust", Document: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}}`},
				Inline: fact.Of([]fact.Policy{}), Attached: fact.Of([]fact.Policy{}), Boundary: fact.None[fact.Policy](),
			})}
		}, map[finding.Kind][]string{
			finding.BucketPolicy: {deny, "role/mine", "arn:aws:s3:::dst/new/*", "s3:ReplicateDelete"},
			finding.Replication:  {`"id": "to-dst"`, `"id": "to-dst-2"`, `"priority": 2`, `"prefix": "old/"`, "role/mine"},
		}, "replicate-src"},
		{"keys", newlink.Link{ReplicaKey: dstKey}, func(_, destination *fact.Document) {}, map[finding.Kind][]string{
			finding.KeyPolicy: {"kms:Encrypt", "arn:aws:iam::222222222222:root"}, finding.RolePolicy: {srcKey, dstKey},
		}, ""},
	} {
		before := plain()
		before.Source.Region, before.Destination.Region = "us-east-1", "eu-west-1"
		if c.link.ReplicaKey != "" {
			before.ReplicaKey, before.SourceKeys = dstKey, []string{srcKey}
		}
		source, destination := facts(t, before)
		c.do(source, destination)
		c.link.Source.Bucket, c.link.Destination.Bucket = "src", "dst"
		got, err := newlink.Extend(t.Context(), c.link, []*fact.Document{destination, source}, judge)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(got.Fixes) != 1 || !got.Fixes[0].Proven || got.Fixes[0].After != finding.Works || len(got.Fixes[0].Changes) != len(got.Changes) {
			t.Errorf("%s: %+v\n%s", c.name, got.Fixes, show(got))
		}
		all := map[finding.Kind]string{}
		for _, change := range got.Changes {
			all[change.Kind] += change.After
			if c.not != "" && strings.Contains(change.After, c.not) {
				t.Errorf("%s: the %s has %s", c.name, change.Kind, c.not)
			}
		}
		for kind, list := range c.has {
			for _, text := range list {
				if !strings.Contains(all[kind], text) {
					t.Errorf("%s: the %s has no %s:\n%s", c.name, kind, text, show(got))
				}
			}
		}
	}
}

// TestExtendRefused: what the facts do not have, or have otherwise, is said.
func TestExtendRefused(t *testing.T) {
	t.Parallel()
	source, destination := facts(t, plain())
	end := func(bucket, account string) finding.End { return finding.End{Bucket: bucket, AccountID: account} }
	for want, l := range map[string]newlink.Link{
		"the facts have no bucket other":  {Source: end("src", ""), Destination: end("other", "")},
		"of account 222222222222 by the":  {Source: end("src", ""), Destination: end("dst", "333333333333")},
		"the facts say which key":         {Source: end("src", ""), Destination: end("dst", ""), BucketKeys: true},
		"the same bucket":                 {Source: end("src", ""), Destination: end("src", "")},
		"is in us-east-1 by the facts":    {Source: finding.End{Bucket: "src", Region: "eu-west-1"}, Destination: end("dst", "")},
		"configuration already could not": {Source: end("dst", ""), Destination: end("src", "")},
	} {
		destination.Bucket.Replication = fact.Missing[fact.Replication](fact.Gap{Fact: "bucket.replication", Code: "AccessDenied"})
		if _, err := newlink.Extend(t.Context(), l, []*fact.Document{source, destination}, judge); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says: %s", err, want)
		}
	}
}

// TestExtendUnread: of a bucket without links little is read. What was not is taken to be as
// AWS makes it, and the changes say that they rest on it.
func TestExtendUnread(t *testing.T) {
	t.Parallel()
	l := plain()
	l.Source.Region, l.Destination.Region = "us-east-1", "eu-west-1"
	source, destination := facts(t, l)
	for _, b := range []*fact.Bucket{&source.Bucket, &destination.Bucket} {
		*b = fact.Bucket{Name: b.Name, ARN: b.ARN, AccountID: b.AccountID, Region: b.Region, Replication: fact.None[fact.Replication](), Encryption: b.Encryption}
	}
	got, err := newlink.Extend(t.Context(), l, []*fact.Document{source, destination}, judge)
	if err != nil || len(got.Fixes) != 1 || got.Fixes[0].Proven || got.Fixes[0].After != finding.Works || len(got.Changes) != 6 {
		t.Fatalf("error %v, %+v\n%s", err, got.Fixes, show(got))
	}
	for _, c := range got.Changes {
		if c.Proven || !strings.Contains(strings.Join(c.Rests, "\n"), "policy") || !strings.Contains(strings.Join(c.Rests, "\n"), " of dst, taken to be") {
			t.Errorf("%s rests on %q, proven %v", c.Kind, c.Rests, c.Proven)
		}
	}
	// What was read for another link to the destination is known.
	other := *source
	other.Bucket.Name, other.Bucket.ARN = "other", "arn:aws:s3:::other"
	whole, _ := facts(t, l)
	_, known := facts(t, l)
	other.Buckets = map[string]fact.Fact[fact.Bucket]{"dst": fact.Of(known.Bucket)}
	source.Bucket = whole.Bucket
	if got, err = newlink.Extend(t.Context(), l, []*fact.Document{&other, source, destination}, judge); err != nil || !got.Fixes[0].Proven {
		t.Errorf("error %v, %+v\n%s", err, got.Fixes, show(got))
	}
}

// TestExtendHarmsNobody: a statement that others may use is left as it is, and links of the facts
// that fare worse with the changes are named.
func TestExtendHarmsNobody(t *testing.T) {
	t.Parallel()
	l := plain()
	l.Source.Region, l.Destination.Region = "us-east-1", "eu-west-1"
	wanted := newlink.Link{Source: finding.End{Bucket: "src"}, Destination: finding.End{Bucket: "dst"}}
	source, destination := facts(t, l)
	destination.Bucket.Policy = fact.Of(fact.Policy{Name: "dst", Document: `{"Version":"2012-10-17","Statement":{"Sid":"Account","Effect":"Allow",` +
		`"Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/*"}}`})
	got, err := newlink.Extend(t.Context(), wanted, []*fact.Document{source, destination}, judge)
	if err != nil || len(got.Fixes) != 1 || got.Fixes[0].After != finding.Works || !got.Fixes[0].Proven ||
		slices.ContainsFunc(got.Changes, func(c finding.Change) bool { return c.Kind == finding.BucketPolicy }) {
		t.Errorf("error %v\n%s", err, show(got))
	}

	// Another bucket replicates to the same destination, while its policy is as it was.
	source, destination = facts(t, l)
	destination.Bucket.Policy = fact.None[fact.Policy]()
	other := *source
	other.Bucket.Name, other.Bucket.ARN = "other", "arn:aws:s3:::other"
	other.Buckets = map[string]fact.Fact[fact.Bucket]{"dst": fact.Of(destination.Bucket)}
	other.Links = []fact.Link{{ID: "other/r→dst", Destination: "dst"}}
	class := func(v finding.Verdict) []finding.ClassVerdict {
		return []finding.ClassVerdict{{Class: finding.Default, Verdict: v, Counted: true}}
	}
	harmed := func(ctx context.Context, doc *fact.Document) ([]finding.Link, []finding.Finding, error) {
		if doc.Bucket.Name != "other" {
			return judge(ctx, doc)
		}
		v := finding.Works
		if doc.Buckets["dst"].Value.Policy.Value != nil {
			v = finding.Broken
		}
		return []finding.Link{{ID: "other/r→dst", Verdict: v, Classes: class(v)}}, nil, nil
	}
	got, err = newlink.Extend(t.Context(), wanted, []*fact.Document{source, destination, &other}, harmed)
	if err != nil || len(got.Fixes) != 1 || got.Fixes[0].Proven || !decided(got, "the link other/r→dst would be harmed") {
		t.Errorf("error %v\n%s", err, show(got))
	}

	// A rule that is there yields to the new one.
	source, destination = facts(t, l)
	source.Bucket.Replication = fact.Of(fact.Replication{Role: "arn:aws:iam::111111111111:role/mine", Rules: []fact.ReplicationRule{{ID: "old", Schema: "V2"}}})
	source.Links = []fact.Link{{ID: "src/old→dst", Destination: "dst"}}
	yields := func(ctx context.Context, doc *fact.Document) ([]finding.Link, []finding.Finding, error) {
		v := finding.Works
		if len(doc.Bucket.Replication.Value.Rules) > 1 {
			v = finding.Broken
		}
		return []finding.Link{{ID: "src/old→dst", Verdict: v, Classes: class(v)}, {ID: "src/to-dst→dst", Verdict: finding.Works}}, nil, nil
	}
	wanted.Role = "another"
	got, err = newlink.Extend(t.Context(), wanted, []*fact.Document{source, destination}, yields)
	if err != nil || len(got.Fixes) != 1 || got.Fixes[0].Proven || !decided(got, "whether the new rule may harm the link src/old→dst") {
		t.Errorf("error %v\n%s", err, show(got))
	}
	if !decided(got, "the role another is not made: the replication configuration of src names arn:aws:iam::111111111111:role/mine") {
		t.Errorf("nothing says that the role that is there is used\n%s", show(got))
	}
}

func decided(r finding.Repairs, text string) bool {
	return slices.ContainsFunc(r.Decisions, func(d finding.Decision) bool { return strings.Contains(d.Text, text) })
}
