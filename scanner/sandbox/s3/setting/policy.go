package setting

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"

	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func loadPolicy(_ *state.State, b *state.Bucket, w *World) { b.Policy = w.Policy }

func getPolicy(c *request.Request) (*wire.Response, *wire.Error) {
	if c.Bucket.Policy == "" {
		return nil, noPolicy(c)
	}
	return &wire.Response{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(c.Bucket.Policy)}, nil
}

// putPolicy stores a bucket policy, if S3 would: minified, with account ids among
// the principals as the ARN of the account's root.
func putPolicy(c *request.Request) (*wire.Response, *wire.Error) {
	body, e := c.Payload()
	if e != nil {
		return nil, e
	}
	if len(body) > maxPolicy {
		return nil, &wire.Error{
			Status: 400, Code: "PolicyTooLarge",
			Message: "The policy exceeds the maximum allowed size",
		}
	}
	p := policy.Parse(policy.Bucket, c.BucketName, body, policy.ForBucket(c.BucketName), policy.In(c.State.Partition))
	if !p.Valid() {
		message := "This policy contains invalid Json"
		for _, d := range p.Diagnostics() {
			if !d.Warning {
				message = d.Message
				break
			}
		}
		return nil, &wire.Error{Status: 400, Code: "MalformedPolicy", Message: message}
	}
	if c.State.BlockPublicPolicy(c.Bucket) && policy.Classify(c.BucketName, p).Public == logic.True {
		return nil, &wire.Error{
			Status: 403, Code: "AccessDenied",
			Message: "User: " + c.Caller.Principal.ARN + " is not authorized to perform: s3:PutBucketPolicy on resource: \"" + c.BucketARN() +
				"\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		return nil, &wire.Error{Status: 400, Code: "MalformedPolicy", Message: "This policy contains invalid Json"}
	}
	root := []byte(`"arn:` + c.State.Partition + `:iam::$1:root"`)
	c.Bucket.Policy = string(awsPrincipals.ReplaceAllFunc(compact.Bytes(), func(list []byte) []byte {
		return accountInQuotes.ReplaceAll(list, root)
	}))
	return wire.Done(204)
}

func removePolicy(b *state.Bucket) { b.Policy = "" }

// getPolicyStatus says whether the policy is public; what cannot be classified
// counts as public.
func getPolicyStatus(c *request.Request) (*wire.Response, *wire.Error) {
	if c.Bucket.Policy == "" {
		return nil, noPolicy(c)
	}
	type policyStatus struct{ IsPublic bool }
	p := c.State.Parse(policy.Bucket, c.BucketName, c.Bucket.Policy)
	return wire.AnswerXML("PolicyStatus", policyStatus{policy.Classify(c.BucketName, p).Public != logic.False})
}

// ownersOnly refuses the policy operations to callers of other accounts, even
// to those that the policy allows.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html
func ownersOnly(c *request.Request) *wire.Error {
	if c.Foreign() {
		return &wire.Error{
			Status: 405, Code: "MethodNotAllowed", Message: "The specified method is not allowed against this resource.",
			Detail: map[string]string{"Method": c.HTTP.Method, "ResourceType": "BUCKETPOLICY"},
		}
	}
	return nil
}

func noPolicy(c *request.Request) *wire.Error {
	return request.NotFound("NoSuchBucketPolicy", "The bucket policy does not exist", c.Bucket)
}

// maxPolicy is the size of the largest bucket policy.
const maxPolicy = 20 << 10

var (
	awsPrincipals   = regexp.MustCompile(`"AWS":("\d{12}"|\[[^\]]*\])`)
	accountInQuotes = regexp.MustCompile(`"(\d{12})"`)
)
