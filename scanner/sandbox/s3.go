package sandbox

import (
	"encoding/base64"
	"encoding/xml"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
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

// s3route is what of a request chooses its operation.
type s3route struct {
	method      string
	level       s3level
	subresource string // query parameter that asks for something beside the bucket or object itself, "" = none
}

func (r s3route) String() string {
	text := r.method + " " + string(r.level)
	if r.subresource != "" {
		text += " " + r.subresource
	}
	return text
}

// s3level is what a request is about.
type s3level string

const (
	serviceLevel s3level = "service"
	bucketLevel  s3level = "bucket"
	objectLevel  s3level = "object"
)

// subresourceCopy is no query parameter: a PUT of an object with a source to copy.
const subresourceCopy = "copy"

// s3operations are those of buckets, of their settings and of objects. What is not
// here is not implemented.
var s3operations = map[s3route]*s3operation{}

func init() { // not the initial value: operations refer to s3call, which refers to s3operations
	maps.Copy(s3operations, bucketOperations)
	maps.Copy(s3operations, objectOperations)
	for _, setting := range settings {
		maps.Copy(s3operations, setting.operations())
	}
}

// bucketOperations are those of buckets but for their settings.
var bucketOperations = map[s3route]*s3operation{
	{"GET", serviceLevel, ""}:   {"ListBuckets", "s3:ListAllMyBuckets", (*s3call).listBuckets},
	{"PUT", bucketLevel, ""}:    {"CreateBucket", "", (*s3call).createBucket},
	{"HEAD", bucketLevel, ""}:   {"HeadBucket", "s3:ListBucket", (*s3call).headBucket},
	{"DELETE", bucketLevel, ""}: {"DeleteBucket", "s3:DeleteBucket", (*s3call).deleteBucket},
}

// objectOperations are those of objects, and the listings of a bucket.
var objectOperations = map[s3route]*s3operation{
	{"GET", bucketLevel, ""}:            {"ListObjects", "", (*s3call).listObjects},
	{"GET", bucketLevel, "list-type"}:   {"ListObjectsV2", "", (*s3call).listObjects},
	{"GET", bucketLevel, "versions"}:    {"ListObjectVersions", "", (*s3call).listVersions},
	{"GET", bucketLevel, "uploads"}:     {"ListMultipartUploads", "s3:ListBucketMultipartUploads", (*s3call).listUploads},
	{"POST", bucketLevel, "delete"}:     {"DeleteObjects", "", (*s3call).deleteObjects},
	{"GET", objectLevel, ""}:            {"GetObject", "", (*s3call).getObject},
	{"HEAD", objectLevel, ""}:           {"HeadObject", "", (*s3call).getObject},
	{"PUT", objectLevel, ""}:            {"PutObject", "", (*s3call).putObject},
	{"PUT", objectLevel, "copy"}:        {"CopyObject", "", (*s3call).copyObject},
	{"DELETE", objectLevel, ""}:         {"DeleteObject", "", (*s3call).deleteObject},
	{"GET", objectLevel, "attributes"}:  {"GetObjectAttributes", "", (*s3call).getAttributes},
	{"GET", objectLevel, "acl"}:         {"GetObjectAcl", "", (*s3call).getObjectACL},
	{"GET", objectLevel, "tagging"}:     {"GetObjectTagging", "", (*s3call).getObjectTagging},
	{"PUT", objectLevel, "tagging"}:     {"PutObjectTagging", "", (*s3call).putObjectTagging},
	{"DELETE", objectLevel, "tagging"}:  {"DeleteObjectTagging", "", (*s3call).deleteObjectTagging},
	{"GET", objectLevel, "retention"}:   {"GetObjectRetention", "", (*s3call).getRetention},
	{"PUT", objectLevel, "retention"}:   {"PutObjectRetention", "", (*s3call).putRetention},
	{"GET", objectLevel, "legal-hold"}:  {"GetObjectLegalHold", "", (*s3call).getLegalHold},
	{"PUT", objectLevel, "legal-hold"}:  {"PutObjectLegalHold", "", (*s3call).putLegalHold},
	{"POST", objectLevel, "uploads"}:    {"CreateMultipartUpload", "", (*s3call).createUpload},
	{"PUT", objectLevel, "uploadId"}:    {"UploadPart", "", (*s3call).uploadPart},
	{"POST", objectLevel, "uploadId"}:   {"CompleteMultipartUpload", "", (*s3call).completeUpload},
	{"DELETE", objectLevel, "uploadId"}: {"AbortMultipartUpload", "", (*s3call).abortUpload},
	{"GET", objectLevel, "uploadId"}:    {"ListParts", "", (*s3call).listParts},
}

// s3parameters are the query parameters that choose no subresource.
var s3parameters = []string{
	"x-id", "prefix", "delimiter", "marker", "max-keys", "continuation-token", "start-after", "fetch-owner",
	"encoding-type", "key-marker", "version-id-marker", "upload-id-marker", "max-uploads", "max-parts",
	"part-number-marker", "partNumber", "versionId", "max-buckets", "bucket-region",
	"AWSAccessKeyId", "Signature", "Expires",
}

// subresource is what a query asks for beside the bucket or object itself.
// An unknown parameter is taken for one, so that it is refused, not ignored.
func subresource(query url.Values) string {
	var found []string
	for name := range query {
		lower := strings.ToLower(name)
		if !slices.Contains(s3parameters, name) && !strings.HasPrefix(lower, "x-amz-") && !strings.HasPrefix(name, "response-") {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return strings.Join(found, "&")
}

// s3hosts are the forms of S3's endpoints, with an optional bucket in front.
var s3hosts = regexp.MustCompile(`^(?:(.+)\.)?s3(?:-fips)?(?:[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com(?:\.cn)?$`)

// s3target splits a request into bucket and key, in virtual-host and path style,
// and tells which Region's endpoint the host is ("" where it names none).
func s3target(r *http.Request) (bucket, key, region string, virtual bool) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if m := s3hosts.FindStringSubmatch(host); m != nil {
		bucket, region = m[1], m[2]
	} else if name, ok := strings.CutSuffix(host, ".localhost"); ok {
		bucket = strings.TrimSuffix(name, ".s3")
	}
	if bucket != "" {
		return bucket, path, region, true
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key, region, false
}

// s3Service is Amazon S3.
var s3Service = &service{name: "s3", anonymous: true, errors: restErrors(), route: routeS3, fail: failS3}

func newS3Call(s *State, c *call) *s3call {
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
	sc := &s3call{call: c, s: s, op: s3operations[route], query: query, key: key, b: s.bucket(bucket)}
	if sc.op == nil {
		c.op = "s3:" + route.String()
		return sc
	}
	c.op = "s3:" + sc.op.name
	return sc
}

func routeS3(s *State, c *call) (operation, *apiError) {
	sc := newS3Call(s, c)
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

// identifyS3 sets the ids that every S3 answer carries.
func identifyS3(c *call, h http.Header) {
	h.Set("X-Amz-Request-Id", c.id)
	h.Set("X-Amz-Id-2", hostID(c))
	h.Set("Server", "AmazonS3")
}

func hostID(c *call) string { return base64.StdEncoding.EncodeToString([]byte(c.id)) }

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

func noSuchBucket(name string) *apiError {
	return &apiError{
		status: 404, code: "NoSuchBucket", message: "The specified bucket does not exist",
		detail: map[string]string{"BucketName": name},
	}
}

func accessDenied() *apiError {
	return &apiError{status: 403, code: "AccessDenied", message: "Access Denied"}
}

func invalidArgument(message, name, value string) *apiError {
	return &apiError{
		status: 400, code: "InvalidArgument", message: message,
		detail: map[string]string{"ArgumentName": name, "ArgumentValue": value},
	}
}

func invalidRequest(message string) *apiError {
	return &apiError{status: 400, code: "InvalidRequest", message: message}
}

func expectOwner(r *http.Request, header string, b *bucket) *apiError {
	if want := r.Header.Get(header); want != "" && want != b.account {
		return accessDenied()
	}
	return nil
}

// checkRegion refuses a request that came to another Region than the bucket's: with
// 301 where the endpoint is another Region's, with 400 where DNS led a global
// virtual-host name to the right Region but the signature names another one.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingRouting.html
func (c *s3call) checkRegion() *apiError {
	_, _, endpoint, virtual := s3target(c.r)
	if endpoint == "" {
		endpoint = c.region
		if virtual && s3hosts.MatchString(c.host()) { // led by DNS
			endpoint = c.b.region
		}
	}
	header := http.Header{"X-Amz-Bucket-Region": {c.b.region}}
	if endpoint != c.b.region {
		host := c.b.name + ".s3." + c.b.region + ".amazonaws.com"
		if strings.HasPrefix(c.b.region, "cn-") {
			host += ".cn"
		}
		return &apiError{
			status: http.StatusMovedPermanently, code: "PermanentRedirect", header: header,
			message: "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
			detail:  map[string]string{"Endpoint": host, "Bucket": c.b.name},
		}
	}
	if c.region != c.b.region && c.signed() {
		return &apiError{
			status: http.StatusBadRequest, code: "AuthorizationHeaderMalformed", header: header,
			message: "The authorization header is malformed; the region '" + c.region + "' is wrong; expecting '" + c.b.region + "'",
			detail:  map[string]string{"Region": c.b.region},
		}
	}
	return nil
}

func (c *s3call) host() string {
	if h, _, err := net.SplitHostPort(c.r.Host); err == nil {
		return h
	}
	return c.r.Host
}

// signed reports whether a Region was signed for (signature version 4).
func (c *s3call) signed() bool {
	return strings.HasPrefix(c.r.Header.Get("Authorization"), "AWS4-HMAC") || c.query.Get("X-Amz-Credential") != ""
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

// failS3 gives an error S3's form: XML, or a bare status for HEAD and 304.
func failS3(c *call, e *apiError) *response {
	header := http.Header{}
	for name, values := range e.header {
		header[name] = values
	}
	identifyS3(c, header)
	res := &response{status: e.status, header: header}
	if c.r.Method == http.MethodHead || e.status == http.StatusNotModified {
		return res
	}
	header.Set("Content-Type", "application/xml")
	type element struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
	}
	list := []element{{xml.Name{Local: "Code"}, e.code}, {xml.Name{Local: "Message"}, e.message}}
	names := make([]string, 0, len(e.detail))
	for name := range e.detail {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		list = append(list, element{xml.Name{Local: name}, e.detail[name]})
	}
	list = append(list, element{xml.Name{Local: "RequestId"}, c.id}, element{xml.Name{Local: "HostId"}, hostID(c)})
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"Error"`
		Items   []element
	}{Items: list})
	if err != nil { // only text goes in
		panic(err)
	}
	res.body = append([]byte(xml.Header), body...)
	return res
}
