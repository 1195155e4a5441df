package permission

import (
	"cmp"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/permission/demand"
)

// headerKey is the condition key of the header that says how a replica is encrypted; the
// names of its companions begin with it.
const headerKey = "s3:x-amz-server-side-encryption"

// appendCells decides a requirement for the objects of the link: one cell, or one for each
// class of encryption that is not allowed, where the policies tell these classes apart.
func (e *evaluation) appendCells(cells []Cell, r *demand.Requirement) []Cell {
	classes := e.encryptionsOf(r)
	if len(classes) == 0 {
		return append(cells, e.byTags(r))
	}
	defer func() { e.encryption = "" }()
	n := len(cells)
	for i, class := range classes {
		e.encryption = class
		cells = append(cells, e.byTags(r))
		if i == 0 && !e.toldApart(&cells[n]) {
			return cells
		}
	}
	own := cells[n:]
	if !slices.ContainsFunc(own[1:], func(c Cell) bool { return !own[0].saysThatOf(&c) }) {
		return cells[:n+1]
	}
	for i := range own {
		c := &own[i]
		if !c.ofTags {
			c.Class, c.Own = classes[i], slices.Contains(classes, finding.DSSE)
		}
		c.further = i > 0
		c.Asked = e.Written != "" && c.Class != e.Written && c.Class != finding.SSEKMS
	}
	own = slices.DeleteFunc(own, func(c Cell) bool { return c.Result == iam.Allowed })
	// One answer alone is the worst of what counts: denied comes last of the results.
	slices.SortStableFunc(own, func(a, b Cell) int {
		return cmp.Or(cmp.Compare(logic.Of(a.Asked), logic.Of(b.Asked)), cmp.Compare(b.Result, a.Result))
	})
	return cells[:n+len(own)]
}

// whole decides one requirement, and says of a denial which keys it is about.
func (e *evaluation) whole(r *demand.Requirement) Cell {
	e.inferredTag = false
	c := e.cell(r)
	if r.Layer != demand.Trust {
		c.Inferred = append(c.Inferred, e.inferences(e.rolePolicies, e.at.policies)...)
	}
	if e.inferredTag {
		c.Inferred = append(c.Inferred, "S3 compares the tags of the object at "+r.Action)
	}
	c.Some, c.Keys = e.some(&c)
	return c
}

// saysThatOf reports whether two cells of a requirement say the same of their objects.
func (c *Cell) saysThatOf(b *Cell) bool {
	return c.Result == b.Result && (c.Result != iam.Denied || c.Reason == b.Reason && c.Witness == b.Witness && slices.Equal(c.Deciding, b.Deciding))
}

// encryptionsOf are the classes of encryption whose objects need the requirement, that of
// new objects by default first; none where the request is the same for all.
func (e *evaluation) encryptionsOf(r *demand.Requirement) []finding.Class {
	switch {
	case !r.ByEncryption:
		return nil
	case !e.KMS: // S3 leaves out objects under KMS
		return []finding.Class{finding.SSES3}
	}
	var list []finding.Class
	if r.On != demand.TheKey {
		list = append(list, finding.SSES3)
	}
	list = append(list, finding.SSEKMS)
	written := e.Written
	switch {
	case r.Mode != demand.Either:
		list = append(list, finding.DSSE)
	case written == finding.DSSE: // it is read as one layer of KMS is
		written = finding.SSEKMS
	}
	if i := slices.Index(list, written); i > 0 {
		list = slices.Insert(slices.Delete(list, i, i+1), 0, written)
	}
	return list
}

// toldApart reports whether requests like those of a cell may have another answer for objects
// of another encryption: policies name a condition key in which they differ, or the
// alternative of the action does for some only.
func (e *evaluation) toldApart(c *Cell) bool {
	r := c.Requirement
	if r.Mode == demand.Either {
		return c.Result != iam.Allowed || c.Action != r.Action
	}
	s := e.sideOf(r.Layer)
	names := func(k string) bool { return strings.HasPrefix(k, headerKey) }
	if r.On == demand.TheKey {
		if e.allBucketKeys() == logic.False {
			return false
		}
		names = func(k string) bool { return k == contextKey }
	}
	for _, list := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range list {
			if slices.ContainsFunc(p.Keys, names) {
				return true
			}
		}
	}
	return false
}

// header is a condition key of how a replica is encrypted, for the class at hand.
func (e *evaluation) header(key string) contextkey.Value {
	switch key {
	case headerKey:
		switch e.encryption {
		case finding.SSES3:
			return contextkey.OneOf(contextkey.Absent(), contextkey.One("AES256"))
		case finding.SSEKMS:
			return contextkey.One("aws:kms")
		case finding.DSSE:
			return contextkey.One("aws:kms:dsse")
		}
	case headerKey + "-aws-kms-key-id":
		replicaKey := cmp.Or(e.link.Rule.Destination.ReplicaKMSKeyID, e.link.ReplicaKey)
		switch {
		case e.encryption == finding.SSES3:
			return contextkey.Absent()
		case e.encryption != "" && strings.Contains(replicaKey, ":key/"): // an alias may be sent as written or resolved
			return contextkey.One(replicaKey)
		}
	}
	return contextkey.Value{}
}

// encryptionContexts are the values of the encryption context to decide for; the first for
// all objects below it.
// With a bucket key the context is the bucket's ARN; two layers of KMS have none.
// Where only one end has it on, AWS's pages do not agree on which context is sent.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html#bucket-key-changes
func (e *evaluation) encryptionContexts(s *side) []string {
	objects := s.bucketARN + "/" + e.link.Rule.Prefix
	switch on := e.allBucketKeys(); {
	case on == logic.False || e.encryption == finding.DSSE:
		return []string{objects}
	case on == logic.True:
		return []string{s.bucketARN}
	}
	return []string{objects, s.bucketARN}
}
