package newlink_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"crosscheck/rules"
	"crosscheck/rules/finding"
	"crosscheck/rules/fix/newlink"
	"crosscheck/scanner/fact"
)

const (
	srcKey   = "arn:aws:kms:us-east-1:111111111111:key/src"
	dstKey   = "arn:aws:kms:eu-west-1:222222222222:key/dst"
	srcOfDst = "arn:aws:kms:us-east-1:222222222222:key/lent"
	dstOfSrc = "arn:aws:kms:eu-west-1:111111111111:key/away"
)

// engine judges as a scan does. It is compiled once.
var engine = sync.OnceValues(func() (*rules.Engine, error) { return rules.New(rules.Options{}) })

func judge(ctx context.Context, doc *fact.Document) ([]finding.Link, []finding.Finding, error) {
	e, err := engine()
	if err != nil {
		return nil, nil, err
	}
	r, err := e.Anew().Eval(ctx, doc)
	return r.Links, r.Findings, err
}

// combination is a link that may be wanted, with its name.
type combination struct {
	name string
	link newlink.Link
}

// combinations are all options together.
func combinations() []combination {
	list := []combination{{"", newlink.Link{}}}
	each := func(variants ...combination) []combination {
		var all []combination
		for _, c := range list {
			for _, v := range variants {
				merged := c.link
				merge(&merged, v.link)
				all = append(all, combination{strings.TrimPrefix(c.name+", "+v.name, ", "), merged})
			}
		}
		return all
	}
	end := func(bucket, account, region string) finding.End {
		return finding.End{Bucket: bucket, AccountID: account, Region: region}
	}
	list = each(
		combination{"one account", newlink.Link{Source: end("src", "111111111111", "us-east-1"), Destination: end("dst", "111111111111", "eu-west-1")}},
		combination{"two accounts", newlink.Link{Source: end("src", "111111111111", "us-east-1"), Destination: end("dst", "222222222222", "eu-west-1")}})
	list = each(
		combination{"no KMS", newlink.Link{}},
		combination{"key of account 2", newlink.Link{SourceKeys: []string{srcKey}, ReplicaKey: dstKey}},
		combination{"key of account 2, bucket keys", newlink.Link{SourceKeys: []string{srcKey}, ReplicaKey: dstKey, BucketKeys: true}},
		combination{"key of account 1", newlink.Link{SourceKeys: []string{srcKey}, ReplicaKey: dstOfSrc}},
		combination{"key of account 1, bucket keys", newlink.Link{SourceKeys: []string{srcKey}, ReplicaKey: dstOfSrc, BucketKeys: true}},
		combination{"both keys of account 2", newlink.Link{SourceKeys: []string{srcOfDst}, ReplicaKey: dstKey, BucketKeys: true}},
		combination{"any source key", newlink.Link{ReplicaKey: dstKey}})
	list = each(combination{"owners stay", newlink.Link{}}, combination{"override", newlink.Link{OwnerOverride: true}})
	list = each(combination{"open", newlink.Link{}}, combination{"enforced", newlink.Link{Enforced: true}})
	list = each(combination{"no delete markers", newlink.Link{}}, combination{"delete markers", newlink.Link{DeleteMarkers: true}})
	list = each(combination{"no lock", newlink.Link{}}, combination{"lock", newlink.Link{ObjectLock: true}})
	return each(combination{"all keys", newlink.Link{}}, combination{"prefix", newlink.Link{Prefix: "logs/$a*?${x}/"}})
}

func merge(l *newlink.Link, v newlink.Link) {
	if v.Source.Bucket != "" {
		l.Source, l.Destination = v.Source, v.Destination
	}
	if v.ReplicaKey != "" {
		l.SourceKeys, l.ReplicaKey = v.SourceKeys, v.ReplicaKey
	}
	if v.Prefix != "" {
		l.Prefix = v.Prefix
	}
	l.BucketKeys = l.BucketKeys || v.BucketKeys
	l.OwnerOverride = l.OwnerOverride || v.OwnerOverride
	l.Enforced = l.Enforced || v.Enforced
	l.DeleteMarkers = l.DeleteMarkers || v.DeleteMarkers
	l.ObjectLock = l.ObjectLock || v.ObjectLock
}

// TestMake: with what is written every link works, whatever is wanted of it, and nothing is
// found wrong with it but what was asked for.
func TestMake(t *testing.T) {
	t.Parallel()
	all := combinations()
	for _, c := range all {
		var found []finding.Finding
		got, err := newlink.Make(t.Context(), c.link, func(ctx context.Context, doc *fact.Document) ([]finding.Link, []finding.Finding, error) {
			links, findings, err := judge(ctx, doc)
			found = findings
			return links, findings, err
		})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if f := got.Fixes[0]; !f.Proven || f.After != finding.Works || len(f.Changes) != len(got.Changes) {
			t.Errorf("%s: %+v\n%s", c.name, f, show(got))
		}
		twoAccounts := c.link.Source.AccountID != c.link.Destination.AccountID
		want := map[string]bool{
			"XC014": twoAccounts && !c.link.OwnerOverride && !c.link.Enforced,
			"XC027": c.link.ReplicaKey != "" && !strings.Contains(c.link.ReplicaKey, c.link.Destination.AccountID),
			"XC033": c.link.Prefix != "",
		}
		for _, f := range found {
			if (f.Status == finding.Fail && f.Severity.Rank() <= finding.Medium.Rank()) != want[f.RuleID] || f.Status == finding.Unknown {
				t.Errorf("%s: %s is %s: %s", c.name, f.RuleID, f.Status, f.Message)
			}
		}
	}
	t.Logf("%d combinations work", len(all))
}

func show(r finding.Repairs) string {
	var b strings.Builder
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "%s %s %s\n%s\n", c.Kind, c.Resource, c.Policy, c.After)
	}
	for _, d := range r.Decisions {
		fmt.Fprintf(&b, "DECIDE %s %s\n", d.Kind, d.Text)
	}
	return b.String()
}
