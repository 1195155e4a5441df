package fact

import "strings"

// NamesTags reports over which ends of a link a policy names a tag of a bucket, as
// aws:ResourceTag/… or s3:BucketTag/….
func (d *Document) NamesTags(l *Link) (source, destination bool) {
	role := false
	if r := d.Roles[l.RoleARN].Value; r != nil {
		role = nameTags(r.Inline) || nameTags(r.Attached) || r.Boundary.Value != nil && namesTag(r.Boundary.Value.Document) ||
			levelsNameTags(d.Accounts[r.AccountID].SCPs)
	}
	over := func(b *Bucket) bool {
		return role || b.Policy.Value != nil && namesTag(b.Policy.Value.Document) || levelsNameTags(d.Accounts[b.AccountID].RCPs)
	}
	to := d.Buckets[l.Destination].Value
	return over(&d.Bucket), to != nil && over(to)
}

func levelsNameTags(levels Fact[[]PolicyLevel]) bool {
	if levels.Value == nil {
		return false
	}
	for i := range *levels.Value {
		if nameTags(Fact[[]Policy]{Value: &(*levels.Value)[i].Policies}) {
			return true
		}
	}
	return false
}

func nameTags(policies Fact[[]Policy]) bool {
	if policies.Value == nil {
		return false
	}
	for _, p := range *policies.Value {
		if namesTag(p.Document) {
			return true
		}
	}
	return false
}

// namesTag reports whether the text of a policy names one of the condition keys, or may:
// JSON can write every letter as a number.
func namesTag(document string) bool {
	for rest := document; ; {
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			return strings.Contains(document, `\u`)
		}
		before := strings.TrimSuffix(rest[:i], `\`)
		for _, key := range []string{":resourcetag", ":buckettag"} {
			if n := len(before) - len(key); n >= 0 && strings.EqualFold(before[n:], key) {
				return true
			}
		}
		rest = rest[i+1:]
	}
}
