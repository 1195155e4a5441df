package canary

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/canary/measure"
)

// variant is how the probes of one kind are made. Each has a file of its own.
type variant struct {
	name measure.Variant
	// place chooses key and tags of probe n of a run. The key is returned with an
	// error too.
	place func(t *Target, folder, run string, n int) (key string, tags map[string]string, err error)
	// shape changes the object of a plain probe into that of this variant, or reports
	// why the link cannot have one.
	shape func(*object, *Target, Options) error
	// observe watches after the PUT, and sets the outcome of the measurement.
	observe func(*probe, context.Context)
}

// variants are all variants, in the order in which they are listed.
var variants = []variant{
	plain, tagged, withMetadata, kms, dsse, locked, multipart, deleteMarker, overwrite, tagChange, negativeControl, empty, large,
}

// experimental are variants that only experiments put.
var experimental = []variant{bucketKey, composite, sseC}

// asPlain is the shape of variants whose object is that of a plain probe.
func asPlain(*object, *Target, Options) error { return nil }

// variantOf finds a variant by its name, nil if there is none.
func variantOf(name measure.Variant) *variant {
	for _, list := range [][]variant{variants, experimental} {
		for i := range list {
			if list[i].name == name {
				return &list[i]
			}
		}
	}
	return nil
}

// Variants are the names of all variants but those of experiments, in the order in
// which they are listed.
func Variants() []measure.Variant {
	names := make([]measure.Variant, len(variants))
	for i, v := range variants {
		names[i] = v.name
	}
	return names
}

// ParseVariants reads a list of variant names. The one name "all" is every variant but
// locked, which only some buckets can have; "auto" gives nil, for the choice of [Auto].
func ParseVariants(names []string) ([]measure.Variant, error) {
	var list []measure.Variant
	for _, name := range names {
		v := measure.Variant(name)
		switch {
		case name == "auto" && len(names) == 1:
			return nil, nil
		case name == "all" && len(names) == 1:
			return slices.DeleteFunc(Variants(), func(v measure.Variant) bool { return v == measure.Locked }), nil
		case !slices.Contains(Variants(), v):
			return nil, fmt.Errorf("unknown variant %q: use auto, all, or some of %s", name, JoinVariants(Variants()))
		case !slices.Contains(list, v):
			list = append(list, v)
		}
	}
	return list, nil
}

// JoinVariants lists names of variants for people.
func JoinVariants(list []measure.Variant) string {
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
	if encryptsWithKMS(t) {
		list[0] = measure.KMS
	}
	if len(t.Rule.Tags) < maxTags {
		list = append(list, measure.Tagged)
	}
	if replicatesDeleteMarkers(t.Rule) {
		list = append(list, measure.DeleteMarker)
	}
	if _, _, err := t.outsideRules(Folder, "", 0); err == nil {
		list = append(list, measure.NegativeControl)
	}
	return list
}

// encryptsWithKMS reports whether the source bucket's default is a KMS key.
func encryptsWithKMS(t *Target) bool {
	e := t.Source.Encryption.Value
	return e != nil && strings.HasPrefix(e.Algorithm, "aws:kms")
}

// withProbeTag adds the canary's own tag to some tags. It is false where an object
// has no room for one more.
func withProbeTag(tags map[string]string, run string) (map[string]string, bool) {
	if len(tags) >= maxTags {
		return nil, false
	}
	more := map[string]string{}
	maps.Copy(more, tags)
	more[probeTag] = run
	return more, true
}
