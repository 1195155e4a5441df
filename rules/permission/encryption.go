package permission

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/principal"
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
	list = slices.DeleteFunc(list, func(c finding.Class) bool { return slices.Contains(e.notWritten(), c) })
	if i := slices.Index(list, written); i > 0 {
		list = slices.Insert(slices.Delete(list, i, i+1), 0, written)
	}
	return list
}

// againstTheDefault are the classes that writers must ask for, by the header that asks for them.
var againstTheDefault = []struct {
	class  finding.Class
	header string
}{{finding.SSES3, "AES256"}, {finding.DSSE, "aws:kms:dsse"}}

// notWritten are the classes of encryption that the policies over the source deny every writer
// who asks for them against a default of KMS.
func (e *evaluation) notWritten() []finding.Class {
	if e.unwritten != nil {
		return e.unwritten
	}
	e.unwritten = []finding.Class{}
	if !e.KMS || e.DefaultKMS == "" {
		return e.unwritten
	}
	s := e.sideOf(demand.Source)
	if !slices.ContainsFunc(s.policies, func(p *Policy) bool { return slices.Contains(p.Keys, headerKey) }) {
		return e.unwritten
	}
	for _, x := range againstTheDefault {
		if x.class != e.Written && e.deniesWriters(s, x.header) {
			e.unwritten = append(e.unwritten, x.class)
		}
	}
	return e.unwritten
}

// deniesWriters reports whether policies over the source deny all writers the value of the
// header, for every object of the rule and whatever else is true of their requests.
func (e *evaluation) deniesWriters(s *side, header string) bool {
	context := map[string]contextkey.Value{}
	for _, p := range s.policies {
		for _, k := range p.Keys {
			context[k] = contextkey.Value{}
		}
		for _, st := range p.infos() {
			if st.NotPrincipal {
				return false // which spares some
			}
		}
	}
	context[headerKey] = contextkey.One(header)
	in := iam.Input{
		Identity: iam.Policies(allowAll.identity), Boundary: iam.Policies(), Session: iam.Policies(), SCPs: iam.NotApplicable(),
		RCPs: s.in.RCPs, Resource: s.in.Resource, Grants: logic.False, RestrictPublicBuckets: logic.False,
	}
	writers, ok := e.anyWriters(s)
	for _, writer := range writers {
		d := iam.Decide(&iam.Request{
			Principal: writer, Action: "s3:PutObject", Resource: s.bucketARN + "/" + e.keys, ResourceIsGlob: true, Except: s.except,
			ResourceAccount: s.account, Context: context,
		}, &in)
		if d.Reason != iam.ReasonExplicitDeny || d.Witness != "" {
			return false
		}
	}
	return ok
}

// anyWriters stand for all who may write: of the account of the source, of another one, and a
// service. What tells them from others of their kind is not known of their requests. It is
// false where the account is not known.
func (e *evaluation) anyWriters(s *side) (writers []principal.Caller, ok bool) {
	writers = []principal.Caller{principal.Service("crosscheck.amazonaws.com")}
	for _, account := range []string{s.account, "000000000000"} {
		p, err := principal.Parse(fmt.Sprintf("arn:%s:iam::%s:user/crosscheck", e.doc.Partition, account))
		if err != nil {
			return nil, false
		}
		writers = append(writers, p)
	}
	return writers, true
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
