package fact_test

import (
	"testing"

	"crosscheck/scanner/fact"
)

func TestWhy(t *testing.T) {
	t.Parallel()
	for _, known := range []fact.Fact[string]{fact.Of(""), fact.None[string]()} {
		if g := known.Why("1", "r", "f"); g != nil {
			t.Errorf("%+v: %v", known, g)
		}
	}
	gap := fact.Gap{Fact: "bucket.tags", API: "s3:GetBucketTagging", Code: "AccessDenied", AccountID: "111111111111"}
	if g := fact.Missing[string](gap).Why("1", "r", "f"); *g != gap {
		t.Errorf("%+v", g)
	}
	want := fact.Gap{AccountID: "1", Resource: "r", Fact: "f", Code: fact.NotRead, Message: "AWS was not asked for it"}
	if g := (fact.Fact[string]{}).Why("1", "r", "f"); *g != want {
		t.Errorf("%+v", g)
	}
}

func TestGapString(t *testing.T) {
	t.Parallel()
	for want, g := range map[string]fact.Gap{
		"bucket.tags is not known: s3:GetBucketTagging answered AccessDenied in account 111111111111": {
			AccountID: "111111111111", Fact: "bucket.tags", API: "s3:GetBucketTagging", Code: "AccessDenied", Message: "denied",
		},
		"key is not known: AWS answered Timeout":      {Fact: "key", Code: "Timeout"},
		"role was not read: AWS was not asked for it": {Fact: "role", Code: fact.NotRead},
		"owner was not read: not scanned":             {Fact: "owner", Code: fact.NotRead, Message: "not scanned", AccountID: "1"},
	} {
		if got := g.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestBucketARN(t *testing.T) {
	t.Parallel()
	if got := (&fact.Document{}).BucketARN("b"); got != "arn:aws:s3:::b" {
		t.Error(got)
	}
	if got := (&fact.Document{Partition: "aws-cn"}).BucketARN("b"); got != "arn:aws-cn:s3:::b" {
		t.Error(got)
	}
}
