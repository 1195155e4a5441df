// Package setting is the settings of a bucket. Each one is a row of a table that says
// how requests and worlds name it, how a world's value is checked and loaded, and
// how S3 answers GET, PUT and DELETE; its functions are in a file of its own.
package setting

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// setting is one setting of a bucket: how requests and worlds name it, and what
// reads and changes it. An operation that is nil is not implemented.
type setting struct {
	subresource string // query parameter that asks for it
	operation   string // in the names of its operations: BucketTagging in GetBucketTagging
	action      string // in the names of the IAM actions: BucketTagging in s3:PutBucketTagging

	// Where S3 does not call them Delete and the operation, s3:Put and the action.
	deleteOperation, deleteAction string

	admit  func(*request.Request) *wire.Error // judges a caller who has the permission; nil: admits every one
	get    func(*request.Request) (*wire.Response, *wire.Error)
	put    func(*request.Request) (*wire.Response, *wire.Error)
	remove func(*state.Bucket)

	check  func(w *World, wrong report)                    // finds what is wrong with a world's; nil: nothing can be
	load   func(s *state.State, b *state.Bucket, w *World) // takes it from a world into a new bucket
	absent string                                          // name by which a world says that a bucket has none, "" = it cannot
	given  func(w *World) bool                             // where absent is not ""
}

// operations are those on one setting.
func (s setting) operations() request.Table {
	all := request.Table{}
	add := func(method, name, action string, run func(*request.Request) (*wire.Response, *wire.Error)) {
		admitted := func(c *request.Request) (*wire.Response, *wire.Error) {
			if s.admit != nil {
				if e := s.admit(c); e != nil {
					return nil, e
				}
			}
			return run(c)
		}
		all[request.OnBucket(method, s.subresource)] = &request.Operation{Name: name, Action: "s3:" + action, Run: admitted}
	}
	if s.get != nil {
		add(http.MethodGet, "Get"+s.operation, "Get"+s.action, s.get)
	}
	if s.put != nil {
		add(http.MethodPut, "Put"+s.operation, "Put"+s.action, s.put)
	}
	if s.remove != nil {
		name, action := cmp.Or(s.deleteOperation, "Delete"+s.operation), cmp.Or(s.deleteAction, "Put"+s.action)
		add(http.MethodDelete, name, action, func(c *request.Request) (*wire.Response, *wire.Error) {
			s.remove(c.Bucket)
			return wire.Done(http.StatusNoContent)
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

func (s stored[T]) of(b *state.Bucket) *T {
	v, _ := b.Stored[string(s)].(*T)
	return v
}

// set stores a value, nil for none.
func (s stored[T]) set(b *state.Bucket, v *T) {
	if v == nil {
		s.remove(b)
		return
	}
	if b.Stored == nil {
		b.Stored = map[string]any{}
	}
	b.Stored[string(s)] = v
}

func (s stored[T]) remove(b *state.Bucket) { delete(b.Stored, string(s)) }
