package compare

import "crosscheck/rules/finding"

// links are those of a run.
type links struct {
	ids     map[string]bool
	sources map[string]bool // names of buckets
}

func newLinks() links { return links{map[string]bool{}, map[string]bool{}} }

func (l *links) add(v *finding.Link) {
	l.ids[v.ID], l.sources[v.Source.Bucket] = true, true
}

// vanished reports whether what a finding was about is gone: its link, or all links of the
// bucket that it was about as a whole.
func vanished(link, bucket string, was, is *links) bool {
	if link != "" {
		return was.ids[link] && !is.ids[link]
	}
	return was.sources[bucket] && !is.sources[bucket]
}
