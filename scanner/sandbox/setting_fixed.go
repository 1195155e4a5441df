package sandbox

func getLocation(c *s3call) (*response, *apiError) {
	type location struct {
		Region string `xml:",chardata"`
	}
	region := c.b.region
	switch region {
	case "us-east-1":
		region = ""
	case "eu-west-1":
		region = "EU"
	}
	return xmlAnswer("LocationConstraint", location{region})
}

func getBucketACL(c *s3call) (*response, *apiError) {
	owner := c.s.canonicalID(c.b.account)
	return xmlAnswer("AccessControlPolicy", aclXML{owner, fullControl(owner)})
}
