package spool_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"crosscheck/report/internal/spool"
)

type item struct {
	Name string
	N    int
}

// byName sorts items by name, and keeps so many bytes in memory.
func byName(limit int) *spool.Spool[item] {
	return &spool.Spool[item]{
		Key: func(v *item) []string { return []string{v.Name} },
		Encode: func(b *bytes.Buffer, v *item) error {
			b.Reset()
			return json.NewEncoder(b).Encode(v)
		},
		Decode: func(d *json.Decoder) (*item, error) {
			v := &item{}
			return v, d.Decode(v)
		},
		Limit: limit,
	}
}

// Items are in the order of their keys, and those of one key in the order of their
// content, in memory, on disk, and partly on each.
func TestOrder(t *testing.T) {
	t.Parallel()
	in := []item{{"b", 2}, {"a", 3}, {"b", 1}, {"", 5}, {"a", 1}, {"ab", 0}, {"a", 2}, {"b", 3}}
	want := []item{{"", 5}, {"a", 1}, {"a", 2}, {"a", 3}, {"ab", 0}, {"b", 1}, {"b", 2}, {"b", 3}}
	for _, limit := range []int{1, 200, 300, 0} {
		s := byName(limit)
		defer s.Close()
		for i := range in {
			if err := s.Add(&in[i]); err != nil {
				t.Fatal(err)
			}
		}
		var got []item
		var texts int
		for range 2 { // it may be walked again
			got = nil
			if err := s.Each(func(v *item) error {
				got = append(got, *v)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Texts(func(b []byte) error {
			if doc, _ := json.Marshal(want[texts]); !bytes.Equal(b, doc) {
				t.Errorf("limit %d: text %d is %s, want %s", limit, texts, b, doc)
			}
			texts++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) || texts != len(want) || s.Len() != len(want) {
			t.Errorf("limit %d: %v, want %v", limit, got, want)
		}
	}
}

// An error of the function ends the walk, from memory and from disk.
func TestWalkEnds(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left")
	for _, limit := range []int{0, 1} {
		s := byName(limit)
		defer s.Close()
		for _, name := range []string{"a", "b"} {
			if err := s.Add(&item{Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		each := s.Each(func(*item) error { n++; return full })
		texts := s.Texts(func([]byte) error { n++; return full })
		if !errors.Is(each, full) || !errors.Is(texts, full) || n != 2 {
			t.Errorf("limit %d: %v, %v after %d calls", limit, each, texts, n)
		}
	}
}

func ExampleTop() {
	first := spool.Top[string]{N: 2}
	first.Add(3, "low")
	first.Add(1, "high")
	first.Add(0, "critical")
	first.Add(1, "high too")
	fmt.Println(first.List(), "of", first.All)
	// Output: [critical high] of 4
}
