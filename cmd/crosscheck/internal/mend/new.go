package mend

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/rules/fix/newlink"
	"crosscheck/scanner/fact"
)

// NewHelp is what the help of fix says of --new.
const NewHelp = `With --new, SOURCE and DESTINATION are buckets, each written as ACCOUNT:BUCKET or
ACCOUNT:BUCKET@REGION; the source may be followed by the prefix of the keys that are to
replicate, as in 111111111111:orders@eu-west-1/2026/. A Region decides the partition, and
must be given where a policy has to name it and no key does. With --facts the documents that
the buckets have are extended, and BUCKET alone is enough.`

// New are the flags of crosscheck fix --new.
type New struct {
	flags               *pflag.FlagSet // those below alone
	role                string
	replicaKey          string
	sourceKeys          []string
	bucketKeys          bool
	ownerOverride       bool
	deleteMarkers, lock bool
	annotations         bool
}

// Register adds the flags to those of the command.
func (o *New) Register(command *pflag.FlagSet) {
	fs := pflag.NewFlagSet("new", pflag.ContinueOnError)
	o.flags = fs
	fs.StringVar(&o.role, "role", "", "with --new, `name` of the role to make (replicate-SOURCE if not set)")
	fs.StringVar(&o.replicaKey, "kms", "", "with --new, replicate objects under KMS, with the key of this `ARN` for the replicas")
	fs.StringSliceVar(&o.sourceKeys, "source-kms", nil, "with --kms, the `ARN` of a key that source objects are under; repeatable. Without it the role may decrypt with every key of the source account, through S3 alone")
	fs.BoolVar(&o.bucketKeys, "bucket-keys", false, "with --kms, S3 Bucket Keys are on at one of the ends")
	fs.BoolVar(&o.ownerOverride, "owner-override", false, "with --new, make the destination account the owner of the replicas: only where the destination does not enforce bucket ownership")
	fs.BoolVar(&o.deleteMarkers, "delete-markers", false, "with --new, replicate delete markers")
	fs.BoolVar(&o.lock, "object-lock", false, "with --new, the source has Object Lock")
	fs.BoolVar(&o.annotations, "annotations", false, "with --new, replicate annotations")
	command.AddFlagSet(fs)
}

// Given are the flags that were given, each as it is written, in the order of their names.
func (o *New) Given() (names []string) {
	o.flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			names = append(names, "--"+f.Name)
		}
	})
	return names
}

// Repairs are the whole set for a new link between two buckets, given as arguments, or what
// their documents need beside what they have, where there are some.
func (o *New) Repairs(ctx context.Context, args []string, docs []*fact.Document, judge fix.Judge) (finding.Repairs, error) {
	if len(args) != 2 {
		return finding.Repairs{}, usererr.Hint(fmt.Errorf("--new takes two buckets, and %d were given", len(args)),
			"write crosscheck fix --new 111111111111:orders 222222222222:orders-backup")
	}
	source, prefix, err := newlink.End(args[0])
	if err != nil {
		return finding.Repairs{}, fmt.Errorf("SOURCE: %w", err)
	}
	destination, rest, err := newlink.End(args[1])
	switch {
	case err != nil:
		return finding.Repairs{}, fmt.Errorf("DESTINATION: %w", err)
	case rest != "":
		return finding.Repairs{}, usererr.Hint(errors.New("DESTINATION has a prefix"), "replicas have the keys of their objects: give the prefix with SOURCE")
	}
	link := newlink.Link{
		Source: source, Destination: destination, Prefix: prefix, Role: o.role,
		ReplicaKey: o.replicaKey, SourceKeys: o.sourceKeys, BucketKeys: o.bucketKeys,
		OwnerOverride: o.ownerOverride, Enforced: !o.ownerOverride,
		DeleteMarkers: o.deleteMarkers, ObjectLock: o.lock, Annotations: o.annotations,
	}
	if docs != nil {
		return newlink.Extend(ctx, link, docs, judge)
	}
	return newlink.Make(ctx, link, judge)
}

// Documents are those of a facts file that bear on a link between two buckets, given as
// arguments: of these and of buckets with links, whose keys it may share. They are nil where no
// file is named.
func Documents(ctx context.Context, o *Options, args []string) ([]*fact.Document, error) {
	if o.Facts == "" {
		return nil, nil
	}
	docs, ends := []*fact.Document{}, map[string]bool{}
	for _, arg := range args {
		if e, _, err := newlink.End(arg); err == nil {
			ends[e.Bucket] = true
		}
	}
	err := audit.FactsFile(o.Facts, o.Stdin)(ctx, func(m fact.Message) error {
		if m.Document != nil && (ends[m.Document.Bucket.Name] || len(m.Document.Links) > 0) {
			docs = append(docs, m.Document)
		}
		return nil
	})
	return docs, err
}
