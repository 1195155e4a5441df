package setting

import (
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/wire"
)

func getLocation(c *request.Request) (*wire.Response, *wire.Error) {
	type location struct {
		Region string `xml:",chardata"`
	}
	region := c.Bucket.Region
	switch region {
	case "us-east-1":
		region = ""
	case "eu-west-1":
		region = "EU"
	}
	return wire.AnswerXML("LocationConstraint", location{region})
}

func getBucketACL(c *request.Request) (*wire.Response, *wire.Error) {
	owner := c.State.CanonicalID(c.Bucket.Account)
	return wire.AnswerXML("AccessControlPolicy", request.ACL{OwnerID: owner, Grants: request.FullControl(owner)})
}
