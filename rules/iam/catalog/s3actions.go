package catalog

import "crosscheck/rules/iam/match"

// S3Resource is the type of resource that an S3 action is authorized on.
type S3Resource uint8

const (
	Bucket S3Resource = 1 << iota
	Object
	Other // access points, jobs, the account: never in a bucket policy
)

// String says what the type is, as messages need it.
func (t S3Resource) String() string {
	switch t {
	case Bucket:
		return "the bucket"
	case Object:
		return "objects"
	}
	return "other resources"
}

// S3ResourceTypes is the union of the types of the S3 actions that a pattern
// matches, 0 for none. The pattern is lower case.
func S3ResourceTypes(g *match.Glob) S3Resource {
	if g.Kind == match.Literal {
		return s3Actions[g.Text]
	}
	var t S3Resource
	for name, is := range s3Actions {
		if t&is != is && g.MatchFold(name) {
			t |= is
		}
	}
	return t
}
