package newlink_test

import (
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/newlink"
)

func TestEnd(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]finding.End{
		"111111111111:orders":                   {AccountID: "111111111111", Bucket: "orders"},
		"111111111111:orders@eu-west-1":         {AccountID: "111111111111", Bucket: "orders", Region: "eu-west-1"},
		"111111111111:orders@eu-west-1/a:b@c/d": {AccountID: "111111111111", Bucket: "orders", Region: "eu-west-1"},
		"111111111111:orders/a:b@c/d":           {AccountID: "111111111111", Bucket: "orders"},
		"111111111111:orders/":                  {AccountID: "111111111111", Bucket: "orders"},
		"orders":                                {Bucket: "orders"},
		"orders/a:b@c/d":                        {Bucket: "orders"},
	} {
		got, prefix, err := newlink.End(text)
		if err != nil || got != want || prefix != map[bool]string{true: "a:b@c/d"}[strings.Contains(text, "/a")] {
			t.Errorf("%s: %+v, prefix %q, error %v", text, got, prefix, err)
		}
	}
	for text, want := range map[string]string{
		"":                     "does not name an account and a bucket",
		":orders":              "does not name an account and a bucket",
		"111111111111:orders@": "does not name an account and a bucket",
		"arn:aws:s3:::orders":  "does not name the account",
	} {
		if _, _, err := newlink.End(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that says: %s", text, err, want)
		}
	}
}

// plain is a link between two accounts that can be.
func plain() newlink.Link {
	return newlink.Link{
		Source:      finding.End{AccountID: "111111111111", Bucket: "src"},
		Destination: finding.End{AccountID: "222222222222", Bucket: "dst"}, Enforced: true,
	}
}

// TestRefused: what cannot be is said before anything is written.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		do   func(*newlink.Link)
		want string
	}{
		{func(l *newlink.Link) { l.Source.AccountID = "" }, "which account has the bucket src"},
		{func(l *newlink.Link) { l.Source.AccountID = "1111" }, `"1111" is no account id`},
		{func(l *newlink.Link) { l.Destination.Bucket = "Dst_1" }, `"Dst_1" is no name of a bucket`},
		{func(l *newlink.Link) { l.Destination.Bucket = "" }, `"" is no name of a bucket`},
		{func(l *newlink.Link) { l.Destination.Region = "europe" }, `"europe" is no name of a Region`},
		{func(l *newlink.Link) { l.Destination.Bucket = "src" }, "the same bucket"},
		{func(l *newlink.Link) { l.Prefix = strings.Repeat("a", 1025) }, "1025 bytes"},
		{func(l *newlink.Link) { l.Role = "a role" }, `"a role" is no name of a role`},
		{func(l *newlink.Link) { l.SourceKeys = []string{srcKey} }, "names a key for the replicas"},
		{func(l *newlink.Link) { l.BucketKeys = true }, "names a key for the replicas"},
		{func(l *newlink.Link) { l.ReplicaKey = dstKey }, "name the Region of src or the key"},
		{func(l *newlink.Link) { l.ReplicaKey = "alias/backup" }, "in the account of the source"},
		{func(l *newlink.Link) { l.ReplicaKey = "arn:aws:kms:eu-west-1:222222222222:alias/backup" }, "is no ARN of a KMS key"},
		{func(l *newlink.Link) { l.ReplicaKey = strings.Replace(dstKey, "arn:aws:", "arn:aws-cn:", 1) }, "is in a Region of the partition aws"},
		{func(l *newlink.Link) { l.Destination.Region, l.ReplicaKey = "us-east-2", dstKey }, "dst is in us-east-2: a bucket uses keys of its own Region"},
		{func(l *newlink.Link) { l.Source.Region, l.Destination.Region = "eu-west-1", "cn-north-1" }, "two partitions"},
	} {
		l := plain()
		c.do(&l)
		if _, err := newlink.Make(t.Context(), l, judge); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one that says: %s", l, err, c.want)
		}
	}
}

// TestPartitions: ARNs and the name of S3 in conditions are those of the partition, and a
// link without Regions is one of the usual partition.
func TestPartitions(t *testing.T) {
	t.Parallel()
	for region, domain := range map[string]string{"cn-north-1": "amazonaws.com.cn", "us-gov-west-1": "amazonaws.com", "eusc-de-east-1": "amazonaws.eu", "": ""} {
		l := plain()
		partition := "aws"
		if region != "" {
			partition = map[string]string{"cn": "aws-cn", "us": "aws-us-gov", "eu": "aws-eusc"}[region[:2]]
			l.Source.Region = region
			l.ReplicaKey = "arn:" + partition + ":kms:" + region + ":222222222222:key/k"
		}
		got, err := newlink.Make(t.Context(), l, judge)
		if err != nil || !got.Fixes[0].Proven {
			t.Fatal(region, got.Fixes, err)
		}
		for _, c := range got.Changes {
			if !strings.HasPrefix(c.Resource, "arn:"+partition+":") || partition != "aws" && strings.Contains(c.After, "arn:aws:") {
				t.Errorf("%s: %s %s", region, c.Resource, c.After)
			}
			if c.Kind == finding.KeyPolicy && !strings.Contains(c.After, `"s3.`+region+"."+domain+`"`) {
				t.Errorf("%s: %s", region, c.After)
			}
		}
	}
}

// TestRoleName: names of buckets may be longer than those of roles; two buckets get two names.
func TestRoleName(t *testing.T) {
	t.Parallel()
	name := func(bucket, role string) string {
		l := plain()
		l.Source.Bucket, l.Role = bucket, role
		got, err := newlink.Make(t.Context(), l, judge)
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(got.Changes[2].Resource, ":role/")
		return name
	}
	long := strings.Repeat("b", 60)
	if a, b := name(long+"-a", ""), name(long+"-b", ""); a == b || len(a) != 64 {
		t.Errorf("the roles are %s and %s", a, b)
	}
	if got := name("src", ""); got != "replicate-src" {
		t.Errorf("the role is %s", got)
	}
	if got := name("src", "mine"); got != "mine" {
		t.Errorf("the role is %s, want the one that was named", got)
	}
}

// TestDecisions: what the set rests on, and what is left to choose, is said.
func TestDecisions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		do   func(*newlink.Link)
		kind finding.Kind
		want string
	}{
		{func(*newlink.Link) {}, finding.BucketPolicy, "whole bucket policy of dst"},
		{func(*newlink.Link) {}, finding.Replication, "whole replication configuration of src"},
		{func(*newlink.Link) {}, finding.Ownership, "dst is taken to enforce bucket ownership"},
		{func(l *newlink.Link) { l.OwnerOverride = true }, finding.Ownership, "left out: dst enforces bucket ownership"},
		{func(l *newlink.Link) { l.OwnerOverride, l.Enforced = true, false }, finding.Ownership, "needed only where dst does not enforce"},
		{func(l *newlink.Link) { l.Enforced = false }, "", "replicas in dst belong to the source account"},
		{func(l *newlink.Link) { l.SourceKeys, l.ReplicaKey = []string{srcKey}, dstKey }, finding.KeyPolicy, "whole policy of the key " + dstKey},
		{func(l *newlink.Link) { l.SourceKeys, l.ReplicaKey = []string{srcKey}, dstKey }, finding.RolePolicy, "S3 Bucket Keys are taken to be off"},
		{func(l *newlink.Link) { l.Source.Region, l.ReplicaKey = "us-east-1", dstKey }, finding.RolePolicy, "every key of account 111111111111"},
		{func(l *newlink.Link) { l.SourceKeys, l.ReplicaKey = []string{srcKey}, dstOfSrc }, "", "name the ARN of a customer managed key of account 222222222222"},
		{func(l *newlink.Link) { l.Prefix = "/logs/" }, "", "begins with a slash"},
		{func(*newlink.Link) {}, "", "nothing was read"},
	} {
		l := plain()
		c.do(&l)
		got, err := newlink.Make(t.Context(), l, judge)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, d := range got.Decisions {
			found = found || d.Kind == c.kind && strings.Contains(d.Text, c.want) && d.Link == got.Fixes[0].Link
		}
		if !found {
			t.Errorf("no decision on %q says %q:\n%s", c.kind, c.want, show(got))
		}
	}
}
