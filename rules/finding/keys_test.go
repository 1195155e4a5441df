package finding

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAmongKeys(t *testing.T) {
	t.Parallel()
	under := func(prefixes ...string) Keys { return Keys{Under: prefixes} }
	outside := func(within string, prefixes ...string) Keys { return Keys{Within: within, Outside: prefixes} }
	for name, c := range map[string]struct {
		some, others []Keys
		want         bool
	}{
		"the same":                      {[]Keys{under("a/"), outside("", "b/")}, []Keys{outside("", "b/"), under("a/")}, true},
		"under a longer prefix":         {[]Keys{under("a/b/")}, []Keys{under("a/")}, true},
		"under a shorter prefix":        {[]Keys{under("a/")}, []Keys{under("a/b/")}, false},
		"under one prefix more":         {[]Keys{under("a/", "b/")}, []Keys{under("a/")}, false},
		"under prefixes of two":         {[]Keys{under("a/", "b/")}, []Keys{under("a/"), under("b/")}, true},
		"under, outside of another":     {[]Keys{under("a/")}, []Keys{outside("", "b/")}, true},
		"under, in part outside":        {[]Keys{under("a/")}, []Keys{outside("", "a/b/")}, false},
		"under what is kept":            {[]Keys{under("a/b/")}, []Keys{outside("", "a/")}, false},
		"under, outside of the rule":    {[]Keys{under("a/")}, []Keys{outside("c/", "c/b/")}, false},
		"outside of more":               {[]Keys{outside("", "a/", "b/")}, []Keys{outside("", "a/")}, true},
		"outside of fewer":              {[]Keys{outside("", "a/")}, []Keys{outside("", "a/", "b/")}, false},
		"outside of fewer, under which": {[]Keys{outside("", "a/")}, []Keys{outside("", "a/", "b/"), under("b/")}, true},
		"outside, of a wider rule":      {[]Keys{outside("", "a/b/")}, []Keys{outside("a/", "a/b/")}, false},
		"outside, of a narrower rule":   {[]Keys{outside("a/", "a/b/")}, []Keys{outside("", "a/b/")}, true},
		"outside, now under":            {[]Keys{outside("", "a/")}, []Keys{under("b/")}, false},
		"such as the same":              {[]Keys{{SuchAs: "k", Patterns: []string{"p"}}}, []Keys{{SuchAs: "k", Patterns: []string{"p"}}}, true},
		"such as the same, otherwise":   {[]Keys{{SuchAs: "k", Patterns: []string{"p"}}}, []Keys{{SuchAs: "k", Patterns: []string{"q"}}}, false},
		"such as, now outside":          {[]Keys{outside("", "keep/")}, []Keys{{SuchAs: "tmp/one.txt"}}, false},
		"none":                          {nil, []Keys{under("a/")}, true},
	} {
		if got := AmongKeys(c.some, c.others); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Where some keys are said to be among others, no key is in the first and not in the others.
func TestAmongKeysIsCertain(t *testing.T) {
	t.Parallel()
	text := rapid.StringOfN(rapid.RuneFrom([]rune("ab/")), 0, 4, -1)
	prefixes := rapid.SliceOfN(text, 1, 2)
	keys := rapid.Custom(func(t *rapid.T) Keys {
		if rapid.Bool().Draw(t, "under") {
			return Keys{Under: prefixes.Draw(t, "prefixes")}
		}
		return Keys{Within: text.Draw(t, "within"), Outside: prefixes.Draw(t, "prefixes")}
	})
	lists := rapid.SliceOfN(keys, 1, 3)
	has := func(list []Keys, key string) bool {
		starts := func(prefixes []string) bool {
			for _, p := range prefixes {
				if strings.HasPrefix(key, p) {
					return true
				}
			}
			return false
		}
		for _, k := range list {
			if starts(k.Under) || len(k.Outside) > 0 && strings.HasPrefix(key, k.Within) && !starts(k.Outside) {
				return true
			}
		}
		return false
	}
	rapid.Check(t, func(t *rapid.T) {
		some, others, key := lists.Draw(t, "some"), lists.Draw(t, "others"), rapid.StringOfN(rapid.RuneFrom([]rune("ab/")), 0, 8, -1).Draw(t, "key")
		if AmongKeys(some, others) && has(some, key) && !has(others, key) {
			t.Fatalf("%q is in %+v and not in %+v", key, some, others)
		}
	})
}
