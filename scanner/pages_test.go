package scanner

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// TestPagesEnd: a list ends, whatever the tokens of its next pages are.
func TestPagesEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		next  func(page int) string
		pages int
		want  string // "" = the whole list
	}{
		{"one page", func(int) string { return "" }, 1, ""},
		{"as many as may be", func(page int) string {
			if page == maxPages {
				return ""
			}
			return strconv.Itoa(page)
		}, maxPages, ""},
		{"the same token", func(int) string { return "again" }, 2, "a pagination token was repeated"},
		{"ever new tokens", strconv.Itoa, maxPages, "the list has more than 10000 pages"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			err := pages(func(*string) (*string, error) {
				if asked++; asked > maxPages {
					return nil, errors.New("it goes on")
				}
				next := c.next(asked)
				return &next, nil
			})
			var got string
			if problem := (*client.Failure)(nil); errors.As(err, &problem) {
				got = problem.Message
			} else if err != nil {
				t.Fatal(err)
			}
			if got != c.want || asked != c.pages {
				t.Errorf("%q after %d pages, want %q after %d", got, asked, c.want, c.pages)
			}
		})
	}
}

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
