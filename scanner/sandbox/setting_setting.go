package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// setting is one setting of a bucket: how requests and worlds name it, and what
// reads and changes it. An operation that is nil is not implemented.
type setting struct {
	subresource string // query parameter that asks for it
	operation   string // in the names of its operations: BucketTagging in GetBucketTagging
	action      string // in the names of the IAM actions: BucketTagging in s3:PutBucketTagging

	// Where S3 does not call them Delete and the operation, s3:Put and the action.
	deleteOperation, deleteAction string

	admit  func(*s3call) *apiError // judges a caller who has the permission; nil: admits every one
	get    func(*s3call) (*response, *apiError)
	put    func(*s3call) (*response, *apiError)
	remove func(*bucket)

	check  func(w *worldSettings, wrong report)        // finds what is wrong with a world's; nil: nothing can be
	load   func(s *State, b *bucket, w *worldSettings) // takes it from a world into a new bucket
	absent string                                      // name by which a world says that a bucket has none, "" = it cannot
	given  func(w *worldSettings) bool                 // where absent is not ""
}

// operations are those on one setting.
func (s setting) operations() map[s3route]*s3operation {
	all := map[s3route]*s3operation{}
	add := func(method, name, action string, run func(*s3call) (*response, *apiError)) {
		all[s3route{method, bucketLevel, s.subresource}] = &s3operation{name, "s3:" + action, func(c *s3call) (*response, *apiError) {
			if s.admit != nil {
				if e := s.admit(c); e != nil {
					return nil, e
				}
			}
			return run(c)
		}}
	}
	if s.get != nil {
		add(http.MethodGet, "Get"+s.operation, "Get"+s.action, s.get)
	}
	if s.put != nil {
		add(http.MethodPut, "Put"+s.operation, "Put"+s.action, s.put)
	}
	if s.remove != nil {
		name, action := cmp.Or(s.deleteOperation, "Delete"+s.operation), cmp.Or(s.deleteAction, "Put"+s.action)
		add(http.MethodDelete, name, action, func(c *s3call) (*response, *apiError) {
			s.remove(c.b)
			return done(http.StatusNoContent)
		})
	}
	return all
}

// report takes what is wrong with a world: the field, as in .encryption.algorithm,
// and a message.
type report func(field, format string, args ...any)

// oneOf reports a value that is not among those AWS knows.
func (wrong report) oneOf(field, value string, known ...string) {
	if !slices.Contains(known, value) {
		wrong(field, "%q is not one of %s", value, strings.Join(known, ", "))
	}
}

// stored is the name of a setting that the sandbox keeps and returns, and that
// changes nothing else. Its value is a *T.
type stored[T any] string

func (s stored[T]) of(b *bucket) *T {
	v, _ := b.stored[string(s)].(*T)
	return v
}

// set stores a value, nil for none.
func (s stored[T]) set(b *bucket, v *T) {
	if v == nil {
		s.remove(b)
		return
	}
	b.stored[string(s)] = v
}

func (s stored[T]) remove(b *bucket) { delete(b.stored, string(s)) }
