package scanner

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/scanner/client"
)

// maxBuckets is the size of a page of buckets, the most that AWS allows. Always
// asked for: only a page carries each bucket's Region, and AWS refuses an
// unpaged list to accounts with a quota above it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
const maxBuckets = 10_000

// mostBuckets is how many buckets an account may have at most.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/BucketRestrictions.html
const mostBuckets = 1_000_000

// listed is a bucket as ListBuckets returns it; region may be "".
type listed struct{ name, region string }

// listBuckets lists the buckets of an account. What it got before an error is
// returned with it.
func listBuckets(ctx context.Context, c *s3.Client) ([]listed, error) {
	var all []listed
	err := client.Pages(func(token *string) (*string, error) {
		out, err := c.ListBuckets(ctx, &s3.ListBucketsInput{MaxBuckets: aws.Int32(maxBuckets), ContinuationToken: token})
		if err != nil {
			return nil, err
		}
		if out.Buckets == nil {
			return nil, client.Malformed("the answer has no list of buckets")
		}
		for _, b := range out.Buckets {
			if b.Name == nil {
				return nil, client.Malformed("a bucket of the list has no name")
			}
			all = append(all, listed{*b.Name, aws.ToString(b.BucketRegion)})
		}
		if len(all) > mostBuckets {
			return nil, client.Malformed("the list has more than %d buckets, the most that an account may have", mostBuckets)
		}
		if len(out.Buckets) >= maxBuckets && aws.ToString(out.ContinuationToken) == "" {
			return nil, client.Malformed("the list of buckets ends at %d without a token for the rest", len(all))
		}
		return out.ContinuationToken, nil
	})
	return all, err
}

// index knows every bucket of the scanned accounts: its account and Region. It
// is filled before buckets are read, so that a destination is found in whatever
// account it is. A bucket takes its name and about 100 bytes.
type index struct {
	buckets  map[string]place
	accounts []*account
	regions  []string
	region   map[string]uint16 // index in regions

	mu    sync.Mutex
	moved map[string]string // Regions learned from redirects, by bucket
}

type place struct {
	account uint32 // index in accounts
	region  uint16 // index in regions
}

func newIndex() *index {
	return &index{buckets: map[string]place{}, regions: []string{""}, region: map[string]uint16{"": 0}, moved: map[string]string{}}
}

// disputed is an error about a bucket that another account listed: a bucket has one account,
// so one of the lists is not that of its account, and neither is taken for all.
func (x *index) disputed(buckets []listed) error {
	for _, b := range buckets {
		if p, ok := x.buckets[b.name]; ok {
			other := x.accounts[p.account]
			other.complete = false
			return client.Malformed("bucket %s is in the list of account %s, too", b.name, other.id)
		}
	}
	return nil
}

// add enters the buckets of one account.
func (x *index) add(a *account, buckets []listed) {
	n := uint32(len(x.accounts))
	x.accounts = append(x.accounts, a)
	for _, b := range buckets {
		r, ok := x.region[b.region]
		if !ok {
			r = uint16(len(x.regions))
			x.regions = append(x.regions, b.region)
			x.region[b.region] = r
		}
		if _, twice := x.buckets[b.name]; twice {
			continue
		}
		x.buckets[b.name] = place{account: n, region: r}
		a.buckets = append(a.buckets, b.name)
	}
}

// find is the account that owns the bucket and its Region; nil = in no scanned account.
func (x *index) find(bucket string) (*account, string) {
	p, ok := x.buckets[bucket]
	if !ok {
		return nil, ""
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if r, ok := x.moved[bucket]; ok {
		return x.accounts[p.account], r
	}
	return x.accounts[p.account], x.regions[p.region]
}

// learn remembers the Region of a bucket that a redirect named.
func (x *index) learn(bucket, region string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.moved[bucket] = region
}
