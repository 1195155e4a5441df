package client

import "github.com/aws/aws-sdk-go-v2/aws"

// maxPages is how many pages a list may have: the largest, 100,000 buckets in pages of
// 1,000, has 100.
const maxPages = 10_000

// Pages calls fetch until it returns no token of a next page. A repeated token would make
// the list endless, and is refused, and so are more than [maxPages].
func Pages(fetch func(token *string) (next *string, err error)) error {
	seen := map[string]bool{}
	for token := (*string)(nil); len(seen) < maxPages; {
		next, err := fetch(token)
		if err != nil || aws.ToString(next) == "" {
			return err
		}
		if seen[*next] {
			return Malformed("a pagination token was repeated")
		}
		seen[*next] = true
		token = next
	}
	return Malformed("the list has more than %d pages", maxPages)
}
