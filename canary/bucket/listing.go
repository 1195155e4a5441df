package bucket

import (
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/scanner/client"
)

// maxPages is how many pages a listing may have: those of ten million versions.
const maxPages = 10_000

// page is a page of a listing, as the server answers it.
type page struct {
	encoding            types.EncodingType // of prefix, keys and markers of keys
	bucket, prefix, key *string            // what was asked for, key being the marker
	truncated           *bool
	nextKey, nextID     *string
	entries             []entry
}

// entry is one line of a listing of versions, or of uploads.
type entry struct {
	key string
	Version
}

// marker is where a page begins; the zero value is the beginning.
type marker struct{ key, id string }

// walk goes over all pages of a listing of the bucket under a prefix. It refuses what is
// not a whole answer to it: a page of another bucket or prefix, keys that do not begin
// with the prefix, a page that does not say whether or where the listing goes on, one that
// was there before, and a listing without an end.
func (b *Bucket) walk(
	ctx context.Context, prefix string, ask func(context.Context, marker) (*page, error),
	each func(key string, v Version) error,
) error {
	at, seen := marker{}, map[marker]bool{}
	for range maxPages {
		call, cancel := context.WithTimeout(ctx, CallTimeout)
		p, err := ask(call, at)
		cancel()
		if err != nil {
			return err
		}
		if err := p.answers(b.Name, prefix, at); err != nil {
			return err
		}
		for _, e := range p.entries {
			key, err := p.text(&e.key)
			if err != nil {
				return err
			}
			if e.ID == "" || !strings.HasPrefix(key, prefix) {
				return client.Malformed("a listing under %q has the version %q of %q", client.Clip(prefix), client.Clip(e.ID), client.Clip(key))
			}
			if err := each(key, e.Version); err != nil {
				return err
			}
		}
		if !*p.truncated {
			return nil
		}
		seen[at] = true
		if at.key, err = p.text(p.nextKey); err != nil {
			return err
		}
		if at.id = aws.ToString(p.nextID); at.key == "" || seen[at] {
			return client.Malformed("a listing goes on, but does not say where")
		}
	}
	return client.Malformed("a listing has more than %d pages", maxPages)
}

// answers refuses a page that is no answer to what was asked for.
func (p *page) answers(bucket, prefix string, at marker) error {
	gotPrefix, err := p.text(p.prefix)
	if err != nil {
		return err
	}
	gotKey, err := p.text(p.key)
	switch {
	case err != nil:
		return err
	case aws.ToString(p.bucket) != bucket:
		return client.Malformed("a listing of %s is answered with one of %q", bucket, client.Clip(aws.ToString(p.bucket)))
	case gotPrefix != prefix:
		return client.Malformed("a listing under %q is answered with one under %q", client.Clip(prefix), client.Clip(gotPrefix))
	case gotKey != at.key:
		return client.Malformed("a listing from %q on is answered with one from %q on", client.Clip(at.key), client.Clip(gotKey))
	case p.truncated == nil:
		return client.Malformed("a listing does not say whether it goes on")
	}
	return nil
}

// text is a prefix, key or marker of the page.
func (p *page) text(s *string) (string, error) {
	if p.encoding != types.EncodingTypeUrl {
		return aws.ToString(s), nil
	}
	plain, err := url.QueryUnescape(aws.ToString(s))
	if err != nil {
		return "", client.Malformed("a listing has %q, which is not encoded as it says", client.Clip(aws.ToString(s)))
	}
	return plain, nil
}
