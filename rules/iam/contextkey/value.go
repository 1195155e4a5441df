// Package contextkey says what is known of the context keys of a request, expands
// policy variables with them, and reads what a policy says about them.
package contextkey

// Value is what is known of a context key of a request. The zero value is unknown.
type Value struct {
	State  valueState
	Multi  bool
	Values []string
	Domain []Value // of an unknown key: it is one of these; nil = it may be anything
}

type valueState uint8

// What can be known of a key: nothing, that it is not sent, its values, or that it
// takes every value of a glob.
const (
	StateUnknown valueState = iota
	StateAbsent
	StatePresent
	StateEach
)

// One is a key with one value, Many a multivalued key, Absent a key that is known not to be sent.
func One(v string) Value     { return Value{State: StatePresent, Values: []string{v}} }
func Many(v ...string) Value { return Value{State: StatePresent, Multi: true, Values: v} }
func Absent() Value          { return Value{State: StateAbsent} }

// OneOf is a key of which it is not known which of some values it has, or whether it is
// sent: each is tried, and what all of them lead to is the answer.
func OneOf(domain ...Value) Value { return Value{Domain: domain} }

// Each is a key that differs between the requests which a decision is about: it
// takes every value that the glob matches (as in that of a request, ${*} is a literal
// "*"). kms:EncryptionContext:aws:s3:arn is one, when the decision is for all
// objects under a prefix. It takes none of the values that the other globs match.
func Each(glob string, except ...string) Value {
	return Value{State: StateEach, Values: append([]string{glob}, except...)}
}

// Known reports whether anything is known of the key.
func (v Value) Known() bool { return v.State != StateUnknown }

// Binding is a key with its value.
type Binding struct {
	Key   string
	Value Value
}

// Known is what is known of the context keys of a request. Keys are lower case.
type Known struct {
	Context map[string]Value // as the request has them; a key that is not there is absent
	Given   []Binding        // values for keys of Context that are [Each]
	Assumed []Binding        // come before all others
}

// Lookup is what is known of a key. A key with [Each] value and nothing given is unknown.
func (k *Known) Lookup(key string) Value {
	for i := range k.Assumed {
		if k.Assumed[i].Key == key {
			return k.Assumed[i].Value
		}
	}
	v, ok := k.Context[key]
	switch {
	case !ok:
		return Value{State: StateAbsent}
	case v.State == StateEach:
		for i := range k.Given {
			if k.Given[i].Key == key {
				return k.Given[i].Value
			}
		}
		return Value{}
	}
	return v
}
