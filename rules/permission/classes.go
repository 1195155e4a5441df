package permission

import (
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam/logic"
)

// Promise is a class of objects that the rule of a link promises to replicate.
type Promise struct {
	Class   finding.Class
	Counted bool // it decides the verdict of the link

	of *Matrix
}

// Promises are the classes of the link's objects, default first. A class that there is
// only if something holds that is not known is among them.
func (m *Matrix) Promises() []Promise {
	f := &m.features
	list := make([]Promise, 0, 8)
	add := func(c finding.Class, promised bool) {
		if promised {
			list = append(list, Promise{c, c != finding.Annotated && (c != finding.DSSE || c == f.Written), m})
		}
	}
	add(finding.Default, true)
	for _, c := range encryptions {
		// A writer may choose it; under KMS only where the rule takes such objects.
		add(c, c != f.Written && (c == finding.SSES3 || f.KMS) && !slices.Contains(m.unwritten, c))
	}
	add(finding.Tagged, true)
	add(finding.Locked, f.ObjectLock != logic.False)
	add(finding.DeleteMarker, f.DeleteMarkers)
	add(finding.Replica, f.Modifications)
	add(finding.Annotated, true)
	return list
}

// encryptions are the classes by how an object is encrypted.
var encryptions = []finding.Class{finding.SSES3, finding.SSEKMS, finding.DSSE}

// Meets says whether the objects of the class meet a fault that objects of another class
// have. Faults of class default are those of every object.
func (p Promise) Meets(fault finding.Class, own bool) logic.Truth {
	f, class := &p.of.features, p.Class
	if fault == class || fault == finding.Default {
		return logic.True
	}
	if class == finding.DeleteMarker {
		return logic.False // it has no tags, no retention and no key
	}
	// What the settings of bucket and rule make of every object is so for all classes.
	switch {
	case own && fault == finding.Tagged:
		return logic.False // it is about tags that the rule does not ask for
	case own && fault == finding.Locked && class != finding.Tagged:
		return logic.False
	case fault == finding.Tagged:
		return logic.Of(f.Tagged)
	case fault == finding.Locked:
		return f.Retention
	}
	if !slices.Contains(encryptions, fault) {
		return logic.False
	}
	if !slices.Contains(encryptions, class) {
		class = f.Written
	}
	switch {
	case class == "":
		return logic.Unknown
	case class == finding.DSSE && fault == finding.SSEKMS && !own: // two layers of KMS need what one needs
		return logic.True
	}
	return logic.Of(class == fault)
}

// WitnessKey is the key of the object that is the cell's witness, "" where it has none.
func (c *Cell) WitnessKey() string {
	if c.ofTags && !strings.HasPrefix(c.Witness, "arn:") {
		return c.Witness
	}
	_, name, _ := strings.Cut(c.Witness, ":::")
	_, key, ok := strings.Cut(name, "/")
	if !ok {
		return c.Witness
	}
	return key
}
