package scanner

import (
	"slices"
	"testing"

	"crosscheck/scanner/fact"
)

// TestBucketsOfAnotherAccount: a list of buckets does not say whose it is, but a bucket has one
// account, so one that two lists have makes neither of them whole.
func TestBucketsOfAnotherAccount(t *testing.T) {
	t.Parallel()
	s := world(t, []byte(`
organization: {id: o-lists00001, management_account: "111111111111", root: r-list}
accounts:
  - id: "111111111111"
    buckets: [{name: first, region: us-east-1}]
    roles:
      - {name: audit, trust: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole"}]}', inline: {a: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'}}
  - id: "222222222222"
    buckets: [{name: second, region: us-east-1}]
    raw:
      ListBuckets: <ListAllMyBucketsResult><Buckets><Bucket><Name>first</Name><CreationDate>2026-01-01T00:00:00Z</CreationDate><BucketRegion>us-east-1</BucketRegion></Bucket></Buckets></ListAllMyBucketsResult>
    roles:
      - {name: audit, trust: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole"}]}', inline: {a: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'}}
`))
	var gaps []string
	err := Scan(t.Context(), caller(s), Options{RoleName: "audit"}, func(m fact.Message) error {
		if m.Gap != nil {
			gaps = append(gaps, m.Gap.AccountID+" "+m.Gap.API+" "+m.Gap.Message)
		}
		return nil
	})
	if err != nil || !slices.Contains(gaps, "222222222222 s3:ListBuckets bucket first is in the list of account 111111111111, too") {
		t.Errorf("%q, %v", gaps, err)
	}
}
