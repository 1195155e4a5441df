package setting_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"crosscheck/scanner/sandbox/sandboxtest"
)

const replicationRole = "arn:aws:iam::111111111111:role/service-role/replication"

// rule is a plain V2 rule, changed by the given functions.
func rule(destination string, change ...func(*types.ReplicationRule)) types.ReplicationRule {
	r := types.ReplicationRule{
		ID: aws.String("r"), Priority: aws.Int32(1), Status: "Enabled", Filter: &types.ReplicationRuleFilter{},
		DeleteMarkerReplication: &types.DeleteMarkerReplication{Status: "Disabled"},
		Destination:             &types.Destination{Bucket: aws.String("arn:aws:s3:::" + destination)},
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

func configure(bucket string, rules ...types.ReplicationRule) *s3.PutBucketReplicationInput {
	return &s3.PutBucketReplicationInput{
		Bucket:                   &bucket,
		ReplicationConfiguration: &types.ReplicationConfiguration{Role: aws.String(replicationRole), Rules: append([]types.ReplicationRule{}, rules...)},
	}
}

// putXML puts a configuration that the SDK's types cannot express.
func putXML(t *testing.T, s *sandboxtest.Sandbox, bucket, body string) (code string, status int) {
	t.Helper()
	res := s.Do(t, "PUT", "https://"+bucket+".s3.us-east-1.amazonaws.com/?replication", "us-east-1", body)
	answer := sandboxtest.Text(t, res)
	_, code, _ = strings.Cut(answer, "<Code>")
	code, _, _ = strings.Cut(code, "</Code>")
	return code, res.StatusCode
}

// TestPutBucketReplication is the recorded table of what S3 accepts and refuses.
func TestPutBucketReplication(t *testing.T) {
	t.Parallel()
	type change = func(*types.ReplicationRule)
	v1 := func(r *types.ReplicationRule) {
		r.Filter, r.Priority, r.DeleteMarkerReplication, r.Prefix = nil, nil, nil, aws.String("") //nolint:staticcheck // V1 is what is tested
	}
	kms := func(key string, optIn *types.SseKmsEncryptedObjects) change {
		return func(r *types.ReplicationRule) {
			if key != "" {
				r.Destination.EncryptionConfiguration = &types.EncryptionConfiguration{ReplicaKmsKeyID: &key}
			}
			if optIn != nil {
				r.SourceSelectionCriteria = &types.SourceSelectionCriteria{SseKmsEncryptedObjects: optIn}
			}
		}
	}
	const missingKey = "arn:aws:kms:us-east-1:111111111111:key/99999999-9999-4999-8999-999999999999"
	on, off := &types.SseKmsEncryptedObjects{Status: "Enabled"}, &types.SseKmsEncryptedObjects{Status: "Disabled"}
	times := func(rtc *types.ReplicationTime, m *types.Metrics) change {
		return func(r *types.ReplicationRule) { r.Destination.ReplicationTime, r.Destination.Metrics = rtc, m }
	}
	rtc := func(status types.ReplicationTimeStatus, minutes int32) *types.ReplicationTime {
		return &types.ReplicationTime{Status: status, Time: &types.ReplicationTimeValue{Minutes: &minutes}}
	}
	metrics := func(status types.MetricsStatus, minutes int32) *types.Metrics {
		m := &types.Metrics{Status: status}
		if minutes != 0 {
			m.EventThreshold = &types.ReplicationTimeValue{Minutes: &minutes}
		}
		return m
	}
	for _, test := range []struct {
		name   string
		in     *s3.PutBucketReplicationInput
		code   string
		status int
	}{
		{"good", configure("src", rule("dst")), "", 0},
		{"bucket missing", configure("no-such-bucket", rule("dst")), "NoSuchBucket", 404},
		{"source not versioned", configure("plain", rule("dst")), "InvalidRequest", 400},
		{"destination not versioned", configure("src", rule("plain")), "InvalidRequest", 400},
		{"destination missing", configure("src", rule("no-such-bucket")), "InvalidRequest", 400},
		{"destination is the source", configure("src", rule("src")), "InvalidRequest", 400},
		{"destination as bare name", configure("src", rule("dst", func(r *types.ReplicationRule) { r.Destination.Bucket = aws.String("dst") })), "InvalidArgument", 400},
		{"destination as object ARN", configure("src", rule("dst/*")), "InvalidArgument", 400},
		{"no rule", configure("src"), "MalformedXML", 400},
		{"V1", configure("src", rule("dst", v1)), "", 0},
		{"V1 without Prefix", configure("src", rule("dst", v1, func(r *types.ReplicationRule) { r.Prefix = nil })), "MalformedXML", 400}, //nolint:staticcheck // as above
		{"V2 without Priority", configure("src", rule("dst", func(r *types.ReplicationRule) { r.Priority = nil })), "InvalidRequest", 400},
		{"V2 without DeleteMarkerReplication", configure("src", rule("dst", func(r *types.ReplicationRule) { r.DeleteMarkerReplication = nil })), "InvalidRequest", 400},
		{"V1 with DeleteMarkerReplication", configure("src", rule("dst", v1, func(r *types.ReplicationRule) {
			r.DeleteMarkerReplication = &types.DeleteMarkerReplication{Status: "Disabled"}
		})), "InvalidRequest", 400},
		{"V1 beside V2", configure("src", rule("dst", v1), rule("dst", func(r *types.ReplicationRule) { r.ID = aws.String("r2") })), "InvalidRequest", 400},
		{"existing objects", configure("src", rule("dst", func(r *types.ReplicationRule) {
			r.ExistingObjectReplication = &types.ExistingObjectReplication{Status: "Disabled"}
		})), "MalformedXML", 400},
		{"priority 0", configure("src", rule("dst", func(r *types.ReplicationRule) { r.Priority = aws.Int32(0) })), "", 0},
		{"duplicate priority", configure("src", rule("dst"), rule("dst2", func(r *types.ReplicationRule) { r.ID = aws.String("r2") })), "InvalidRequest", 400},
		{"duplicate id", configure("src", rule("dst"), rule("dst2", func(r *types.ReplicationRule) { r.Priority = aws.Int32(2) })), "InvalidArgument", 400},
		{"id not ASCII", configure("src", rule("dst", func(r *types.ReplicationRule) { r.ID = aws.String("régle") })), "InvalidArgument", 400},
		{"unknown status", configure("src", rule("dst", func(r *types.ReplicationRule) { r.Status = "On" })), "MalformedXML", 400},
		{"storage class GLACIER", configure("src", rule("dst", func(r *types.ReplicationRule) { r.Destination.StorageClass = "GLACIER" })), "", 0},
		{"storage class EXPRESS_ONEZONE", configure("src", rule("dst", func(r *types.ReplicationRule) { r.Destination.StorageClass = "EXPRESS_ONEZONE" })), "MalformedXML", 400},
		{"storage class unknown", configure("src", rule("dst", func(r *types.ReplicationRule) { r.Destination.StorageClass = "COLD" })), "MalformedXML", 400},
		{"account of a non-owner", configure("src", rule("dst", func(r *types.ReplicationRule) { r.Destination.Account = aws.String("333333333333") })), "", 0},
		{"override without account", configure("src", rule("dst", func(r *types.ReplicationRule) {
			r.Destination.AccessControlTranslation = &types.AccessControlTranslation{Owner: "Destination"}
		})), "InvalidRequest", 400},
		{"delete markers with a tag filter", configure("src", rule("dst", func(r *types.ReplicationRule) {
			r.Filter.Tag = &types.Tag{Key: aws.String("k"), Value: aws.String("v")}
			r.DeleteMarkerReplication.Status = "Enabled"
		})), "InvalidRequest", 400},
		{"two filters", configure("src", rule("dst", func(r *types.ReplicationRule) {
			r.Filter.Tag, r.Filter.Prefix = &types.Tag{Key: aws.String("k"), Value: aws.String("v")}, aws.String("p")
		})), "MalformedXML", 400},
		{"opt-in without key", configure("src", rule("dst", kms("", on))), "InvalidRequest", 400},
		{"opt-out without key", configure("src", rule("dst", kms("", off))), "InvalidRequest", 400},
		{"key without opt-in", configure("src", rule("dst", kms(missingKey, nil))), "InvalidRequest", 400},
		{"key that is no ARN", configure("src", rule("dst", kms("not-a-key", on))), "InvalidArgument", 400},
		{"key that does not exist", configure("src", rule("dst", kms(missingKey, on))), "", 0},
		{"metrics alone", configure("src", rule("dst", times(nil, metrics("Enabled", 0)))), "", 0},
		{"metrics alone, disabled", configure("src", rule("dst", times(nil, metrics("Disabled", 0)))), "", 0},
		{"RTC", configure("src", rule("dst", times(rtc("Enabled", 15), metrics("Enabled", 15)))), "", 0},
		{"threshold without RTC", configure("src", rule("dst", times(nil, metrics("Enabled", 15)))), "InvalidArgument", 400},
		{"RTC with disabled metrics", configure("src", rule("dst", times(rtc("Enabled", 15), metrics("Disabled", 15)))), "InvalidArgument", 400},
		{"RTC of 14 minutes", configure("src", rule("dst", times(rtc("Enabled", 14), metrics("Enabled", 15)))), "InvalidArgument", 400},
		{"RTC without metrics", configure("src", rule("dst", times(rtc("Enabled", 15), nil))), "InvalidRequest", 400},
		{"disabled RTC without metrics", configure("src", rule("dst", times(rtc("Disabled", 15), nil))), "InvalidRequest", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := sandboxtest.Storage(t)
			before := s.State.Bucket("src").Replication
			_, err := s.S3(sandboxtest.SourceAdmin, "us-east-1").PutBucketReplication(context.Background(), test.in)
			sandboxtest.WantCode(t, "put", err, test.code, test.status)
			if (s.State.Bucket("src").Replication == before) != (test.code != "") {
				t.Error("a refused put leaves the old configuration, an accepted one replaces it")
			}
		})
	}
}

func TestPutBucketReplicationRole(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, caller, role, code string
		status                   int
	}{
		{"good", sandboxtest.SourceAdmin, replicationRole, "", 0},
		{"that does not exist", sandboxtest.SourceAdmin, "arn:aws:iam::111111111111:role/nobody", "", 0},
		{"of another account", sandboxtest.SourceAdmin, "arn:aws:iam::222222222222:role/replication", "AccessDenied", 403},
		{"text", sandboxtest.SourceAdmin, "replication", "InvalidArgument", 400},
		{"user", sandboxtest.SourceAdmin, "arn:aws:iam::111111111111:user/administrator", "InvalidArgument", 400},
		{"without PassRole", sandboxtest.SourceLimited, replicationRole, "AccessDenied", 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := configure("src", rule("dst"))
			in.ReplicationConfiguration.Role = &test.role
			_, err := sandboxtest.Storage(t).S3(test.caller, "us-east-1").PutBucketReplication(context.Background(), in)
			sandboxtest.WantCode(t, "put", err, test.code, test.status)
		})
	}
	s := sandboxtest.Storage(t)
	_, err := s.S3(sandboxtest.SourceLimited, "us-east-1").DeleteBucketReplication(context.Background(), &s3.DeleteBucketReplicationInput{Bucket: aws.String("src")})
	sandboxtest.WantCode(t, "delete without PassRole", err, "", 0)
}

func TestPutBucketReplicationXML(t *testing.T) {
	t.Parallel()
	const v2 = `<Rule><ID>r</ID><Priority>%s</Priority>%s<Status>Enabled</Status><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination></Rule>`
	good := fmt.Sprintf(v2, "1", "<Filter><Prefix/></Filter>")
	role := "<Role>" + replicationRole + "</Role>"
	for _, test := range []struct {
		name, body, code string
		status           int
	}{
		{"rule before role", good + role, "", 200},
		{"role missing", good, "MalformedXML", 400},
		{"role empty", "<Role/>" + good, "MalformedXML", 400},
		{"priority too big", role + fmt.Sprintf(v2, "2147483648", "<Filter/>"), "MalformedXML", 400},
		{"priority biggest", role + fmt.Sprintf(v2, "2147483647", "<Filter/>"), "", 200},
		{"exclusion", role + fmt.Sprintf(v2, "1", "<Filter><Not><Prefix/></Not></Filter>"), "", 200},
		{"exclusions", role + fmt.Sprintf(v2, "1", "<Filter><And><Prefix>a</Prefix><Not><Or><Prefix>a/b</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></Or></Not></And></Filter>"), "", 200},
		{"exclusion of nothing", role + fmt.Sprintf(v2, "1", "<Filter><Not/></Filter>"), "MalformedXML", 400},
		{"exclusion of none of nothing", role + fmt.Sprintf(v2, "1", "<Filter><Not><Or/></Not></Filter>"), "MalformedXML", 400},
		{"exclusion of two", role + fmt.Sprintf(v2, "1", "<Filter><And><Not><Prefix/><Or><Prefix/></Or></Not></And></Filter>"), "MalformedXML", 400},
		{"exclusion beside a prefix", role + fmt.Sprintf(v2, "1", "<Filter><Prefix/><Not><Prefix/></Not></Filter>"), "MalformedXML", 400},
		{"excluded tag and delete markers", role + strings.Replace(fmt.Sprintf(v2, "1", "<Filter><Not><Tag><Key>k</Key><Value/></Tag></Not></Filter>"), "Disabled", "Enabled", 1), "InvalidRequest", 400},
		{"unknown element", role + good + "<Rules/>", "MalformedXML", 400},
		{"role twice", role + role + good, "MalformedXML", 400},
		{"not closed", role + good + "<Rule>", "MalformedXML", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := sandboxtest.Storage(t)
			code, status := putXML(t, s, "src", "<ReplicationConfiguration>"+test.body+"</ReplicationConfiguration>")
			if code != test.code || status != test.status {
				t.Errorf("got %d %s, want %d %s", status, code, test.status, test.code)
			}
		})
	}
	s := sandboxtest.Storage(t)
	if code, status := putXML(t, s, "src", ""); code != "MissingRequestBodyError" || status != 400 {
		t.Errorf("empty body: got %d %s", status, code)
	}
}

// TestGetBucketReplication reads back what was put: V1 and V2 stay apart.
func TestGetBucketReplication(t *testing.T) {
	t.Parallel()
	const head = `<ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Role>` + replicationRole + `</Role><Rule>`
	const tail = `</Rule></ReplicationConfiguration>`
	for _, test := range []struct{ name, in, out string }{
		{
			"V1",
			`<ID>r</ID><Prefix/><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination>`,
			`<ID>r</ID><Prefix></Prefix><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination>`,
		},
		{
			"V2 for all",
			`<ID>r</ID><Status>Enabled</Status><Priority>0</Priority><Filter><Prefix/></Filter><DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dst</Bucket><Account>222222222222</Account></Destination>`,
			`<ID>r</ID><Priority>0</Priority><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::dst</Bucket><Account>222222222222</Account></Destination><DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication>`,
		},
		{
			"V2 with exclusions",
			`<ID>r</ID><Status>Enabled</Status><Priority>1</Priority><Filter><Not><Or><Prefix>a</Prefix><Prefix/><Tag><Key>k</Key><Value>v</Value></Tag></Or></Not></Filter><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination>`,
			`<ID>r</ID><Priority>1</Priority><Filter><Not><Or><Prefix>a</Prefix><Prefix></Prefix><Tag><Key>k</Key><Value>v</Value></Tag></Or></Not></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>`,
		},
		{
			"V2 with an empty filter",
			`<ID>r</ID><Status>Enabled</Status><Priority>1</Priority><Filter/><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination>`,
			`<ID>r</ID><Priority>1</Priority><Filter></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := sandboxtest.Storage(t)
			if code, status := putXML(t, s, "src", head+test.in+tail); status != 200 {
				t.Fatalf("put: %d %s", status, code)
			}
			res := s.Do(t, "GET", "https://src.s3.us-east-1.amazonaws.com/?replication", "us-east-1", "")
			_, got, _ := strings.Cut(sandboxtest.Text(t, res), "\n")
			if diff := cmp.Diff(head+test.out+tail, got); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
		})
	}

	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	if _, err := c.PutBucketReplication(context.Background(), configure("src", rule("dst", func(r *types.ReplicationRule) { r.ID = nil }))); err != nil {
		t.Fatal(err)
	}
	first, err := c.GetBucketReplication(context.Background(), &s3.GetBucketReplicationInput{Bucket: aws.String("src")})
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.GetBucketReplication(context.Background(), &s3.GetBucketReplicationInput{Bucket: aws.String("src")})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(first.ReplicationConfiguration.Rules[0].ID) == "" {
		t.Error("a missing ID is generated")
	}
	if diff := cmp.Diff(first.ReplicationConfiguration, second.ReplicationConfiguration, cmpopts.IgnoreUnexported(
		types.ReplicationConfiguration{}, types.ReplicationRule{}, types.ReplicationRuleFilter{}, types.Destination{}, types.DeleteMarkerReplication{},
	)); diff != "" {
		t.Errorf("a generated ID stays (-first +second):\n%s", diff)
	}
}

func TestForeignAccount(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	source, outside := s.S3(sandboxtest.SourceAdmin, "eu-west-1"), s.S3(sandboxtest.OutsideRoot, "eu-west-1")
	dst := aws.String("dst")
	_, err := outside.GetBucketReplication(context.Background(), &s3.GetBucketReplicationInput{Bucket: dst})
	sandboxtest.WantCode(t, "no grant", err, "AccessDenied", 403)
	_, err = source.GetBucketReplication(context.Background(), &s3.GetBucketReplicationInput{Bucket: dst})
	sandboxtest.WantCode(t, "a grant in the bucket policy", err, "ReplicationConfigurationNotFoundError", 404)
	_, err = source.DeleteBucketReplication(context.Background(), &s3.DeleteBucketReplicationInput{Bucket: dst})
	sandboxtest.WantCode(t, "delete with a grant", err, "", 0)
	_, err = source.PutBucketReplication(context.Background(), configure("dst", rule("src")))
	sandboxtest.WantCode(t, "put with a grant", err, "AccessDenied", 403)
	_, err = source.GetBucketPolicy(context.Background(), &s3.GetBucketPolicyInput{Bucket: dst})
	sandboxtest.WantCode(t, "policy with a grant", err, "MethodNotAllowed", 405)
	_, err = outside.GetBucketPolicy(context.Background(), &s3.GetBucketPolicyInput{Bucket: dst})
	sandboxtest.WantCode(t, "policy without", err, "AccessDenied", 403)
}
