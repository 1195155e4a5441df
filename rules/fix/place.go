package fix

// place finds the place for a right: the statement that comes nearest to giving it, or else a new one.
func (f *finder) place(s *subject, w *want) bool {
	p := f.planOf(s, w.Target)
	if p == nil {
		return false
	}
	did, err := p.add(w)
	if err != nil {
		s.open.add(w.Target, w.link, "the change that is needed cannot be made: "+err.Error(), w.findings...)
	}
	return did
}
