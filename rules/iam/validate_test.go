package iam

import (
	"strings"
	"testing"
)

func TestValidateByKind(t *testing.T) {
	bucket := func(s string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111111111111"},` + s + `}]}`
	}
	deny := func(s string) string { return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny",` + s + `}]}` }
	trust := func(s string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + s + `}]}`
	}
	for _, c := range []struct {
		kind Kind
		doc  string
		want string // "" = stored
	}{
		{BucketPolicy, bucket(`"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"`), ""},
		{BucketPolicy, bucket(`"Action":"S3:getobject","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/k"]`), ""},
		{BucketPolicy, bucket(`"Action":"*","Resource":"arn:aws:s3:::b"`), ""},
		{BucketPolicy, bucket(`"Action":"s3:*","Resource":"arn:aws:s3:::b"`), ""},
		{BucketPolicy, bucket(`"Action":"s3:Get*","Resource":"arn:aws:s3:::b"`), ""},
		{BucketPolicy, bucket(`"Action":"s3:Replicate*","Resource":"arn:aws:s3:::b"`), "acts on objects"},
		{BucketPolicy, bucket(`"Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::b/*"`), "acts on the bucket"},
		{BucketPolicy, bucket(`"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b"]`), ""},
		{BucketPolicy, bucket(`"Action":"s3:ListBucket","NotResource":"arn:aws:s3:::b/x"`), ""},
		{BucketPolicy, bucket(`"Action":"s3:ListAllMyBuckets","Resource":"arn:aws:s3:::b"`), "acts on other resources"},
		{BucketPolicy, bucket(`"Action":"s3:ReplicateObjects","Resource":"arn:aws:s3:::b/*"`), "matches no action"},
		{BucketPolicy, bucket(`"NotAction":"s3:Foo","Resource":"arn:aws:s3:::b/*"`), "matches no action"},
		{BucketPolicy, bucket(`"Action":"sqs:SendMessage","Resource":"arn:aws:s3:::b/*"`), "not of s3"},
		{BucketPolicy, bucket(`"Action":"s3:*","Resource":"*"`), "not the ARN of an S3 bucket"},
		{BucketPolicy, bucket(`"Action":"s3:*","Resource":"arn:aws:s3:::b*"`), ""},
		{BucketPolicy, bucket(`"Action":"s3:*","Resource":"arn:aws:s3:::bb"`), "not in the bucket"},
		{BucketPolicy, bucket(`"Action":"s3:*","Resource":"arn:aws:s3:::*"`), "in full"},
		{BucketPolicy, bucket(`"Action":"s3:*","Resource":"arn:aws:s3:eu-west-1::b"`), "no Region"},
		{BucketPolicy, bucket(`"Action":"s3:*","Resource":"arn:aws:sqs:::b"`), "not the ARN of an S3 bucket"},
		{BucketPolicy, `{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b"}]}`, "no Principal"},
		{BucketPolicy, bucket(`"Action":"s3:*"`), "neither Resource"},
		{BucketPolicy, deny(`"NotPrincipal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), ""},
		{BucketPolicy, trust(`"NotPrincipal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), "NotPrincipal"},
		{BucketPolicy, deny(`"Principal":{"AWS":"arn:aws:iam::*:root"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), "no account, role"},
		{BucketPolicy, deny(`"Principal":{"AWS":"arn:aws:iam::111111111111:role/*"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), "no account, role"},
		{BucketPolicy, deny(`"Principal":{"AWS":"arn:aws:sts::111111111111:assumed-role/R/s"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), ""},
		{BucketPolicy, deny(`"Principal":{"AWS":"bob"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), "no account, role"},
		{BucketPolicy, deny(`"Principal":{"Service":"*"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), "no service name"},
		{BucketPolicy, deny(`"Principal":{"aws":"*"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), "unknown kind of principal"},
		{BucketPolicy, deny(`"Principal":"111111111111","Action":"s3:*","Resource":"arn:aws:s3:::b"`), `only string`},
		{BucketPolicy, deny(`"Principal":["*"],"Action":"s3:*","Resource":"arn:aws:s3:::b"`), `Principal is an array`},
		{BucketPolicy, deny(`"Principal":{},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), `empty object`},
		{BucketPolicy, deny(`"Sid":"with blanks","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"`), ""},
		{BucketPolicy, deny(`"Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity EAAAAAAAAAAAA"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), ""},
		{BucketPolicy, deny(`"Principal":{"CanonicalUser":"abc"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), ""},
		{KeyPolicy, trust(`"Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"`), ""},
		{KeyPolicy, trust(`"Action":"kms:*","Resource":"*"`), "no Principal"},
		{TrustPolicy, trust(`"Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"`), ""},
		{TrustPolicy, trust(`"Principal":{"Service":["s3.amazonaws.com","batchoperations.s3.amazonaws.com"]},"Action":["sts:AssumeRole","sts:TagSession"]`), ""},
		{TrustPolicy, trust(`"Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole","Resource":"*"`), "has a Resource"},
		{TrustPolicy, trust(`"Principal":"*","Action":"sts:AssumeRole"`), "bare Principal"},
		{TrustPolicy, trust(`"Principal":{"AWS":"*"},"Action":"sts:AssumeRole"`), ""},
		{TrustPolicy, trust(`"NotPrincipal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"`), "NotPrincipal"},
		{TrustPolicy, trust(`"Principal":{"AWS":"111111111111"},"Action":"s3:GetObject"`), "sts only"},
		{TrustPolicy, trust(`"Action":"sts:AssumeRole"`), "no Principal"},
		{SCP, deny(`"NotAction":"s3:*","Resource":"*","Condition":{"StringEquals":{"a":"b"}}`), ""},
		{SCP, trust(`"Action":"s3:*","NotResource":"arn:aws:s3:::b","Condition":{"StringEquals":{"a":"b"}}`), ""},
		{SCP, deny(`"Principal":"*","Action":"s3:*","Resource":"*"`), "must not have"},
		{SCP, deny(`"Action":"s3:*"`), "neither Resource"},
		{RCP, deny(`"Principal":"*","Action":"s3:*","Resource":"*"`), ""},
		{RCP, deny(`"Principal":{"AWS":"*"},"Action":["s3:*","KMS:Decrypt"],"NotResource":"arn:aws:s3:::b"`), ""},
		{RCP, deny(`"Principal":{"AWS":["*"]},"Action":"s3:*","Resource":"*"`), "must be"},
		{RCP, deny(`"Principal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"*"`), "must be"},
		{RCP, deny(`"NotPrincipal":{"AWS":"*"},"Action":"s3:*","Resource":"*"`), "must be"},
		{RCP, deny(`"Principal":"*","NotAction":"s3:*","Resource":"*"`), "NotAction"},
		{RCP, deny(`"Principal":"*","Action":"*","Resource":"*"`), "bare Action"},
		{RCP, deny(`"Principal":"*","Action":"s3:NoSuchAction","Resource":"*"`), ""},
		{RCP, deny(`"Principal":"*","Action":"ec2:*","Resource":"*"`), "do not cover"},
		{RCP, trust(`"Principal":"*","Action":"s3:*","Resource":"*"`), "can only deny"},
		{SessionPolicy, trust(`"Action":"*","Resource":"*","Condition":{"ArnLike":{"a":"x"},"IpAddress":{"a":"x"},"DateEquals":{"a":"x"},"NumericEquals":{"a":"x"},"BinaryEquals":{"a":"x"}}`), ""},
		{SessionPolicy, trust(`"Action":"*","Resource":"*","Condition":{"StringEquals":{"a":"Σ"}}`), ""},
		{BoundaryPolicy, trust(`"Action":"*","Resource":"*","Condition":{"StringEquals":{"a":"Σ"}}`), "U+03A3"},
		{BoundaryPolicy, trust(`"Action":"*","Resource":"*","Condition":{"StringEquals":{"a":"é\u03a3"}}`), ""},
		{ResourcePolicy, trust(`"Principal":"*","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:111111111111:q"`), ""},
	} {
		p := Parse(c.kind, "p", []byte(c.doc), ForBucket("b"))
		switch d := first(p, false); {
		case c.want == "" && d != nil:
			t.Errorf("%s %s: %s", c.kind, c.doc, d.Message)
		case c.want != "" && (d == nil || !strings.Contains(d.Message, c.want)):
			t.Errorf("%s %s: want %q, got %+v", c.kind, c.doc, c.want, p.Diagnostics())
		}
		if p.Valid() != (c.want == "") {
			t.Errorf("%s %s: valid %v", c.kind, c.doc, p.Valid())
		}
	}
}

// TestStored: what AWS returned it has stored, whatever our lists say.
func TestStored(t *testing.T) {
	for _, c := range []struct {
		kind  Kind
		doc   string
		valid bool
	}{
		{BucketPolicy, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:BrandNewAction","Resource":"arn:aws:s3:::b"}}`, true},
		{RCP, `{"Statement":{"Effect":"Deny","Principal":"*","Action":"newservice:*","Resource":"*"}}`, true},
		{RCP, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`, true},
		{BucketPolicy, `{"Statement":{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::something:new/x"},"Action":"s3:*","Resource":"arn:aws:s3:::b"}}`, true},
		{TrustPolicy, `{"Statement":{"Sid":"a b","Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`, true},
		{IdentityPolicy, `{"Version":"2012–10–17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, false},
		{BucketPolicy, `{"Statement":{"Effect":"Permit","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"}}`, false},
	} {
		if p := Parse(c.kind, "p", []byte(c.doc), Stored()); p.Valid() != c.valid {
			t.Errorf("%s: %+v", c.doc, p.Diagnostics())
		}
		if p := Parse(c.kind, "p", []byte(c.doc)); p.Valid() {
			t.Errorf("%s is accepted without Stored", c.doc)
		}
	}
	if p := Parse(RCP, "p-RCPFullAWSAccess", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`)); !p.Valid() {
		t.Errorf("AWS's own RCP: %+v", p.Diagnostics())
	}
}

func TestS3Actions(t *testing.T) {
	for name, want := range map[string]s3Type{
		"s3:replicateobject": s3Object, "s3:listbucket": s3Bucket, "s3:createjob": s3Other, "s3:tagresource": s3Bucket | s3Other, "s3:nothing": 0,
		"s3:get*": s3Bucket | s3Object | s3Other, "s3:replicate*": s3Object, "s3:*": s3Bucket | s3Object | s3Other, "s3:listbucket*": s3Bucket,
	} {
		g := newGlob(name)
		if got := s3ActionType(&g); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	if n := len(s3Actions()); n < 150 {
		t.Errorf("only %d actions", n)
	}
}
