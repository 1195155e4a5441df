package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

// multipart asks what replicas of uploads in parts have in common with their source.
var multipart = Experiment{
	Name:     "multipart",
	Question: "Which properties of a multipart upload are the same on the replica: checksum, ETag, parts?",
	Prepare:  "any link that works",
	Puts: "one object in two parts with a full-object CRC64NVME, and one with a SHA-256 of parts " +
		"(composite)",
	Observes: "checksum and its type, ETag and number of parts at both ends",
	Settles:  "how far replicas of multipart uploads can be compared without reading them",
	variants: []measure.Variant{measure.Multipart, measure.Composite},
	fits:     func(*fact.Document, *fact.Link) error { return nil },
	conclude: func(ms []measure.Measurement) (conclusion string, answered bool) {
		var said []string
		for _, m := range ms {
			if m.Outcome != measure.Arrived && m.Outcome != measure.Differs {
				return "not every object arrived", false
			}
			for _, c := range m.Checks {
				if slices.Contains([]string{"checksum", "etag", "parts", "body"}, c.Name) {
					s := fmt.Sprintf("%s %s: %s", m.Variant, c.Name, c.Result)
					if c.Want != "" || c.Got != "" {
						s += fmt.Sprintf(" (source %s, replica %s)", cmp.Or(c.Want, "none"), cmp.Or(c.Got, "none"))
					}
					said = append(said, s)
				}
			}
		}
		return strings.Join(said, "; "), len(said) > 0
	},
}
