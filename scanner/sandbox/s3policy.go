package sandbox

import (
	"bytes"
	"encoding/json"
	"regexp"

	"crosscheck/rules/iam"
)

// maxPolicy is the size of the largest bucket policy.
const maxPolicy = 20 << 10

var (
	awsPrincipals   = regexp.MustCompile(`"AWS":("\d{12}"|\[[^\]]*\])`)
	accountInQuotes = regexp.MustCompile(`"(\d{12})"`)
)

// putPolicy stores a bucket policy, if S3 would: minified, with account ids among
// the principals as the ARN of the account's root.
func (c *s3call) putPolicy() (*response, *apiError) {
	body, e := c.payload()
	if e != nil {
		return nil, e
	}
	if len(body) > maxPolicy {
		return nil, &apiError{status: 400, code: "PolicyTooLarge", message: "The policy exceeds the maximum allowed size"}
	}
	p := iam.Parse(iam.BucketPolicy, c.bucket, body, iam.ForBucket(c.bucket))
	if !p.Valid() {
		message := "This policy contains invalid Json"
		for _, d := range p.Diagnostics() {
			if !d.Warning {
				message = d.Message
				break
			}
		}
		return nil, &apiError{status: 400, code: "MalformedPolicy", message: message}
	}
	if c.s.blockPublicPolicy(c.b) && iam.Classify(c.bucket, p).Public == iam.True {
		return nil, &apiError{
			status: 403, code: "AccessDenied",
			message: "User: " + c.caller.principal.ARN + " is not authorized to perform: s3:PutBucketPolicy on resource: \"" + c.bucketARN() +
				"\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		return nil, &apiError{status: 400, code: "MalformedPolicy", message: "This policy contains invalid Json"}
	}
	root := []byte(`"arn:` + c.s.partition + `:iam::$1:root"`)
	c.b.policy = string(awsPrincipals.ReplaceAllFunc(compact.Bytes(), func(list []byte) []byte {
		return accountInQuotes.ReplaceAll(list, root)
	}))
	return done(204)
}

// blockPublicPolicy is the effective BlockPublicPolicy of a bucket.
func (s *State) blockPublicPolicy(b *bucket) bool {
	a := s.accounts[b.account]
	return b.publicAccess != nil && b.publicAccess.BlockPolicy ||
		a != nil && a.publicAccess != nil && a.publicAccess.BlockPolicy
}

// getPolicyStatus says whether the policy is public; what cannot be classified
// counts as public.
func (c *s3call) getPolicyStatus() (*response, *apiError) {
	if c.b.policy == "" {
		return nil, c.noPolicy()
	}
	type policyStatus struct{ IsPublic bool }
	p := c.s.parse(iam.BucketPolicy, c.bucket, c.b.policy)
	return xmlAnswer("PolicyStatus", policyStatus{iam.Classify(c.bucket, p).Public != iam.False})
}
