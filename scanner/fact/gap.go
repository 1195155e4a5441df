package fact

import (
	"cmp"
	"fmt"
)

// NotRead is the code of a gap where AWS was not asked.
const NotRead = "NotRead"

const notAsked = "AWS was not asked for it"

// Why is the gap of the fact where it is not known, else nil. Where AWS was not asked,
// the gap is a new one with these names.
func (f Fact[T]) Why(account, resource, name string) *Gap {
	return f.State().Why(account, resource, name)
}

// Why is [Fact.Why] of a fact of any type.
func (s State) Why(account, resource, name string) *Gap {
	switch {
	case s.Known():
		return nil
	case s.Gap != nil:
		return s.Gap
	}
	return &Gap{AccountID: account, Resource: resource, Fact: name, Code: NotRead, Message: notAsked}
}

// String is the gap in one clause: which fact is not known, and why.
func (g *Gap) String() string {
	if g.Code == NotRead {
		return fmt.Sprintf("%s was not read: %s", g.Fact, cmp.Or(g.Message, notAsked))
	}
	where := ""
	if g.AccountID != "" {
		where = " in account " + g.AccountID
	}
	return fmt.Sprintf("%s is not known: %s answered %s%s", g.Fact, cmp.Or(g.API, "AWS"), g.Code, where)
}

// BucketARN is the ARN of a bucket in the partition of the document.
func (d *Document) BucketARN(bucket string) string {
	return "arn:" + cmp.Or(d.Partition, "aws") + ":s3:::" + bucket
}
