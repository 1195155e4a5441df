package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// object is a JSON or Query answer under construction; nil values are left out.
type object map[string]any

// optional is a string member, or nothing when it is empty.
func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// tagList is a tag set in the order of its keys.
func tagList(tags map[string]string, key, value string) []object {
	var all []object
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, object{key: k, value: tags[k]})
	}
	return all
}

// page cuts a page of at most limit out of a list. The token is the position of
// the next item; a token that this list cannot have given is refused by ok=false.
func page[T any](all []T, token string, limit int) (items []T, next string, ok bool) {
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

// epoch is a time of the JSON protocols: seconds with three decimals.
func epoch(t time.Time) json.Number {
	return json.Number(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64))
}
