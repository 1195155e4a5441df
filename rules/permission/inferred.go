package permission

import (
	"slices"
	"strings"

	"crosscheck/rules/iam/contextkey"
)

// inferred are the condition keys of S3's own requests of which neither a page of AWS nor a
// recording gives the value, but what follows from others: AWS calls its endpoints over
// TLS 1.2 or later, and recommends a Deny of plain requests for buckets that take replicas.
// A cell names those that its policies name; [Certain] leaves them unknown.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
var inferred = []struct {
	key   string // in lower case
	value contextkey.Value
	words string // what is taken for granted
}{
	{"aws:securetransport", contextkey.One("true"), "aws:SecureTransport is true"},
	{"s3:tlsversion", contextkey.OneOf(contextkey.One("1.2"), contextkey.One("1.3")), "s3:TlsVersion is 1.2 or 1.3"},
}

// inferredValue is the value of a key that is inferred; false for other keys. Those of S3
// are in requests to S3 alone.
func (e *evaluation) inferredValue(key string, toS3 bool) (contextkey.Value, bool) {
	for _, x := range inferred {
		if x.key == key && (toS3 || !strings.HasPrefix(key, "s3:")) {
			if e.certain {
				return contextkey.Value{}, true
			}
			return x.value, true
		}
	}
	return contextkey.Value{}, false
}

// inferences are what is taken for granted of a request by policies that name such keys.
func (e *evaluation) inferences(lists ...[]*Policy) (words []string) {
	if e.certain {
		return nil
	}
	for _, x := range inferred {
		if slices.ContainsFunc(lists, func(list []*Policy) bool {
			return slices.ContainsFunc(list, func(p *Policy) bool { return slices.Contains(p.Keys, x.key) })
		}) {
			words = append(words, x.words)
		}
	}
	return words
}
