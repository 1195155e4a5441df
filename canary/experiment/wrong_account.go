package experiment

import (
	"errors"

	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

// wrongAccount asks what a wrong Destination.Account does.
var wrongAccount = Experiment{
	Name:     "wrong-account",
	Question: "What happens when Destination.Account is not the destination's owner?",
	Prepare:  "a link whose rule names an account that does not own the destination bucket",
	Puts:     "one plain object",
	Observes: "whether it arrives, and which account owns it",
	Settles:  "whether a wrong Destination.Account breaks the link at run time",
	variants: []measure.Variant{measure.Plain},
	fits: func(d *fact.Document, l *fact.Link) error {
		b := d.Buckets[l.Destination].Value
		switch {
		case l.Rule.Destination.Account == "":
			return errors.New("the rule names no account")
		case b == nil || b.AccountID == "":
			return errors.New("the destination's owner was not read")
		case b.AccountID == l.Rule.Destination.Account:
			return errors.New("the rule names the destination's owner")
		}
		return nil
	},
	conclude: func(ms []measure.Measurement) (conclusion string, answered bool) {
		owner := ""
		for _, c := range ms[0].Checks {
			if c.Name == "owner" {
				owner = "; the replica belongs to the account of the " + c.Got
				if c.Got == "" {
					owner = "; the replica's owner is as without the element"
				}
			}
		}
		return decided(ms, "a wrong Destination.Account does not keep objects from arriving"+owner,
			"a wrong Destination.Account breaks the link")
	},
}
