// Package newlink writes what a replication link needs that does not exist yet: the role, the
// policies, the settings and the replication configuration, with the fewest rights with
// which objects arrive. What it writes is judged before it is given.
package newlink

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Link is the link that is wanted.
type Link struct {
	Source, Destination finding.End // the Regions may be "" where no policy has to name them
	Prefix              string      // of the keys that replicate, "" = all
	Role                string      // name of the role to make, "" = one made of the name of the source

	// ReplicaKey is the ARN of the KMS key of the replicas; "" = objects under KMS do not replicate.
	ReplicaKey string
	// SourceKeys are the ARNs of the keys that source objects are under. With a ReplicaKey
	// and none of these the role may decrypt with every key of the source account, through S3 alone.
	SourceKeys []string
	BucketKeys bool // S3 Bucket Keys are on at one of the ends

	OwnerOverride bool // the rule makes the destination account the owner of replicas
	Enforced      bool // the destination enforces bucket ownership, which owns replicas without any override

	DeleteMarkers bool // replicate
	ObjectLock    bool // the source has it
	Annotations   bool // replicate
}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionName = regexp.MustCompile(`^` + fact.RegionName + `$`)
	roleName   = regexp.MustCompile(`^[A-Za-z0-9+=,.@_-]{1,64}$`)
	keyARN     = regexp.MustCompile(`^arn:(aws[a-z-]*):kms:(` + fact.RegionName + `):(` + fact.AccountID + `):key/[A-Za-z0-9-]+$`)
)

// maxKey is the length of the longest key of an object, in bytes.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const maxKey = 1024

// End reads an end of a link, [ACCOUNT:]BUCKET[@REGION][/PREFIX]. Only [Extend] can do without
// the account.
func End(text string) (finding.End, string, error) {
	const form = "write ACCOUNT:BUCKET, ACCOUNT:BUCKET@REGION or ACCOUNT:BUCKET@REGION/PREFIX, as in 111111111111:orders@eu-west-1/2026/"
	if strings.HasPrefix(text, "arn:") {
		return finding.End{}, "", fmt.Errorf("%q does not name the account of the bucket, as no ARN of a bucket does: %s", text, form)
	}
	place, prefix, _ := strings.Cut(text, "/")
	place, region, named := strings.Cut(place, "@")
	account, bucket, ok := strings.Cut(place, ":")
	if !ok {
		account, bucket = "", place
	}
	if bucket == "" || ok && account == "" || named && region == "" {
		return finding.End{}, "", fmt.Errorf("%q does not name an account and a bucket: %s", text, form)
	}
	return finding.End{AccountID: account, Region: region, Bucket: bucket}, prefix, nil
}

// complete checks the link and adds what follows from what it names: Regions from those of
// keys, and the name of the role.
func (l Link) complete() (Link, error) {
	for _, e := range []finding.End{l.Source, l.Destination} {
		switch {
		case e.AccountID == "":
			return l, fmt.Errorf("which account has the bucket %s is not known without facts: write ACCOUNT:%s", e.Bucket, e.Bucket)
		case !fact.IsAccountID(e.AccountID):
			return l, fmt.Errorf("%q is no account id: these are 12 digits", e.AccountID)
		case !bucketName.MatchString(e.Bucket):
			return l, fmt.Errorf("%q is no name of a bucket", e.Bucket)
		case e.Region != "" && !regionName.MatchString(e.Region):
			return l, fmt.Errorf("%q is no name of a Region", e.Region)
		}
	}
	switch {
	case l.Source.Bucket == l.Destination.Bucket:
		return l, errors.New("source and destination are the same bucket")
	case len(l.Prefix) > maxKey:
		return l, fmt.Errorf("the prefix has %d bytes; keys have at most %d", len(l.Prefix), maxKey)
	case l.Role != "" && !roleName.MatchString(l.Role):
		return l, fmt.Errorf("%q is no name of a role", l.Role)
	case l.ReplicaKey == "" && (len(l.SourceKeys) > 0 || l.BucketKeys):
		return l, errors.New("a rule that replicates objects under KMS names a key for the replicas: give it too")
	}
	var err error
	if l.Destination.Region, err = regionOf(l.ReplicaKey, l.Destination, "the key for replicas"); err != nil {
		return l, err
	}
	for _, key := range l.SourceKeys {
		if l.Source.Region, err = regionOf(key, l.Source, "the key of source objects"); err != nil {
			return l, err
		}
	}
	if l.ReplicaKey != "" && l.Source.Region == "" {
		return l, fmt.Errorf("name the Region of %s or the key that its objects are under, as the role may use keys only through S3 there", l.Source.Bucket)
	}
	if from, to := l.Source.Region, l.Destination.Region; from != "" && to != "" && fact.PartitionOf(from) != fact.PartitionOf(to) {
		return l, fmt.Errorf("%s and %s are in two partitions of AWS, between which nothing replicates", from, to)
	}
	l.Role = cmp.Or(l.Role, nameOf(l.Source.Bucket))
	return l, nil
}

// regionOf is the Region of an end, where one of its keys may be all that says so.
func regionOf(key string, e finding.End, what string) (string, error) {
	if key == "" {
		return e.Region, nil
	}
	m := keyARN.FindStringSubmatch(key)
	switch {
	case m == nil:
		return "", fmt.Errorf("%q is no ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID); "+
			"S3 looks for a bare id or an alias in the account of the source", key)
	case m[1] != fact.PartitionOf(m[2]):
		return "", fmt.Errorf("%s is in a Region of the partition %s", key, fact.PartitionOf(m[2]))
	case e.Region != "" && e.Region != m[2]:
		return "", fmt.Errorf("%s %s is in the Region %s, and %s is in %s: a bucket uses keys of its own Region",
			what, key, m[2], e.Bucket, e.Region)
	}
	return m[2], nil
}

// nameOf is the name of the role of a source bucket, which has one role for all of its rules.
// The name of a long bucket is cut: the name of a role has at most 64 characters.
func nameOf(bucket string) string {
	const prefix, most = "replicate-", 64
	if len(prefix+bucket) <= most {
		return prefix + bucket
	}
	sum := sha256.Sum256([]byte(bucket))
	end := "-" + hex.EncodeToString(sum[:4])
	return prefix + bucket[:most-len(prefix)-len(end)] + end
}

func (l *Link) partition() string {
	return fact.PartitionOf(cmp.Or(l.Source.Region, l.Destination.Region))
}

func (l *Link) crossAccount() bool { return l.Source.AccountID != l.Destination.AccountID }

func (l *Link) roleARN() string {
	return "arn:" + l.partition() + ":iam::" + l.Source.AccountID + ":role/" + l.Role
}

func (l *Link) bucketARN(e finding.End) string { return "arn:" + l.partition() + ":s3:::" + e.Bucket }

// override reports whether the rule changes the owner of replicas.
func (l *Link) override() bool { return l.OwnerOverride && !l.Enforced }

func (l *Link) ruleID() string { return "to-" + l.Destination.Bucket }

func (l *Link) id() string { return fact.LinkID(l.Source.Bucket, l.ruleID(), l.Destination.Bucket) }

// accountOf is the account of a key, whose ARN was checked.
func accountOf(key string) string { return strings.Split(key, ":")[4] }

func regionOfKey(key string) string { return strings.Split(key, ":")[3] }
