package fix

import (
	"slices"
	"strconv"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/permission"
	"crosscheck/scanner/fact"
)

// want is what must be so for findings to be gone: a right that a policy gives (grant), an
// edit of a document or setting, or what a person must decide.
type want struct {
	finding.Target
	link     string   // id, "" where it is about the bucket
	findings []string // fingerprints of the findings that it mends
	optional string   // why objects replicate without it too, "" if they do not
	advice   bool     // the findings keep no link from working

	// Exactly one of these.
	grant    *grant
	edit     *edit
	decision string // what is to decide, and why
}

// edit changes an existing document or setting: one element of a statement, or the whole text.
type edit struct {
	finding.Edit // Findings and Optional are taken from the want

	// text makes the whole text anew, from that before the edit; nil where the element gets
	// the values, or where the text becomes Values[0]. It must give the same if it is done twice.
	text func(string) (string, error)

	beside string // a remark about the condition of another statement
}

// key is the same of two edits that do the same.
func (e *edit) key() string {
	return strings.Join(slices.Concat([]string{string(e.Operation), strconv.Itoa(e.Statement), e.Element, e.Instead}, e.Values), "\x00")
}

// source finds what a document needs. It is asked again after what it wants was done, until
// nothing that it wants is new.
type source func(*state) []want

// sources are all sources, in the order in which they are asked.
var sources = []source{mend}

// state is a document with all changes so far, as it was judged with them.
type state struct {
	doc      *fact.Document
	links    []finding.Link
	findings []finding.Finding

	origins map[finding.Target][]int // of statements of policies that were changed, those before: see [plan.origins]

	policies *permission.Policies
	matrices []*permission.Matrix // of the links of the document, made as they are asked for
}

// origin is the index that a statement of a policy had before all changes; false for one that
// is new.
func (s *state) origin(t finding.Target, i int) (int, bool) {
	list, changed := s.origins[t]
	switch {
	case !changed:
		return i, true
	case i < len(list):
		return list[i], true
	}
	return 0, false
}

// matrix is what a link of the document needs, by its index there.
func (s *state) matrix(i int) *permission.Matrix {
	if s.matrices == nil {
		s.matrices = make([]*permission.Matrix, len(s.doc.Links))
	}
	if s.matrices[i] == nil {
		m := permission.Of(s.doc, &s.doc.Links[i], s.policies)
		s.matrices[i] = &m
	}
	return s.matrices[i]
}

// matrixOf is that of a link by its id; an empty one where the document has no such link.
func (s *state) matrixOf(link string) *permission.Matrix {
	if i := slices.IndexFunc(s.doc.Links, func(l fact.Link) bool { return l.ID == link }); i >= 0 {
		return s.matrix(i)
	}
	return &permission.Matrix{}
}

// verdict is that of a link, by its id.
func (s *state) verdict(link string) finding.Verdict {
	if l := linkOf(s, link); l != nil {
		return l.Verdict
	}
	return ""
}

// failing are the failing findings of a rule.
func (s *state) failing(rule string) []finding.Finding {
	var out []finding.Finding
	for _, f := range s.findings {
		if f.RuleID == rule && f.Status == finding.Fail {
			out = append(out, f)
		}
	}
	return out
}

// link is a link of the document by its id, nil if it has none.
func (s *state) link(id string) *fact.Link {
	for i := range s.doc.Links {
		if s.doc.Links[i].ID == id {
			return &s.doc.Links[i]
		}
	}
	return nil
}
