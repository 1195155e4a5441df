package scanner

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// visit is the work on one bucket: what it reads goes into one document, what it
// could not read into notes.
type visit struct {
	*scan
	ask.Notes
}

// document reads a bucket and all that its replication rules refer to.
func (v *visit) document(ctx context.Context, owner *account, name string) *fact.Document {
	ref := bucketRef{name: name, owner: owner}
	doc := &fact.Document{
		SchemaVersion: fact.SchemaVersion, Partition: v.session.caller.Partition, Organization: v.org.Fact,
		Bucket: fact.Bucket{Name: name, ARN: v.bucketARN(name), AccountID: owner.id},
	}
	b := &doc.Bucket
	v.read(ctx, ref, b, []string{"replication"})
	v.read(ctx, ref, b, v.needs["bucket"])
	if b.Replication.Value != nil {
		v.read(ctx, ref, b, v.needs["source"])
		v.links(ctx, doc, owner)
	} else if v.needs["account"] != nil {
		put(&doc.Accounts, owner.id, v.account(ctx, owner.id))
	}
	_, b.Region = v.index.find(name)
	return doc
}

// links joins the enabled rules with their roles, destinations and keys.
func (v *visit) links(ctx context.Context, doc *fact.Document, owner *account) {
	accounts := map[string]bool{owner.id: true}
	add := func(id string) {
		if id != "" {
			accounts[id] = true
		}
	}
	_, region := v.index.find(doc.Bucket.Name)
	for _, rule := range doc.Bucket.Replication.Value.Rules {
		if rule.Status != "Enabled" {
			continue
		}
		link := doc.LinkOf(&rule)

		destination := v.destination(ctx, doc, owner, region, &link)
		put(&doc.Buckets, link.Destination, destination)
		destinationRegion := region
		if b := destination.Value; b != nil {
			add(b.AccountID)
			destinationRegion = b.Region
		}
		add(rule.Destination.Account)

		if _, ok := doc.Roles[link.RoleARN]; !ok {
			put(&doc.Roles, link.RoleARN, v.role(ctx, link.RoleARN))
			add(client.AccountOf(link.RoleARN))
		}
		// An alias without an ARN is one of the account that wrote the configuration, in
		// the Region of the bucket that it is about.
		key := func(ref, region string) {
			if _, ok := doc.Keys[ref]; ok || ref == "" {
				return
			}
			k := v.key(ctx, ref, owner.id, region)
			put(&doc.Keys, ref, k)
			add(client.AccountOf(ref))
			if k.Value != nil {
				add(k.Value.AccountID)
			}
		}
		key(link.SourceKey, region)
		link = doc.LinkOf(&rule) // again: a related key follows from what was read
		key(link.ReplicaKey, destinationRegion)
		doc.Links = append(doc.Links, link)
	}
	for _, id := range slices.Sorted(maps.Keys(accounts)) {
		put(&doc.Accounts, id, v.account(ctx, id))
	}
	v.seenTags(ctx, doc, owner)
	if len(doc.Links) > 0 && doc.Bucket.Notification.Value != nil && !doc.Bucket.NotifiesFailures() {
		v.read(ctx, bucketRef{name: doc.Bucket.Name, owner: owner}, &doc.Bucket, v.needs["silent"])
	}
}

// put makes the map with its first entry: a document holds no empty maps, as
// none comes back from a file.
func put[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}

func (v *visit) bucketARN(name string) string {
	return "arn:" + v.session.caller.Partition + ":s3:::" + name
}

// bucketRef is a bucket to read, in a scanned account or (owner nil) in none.
type bucketRef struct {
	name   string
	owner  *account
	unread fact.Gap // owner nil: why its facts cannot be read
}

// onBucket calls S3 for a bucket in its own Region with its owner's credentials,
// and follows where S3 says that the Region is another one.
func (v *visit) onBucket(ctx context.Context, ref bucketRef, call func(*s3.Client) error) error {
	where := func() (string, error) {
		region, _, err := client.HeadBucket(ctx, v.session.s3(ref.owner, v.session.Region()), ref.name, "")
		if region != "" {
			v.index.learn(ref.name, region)
			return region, nil
		}
		if err == nil {
			err = client.NoAnswer("S3 does not name the Region of the bucket")
		}
		return "", err
	}
	_, region := v.index.find(ref.name)
	if region == "" {
		var err error
		if region, err = where(); err != nil {
			return err
		}
	}
	for redirects := 0; ; redirects++ {
		err := call(v.session.s3(ref.owner, region))
		next, moved := client.Redirected(err)
		if !moved || redirects == 2 {
			return err
		}
		if next == "" {
			if next, _ = where(); next == "" {
				return err
			}
		}
		if next == region {
			return err
		}
		v.index.learn(ref.name, next)
		region = next
	}
}

// destination reads the destination bucket of a link: the facts that the link's rule
// needs and that were not read for another link. It is absent when there is no such
// bucket.
func (v *visit) destination(ctx context.Context, doc *fact.Document, source *account, region string, link *fact.Link) fact.Fact[fact.Bucket] {
	name := link.Destination
	known, again := doc.Buckets[name]
	owner, where := v.index.find(name)
	switch {
	case owner == nil && again, again && known.Value == nil:
		return known
	case owner == nil:
		return v.foreign(ctx, source, region, name, link.Rule.Destination.Account)
	case !again:
		known = fact.Of(fact.Bucket{Name: name, ARN: v.bucketARN(name), AccountID: owner.id})
		put(&doc.Buckets, name, known) // for Wants to look at
	}
	b := known.Value
	for _, need := range v.needs["destination"] {
		if v.opts.Wants == nil || v.opts.Wants("destination."+need, doc, link) {
			v.read(ctx, bucketRef{name: name, owner: owner}, b, []string{need})
		}
	}
	if g := b.Versioning.Gap; g != nil && g.Code == "NoSuchBucket" {
		// Listed a moment ago: deleted since, or S3's listing is stale.
		if _, exists, err := client.HeadBucket(ctx, v.session.s3(owner, where), name, ""); !exists && err == nil {
			return fact.None[fact.Bucket]()
		}
	}
	_, b.Region = v.index.find(name)
	return known
}

// foreign is a destination in none of the scanned accounts: S3 says to any caller
// whether it exists and in which Region, and no more.
func (v *visit) foreign(ctx context.Context, source *account, region, name, declared string) fact.Fact[fact.Bucket] {
	return v.cache.foreign.Get(strings.Join([]string{source.id, name, declared}, " "), func() fact.Fact[fact.Bucket] {
		owner := ""
		if fact.IsAccountID(declared) {
			owner = declared
		}
		found := region
		exists := false
		var err error = client.NoAnswer("S3 does not name the Region of the bucket")
		for range 2 {
			var named string
			if named, exists, err = client.HeadBucket(ctx, v.session.s3(source, found), name, owner); named == "" || named == found {
				break
			}
			found = named
		}
		q := ask.Question{Account: declared, Resource: v.bucketARN(name), Fact: "bucket", API: "s3:HeadBucket"}
		switch status, _ := client.Response(err); {
		case err == nil && !exists:
			return fact.None[fact.Bucket]()
		case !exists || err != nil && status != http.StatusForbidden:
			return fact.Missing[fact.Bucket](v.Gap(q, err))
		}
		b := fact.Bucket{Name: name, ARN: v.bucketARN(name), Region: found}
		if err == nil {
			b.AccountID = owner // S3 compared it with the owner
		}
		q.API = "s3:ListBuckets"
		ref := bucketRef{name: name, unread: v.Gap(q, client.NotRead("%s", v.whyForeign(name, declared)))} // one cause, one gap
		v.read(ctx, ref, &b, v.needs["destination"])
		return fact.Of(b)
	})
}

// whyForeign says why a bucket is in no scanned account, and what to do about it.
func (v *visit) whyForeign(name, declared string) string {
	if declared == "" {
		return fmt.Sprintf("bucket %s is in none of the scanned accounts; scan the account that owns it as well", name)
	}
	if a, in := v.accounts[declared]; in && a.as != nil {
		if !a.complete {
			return fmt.Sprintf("bucket %s is not in the list of buckets of account %s, which could not be read whole", name, declared)
		}
		return fmt.Sprintf("account %s, which the replication rule names as the owner, has no bucket %s; it belongs to an account that is not scanned", declared, name)
	}
	return fmt.Sprintf("bucket %s is in none of the scanned accounts; %s", name, v.whyUnread(declared))
}
