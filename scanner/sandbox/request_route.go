package sandbox

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

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

func expectOwner(r *http.Request, header string, b *bucket) *apiError {
	if want := r.Header.Get(header); want != "" && want != b.account {
		return accessDenied()
	}
	return nil
}
