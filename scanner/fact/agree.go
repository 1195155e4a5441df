package fact

import (
	"fmt"
	"hash/maphash"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// notInFile is why a fact is not known that was read and then lost.
const notInFile = "the facts file does not have it"

// tally counts the messages of a stream, to be compared with what its coverage claims.
type tally struct {
	run     *Run
	lines   Lines
	scanned int // documents whose replication configuration is known
	links   int
	lost    bool // a document lacks what it refers to
	unnamed bool // a gap says that the organization could not be read
}

func (t *tally) count(m Message) {
	switch {
	case m.Run != nil:
		*t = tally{run: m.Run, lines: Lines{Documents: map[string]int{}}}
	case m.Gap != nil:
		t.lines.Gaps++
		t.unnamed = t.unnamed || m.Gap.Fact == "organization"
	case m.Document != nil:
		t.lines.Documents[m.Document.Bucket.AccountID]++
		t.links += len(m.Document.Links)
		if m.Document.Bucket.Replication.Known() {
			t.scanned++
		}
	}
}

func (l *Lines) buckets() (n int) {
	for _, documents := range l.Documents {
		n += documents
	}
	return n
}

// settle compares the coverage with the messages that came before it. What it claims and
// no message shows is a gap, and is not counted as read. Messages of which it does not
// know are an error: the file is put together from several, or was edited.
func (t *tally) settle(c *Coverage) (gaps []Gap, err error) {
	buckets := t.lines.buckets()
	accounts := len(t.lines.Documents)
	if t.lines.Documents[""] > 0 {
		accounts--
	}
	for _, n := range []struct {
		what         string
		has, claimed int
	}{
		{"documents of buckets", buckets, c.Buckets.Listed},
		{"replication configurations", t.scanned, c.Buckets.Scanned},
		{"links", t.links, c.Links},
		{"accounts with buckets", accounts, c.Accounts.Scanned},
	} {
		if n.has > n.claimed {
			return nil, fmt.Errorf("coverage: the file has %d %s and claims %d", n.has, n.what, n.claimed)
		}
	}
	if a := c.Accounts; a.Listed != a.Scanned+a.Unreadable {
		return nil, fmt.Errorf("coverage.accounts: %d scanned and %d unreadable are not the %d listed", a.Scanned, a.Unreadable, a.Listed)
	}
	if c.Buckets.Scanned > c.Buckets.Listed {
		return nil, fmt.Errorf("coverage.buckets: %d scanned of %d listed", c.Buckets.Scanned, c.Buckets.Listed)
	}
	claimed := c.Lines
	if claimed == nil {
		gaps = append(gaps, Gap{Fact: "coverage", Code: NotRead,
			Message: "the facts file does not say how many gaps and documents it had: another version of crosscheck wrote it, or it was edited"})
		claimed = &Lines{Documents: t.lines.Documents, Gaps: t.lines.Gaps}
	}
	for _, id := range slices.Sorted(maps.Keys(t.lines.Documents)) {
		if has, n := t.lines.Documents[id], claimed.Documents[id]; has > n {
			return nil, fmt.Errorf("coverage.lines: the file has documents of %d buckets of account %q and claims %d", has, id, n)
		}
	}
	if t.lines.Gaps > claimed.Gaps {
		return nil, fmt.Errorf("coverage.lines: the file has %d gaps and claims %d", t.lines.Gaps, claimed.Gaps)
	}
	if n := claimed.buckets(); n > c.Buckets.Listed {
		return nil, fmt.Errorf("coverage.lines: documents of %d buckets are not those of the %d listed", n, c.Buckets.Listed)
	}
	for _, id := range slices.Sorted(maps.Keys(claimed.Documents)) {
		if has, n := t.lines.Documents[id], claimed.Documents[id]; has < n {
			gaps = append(gaps, lostBuckets(id, n-has, n))
		}
	}
	if n := claimed.buckets(); n < c.Buckets.Listed {
		gaps = append(gaps, lostBuckets("", c.Buckets.Listed-n, c.Buckets.Listed))
	}
	if n := claimed.Gaps - t.lines.Gaps; n > 0 {
		gaps = append(gaps, Gap{Fact: "account", Code: NotRead, Message: fmt.Sprintf("%d of %d gaps are not in the facts file: what else was not read is not known", n, claimed.Gaps)})
	}
	if len(gaps) == 0 && !t.lost && t.links < c.Links {
		gaps = append(gaps, Gap{Fact: "bucket.replication", API: "s3:GetBucketReplication", Code: NotRead,
			Message: fmt.Sprintf("%d of %d links are not in the facts file", c.Links-t.links, c.Links)})
	}
	if t.run.Scope.Mode == "organization" && t.run.Organization == nil && !t.unnamed {
		gaps = append(gaps, *lost("", "", "organization", "organizations:DescribeOrganization"))
	}
	c.Buckets.Scanned, c.Links, c.Lines = t.scanned, t.links, nil
	return gaps, nil
}

func lostBuckets(account string, n, of int) Gap {
	return Gap{AccountID: account, Resource: account, Fact: "account.buckets", API: "s3:ListBuckets", Code: NotRead,
		Message: fmt.Sprintf("the documents of %d of %d buckets are not in the facts file", n, of)}
}

func lost(account, resource, name, api string) *Gap {
	return &Gap{AccountID: account, Resource: resource, Fact: name, API: api, Code: NotRead, Message: notInFile}
}

// agree completes a document that came from a file: what it refers to and does not have
// is a gap, in it and in the list. Links that are not those of the replication
// configuration are an error.
func (d *Document) agree() (gaps []Gap, err error) {
	add := func(g *Gap) *Gap {
		gaps = append(gaps, *g)
		return g
	}
	b := &d.Bucket
	if d.Organization.IsZero() {
		d.Organization.Gap = add(lost("", "", "organization", "organizations:DescribeOrganization"))
	}
	if b.Replication.IsZero() {
		b.Replication.Gap = add(lost(b.AccountID, b.ARN, "bucket.replication", "s3:GetBucketReplication"))
	}
	if b.Replication.Known() {
		if err := d.linksAgree(); err != nil {
			return nil, err
		}
	}
	var accounts []string
	for i := range d.Links {
		l := &d.Links[i]
		if f, ok := d.Buckets[l.Destination]; !ok || f.IsZero() {
			enter(&d.Buckets, l.Destination, Fact[Bucket]{Gap: add(lost("", d.BucketARN(l.Destination), "destination", "s3:HeadBucket"))})
		}
		if f, ok := d.Roles[l.RoleARN]; !ok || f.IsZero() {
			enter(&d.Roles, l.RoleARN, Fact[Role]{Gap: add(lost(accountOf(l.RoleARN), l.RoleARN, "role", "iam:GetRole"))})
		}
		accounts = append(accounts, b.AccountID, l.Rule.Destination.Account, accountOf(l.RoleARN))
		if to := d.Buckets[l.Destination].Value; to != nil {
			accounts = append(accounts, to.AccountID)
		}
		for _, id := range []string{l.SourceKey, l.ReplicaKey} {
			if id == "" {
				continue
			}
			if f, ok := d.Keys[id]; !ok || f.IsZero() {
				enter(&d.Keys, id, Fact[Key]{Gap: add(lost(accountOf(id), id, "key", "kms:DescribeKey"))})
			}
			accounts = append(accounts, accountOf(id))
			if k := d.Keys[id].Value; k != nil {
				accounts = append(accounts, k.AccountID)
			}
		}
	}
	slices.Sort(accounts)
	for _, id := range slices.Compact(accounts) {
		if _, ok := d.Accounts[id]; ok || id == "" {
			continue
		}
		add(lost(id, id, "account", "organizations:ListAccounts"))
	}
	return gaps, nil
}

func enter[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}

// linksAgree refuses links that are not those of the enabled replication rules.
func (d *Document) linksAgree() error {
	rest := d.Links
	if r := d.Bucket.Replication.Value; r != nil {
		for i := range r.Rules {
			if r.Rules[i].Status != "Enabled" {
				continue
			}
			want := d.LinkOf(&r.Rules[i])
			if len(rest) == 0 || rest[0].ID != want.ID {
				return fmt.Errorf("document.links: the enabled replication rule %q of bucket %q has no link in its place", r.Rules[i].ID, d.Bucket.Name)
			}
			if d.Bucket.Encryption.IsZero() {
				want.SourceKey = rest[0].SourceKey
			}
			if d.relate(&want); want.ReplicaKey == "" && want.Rule.Destination.RelatedKey && d.lostForKey(&want) {
				want.ReplicaKey = rest[0].ReplicaKey
			}
			if !reflect.DeepEqual(rest[0], want) {
				return fmt.Errorf("document.links: link %q is not what the replication configuration and the default encryption say", want.ID)
			}
			rest = rest[1:]
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("document.links: link %q is of no enabled replication rule", rest[0].ID)
	}
	return nil
}

// AWSManagedKey is the key that S3 uses where a bucket's default is aws:kms without a key.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
const AWSManagedKey = "alias/aws/s3"

// LinkOf is the link of a replication rule of the document's bucket.
func (d *Document) LinkOf(rule *ReplicationRule) Link {
	to := rule.Destination.Bucket
	l := Link{Rule: *rule, RoleARN: d.Bucket.Replication.Value.Role, Destination: to[strings.LastIndexByte(to, ':')+1:], ReplicaKey: rule.Destination.ReplicaKMSKeyID}
	l.ID = LinkID(d.Bucket.Name, rule.ID, l.Destination)
	if e := d.Bucket.Encryption.Value; e != nil && strings.HasPrefix(e.Algorithm, "aws:kms") {
		l.SourceKey = e.KeyID
		if l.SourceKey == "" {
			l.SourceKey = AWSManagedKey
		}
	}
	d.relate(&l)
	return l
}

// relate gives a link the key of its replicas where that is the one related to the key of
// the source, as far as the document has what it follows from.
func (d *Document) relate(l *Link) {
	if l.Rule.Destination.RelatedKey {
		l.ReplicaKey, _ = d.RelatedKey(l)
	}
}

// RelatedKey is the multi-Region key in the Region of a link's destination that is related
// to the default key of the source; "", and why, where it is not known.
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
func (d *Document) RelatedKey(l *Link) (arn, why string) {
	const under = "replicas are under the key related to that of the object, and "
	key, e := d.Keys[l.SourceKey], d.Bucket.Encryption
	id := l.SourceKey
	if key.Value != nil {
		id = key.Value.ARN
	}
	to := d.Buckets[l.Destination].Value
	switch {
	case l.SourceKey == "" && !e.Known():
		return "", under + "the default encryption of " + d.Bucket.Name + " is not known"
	case l.SourceKey == "":
		return "", under + "the default encryption of " + d.Bucket.Name + " names no key: writers choose it"
	case key.Value == nil && !strings.Contains(id, ":key/mrk-"):
		return "", under + "which key " + id + " is, is not known"
	case !strings.Contains(id, ":key/mrk-"):
		return "", under + id + " is no multi-Region key: what S3 does then, AWS does not document"
	case to == nil || to.Region == "":
		return "", under + "the Region of " + l.Destination + " is not known"
	}
	parts := strings.SplitN(id, ":", 6)
	if len(parts) < 6 {
		return "", under + id + " is no ARN"
	}
	parts[3] = to.Region
	return strings.Join(parts, ":"), ""
}

// lostForKey reports whether the document lacks what the related key of a link follows from.
func (d *Document) lostForKey(l *Link) bool {
	key, to := d.Keys[l.SourceKey], d.Buckets[l.Destination]
	return l.SourceKey != "" && key.IsZero() || to.IsZero() || d.Bucket.Encryption.IsZero()
}

// accountOf is the account in an ARN, "" where there is none.
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[4]
}

// once are gaps that a stream has already, by hash.
type once struct {
	seed maphash.Seed
	seen map[uint64]bool
}

func newOnce() once { return once{maphash.MakeSeed(), map[uint64]bool{}} }

// first reports whether the gap is new, and remembers it.
func (o *once) first(g *Gap) bool {
	h := maphash.Comparable(o.seed, *g)
	if o.seen[h] {
		return false
	}
	o.seen[h] = true
	return true
}
