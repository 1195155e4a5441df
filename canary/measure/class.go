package measure

import (
	"slices"

	"crosscheck/rules/finding"
)

// Of is the verdict on the class of objects that the probes of the variant belong to; nil
// where the link promises nothing of such objects, or has no classes.
func (v Variant) Of(classes []finding.ClassVerdict) *finding.ClassVerdict {
	at := func(c finding.Class) *finding.ClassVerdict {
		i := slices.IndexFunc(classes, func(x finding.ClassVerdict) bool { return x.Class == c })
		if i < 0 {
			return nil
		}
		return &classes[i]
	}
	switch v {
	case Tagged, TagChange:
		return at(finding.Tagged)
	case DeleteMarker:
		if c := at(finding.DeleteMarker); c != nil {
			return c
		}
	case Locked:
		return at(finding.Locked)
	case DSSE:
		if c := at(finding.DSSE); c != nil {
			return c
		}
		if at(finding.SSES3) == nil { // no object under KMS is taken
			return nil
		}
	case KMS, BucketKey:
		// A probe of KMS takes the default of the bucket where that is KMS, also in two layers; the
		// class of the default has no name of its own.
		if c := at(finding.SSEKMS); c != nil && (v == BucketKey || at(finding.DSSE) != nil) {
			return c
		}
		if at(finding.SSES3) == nil { // new objects are under SSE-S3, and others are not taken
			return nil
		}
	}
	return at(finding.Default)
}
