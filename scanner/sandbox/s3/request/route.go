package request

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// Table is the operations of S3 by what chooses them.
type Table map[Route]*Operation

// Route is the part of a request that chooses its operation.
type Route struct{ method, level, subresource string }

// The levels of a Route.
const (
	serviceLevel = "service"
	bucketLevel  = "bucket"
	objectLevel  = "object"
)

// OnService is the route of a request that names no bucket.
func OnService(method string) Route { return Route{method, serviceLevel, ""} }

// OnBucket is the route of a request about a bucket. The subresource is the query
// parameter that asks for a part of it, such as acl; "" is the bucket itself.
func OnBucket(method, subresource string) Route { return Route{method, bucketLevel, subresource} }

// OnObject is the route of a request about an object. Its subresource is as in
// [OnBucket], or [Copy].
func OnObject(method, subresource string) Route { return Route{method, objectLevel, subresource} }

// Copy is the subresource of a PUT that names the source of a copy, in a header.
const Copy = "copy"

// String is the route as messages print it: method, level and subresource.
func (r Route) String() string {
	text := r.method + " " + r.level
	if r.subresource != "" {
		text += " " + r.subresource
	}
	return text
}

// routeOf reads the route of a request.
func routeOf(r *http.Request, bucket, key string) Route {
	route := Route{r.Method, serviceLevel, subresource(r.URL.Query())}
	switch {
	case key != "":
		route.level = objectLevel
	case bucket != "":
		route.level = bucketLevel
	}
	if route == OnObject(http.MethodPut, "") && r.Header.Get("X-Amz-Copy-Source") != "" {
		route.subresource = Copy
	}
	return route
}

// parameters are the query parameters that choose no subresource.
var parameters = []string{
	"x-id", "prefix", "delimiter", "marker", "max-keys", "continuation-token", "start-after", "fetch-owner",
	"encoding-type", "key-marker", "version-id-marker", "upload-id-marker", "max-uploads", "max-parts",
	"part-number-marker", "partNumber", "versionId", "max-buckets", "bucket-region",
	"AWSAccessKeyId", "Signature", "Expires",
}

// subresource is what a query asks for in addition to the bucket or object itself.
// An unknown parameter is taken for one, so that it is refused, not ignored.
func subresource(query url.Values) string {
	var found []string
	for name := range query {
		lower := strings.ToLower(name)
		if !slices.Contains(parameters, name) && !strings.HasPrefix(lower, "x-amz-") && !strings.HasPrefix(name, "response-") {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return strings.Join(found, "&")
}

// hosts are the forms of S3's endpoints, with an optional bucket in front.
var hosts = regexp.MustCompile(`^(?:(.+)\.)?s3(?:-fips)?(?:[.-](?:dualstack\.)?(` + fact.RegionName + `))?\.(?:` +
	strings.ReplaceAll(strings.Join(fact.Domains(), "|"), ".", `\.`) + `)$`)

// target splits a request into bucket and key, in virtual-host and path style,
// and the Region whose endpoint the host is ("" where it names none).
func target(r *http.Request) (bucket, key, region string, virtual bool) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if m := hosts.FindStringSubmatch(host); m != nil {
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
func (c *Request) checkRegion() *wire.Error {
	_, _, endpoint, virtual := target(c.HTTP)
	if endpoint == "" {
		endpoint = c.Region
		if virtual && hosts.MatchString(c.host()) { // led by DNS
			endpoint = c.Bucket.Region
		}
	}
	header := http.Header{"X-Amz-Bucket-Region": {c.Bucket.Region}}
	if endpoint != c.Bucket.Region {
		host := c.Bucket.Name + ".s3." + c.Bucket.Region + "." + fact.Domain(fact.PartitionOf(c.Bucket.Region))
		return &wire.Error{
			Status: http.StatusMovedPermanently, Code: "PermanentRedirect", Header: header,
			Message: "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
			Detail:  map[string]string{"Endpoint": host, "Bucket": c.Bucket.Name},
		}
	}
	if c.Region != c.Bucket.Region && c.signed() {
		return &wire.Error{
			Status: http.StatusBadRequest, Code: "AuthorizationHeaderMalformed", Header: header,
			Message: "The authorization header is malformed; the region '" + c.Region + "' is wrong; expecting '" + c.Bucket.Region + "'",
			Detail:  map[string]string{"Region": c.Bucket.Region},
		}
	}
	return nil
}

func (c *Request) host() string {
	if h, _, err := net.SplitHostPort(c.HTTP.Host); err == nil {
		return h
	}
	return c.HTTP.Host
}

// signed reports whether a Region was signed for (signature version 4).
func (c *Request) signed() bool {
	return strings.HasPrefix(c.HTTP.Header.Get("Authorization"), "AWS4-HMAC") || c.Query.Get("X-Amz-Credential") != ""
}

// ExpectOwner refuses a request whose header names another owner than the bucket's.
func ExpectOwner(r *http.Request, header string, b *state.Bucket) *wire.Error {
	if want := r.Header.Get(header); want != "" && want != b.Account {
		return wire.AccessDenied()
	}
	return nil
}
