package fact

import (
	"reflect"
	"strings"
)

// Row describes one fact of a resource: a [Bucket], [Role], [Key] or [Account].
type Row[T any] struct {
	Name string   // in JSON, and in the needs of rules
	APIs []string // the calls that read it: "s3:GetBucketVersioning"
	Of   func(*T) Any
}

// The facts of each resource: its fields that are facts, in their order. The tag api of
// such a field names the calls that read it.
var (
	BucketFacts  = rows[Bucket]()
	RoleFacts    = rows[Role]()
	KeyFacts     = rows[Key]()
	AccountFacts = rows[Account]()
)

func rows[T any]() (table []Row[T]) {
	for i, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if apis, ok := f.Tag.Lookup("api"); ok {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			table = append(table, Row[T]{name, strings.Split(apis, ","), func(of *T) Any {
				return reflect.ValueOf(of).Elem().Field(i).Addr().Interface().(Any)
			}})
		}
	}
	return table
}
