package sandbox

import (
	"maps"
)

// s3Service is Amazon S3.
var s3Service = &service{name: "s3", anonymous: true, errors: restErrors(), route: routeS3, fail: failS3}

func routeS3(s *State, c *call) (operation, *apiError) {
	sc := newS3Call(s, c, s3operations)
	switch {
	case sc.b != nil:
		c.account = sc.b.account
	case c.caller != nil:
		c.account = c.caller.account
	}
	if sc.op == nil {
		return operation{}, notImplemented(c.op)
	}
	do := operation{run: sc.answer}
	if len(c.body) > 0 {
		do.prepare = func() { _, _ = sc.payload() } // digests of large bodies take a while
	}
	return do, nil
}

// s3operations are those of buckets, of their settings and of objects. What is not
// here is not implemented.
var s3operations = merged(bucketOperations, settingOperations(), objectOperations, listOperations)

func merged(tables ...map[s3route]*s3operation) map[s3route]*s3operation {
	all := map[s3route]*s3operation{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

// bucketOperations are those of buckets but for their settings.
var bucketOperations = map[s3route]*s3operation{
	{"GET", serviceLevel, ""}:   {"ListBuckets", "s3:ListAllMyBuckets", listBuckets},
	{"PUT", bucketLevel, ""}:    {"CreateBucket", "", createBucket},
	{"HEAD", bucketLevel, ""}:   {"HeadBucket", "s3:ListBucket", headBucket},
	{"DELETE", bucketLevel, ""}: {"DeleteBucket", "s3:DeleteBucket", removeBucket},
}
