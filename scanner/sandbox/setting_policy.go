package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"

	"crosscheck/rules/iam"
)

func loadPolicy(_ *State, b *bucket, w *worldSettings) { b.policy = w.Policy }

func getPolicy(c *s3call) (*response, *apiError) {
	if c.b.policy == "" {
		return nil, noPolicy(c)
	}
	return &response{status: 200, header: http.Header{"Content-Type": {"application/json"}}, body: []byte(c.b.policy)}, nil
}

// putPolicy stores a bucket policy, if S3 would: minified, with account ids among
// the principals as the ARN of the account's root.
func putPolicy(c *s3call) (*response, *apiError) {
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

func removePolicy(b *bucket) { b.policy = "" }

// getPolicyStatus says whether the policy is public; what cannot be classified
// counts as public.
func getPolicyStatus(c *s3call) (*response, *apiError) {
	if c.b.policy == "" {
		return nil, noPolicy(c)
	}
	type policyStatus struct{ IsPublic bool }
	p := c.s.parse(iam.BucketPolicy, c.bucket, c.b.policy)
	return xmlAnswer("PolicyStatus", policyStatus{iam.Classify(c.bucket, p).Public != iam.False})
}

// ownersOnly refuses the policy operations to callers of other accounts, even
// to those that the policy allows.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html
func ownersOnly(c *s3call) *apiError {
	if c.foreign() {
		return &apiError{
			status: 405, code: "MethodNotAllowed", message: "The specified method is not allowed against this resource.",
			detail: map[string]string{"Method": c.r.Method, "ResourceType": "BUCKETPOLICY"},
		}
	}
	return nil
}

func noPolicy(c *s3call) *apiError {
	return notFound("NoSuchBucketPolicy", "The bucket policy does not exist", c.b)
}

// maxPolicy is the size of the largest bucket policy.
const maxPolicy = 20 << 10

var (
	awsPrincipals   = regexp.MustCompile(`"AWS":("\d{12}"|\[[^\]]*\])`)
	accountInQuotes = regexp.MustCompile(`"(\d{12})"`)
)
