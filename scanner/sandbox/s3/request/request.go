// Package request is an S3 request: which bucket and key it is about, which operation
// it asks for, whether its caller may do that, and its checked body. Packages
// setting, listing and object answer requests.
package request

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"crosscheck/scanner/sandbox/s3/checksum"
	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// Request is one S3 request: what it asks of which bucket and key.
type Request struct {
	*service.Call
	State  *state.State
	Known  *Operation // that it asks for; nil: none that the sandbox has
	Query  url.Values
	Key    string
	Bucket *state.Bucket // nil: no bucket in the request, or none of that name

	decoded []byte            // see payload; nil: not yet
	refused *wire.Error       // by payload
	Digest  []byte            // MD5 of the payload
	Given   checksum.Checksum // that came with the payload
}

// Operation is one operation of the S3 API.
type Operation struct {
	Name string // as AWS calls it, e.g. GetBucketReplication
	// Action is the IAM action on the bucket (or on the account, without a bucket).
	// Where it is "", Run authorizes, because the action depends on the request.
	Action string
	Run    func(*Request) (*wire.Response, *wire.Error)
}

// New reads what a call asks, by the operations that there are.
func New(s *state.State, c *service.Call, operations Table) *Request {
	bucket, key, _, _ := target(c.HTTP)
	route := routeOf(c.HTTP, bucket, key)
	c.BucketName = bucket
	r := &Request{
		Call: c, State: s, Known: operations[route],
		Query: c.HTTP.URL.Query(), Key: key, Bucket: s.Bucket(bucket),
	}
	if r.Known == nil {
		c.Op = "s3:" + route.String()
		return r
	}
	c.Op = "s3:" + r.Known.Name
	return r
}

// Of is the same request about another object, which may be in another bucket.
func (c *Request) Of(bucket, key string, query url.Values) *Request {
	sub := *c.Call
	sub.BucketName = bucket
	return &Request{Call: &sub, State: c.State, Known: c.Known, Query: query, Key: key, Bucket: c.State.Bucket(bucket)}
}

// Answer does the operation, with the bucket as it is by now.
func (c *Request) Answer() (*wire.Response, *wire.Error) {
	c.Bucket = c.State.Bucket(c.BucketName)
	if e := c.admit(); e != nil {
		return nil, e
	}
	res, e := c.Known.Run(c)
	if e == nil {
		identify(c.Call, res.Header)
	}
	return res, e
}

// admit checks what comes before the operation itself: that the bucket is there,
// that the request came to its Region and expects its owner, and that the
// caller may do this to the bucket.
func (c *Request) admit() *wire.Error {
	if c.BucketName != "" && c.Known.Name != "CreateBucket" {
		if c.Bucket == nil {
			return NoSuchBucket(c.BucketName)
		}
		if e := c.checkRegion(); e != nil {
			return e
		}
		if e := ExpectOwner(c.HTTP, "X-Amz-Expected-Bucket-Owner", c.Bucket); e != nil {
			return e
		}
	}
	if c.Known.Action == "" {
		return nil
	}
	e := c.Allow(c.Known.Action, c.BucketARN(), nil)
	if e != nil && c.Known.Name == "HeadBucket" { // every caller learns the Region
		e.Header = http.Header{"X-Amz-Bucket-Region": {c.Bucket.Region}}
	}
	return e
}

// BucketARN is the ARN of the bucket, or of all buckets where the request names none.
func (c *Request) BucketARN() string {
	name := c.BucketName
	if name == "" {
		name = "*"
	}
	return "arn:" + c.State.Partition + ":s3:::" + name
}

// ObjectARN is the ARN of an object in the bucket.
func (c *Request) ObjectARN(key string) string { return c.BucketARN() + "/" + key }

// Foreign reports whether the caller belongs to another account than the bucket.
func (c *Request) Foreign() bool { return c.Caller == nil || c.Caller.Account != c.Bucket.Account }

// Read decodes the XML body of a request.
func (c *Request) Read(root string, v any) *wire.Error {
	body, e := c.Payload()
	if e != nil {
		return e
	}
	return wire.StrictXML(body, root, v)
}

// count is an integer parameter; limits are capped at 1000 as S3 caps them.
func (c *Request) IntParameter(name string, otherwise int) (int, *wire.Error) {
	text := c.Query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, wire.InvalidArgument("Argument "+name+" must be an integer between 0 and 2147483647", name, text)
	}
	if strings.HasPrefix(name, "max-") {
		n = min(n, 1000)
	}
	return n, nil
}
