package canary

import (
	"encoding/json"
	"slices"
)

// Side is one end of a link, for which the canary's role needs permissions.
type Side string

const (
	SourceSide      Side = "source"
	DestinationSide Side = "destination"
)

// Actions are the IAM actions that the canary's role in an account must be
// allowed, sorted: on the buckets themselves, on the probe objects, and on keys
// through S3. A test holds them against what probes call.
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
		objects = append(objects, "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging")
		keys = append(keys, "kms:GenerateDataKey") // Decrypt is for completing an upload in parts
	} else {
		objects = append(objects, "s3:GetObjectVersionTagging")
	}
	slices.Sort(buckets)
	slices.Sort(objects)
	slices.Sort(keys)
	return buckets, objects, keys
}

// RolePolicy is the least policy of the canary's role in a source or destination
// account: it may write and delete under the canary's folder only.
func RolePolicy(partition string, side Side, folder string) string {
	type statement struct {
		Sid       string
		Effect    string
		Action    []string
		Resource  string
		Condition map[string]map[string]string `json:",omitempty"`
	}
	buckets, objects, keys := Actions(side)
	suffix := ".amazonaws.com"
	if partition == "aws-cn" {
		suffix += ".cn"
	}
	policy := struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{
		{Sid: "Buckets", Effect: "Allow", Action: buckets, Resource: "arn:" + partition + ":s3:::*"},
		{Sid: "ProbeObjects", Effect: "Allow", Action: objects, Resource: "arn:" + partition + ":s3:::*/*" + folder + "/*"},
		{Sid: "KeysThroughS3", Effect: "Allow", Action: keys, Resource: "*",
			Condition: map[string]map[string]string{"StringLike": {"kms:ViaService": "s3.*" + suffix}}},
	}}
	data, err := json.MarshalIndent(policy, "", "  ")
	if err != nil { // only text goes in
		panic(err)
	}
	return string(data)
}
