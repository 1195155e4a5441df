package s3

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// listBuckets lists the caller's buckets. As AWS documents it, BucketRegion comes
// only when the request has at least one parameter.
func listBuckets(c *request.Request) (*wire.Response, *wire.Error) {
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
	if text := c.Query.Get("max-buckets"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 10000 {
			return nil, wire.InvalidArgument(
				"Argument max-buckets must be an integer between 1 and 10000",
				"max-buckets", text,
			)
		}
		limit = n
	}
	region := c.Query.Get("bucket-region")
	if region != "" && region != c.Region {
		return nil, wire.InvalidArgument("Argument value "+region+" is not a valid AWS Region for this endpoint", "bucket-region", region)
	}
	after, err := base64.URLEncoding.DecodeString(c.Query.Get("continuation-token"))
	if err != nil {
		return nil, wire.InvalidArgument(
			"The continuation token provided is incorrect",
			"continuation-token", c.Query.Get("continuation-token"),
		)
	}
	answer.Prefix = c.Query.Get("prefix")
	detailed := region != "" || answer.Prefix != "" || c.Query.Has("max-buckets") || c.Query.Has("continuation-token")
	names := c.State.BucketsOf(c.Caller.Account)
	at, found := slices.BinarySearch(names, max(string(after), answer.Prefix))
	if found && len(after) > 0 && names[at] == string(after) {
		at++
	}
	for _, name := range names[at:] {
		b := c.State.Bucket(name)
		if !strings.HasPrefix(name, answer.Prefix) {
			break
		}
		if region != "" && b.Region != region {
			continue
		}
		if len(answer.Buckets) == limit {
			answer.ContinuationToken = base64.URLEncoding.EncodeToString([]byte(answer.Buckets[limit-1].Name))
			break
		}
		i := item{Name: name, CreationDate: wire.ISOTime(b.Created)}
		if detailed {
			i.BucketRegion, i.BucketArn = b.Region, "arn:"+c.State.Partition+":s3:::"+name
		}
		answer.Buckets = append(answer.Buckets, i)
	}
	answer.Owner.ID = c.State.CanonicalID(c.Caller.Account)
	return wire.AnswerXML("ListAllMyBucketsResult", answer)
}

func createBucket(c *request.Request) (*wire.Response, *wire.Error) {
	type configuration struct {
		LocationConstraint string `xml:"LocationConstraint"`
		Tags               *struct {
			Tag []state.Tag `xml:"Tag"`
		} `xml:"Tags"`
	}
	var in configuration
	if len(c.Body) > 0 {
		if e := c.Read("CreateBucketConfiguration", &in); e != nil {
			return nil, e
		}
	}
	region := in.LocationConstraint
	switch {
	case region == "EU":
		region = "eu-west-1"
	case region == "" && c.Region == "us-east-1":
		region = c.Region
	case region == "" || region != c.Region && c.Region != "us-east-1":
		constraint := region
		if constraint == "" {
			constraint = "unspecified"
		}
		return nil, &wire.Error{
			Status: 400, Code: "IllegalLocationConstraintException",
			Message: "The " + constraint + " location constraint is incompatible for the region specific endpoint this request was sent to.",
		}
	case region == "us-east-1" || !state.IsRegion(region):
		return nil, &wire.Error{
			Status: 400, Code: "InvalidLocationConstraint",
			Message: "The specified location-constraint is not valid",
		}
	}
	if !state.IsBucketName(c.BucketName) {
		return nil, &wire.Error{
			Status: 400, Code: "InvalidBucketName", Message: "The specified bucket is not valid.",
			Detail: map[string]string{"BucketName": c.BucketName},
		}
	}
	if c.Caller == nil {
		return nil, wire.AccessDenied()
	}
	fresh := state.NewBucket(c.BucketName, c.Caller.Account, region)
	existing := c.Bucket
	c.Bucket = fresh // decides as the owner would be asked
	e := c.Allow("s3:CreateBucket", c.BucketARN(), map[string]contextkey.Value{"s3:locationconstraint": contextkey.One(region)})
	if e != nil {
		return nil, e
	}
	if existing != nil {
		code, message := "BucketAlreadyExists", "The requested bucket name is not available. "+
			"The bucket namespace is shared by all users of the system. Please select a different name and try again."
		if existing.Account == c.Caller.Account {
			code, message = "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it."
		}
		return nil, &wire.Error{Status: 409, Code: code, Message: message, Detail: map[string]string{"BucketName": c.BucketName}}
	}
	if owner := c.HTTP.Header.Get("X-Amz-Object-Ownership"); owner != "" {
		if !slices.Contains([]string{state.BucketOwnerEnforced, state.BucketOwnerPreferred, state.ObjectWriter}, owner) {
			return nil, wire.InvalidArgument("Invalid x-amz-object-ownership header", "x-amz-object-ownership", owner)
		}
		fresh.Ownership = owner
	}
	if acl := c.HTTP.Header.Get("X-Amz-Acl"); acl != "" && acl != "private" {
		if fresh.Ownership == state.BucketOwnerEnforced {
			return nil, &wire.Error{
				Status: 400, Code: "InvalidBucketAclWithObjectOwnership",
				Message: "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
			}
		}
		return nil, wire.NotImplemented("CreateBucket with the ACL " + acl)
	}
	if c.HTTP.Header.Get("X-Amz-Bucket-Object-Lock-Enabled") == "true" {
		fresh.Versioning, fresh.Lock = state.Enabled, &state.ObjectLock{}
	}
	if in.Tags != nil {
		fresh.Tags = in.Tags.Tag
	}
	c.State.AddBucket(fresh)
	return &wire.Response{Status: 200, Header: http.Header{
		"Location":         {"/" + c.BucketName},
		"X-Amz-Bucket-Arn": {c.BucketARN()},
	}}, nil
}

func headBucket(c *request.Request) (*wire.Response, *wire.Error) {
	return &wire.Response{Status: 200, Header: http.Header{
		"X-Amz-Bucket-Region":      {c.Bucket.Region},
		"X-Amz-Bucket-Arn":         {c.BucketARN()},
		"X-Amz-Access-Point-Alias": {"false"},
		"Content-Type":             {"application/xml"},
	}}, nil
}

func removeBucket(c *request.Request) (*wire.Response, *wire.Error) {
	if len(c.Bucket.Keys) > 0 {
		message := "The bucket you tried to delete is not empty"
		if c.Bucket.Versioning != "" {
			message += ". You must delete all versions in the bucket."
		}
		return nil, &wire.Error{
			Status: 409, Code: "BucketNotEmpty", Message: message,
			Detail: map[string]string{"BucketName": c.BucketName},
		}
	}
	c.State.DeleteBucket(c.Bucket)
	return wire.Done(204)
}
