package scanner

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"crosscheck/scanner/client/answer"
	"crosscheck/scanner/fact"
)

// fake is an AWS of canned answers, for what the sandbox answers too well: an
// account with one bucket, src, whose answers a test replaces one by one.
type fake struct {
	answers map[string]func(*http.Request) reply

	mu    sync.Mutex
	calls []string
}

type reply struct {
	status int
	header map[string]string
	body   string
}

// newFake has an answer for every read of the bucket. Those that are not written down in
// [canned] say that there is none.
func newFake() *fake {
	f := canned()
	for name, resource := range resources() {
		read := bucketReads[name]
		switch op := "GET /src?" + resource; {
		case f.answers[op] != nil:
		case read.absent != "":
			f.answer(op, s3Error(404, read.absent, "none"))
		default:
			f.answer(op, reply{200, nil, "<" + answer.Root(bucketAPI(name)) + "/>"})
		}
	}
	return f
}

// resources are the query parameters that ask for the facts of a bucket, by the names of
// the facts: those of the calls that a scan makes.
var resources = sync.OnceValue(func() map[string]string {
	found := map[string]string{"replication": "replication"}
	for name := range bucketReads {
		f := canned()
		f.answer("GET /src?replication", s3Error(404, bucketReads["replication"].absent, "none"))
		_, err := scanAll(context.Background(), f.config(), Options{AccountOnly: true, Needs: []string{"bucket." + name}})
		if err != nil {
			panic(err)
		}
		for _, call := range f.calls {
			op, _, _ := strings.Cut(call, " @")
			if resource, ok := strings.CutPrefix(op, "GET /src?"); ok && resource != "replication" {
				found[name] = resource
			}
		}
	}
	return found
})

func canned() *fake {
	f := &fake{answers: map[string]func(*http.Request) reply{}}
	for op, r := range map[string]reply{
		"sts:GetCallerIdentity":              {200, nil, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:user/me</Arn><UserId>AIDA</UserId><Account>111111111111</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`},
		"organizations:DescribeOrganization": {400, nil, `{"__type":"AWSOrganizationsNotInUseException","Message":"not in use"}`},
		"GET /":                              {200, nil, buckets(`<Bucket><Name>src</Name><BucketRegion>eu-west-1</BucketRegion></Bucket>`)},
		"GET /src?replication":               {200, nil, replicationXML(`<Rule><ID>all</ID><Status>Enabled</Status><Priority>1</Priority><Filter/><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination></Rule>`)},
		"GET /src?versioning":                {200, nil, `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>`},
		"GET /src?policy":                    {200, nil, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:x","Resource":"*"}]}`},
		"GET /src?ownershipControls":         {200, nil, `<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>`},
		"GET /src?encryption":                {200, nil, `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`},
		"GET /src?object-lock":               {200, nil, `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>3</Days></DefaultRetention></Rule></ObjectLockConfiguration>`},
		"GET /src?lifecycle":                 {200, nil, `<LifecycleConfiguration><Rule><ID>x</ID><Status>Enabled</Status><Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></And></Filter><Expiration><Days>9</Days></Expiration><Transition><Days>30</Days><StorageClass>GLACIER</StorageClass></Transition><Transition><Days>2</Days><StorageClass>STANDARD_IA</StorageClass></Transition></Rule></LifecycleConfiguration>`},
		"GET /src?notification":              {200, nil, `<NotificationConfiguration><TopicConfiguration><Id>t</Id><Topic>arn:aws:sns:eu-west-1:111111111111:t</Topic><Event>s3:Replication:*</Event><Event>s3:ObjectCreated:*</Event></TopicConfiguration><QueueConfiguration><Id>q</Id><Queue>arn:aws:sqs:eu-west-1:111111111111:q</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration><EventBridgeConfiguration/></NotificationConfiguration>`},
		"GET /src?requestPayment":            {200, nil, `<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>`},
		"GET /src?publicAccessBlock":         {200, nil, `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>`},
		"GET /src?tagging":                   {200, nil, `<Tagging><TagSet><Tag><Key>team</Key><Value>x</Value></Tag></TagSet></Tagging>`},
		"GET /src?abac":                      {200, nil, `<AbacStatus><Status>Disabled</Status></AbacStatus>`},
		"cloudwatch:DescribeAlarms":          {200, nil, `{"MetricAlarms":[],"CompositeAlarms":[]}`},
		"HEAD /dst":                          {404, nil, ""},
		"iam:GetRole":                        {404, nil, `<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>no role</Message></Error></ErrorResponse>`},
		"s3control:GetPublicAccessBlock":     {404, nil, `<ErrorResponse><Error><Code>NoSuchPublicAccessBlockConfiguration</Code><Message>none</Message></Error></ErrorResponse>`},
	} {
		f.answer(op, r)
	}
	return f
}

func buckets(list string) string {
	return `<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>o</ID></Owner><Buckets>` + list + `</Buckets></ListAllMyBucketsResult>`
}

func replicationXML(rules string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Role>arn:aws:iam::111111111111:role/r</Role>` + rules + `</ReplicationConfiguration>`
}

// rolePolicy answers with an inline policy of the name that was asked for, URL-encoded.
func rolePolicy(document string) func(*http.Request) reply {
	return func(r *http.Request) reply {
		_ = r.ParseForm()
		return reply{200, nil, "<GetRolePolicyResponse><GetRolePolicyResult><RoleName>" + r.PostForm.Get("RoleName") + "</RoleName><PolicyName>" + r.PostForm.Get("PolicyName") +
			"</PolicyName><PolicyDocument>" + document + "</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>"}
	}
}

func s3Error(status int, code, message string) reply {
	return reply{status, nil, "<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>"}
}

func (f *fake) answer(op string, r reply) { f.do(op, func(*http.Request) reply { return r }) }

func (f *fake) do(op string, g func(*http.Request) reply) { f.answers[op] = g }

// operation names a request: "GET /bucket?policy", "iam:GetRole".
func operation(r *http.Request) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		service, op, _ := strings.Cut(target, ".")
		return map[string]string{"AWSOrganizationsV20161128": "organizations", "TrentService": "kms", "GraniteServiceVersion20100801": "cloudwatch"}[service] + ":" + op
	}
	host := r.URL.Host
	if r.Method == http.MethodPost && r.Body != nil {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, _ := url.ParseQuery(string(body))
		return strings.SplitN(host, ".", 2)[0] + ":" + form.Get("Action")
	}
	if strings.Contains(host, "s3-control") {
		return "s3control:GetPublicAccessBlock"
	}
	op := r.Method + " " + r.URL.Path
	for key, values := range r.URL.Query() {
		if values[0] == "" { // as in ?policy
			op += "?" + key
		}
	}
	return op
}

func (f *fake) Do(r *http.Request) (*http.Response, error) {
	op := operation(r)
	f.mu.Lock()
	f.calls = append(f.calls, op+" @"+regionOf(r))
	f.mu.Unlock()
	g, ok := f.answers[op]
	if !ok {
		g = func(*http.Request) reply { return s3Error(501, "NotImplemented", "the fake has no answer to "+op) }
	}
	a := g(r)
	media := "application/xml"
	if strings.HasPrefix(a.body, "{") {
		media = "application/json"
	}
	res := &http.Response{StatusCode: a.status, Header: http.Header{"Content-Type": {media}}, Request: r,
		ProtoMajor: 1, ProtoMinor: 1, Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body))}
	res.Header.Set("X-Amz-Request-Id", "R")
	for k, v := range a.header {
		res.Header.Set(k, v)
	}
	return res, nil
}

// regionOf is the Region that a request is signed for.
func regionOf(r *http.Request) string {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if parts := strings.Split(scope, "/"); len(parts) > 2 {
		return parts[2]
	}
	return ""
}

// count counts the calls of an operation.
func (f *fake) count(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if c == op || strings.HasPrefix(c, op+" @") {
			n++
		}
	}
	return n
}

func (f *fake) config() aws.Config {
	return aws.Config{Region: "eu-west-1", HTTPClient: f, Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", "")}
}

// src scans the fake and gives back the document of its bucket.
func (f *fake) src(t *testing.T, needs ...string) (*fact.Document, *result) {
	t.Helper()
	r, err := scanAll(t.Context(), f.config(), Options{AccountOnly: true, Needs: needs})
	if err != nil {
		t.Fatal(err)
	}
	if r.docs["src"] == nil {
		t.Fatalf("no document of src: %s", fmt.Sprint(r.gaps))
	}
	return r.docs["src"], r
}
