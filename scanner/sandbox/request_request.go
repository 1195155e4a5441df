package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// s3call is one S3 request: what it asks of which bucket and key.
type s3call struct {
	*call
	s     *State
	op    *s3operation
	query url.Values
	key   string
	b     *bucket // nil: no bucket in the request, or none of that name

	decoded []byte    // see payload; nil: not yet
	refused *apiError // by payload
	digest  []byte    // MD5 of the payload
	given   checksum  // that came with the payload
}

// s3operation is one operation of the S3 API.
type s3operation struct {
	name string // as AWS calls it, e.g. GetBucketReplication
	// action is the IAM action on the bucket (or on the account, without a bucket).
	// Where it is "", run authorizes, because the action depends on the request.
	action string
	run    func(*s3call) (*response, *apiError)
}

// newS3Call reads what a call asks, by a table of operations.
func newS3Call(s *State, c *call, operations map[s3route]*s3operation) *s3call {
	bucket, key, _, _ := s3target(c.r)
	query := c.r.URL.Query()
	route := s3route{c.r.Method, serviceLevel, subresource(query)}
	switch {
	case key != "":
		route.level = objectLevel
	case bucket != "":
		route.level = bucketLevel
	}
	if route == (s3route{http.MethodPut, objectLevel, ""}) && c.r.Header.Get("X-Amz-Copy-Source") != "" {
		route.subresource = subresourceCopy
	}
	c.bucket = bucket
	sc := &s3call{call: c, s: s, op: operations[route], query: query, key: key, b: s.bucket(bucket)}
	if sc.op == nil {
		c.op = "s3:" + route.String()
		return sc
	}
	c.op = "s3:" + sc.op.name
	return sc
}

// of is the same request about another object, which may be in another bucket.
func (c *s3call) of(bucket, key string, query url.Values) *s3call {
	sub := *c.call
	sub.bucket = bucket
	return &s3call{call: &sub, s: c.s, op: c.op, query: query, key: key, b: c.s.bucket(bucket)}
}

// answer does the operation, with the bucket as it is by now.
func (c *s3call) answer() (*response, *apiError) {
	c.b = c.s.bucket(c.bucket)
	if e := c.admit(); e != nil {
		return nil, e
	}
	res, e := c.op.run(c)
	if e == nil {
		identifyS3(c.call, res.header)
	}
	return res, e
}

// admit checks what comes before the operation itself: that the bucket is there,
// that the request came to its Region and expects its owner, and that the
// caller may do this to the bucket.
func (c *s3call) admit() *apiError {
	if c.bucket != "" && c.op.name != "CreateBucket" {
		if c.b == nil {
			return noSuchBucket(c.bucket)
		}
		if e := c.checkRegion(); e != nil {
			return e
		}
		if e := expectOwner(c.r, "X-Amz-Expected-Bucket-Owner", c.b); e != nil {
			return e
		}
	}
	if c.op.action == "" {
		return nil
	}
	e := c.allow(c.op.action, c.bucketARN(), nil)
	if e != nil && c.op.name == "HeadBucket" { // tells the Region to everyone
		e.header = http.Header{"X-Amz-Bucket-Region": {c.b.region}}
	}
	return e
}

func (c *s3call) bucketARN() string {
	name := c.bucket
	if name == "" {
		name = "*"
	}
	return "arn:" + c.s.partition + ":s3:::" + name
}

func (c *s3call) objectARN(key string) string { return c.bucketARN() + "/" + key }

// foreign reports whether the caller belongs to another account than the bucket.
func (c *s3call) foreign() bool { return c.caller == nil || c.caller.account != c.b.account }

// read decodes the XML body of a request.
func (c *s3call) read(root string, v any) *apiError {
	body, e := c.payload()
	if e != nil {
		return e
	}
	return strictXML(body, root, v)
}

// count is an integer parameter; limits are capped at 1000 as S3 caps them.
func (c *s3call) intParameter(name string, otherwise int) (int, *apiError) {
	text := c.query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, invalidArgument("Argument "+name+" must be an integer between 0 and 2147483647", name, text)
	}
	if strings.HasPrefix(name, "max-") {
		n = min(n, 1000)
	}
	return n, nil
}
