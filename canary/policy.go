package canary

import (
	"slices"

	"crosscheck/scanner/fact"
)

// Side is one end of a link, where the canary's role needs permissions.
type Side string

// The ends of a link.
const (
	SourceSide      Side = "source"
	DestinationSide Side = "destination"
)

// Actions are the IAM actions that the canary's role in an account must be
// allowed, sorted: on the buckets themselves, on the probe objects, and on keys
// through S3. A test compares them with what probes call.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
func Actions(side Side) (buckets, objects, keys []string) {
	buckets = []string{
		"s3:GetBucketObjectLockConfiguration", // would a probe be retained?
		"s3:GetBucketVersioning",
		"s3:ListBucket",         // HEAD of what is not there is 404, not 403
		"s3:ListBucketVersions", // clean-up is proved by listing
	}
	objects = []string{"s3:DeleteObjectVersion", "s3:GetObjectVersion"}
	keys = []string{"kms:Decrypt"}
	if side == SourceSide {
		buckets = append(buckets,
			"s3:GetReplicationConfiguration", // canary --source, which needs no scan
			"s3:ListBucketMultipartUploads")  // uploads that were not completed
		objects = append(objects,
			"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject", actionHold, "s3:PutObjectTagging", "s3:PutObjectVersionTagging")
		keys = append(keys, "kms:GenerateDataKey") // Decrypt is for completing an upload in parts
	} else {
		objects = append(objects, actionReadHold, "s3:GetObjectVersionTagging", actionHold)
	}
	slices.Sort(buckets)
	slices.Sort(objects)
	slices.Sort(keys)
	return buckets, objects, keys
}

// Statement is a statement of the policy of the canary's role.
type Statement struct {
	Sid       string
	Action    []string // sorted; all of them allowed
	Resource  string
	Condition map[string]map[string]string // operator → key → value
}

// Policy is the least policy of the canary's role in an account that has buckets
// of the given sides: it may write and delete under the canary's prefix only, and
// use keys through S3 only.
func Policy(partition, folder string, sides ...Side) []Statement {
	var buckets, objects, keys []string
	for _, side := range sides {
		b, o, k := Actions(side)
		buckets, objects, keys = append(buckets, b...), append(objects, o...), append(keys, k...)
	}
	unique := func(list []string) []string {
		slices.Sort(list)
		return slices.Compact(list)
	}
	return []Statement{
		{Sid: "Buckets", Action: unique(buckets), Resource: "arn:" + partition + ":s3:::*"},
		{Sid: "ProbeObjects", Action: unique(objects), Resource: "arn:" + partition + ":s3:::*/*" + folder + "/*"},
		{Sid: "KeysThroughS3", Action: unique(keys), Resource: "*", Condition: map[string]map[string]string{
			"StringLike": {"kms:ViaService": "s3.*." + fact.Domain(partition)},
		}},
	}
}
