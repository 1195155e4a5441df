package canary

import (
	"fmt"
	"strings"

	"crosscheck/canary/measure"
)

// Variants are all variants, in the order in which they are listed.
var Variants = []measure.Variant{measure.Plain, measure.Tagged, measure.Metadata, measure.KMS, measure.Multipart, measure.DeleteMarker, measure.Overwrite, measure.TagChange, measure.NegativeControl, measure.Empty, measure.Large}

// ParseVariants reads a list of variant names; "all" is every variant, "auto"
// is nil: chosen per link.
func ParseVariants(names []string) ([]measure.Variant, error) {
	var list []measure.Variant
	for _, name := range names {
		switch known := indexOf(Variants, measure.Variant(name)); {
		case name == "auto" && len(names) == 1:
			return nil, nil
		case name == "all" && len(names) == 1:
			return Variants, nil
		case known < 0:
			return nil, fmt.Errorf("unknown variant %q: use auto, all, or some of %s", name, join(Variants))
		case indexOf(list, measure.Variant(name)) < 0:
			list = append(list, measure.Variant(name))
		}
	}
	return list, nil
}

func indexOf(list []measure.Variant, v measure.Variant) int {
	for i, w := range list {
		if v == w {
			return i
		}
	}
	return -1
}

func join(list []measure.Variant) string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = string(v)
	}
	return strings.Join(names, ", ")
}

// Auto chooses variants from the features of the link: a plain and a tagged
// object always, where the source's default is a KMS key a plain one under that
// key; the delete marker where the rule replicates them; the negative control
// where a key outside all rules exists.
func Auto(t *Target) []measure.Variant {
	list := []measure.Variant{measure.Plain}
	if e := t.Source.Encryption.Value; e != nil && strings.HasPrefix(e.Algorithm, "aws:kms") {
		list[0] = measure.KMS
	}
	if len(t.Rule.Tags) < maxTags {
		list = append(list, measure.Tagged)
	}
	if replicatesDeleteMarkers(t.Rule) {
		list = append(list, measure.DeleteMarker)
	}
	if _, err := t.outside(Folder, "", 0); err == nil {
		list = append(list, measure.NegativeControl)
	}
	return list
}
