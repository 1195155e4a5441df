package canary

import (
	"fmt"
	"strings"
)

// Variant is a kind of probe.
type Variant string

const (
	Plain           Variant = "plain"            // one small object
	Tagged          Variant = "tagged"           // with a tag beside those of the filter
	Metadata        Variant = "metadata"         // with user metadata and a content type
	KMS             Variant = "kms"              // encrypted with the source bucket's default key
	Multipart       Variant = "multipart"        // uploaded in two parts
	DeleteMarker    Variant = "delete-marker"    // deleted after it arrived; the marker must arrive, or must not, as the rule says
	Overwrite       Variant = "overwrite"        // two versions of one key
	TagChange       Variant = "tag-change"       // tags changed after the object arrived
	NegativeControl Variant = "negative-control" // a key outside every rule, which must not arrive
	Empty           Variant = "empty"            // zero bytes
	Large           Variant = "large"            // Options.Size bytes
)

// Variants are all variants, in the order in which they are listed.
var Variants = []Variant{Plain, Tagged, Metadata, KMS, Multipart, DeleteMarker, Overwrite, TagChange, NegativeControl, Empty, Large}

// ParseVariants reads a list of variant names; "all" is every variant, "auto"
// is nil: chosen per link.
func ParseVariants(names []string) ([]Variant, error) {
	var list []Variant
	for _, name := range names {
		switch known := indexOf(Variants, Variant(name)); {
		case name == "auto" && len(names) == 1:
			return nil, nil
		case name == "all" && len(names) == 1:
			return Variants, nil
		case known < 0:
			return nil, fmt.Errorf("unknown variant %q: use auto, all, or some of %s", name, join(Variants))
		case indexOf(list, Variant(name)) < 0:
			list = append(list, Variant(name))
		}
	}
	return list, nil
}

func indexOf(list []Variant, v Variant) int {
	for i, w := range list {
		if v == w {
			return i
		}
	}
	return -1
}

func join(list []Variant) string {
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
func Auto(t *Target) []Variant {
	list := []Variant{Plain}
	if e := t.Source.Encryption.Value; e != nil && strings.HasPrefix(e.Algorithm, "aws:kms") {
		list[0] = KMS
	}
	if len(t.Rule.Tags) < maxTags {
		list = append(list, Tagged)
	}
	if replicatesDeleteMarkers(t.Rule) {
		list = append(list, DeleteMarker)
	}
	if _, err := t.outside(Folder, "", 0); err == nil {
		list = append(list, NegativeControl)
	}
	return list
}
