package client

import (
	"errors"
	"strconv"
	"testing"
)

// TestPagesEnd: a list ends, whatever the tokens of its next pages are.
func TestPagesEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		next  func(page int) string
		pages int
		want  string // "" = the whole list
	}{
		{"one page", func(int) string { return "" }, 1, ""},
		{"as many as may be", func(page int) string {
			if page == maxPages {
				return ""
			}
			return strconv.Itoa(page)
		}, maxPages, ""},
		{"the same token", func(int) string { return "again" }, 2, "a pagination token was repeated"},
		{"ever new tokens", strconv.Itoa, maxPages, "the list has more than 10000 pages"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			err := Pages(func(*string) (*string, error) {
				if asked++; asked > maxPages {
					return nil, errors.New("it goes on")
				}
				next := c.next(asked)
				return &next, nil
			})
			var got string
			if problem := (*Failure)(nil); errors.As(err, &problem) {
				got = problem.Message
			} else if err != nil {
				t.Fatal(err)
			}
			if got != c.want || asked != c.pages {
				t.Errorf("%q after %d pages, want %q after %d", got, asked, c.want, c.pages)
			}
		})
	}
}
