// Package s3 is Amazon S3 in the sandbox. It creates, lists and deletes buckets, and
// joins the operations of its subpackages: the settings of a bucket (setting),
// listings of its content (listing) and objects (object), which start the
// replication of what they write (replicate).
package s3

import (
	"maps"

	"crosscheck/scanner/sandbox/s3/listing"
	"crosscheck/scanner/sandbox/s3/object"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/s3/setting"
	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// Service is Amazon S3.
var Service = &service.Service{Name: "s3", Anonymous: true, Errors: service.RestErrors(), Route: route, Fail: request.Fail}

func route(s *state.State, c *service.Call) (service.Operation, *wire.Error) {
	sc := request.New(s, c, operations)
	switch {
	case sc.Bucket != nil:
		c.Account = sc.Bucket.Account
	case c.Caller != nil:
		c.Account = c.Caller.Account
	}
	if sc.Known == nil {
		return service.Operation{}, wire.NotImplemented(c.Op)
	}
	do := service.Operation{Run: sc.Answer}
	if len(c.Body) > 0 {
		do.Prepare = func() { _, _ = sc.Payload() } // digests of large bodies take a while
	}
	return do, nil
}

// operations are those of buckets, of their settings and of objects. What is not
// here is not implemented.
var operations = merged(bucketOperations, setting.Operations(), object.Operations, listing.Operations)

func merged(tables ...request.Table) request.Table {
	all := request.Table{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

// bucketOperations are those of buckets but for their settings.
var bucketOperations = request.Table{
	request.OnService("GET"):       {Name: "ListBuckets", Action: "s3:ListAllMyBuckets", Run: listBuckets},
	request.OnBucket("PUT", ""):    {Name: "CreateBucket", Run: createBucket},
	request.OnBucket("HEAD", ""):   {Name: "HeadBucket", Action: "s3:ListBucket", Run: headBucket},
	request.OnBucket("DELETE", ""): {Name: "DeleteBucket", Action: "s3:DeleteBucket", Run: removeBucket},
}
