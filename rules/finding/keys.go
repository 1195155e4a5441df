package finding

import (
	"slices"
	"strings"
)

// Keys are keys of objects that fail where others of their class arrive: all under some
// prefixes, all but those under some prefixes, or such as one that is named.
type Keys struct {
	Under   []string `json:"under,omitempty"`
	Outside []string `json:"outside,omitempty"` // and under Within
	Within  string   `json:"within,omitempty"`  // the prefix of the replication rule
	// SuchAs is one of them, where prefixes do not describe them: a key, or the tags of an object
	// in words. Patterns are those by which policies tell them from others.
	SuchAs   string   `json:"such_as,omitempty"`
	Patterns []string `json:"patterns,omitempty"`
}

// String says which keys in words: "keys outside orders/2026/".
func (k *Keys) String() string {
	switch {
	case len(k.Outside) > 0:
		return "keys outside " + strings.Join(k.Outside, ", ")
	case len(k.Under) > 0:
		return "keys under " + strings.Join(k.Under, ", ")
	}
	return "keys such as " + k.SuchAs
}

// Equal reports whether both are said in the same way.
func (k *Keys) Equal(o *Keys) bool {
	return slices.Equal(k.Under, o.Under) && slices.Equal(k.Outside, o.Outside) && k.Within == o.Within &&
		k.SuchAs == o.SuchAs && slices.Equal(k.Patterns, o.Patterns)
}

// AmongKeys reports whether it is certain that all of some keys are among others: false where
// that is not known.
func AmongKeys(some, others []Keys) bool {
	return !slices.ContainsFunc(some, func(k Keys) bool { return !k.among(others) })
}

func (k *Keys) among(others []Keys) bool {
	if slices.ContainsFunc(others, func(o Keys) bool { return k.Equal(&o) }) {
		return true
	}
	if k.SuchAs != "" {
		return false
	}
	if len(k.Outside) > 0 {
		return slices.ContainsFunc(others, func(o Keys) bool { return k.outsideIn(&o, others) })
	}
	return !slices.ContainsFunc(k.Under, func(prefix string) bool { return !underIn(prefix, others) })
}

// outsideIn reports whether all keys outside of prefixes are outside of those of another, or
// under the prefixes of one of the others.
func (k *Keys) outsideIn(o *Keys, others []Keys) bool {
	if len(o.Outside) == 0 || !strings.HasPrefix(k.Within, o.Within) {
		return false
	}
	return !slices.ContainsFunc(o.Outside, func(prefix string) bool {
		return !slices.ContainsFunc(k.Outside, func(p string) bool { return strings.HasPrefix(prefix, p) }) && !underIn(prefix, others)
	})
}

// underIn reports whether all keys with a prefix are among some.
func underIn(prefix string, some []Keys) bool {
	return slices.ContainsFunc(some, func(o Keys) bool {
		if slices.ContainsFunc(o.Under, func(u string) bool { return strings.HasPrefix(prefix, u) }) {
			return true
		}
		return len(o.Outside) > 0 && strings.HasPrefix(prefix, o.Within) && !slices.ContainsFunc(o.Outside, func(p string) bool {
			return strings.HasPrefix(prefix, p) || strings.HasPrefix(p, prefix)
		})
	})
}
