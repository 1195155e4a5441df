package contextkey

import "strings"

// Tag is a tag as a condition key, whose name is compared without case.
func Tag(tags map[string]string, name string) Value {
	out, found := Absent(), 0
	for k, v := range tags {
		if strings.EqualFold(k, name) {
			out = One(v)
			found++
		}
	}
	if found > 1 {
		return Value{} // tags that differ in case only
	}
	return out
}

// NonEmpty is a key with one value, unknown if that is empty.
func NonEmpty(s string) Value {
	if s == "" {
		return Value{}
	}
	return One(s)
}
