package newlink

import "crosscheck/scanner/fact"

// Before is the document that a link is judged on, without its changes.
func Before(l Link) (*fact.Document, error) {
	l, err := l.complete()
	return l.before(), err
}
