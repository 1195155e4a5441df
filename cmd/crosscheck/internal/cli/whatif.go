package cli

import (
	"errors"
	"fmt"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/text"
)

// whatIfOf reads the documents of --with; nil where there are none.
func whatIfOf(with []string, facts, history string) (*audit.WhatIf, error) {
	switch {
	case len(with) == 0:
		return nil, nil
	case facts == "":
		return nil, audit.WithoutFacts()
	case history != "":
		return nil, usererr.Hint(errors.New("--with and --history exclude each other"), "a history is of what AWS had")
	}
	return audit.NewWhatIf(with)
}

// printReversals says which links the documents of --with change.
func printReversals(s *terminal.Streams, w *audit.WhatIf) {
	if w == nil {
		return
	}
	links, all := w.Reversals()
	for _, l := range links {
		fmt.Fprintln(s.Err, text.Visible(l.String()))
	}
	changed := 0
	for _, l := range links {
		if l.Was != l.Is {
			changed++
		}
	}
	fmt.Fprintf(s.Err, "Changed verdicts: %d of %s of source buckets that these documents concern.\n", changed, text.Count(all, "link"))
}
