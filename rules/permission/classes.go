package permission

import (
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
)

// Promise is a class of objects that the rule of a link promises to replicate.
type Promise struct {
	Class   finding.Class
	Counted bool // it decides the verdict of the link

	of *features
}

// Promises are the classes of the link's objects, default first. A class that there is
// only if something holds that is not known is among them.
func (m *Matrix) Promises() []Promise {
	f := &m.features
	list := make([]Promise, 0, 8)
	add := func(c finding.Class, promised bool) {
		if promised {
			list = append(list, Promise{c, c != finding.Annotated, f})
		}
	}
	add(finding.Default, true)
	for _, c := range encryptions {
		// A writer may choose it; under KMS only where the rule takes such objects.
		add(c, c != f.written && (c == finding.SSES3 || f.kms))
	}
	add(finding.Tagged, true)
	add(finding.Locked, f.objectLock != logic.False)
	add(finding.DeleteMarker, f.deleteMarkers)
	add(finding.Replica, f.modifications)
	add(finding.Annotated, true)
	return list
}

// encryptions are the classes by how an object is encrypted.
var encryptions = []finding.Class{finding.SSES3, finding.SSEKMS, finding.DSSE}

// Meets says whether the objects of the class meet a fault that objects of another class
// have. Faults of class default are those of every object.
func (p Promise) Meets(fault finding.Class) logic.Truth {
	f, class := p.of, p.Class
	if fault == class || fault == finding.Default {
		return logic.True
	}
	if class == finding.DeleteMarker {
		return logic.False // it has no tags, no retention and no key
	}
	// What the settings of bucket and rule make of every object is so for all classes.
	switch fault {
	case finding.Tagged:
		return truth(f.tagged)
	case finding.Locked:
		return f.retention
	}
	if !slices.Contains(encryptions, fault) {
		return logic.False
	}
	if !slices.Contains(encryptions, class) {
		class = f.written
	}
	switch {
	case class == "":
		return logic.Unknown
	case class == finding.DSSE && fault == finding.SSEKMS: // two layers of KMS need what one needs
		return logic.True
	}
	return truth(class == fault)
}

// Some says in words which keys a denial is about, where it is not about all, such as
// "keys outside orders/2026/"; "" where it is about every object of the class.
//
// The patterns of the policies over the request cut the keys of the rule into parts. Where
// they are all prefixes, each part is decided by itself and named; else a key is.
func (e *evaluation) some(c *Cell) string {
	if c.Result != iam.Denied || c.Witness == "" || c.butNamed {
		return ""
	}
	such := KeysSuchAs(c.WitnessKey())
	if c.Requirement.On != TheObjects {
		return such
	}
	parts, ok := e.parts(e.sideOf(c.Layer))
	if !ok || len(parts) == 0 {
		return such
	}
	var allowed, denied []string
	before := e.keys
	for _, prefix := range parts {
		e.keys = contextkey.EscapeGlob(prefix) + "*"
		switch part := e.cell(c.Requirement); {
		case part.Result == iam.Allowed:
			allowed = append(allowed, prefix)
		case part.Result == iam.Denied && (part.Witness == "" || part.butNamed):
			denied = append(denied, prefix)
		default:
			ok = false
		}
	}
	e.keys = before
	const most = 3
	switch {
	case ok && len(denied) == 0 && len(allowed) <= most:
		return "keys outside " + strings.Join(allowed, ", ")
	case ok && len(allowed) == 0 && len(denied) <= most:
		return "keys under " + strings.Join(denied, ", ")
	}
	return such
}

// KeysSuchAs are some keys in words, by one of them.
func KeysSuchAs(key string) string { return "keys such as " + key }

// parts are the prefixes by which the policies of a side and of the role tell keys of the
// rule apart, sorted; false where they use other patterns.
func (e *evaluation) parts(s *side) ([]string, bool) {
	all := s.bucketARN + "/" + e.link.Rule.Prefix
	var list []string
	for _, policies := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range policies {
			for _, info := range p.infos() {
				for _, pattern := range info.Resources {
					if strings.Contains(pattern, "${") {
						return nil, false
					}
					if match.Covers(pattern, all) || !match.Meets(pattern, all) {
						continue
					}
					prefix, ok := strings.CutPrefix(strings.TrimSuffix(pattern, "*"), s.bucketARN+"/")
					if !ok || !strings.HasSuffix(pattern, "*") || strings.ContainsAny(prefix, "*?") {
						return nil, false
					}
					if !slices.Contains(list, prefix) {
						list = append(list, prefix)
					}
				}
			}
		}
	}
	slices.Sort(list)
	return list, true
}

// WitnessKey is the key of the object that is the cell's witness, "" where it has none.
func (c *Cell) WitnessKey() string {
	_, name, _ := strings.Cut(c.Witness, ":::")
	_, key, ok := strings.Cut(name, "/")
	if !ok {
		return c.Witness
	}
	return key
}
