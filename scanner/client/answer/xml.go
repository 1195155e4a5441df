package answer

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
)

// namespaces are those of the documents of the services, and of attributes in them.
var namespaces = []string{
	"http://s3.amazonaws.com/doc/2006-03-01/", "http://awss3control.amazonaws.com/doc/2018-08-20/",
	"https://iam.amazonaws.com/doc/2010-05-08/", "https://sts.amazonaws.com/doc/2011-06-15/",
	"http://www.w3.org/2001/XMLSchema-instance",
}

// readXML reads a document by its table, while it comes.
func (r *reader) readXML(root *node) error {
	d := xml.NewDecoder(r)
	start, err := r.first(d)
	if err != nil {
		return err
	}
	if start.Name.Local != root.name && !r.profile.isRoot(r.x.API, start.Name.Local) {
		return malformed("%s is answered with a document %s, not %s", r.x.API, quote(start.Name.Local), root.name)
	}
	if err := r.attributes(root, root.name, start); err != nil {
		return err
	}
	if err := r.element(d, root, root.name, start.Name, 1); err != nil {
		return err
	}
	for { // nothing but blanks and comments may follow
		token, err := d.RawToken()
		switch t := token.(type) {
		case nil:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return r.broken(err)
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return malformed("%s goes on after its document", r.subject)
			}
		case xml.StartElement, xml.EndElement, xml.Directive:
			return malformed("%s goes on after its document", r.subject)
		}
	}
}

// first is the root element.
func (r *reader) first(d *xml.Decoder) (xml.StartElement, error) {
	for {
		token, err := d.RawToken()
		if err != nil {
			return xml.StartElement{}, r.broken(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			return t, nil
		case xml.EndElement:
			return xml.StartElement{}, r.broken(io.ErrUnexpectedEOF)
		case xml.CharData:
			if strings.TrimSpace(strings.TrimPrefix(string(t), "\ufeff")) != "" {
				return xml.StartElement{}, r.broken(errors.New("text before the document"))
			}
		case xml.Directive:
			return xml.StartElement{}, malformed("%s is answered with a document that declares a type of its own, as web pages do", r.x.API)
		}
	}
}

// broken is the error of a document that cannot be read to its end.
func (r *reader) broken(err error) error { return unreadable("XML", err) }

// unreadable is what stopped the reading of a document: a bound, the end of the connection,
// or damage.
func unreadable(kind string, err error) error {
	var bound *Error
	var off *brokenOff
	switch {
	case errors.As(err, &bound):
		return bound
	case errors.As(err, &off):
		return off
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return damaged(kind, err)
}

// attributes refuses attributes that are not known, where they could decide.
func (r *reader) attributes(n *node, path string, start xml.StartElement) error {
	if start.Name.Space != "" {
		return notUnderstood("%s has %s of another namespace", r.subject, path)
	}
	for i, a := range start.Attr {
		for _, before := range start.Attr[:i] {
			if before.Name == a.Name {
				return malformed("%s has the attribute %s of %s more than once", r.subject, quote(a.Name.Local), path)
			}
		}
		switch {
		case a.Name.Local == "xmlns" && a.Name.Space == "", a.Name.Space == "xmlns":
			if !slices.Contains(namespaces, a.Value) && !r.profile.anyNamespace {
				return malformed("%s is answered with a document of the namespace %s", r.x.API, quote(a.Value))
			}
		case a.Name.Space == "xsi":
		case !n.open:
			return notUnderstood("%s has the attribute %s of %s, which this version does not know", r.subject, quote(a.Name.Local), path)
		}
	}
	return nil
}

// element reads what is in an element, and its end.
func (r *reader) element(d *xml.Decoder, n *node, path string, name xml.Name, depth int) error {
	if depth > maxDepth {
		return malformed("%s has elements more than %d deep", r.subject, maxDepth)
	}
	in := newContents(n)
	r.text = r.text[:0] // a leaf has nothing in it that has text of its own
	for {
		token, err := d.RawToken()
		if err != nil {
			return r.broken(err)
		}
		switch t := token.(type) {
		case xml.EndElement:
			if t.Name != name {
				return r.broken(errors.New("the end of " + quote(t.Name.Local) + " where " + n.name + " should end"))
			}
			if n.leaf {
				return r.checkValue(n, path, string(r.text))
			}
			return r.complete(n, path, in)
		case xml.CharData:
			switch {
			case n.leaf:
				r.text = append(r.text, t...)
			case !n.open && len(bytes.TrimSpace(t)) > 0:
				return malformed("%s has text in %s: %s", r.subject, path, quote(string(t)))
			}
		case xml.Directive:
			return malformed("%s holds a declaration in the middle", r.subject)
		case xml.StartElement:
			if err := r.child(d, n, path, t, in, depth); err != nil {
				return err
			}
		}
	}
}

func (r *reader) child(d *xml.Decoder, n *node, path string, start xml.StartElement, in contents, depth int) error {
	c, other := n.find(start.Name.Local)
	if c == nil {
		if err := r.unknown(n, path, start.Name.Local, other); err != nil {
			return err
		}
		return r.element(d, ignored, path, start.Name, depth+1)
	}
	below := path + "/" + c.name
	if err := r.attributes(c, below, start); err != nil {
		return err
	}
	if err := r.more(c, below, &in.count[slices.Index(n.children, c)]); err != nil {
		return err
	}
	if err := r.element(d, c, below, start.Name, depth+1); err != nil {
		return err
	}
	in.keep(n, c, r.last)
	return nil
}

// ignored is an element that is not known and decides nothing, with all that is in it.
var ignored = &node{name: "it", open: true, quiet: true}
