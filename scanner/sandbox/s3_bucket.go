package sandbox

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"crosscheck/rules/iam"
)

// listBuckets lists the caller's buckets. As AWS documents it, BucketRegion comes
// only when the request has at least one parameter.
func listBuckets(c *s3call) (*response, *apiError) {
	type item struct {
		Name         string
		CreationDate string
		BucketRegion string `xml:",omitempty"`
		BucketArn    string `xml:",omitempty"`
	}
	type owner struct{ ID string }
	var answer struct {
		Owner             owner
		Buckets           []item `xml:"Buckets>Bucket"`
		ContinuationToken string `xml:",omitempty"`
		Prefix            string `xml:",omitempty"`
	}
	limit := 10000
	if text := c.query.Get("max-buckets"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 10000 {
			return nil, invalidArgument("Argument max-buckets must be an integer between 1 and 10000", "max-buckets", text)
		}
		limit = n
	}
	region := c.query.Get("bucket-region")
	if region != "" && region != c.region {
		return nil, invalidArgument("Argument value "+region+" is not a valid AWS Region for this endpoint", "bucket-region", region)
	}
	after, err := base64.URLEncoding.DecodeString(c.query.Get("continuation-token"))
	if err != nil {
		return nil, invalidArgument("The continuation token provided is incorrect", "continuation-token", c.query.Get("continuation-token"))
	}
	answer.Prefix = c.query.Get("prefix")
	detailed := region != "" || answer.Prefix != "" || c.query.Has("max-buckets") || c.query.Has("continuation-token")
	names := c.s.bucketsOf(c.caller.account)
	at, found := slices.BinarySearch(names, max(string(after), answer.Prefix))
	if found && len(after) > 0 && names[at] == string(after) {
		at++
	}
	for _, name := range names[at:] {
		b := c.s.bucket(name)
		if !strings.HasPrefix(name, answer.Prefix) {
			break
		}
		if region != "" && b.region != region {
			continue
		}
		if len(answer.Buckets) == limit {
			answer.ContinuationToken = base64.URLEncoding.EncodeToString([]byte(answer.Buckets[limit-1].Name))
			break
		}
		i := item{Name: name, CreationDate: isoTime(b.created)}
		if detailed {
			i.BucketRegion, i.BucketArn = b.region, "arn:"+c.s.partition+":s3:::"+name
		}
		answer.Buckets = append(answer.Buckets, i)
	}
	answer.Owner.ID = c.s.canonicalID(c.caller.account)
	return xmlAnswer("ListAllMyBucketsResult", answer)
}

func createBucket(c *s3call) (*response, *apiError) {
	type configuration struct {
		LocationConstraint string `xml:"LocationConstraint"`
		Tags               *struct {
			Tag []tag `xml:"Tag"`
		} `xml:"Tags"`
	}
	var in configuration
	if len(c.body) > 0 {
		if e := c.read("CreateBucketConfiguration", &in); e != nil {
			return nil, e
		}
	}
	region := in.LocationConstraint
	switch {
	case region == "EU":
		region = "eu-west-1"
	case region == "" && c.region == "us-east-1":
		region = c.region
	case region == "" || region != c.region && c.region != "us-east-1":
		constraint := region
		if constraint == "" {
			constraint = "unspecified"
		}
		return nil, &apiError{
			status: 400, code: "IllegalLocationConstraintException",
			message: "The " + constraint + " location constraint is incompatible for the region specific endpoint this request was sent to.",
		}
	case region == "us-east-1" || !isRegion(region):
		return nil, &apiError{status: 400, code: "InvalidLocationConstraint", message: "The specified location-constraint is not valid"}
	}
	if !isBucketName(c.bucket) {
		return nil, &apiError{
			status: 400, code: "InvalidBucketName", message: "The specified bucket is not valid.",
			detail: map[string]string{"BucketName": c.bucket},
		}
	}
	if c.caller == nil {
		return nil, accessDenied()
	}
	fresh := newBucket(c.bucket, c.caller.account, region)
	existing := c.b
	c.b = fresh // decides as the owner would be asked
	e := c.allow("s3:CreateBucket", c.bucketARN(), map[string]iam.Value{"s3:locationconstraint": iam.One(region)})
	if e != nil {
		return nil, e
	}
	if existing != nil {
		code, message := "BucketAlreadyExists", "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."
		if existing.account == c.caller.account {
			code, message = "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it."
		}
		return nil, &apiError{status: 409, code: code, message: message, detail: map[string]string{"BucketName": c.bucket}}
	}
	if owner := c.r.Header.Get("X-Amz-Object-Ownership"); owner != "" {
		if !slices.Contains([]string{bucketOwnerEnforced, bucketOwnerPreferred, objectWriter}, owner) {
			return nil, invalidArgument("Invalid x-amz-object-ownership header", "x-amz-object-ownership", owner)
		}
		fresh.ownership = owner
	}
	if acl := c.r.Header.Get("X-Amz-Acl"); acl != "" && acl != "private" {
		if fresh.ownership == bucketOwnerEnforced {
			return nil, &apiError{status: 400, code: "InvalidBucketAclWithObjectOwnership", message: "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"}
		}
		return nil, notImplemented("CreateBucket with the ACL " + acl)
	}
	if c.r.Header.Get("X-Amz-Bucket-Object-Lock-Enabled") == "true" {
		fresh.versioning, fresh.lock = enabled, &objectLock{}
	}
	if in.Tags != nil {
		setBucketTags(fresh, in.Tags.Tag)
	}
	c.s.addBucket(fresh)
	return &response{status: 200, header: http.Header{
		"Location":         {"/" + c.bucket},
		"X-Amz-Bucket-Arn": {c.bucketARN()},
	}}, nil
}

func headBucket(c *s3call) (*response, *apiError) {
	return &response{status: 200, header: http.Header{
		"X-Amz-Bucket-Region":      {c.b.region},
		"X-Amz-Bucket-Arn":         {c.bucketARN()},
		"X-Amz-Access-Point-Alias": {"false"},
		"Content-Type":             {"application/xml"},
	}}, nil
}

func removeBucket(c *s3call) (*response, *apiError) {
	if len(c.b.keys) > 0 {
		message := "The bucket you tried to delete is not empty"
		if c.b.versioning != "" {
			message += ". You must delete all versions in the bucket."
		}
		return nil, &apiError{status: 409, code: "BucketNotEmpty", message: message, detail: map[string]string{"BucketName": c.bucket}}
	}
	c.s.deleteBucket(c.b)
	return done(204)
}
