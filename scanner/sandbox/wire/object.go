package wire

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Object is a JSON or Query answer under construction; nil values are left out.
type Object map[string]any

// Optional is a string member, or nothing when it is empty.
func Optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// TagList is a tag set in the order of its keys.
func TagList(tags map[string]string, key, value string) []Object {
	var all []Object
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, Object{key: k, value: tags[k]})
	}
	return all
}

// Page cuts a page of at most limit out of a list. The token is the position of
// the next item; a token that this list cannot have given is refused by ok=false.
func Page[T any](all []T, token string, limit int) (items []T, next string, ok bool) {
	start := 0
	if token != "" {
		var err error
		if start, err = strconv.Atoi(token); err != nil || start <= 0 || start >= len(all) {
			return nil, "", false
		}
	}
	end := min(start+limit, len(all))
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	return all[start:end], next, true
}

// Epoch is a time of the JSON protocols: seconds with three decimals.
func Epoch(t time.Time) json.Number {
	return json.Number(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64))
}
