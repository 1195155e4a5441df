package iam_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/iam/simulate"
)

const (
	benchRole = `{"Version":"2012-10-17","Statement":[
 {"Sid":"Source","Effect":"Allow","Action":["s3:GetReplicationConfiguration","s3:ListBucket"],"Resource":"arn:aws:s3:::src"},
 {"Sid":"Destination","Effect":"Allow","Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"}]}`
	benchBucket = `{"Version":"2012-10-17","Statement":[
 {"Sid":"Replication","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/service-role/R"},
  "Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags","s3:ObjectOwnerOverrideToBucketOwner"],"Resource":"arn:aws:s3:::dst/*"},
 {"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"],
  "Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
	benchSCP = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	benchRCP = `{"Version":"2012-10-17","Statement":[{"Sid":"Perimeter","Effect":"Deny","Principal":"*","Action":["s3:*","kms:*"],"Resource":"*",
  "Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-example"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}]}`
	benchKey = `{"Version":"2012-10-17","Statement":[
 {"Sid":"Account","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"kms:*","Resource":"*"},
 {"Sid":"Replication","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/service-role/R"},"Action":["kms:Encrypt","kms:GenerateDataKey*"],"Resource":"*",
  "Condition":{"StringEquals":{"kms:ViaService":"s3.eu-central-1.amazonaws.com"},"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"}}}]}`
	benchRoleKey = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:Encrypt"],"Resource":"arn:aws:kms:eu-central-1:222222222222:key/00000000-0000-0000-0000-000000000000"}]}`
)

func benchRequest() (*iam.Request, *iam.Input) {
	p := principal.RoleSession("arn:aws:iam::111111111111:role/service-role/R", "AROAEXAMPLEEXAMPLE123", "s3-replication")
	req := &iam.Request{
		Principal: p, Action: "s3:ReplicateObject", Resource: "arn:aws:s3:::dst/logs/2026/01/01/k", ResourceAccount: "222222222222",
		Context: map[string]contextkey.Value{
			"aws:principalarn":          contextkey.One(p.RoleARN),
			"aws:principalaccount":      contextkey.One(p.Account),
			"aws:principalorgid":        contextkey.One("o-example"),
			"aws:principalisawsservice": contextkey.One("false"),
			"aws:securetransport":       contextkey.One("true"),
			"aws:userid":                contextkey.One(p.RoleID + ":s3-replication"),
		},
	}
	in := &iam.Input{
		Identity:              iam.Policies(policy.Parse(policy.Identity, "role", []byte(benchRole))),
		Boundary:              iam.Policies(),
		Session:               iam.Policies(),
		SCPs:                  iam.OnPath(iam.Level{Target: "r-root", Layer: iam.Policies(policy.Parse(policy.SCP, "FullAWSAccess", []byte(benchSCP)))}),
		RCPs:                  iam.OnPath(iam.Level{Target: "r-root", Layer: iam.Policies(policy.Parse(policy.RCP, "perimeter", []byte(benchRCP)))}),
		Resource:              iam.Policies(policy.Parse(policy.Bucket, "dst", []byte(benchBucket), policy.ForBucket("dst"))),
		Grants:                logic.False,
		RestrictPublicBuckets: logic.True,
	}
	return req, in
}

// cpu reports the processor time of one operation beside the time on the wall,
// which says little on a machine that others use too.
func cpu(b *testing.B) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/float64(b.N), "cpu-ns/op") }
}

func run(b *testing.B, want iam.Result, req *iam.Request, in *iam.Input, f func(*iam.Request, *iam.Input) iam.Decision) {
	b.Helper()
	if d := explain.Decide(req, in); d.Result != want {
		b.Fatalf("%s: %s %+v", d.Result, d.Message, d.Errors)
	}
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		f(req, in)
	}
}

func BenchmarkDecideAllowed(b *testing.B) {
	req, in := benchRequest()
	run(b, iam.Allowed, req, in, iam.Decide)
}

func BenchmarkDecideDenied(b *testing.B) {
	req, in := benchRequest()
	req.Context["aws:securetransport"] = contextkey.One("false")
	run(b, iam.Denied, req, in, iam.Decide)
}

func BenchmarkDecideMissing(b *testing.B) {
	req, in := benchRequest()
	req.Resource = "arn:aws:s3:::dst"
	run(b, iam.Denied, req, in, iam.Decide)
}

func BenchmarkExplainAllowed(b *testing.B) {
	req, in := benchRequest()
	run(b, iam.Allowed, req, in, explain.Decide)
}

func BenchmarkExplainMissing(b *testing.B) {
	req, in := benchRequest()
	req.Resource = "arn:aws:s3:::dst"
	run(b, iam.Denied, req, in, explain.Decide)
}

func BenchmarkDecideKey(b *testing.B) {
	req, in := benchRequest()
	req.Action, req.Resource = "kms:Encrypt", "arn:aws:kms:eu-central-1:222222222222:key/00000000-0000-0000-0000-000000000000"
	req.Context["kms:viaservice"] = contextkey.One("s3.eu-central-1.amazonaws.com")
	req.Context["kms:encryptioncontext:aws:s3:arn"] = contextkey.One("arn:aws:s3:::dst/logs/2026/01/01/k")
	in.Identity = iam.Policies(policy.Parse(policy.Identity, "role", []byte(benchRoleKey)))
	in.Resource = iam.Policies(policy.Parse(policy.Key, "key", []byte(benchKey)))
	run(b, iam.Allowed, req, in, iam.Decide)
}

// BenchmarkDecideUnknown asks with two unknown keys, of which each is tried.
func BenchmarkDecideUnknown(b *testing.B) {
	req, in := benchRequest()
	req.Context["aws:securetransport"] = contextkey.Value{}
	req.Context["aws:principalorgid"] = contextkey.Value{}
	run(b, iam.Undecided, req, in, iam.Decide)
}

// BenchmarkGlob proves that every object under a prefix can be replicated, over
// ten statements that name objects.
func BenchmarkGlob(b *testing.B) {
	req, in := benchRequest()
	req.Resource, req.ResourceIsGlob = "arn:aws:s3:::dst/logs/*", true
	var s []string
	for _, r := range []string{"dst/*", "dst/logs/*", "dst/images/*", "dst/logs/a/*", "other/*"} {
		s = append(s, fmt.Sprintf(`{"Effect":"Allow","Action":"s3:Replicate*","Resource":"arn:aws:s3:::%s"}`, r))
	}
	for _, r := range []string{"dst/secret/*", "dst/tmp/*.part", "dst/quarantine/*", "elsewhere/*", "dst/trash/*"} {
		s = append(s, fmt.Sprintf(`{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::%s"}`, r))
	}
	in.Identity = iam.Policies(policy.Parse(policy.Identity, "role", []byte(`{"Version":"2012-10-17","Statement":[`+strings.Join(s, ",")+`]}`)))
	run(b, iam.Allowed, req, in, iam.Decide)
}

// BenchmarkGlobDenied finds the keys that a Deny by suffix takes out.
func BenchmarkGlobDenied(b *testing.B) {
	req, in := benchRequest()
	req.Resource, req.ResourceIsGlob = "arn:aws:s3:::dst/logs/*", true
	var s []string
	for i := range 5 {
		s = append(s, fmt.Sprintf(`{"Effect":"Allow","Action":"s3:Replicate*","Resource":"arn:aws:s3:::dst/%s*"}`, "logs/"[:i+1]))
		s = append(s, fmt.Sprintf(`{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::dst/*.t%cp"}`, 'a'+i))
	}
	in.Identity = iam.Policies(policy.Parse(policy.Identity, "role", []byte(`{"Version":"2012-10-17","Statement":[`+strings.Join(s, ",")+`]}`)))
	run(b, iam.Denied, req, in, iam.Decide)
}

// parseDocument is a policy of 6 KB.
func parseDocument() []byte {
	var s []string
	for i := 0; len(strings.Join(s, ",\n")) < 6000; i++ {
		s = append(s, fmt.Sprintf(`  {
    "Sid": "Statement%d",
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:ListBucket", "kms:Decrypt"],
    "Resource": ["arn:aws:s3:::bucket-%d", "arn:aws:s3:::bucket-%d/*"],
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-example", "aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}, "Bool": {"aws:SecureTransport": "true"}}
  }`, i, i, i))
	}
	return []byte("{\n \"Version\": \"2012-10-17\",\n \"Statement\": [\n" + strings.Join(s, ",\n") + "\n ]\n}")
}

func BenchmarkParse(b *testing.B) {
	doc := parseDocument()
	if p := policy.Parse(policy.Identity, "p", doc); !p.Valid() {
		b.Fatal(p.Diagnostics())
	}
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		policy.Parse(policy.Identity, "p", doc)
	}
}

func BenchmarkSimulate(b *testing.B) {
	line := []byte(`{"id":"x","request":{"principal":"arn:aws:sts::111111111111:assumed-role/R/s3-replication","action":"s3:ReplicateObject","resource":"arn:aws:s3:::dst/k","resourceAccount":"222222222222","context":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/service-role/R"}},"identityPolicies":[{"name":"p","policy":` + strings.ReplaceAll(benchRole, "\n", "") + `}],"resourcePolicy":` + strings.ReplaceAll(benchBucket, "\n", "") + `}`)
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		simulate.Line(line)
	}
}
