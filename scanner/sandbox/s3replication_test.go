package sandbox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"crosscheck/scanner/sandbox/s3/setting"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
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
func putXML(t *testing.T, s *Sandbox, bucket, body string) (code string, status int) {
	t.Helper()
	res := s.do(t, "PUT", "https://"+bucket+".s3.us-east-1.amazonaws.com/?replication", "us-east-1", body)
	answer := text(t, res)
	_, code, _ = strings.Cut(answer, "<Code>")
	code, _, _ = strings.Cut(code, "</Code>")
	return code, res.StatusCode
}

// TestPutBucketReplication is the recorded table of what S3 accepts and refuses.
func TestPutBucketReplication(t *testing.T) {
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
			s := storage(t)
			before := s.state.Bucket("src").Replication
			_, err := s.s3(sourceAdmin, "us-east-1").PutBucketReplication(background, test.in)
			wantCode(t, "put", err, test.code, test.status)
			if (s.state.Bucket("src").Replication == before) != (test.code != "") {
				t.Error("a refused put leaves the old configuration, an accepted one replaces it")
			}
		})
	}
}

func TestPutBucketReplicationRole(t *testing.T) {
	for _, test := range []struct {
		name, caller, role, code string
		status                   int
	}{
		{"good", sourceAdmin, replicationRole, "", 0},
		{"that does not exist", sourceAdmin, "arn:aws:iam::111111111111:role/nobody", "", 0},
		{"of another account", sourceAdmin, "arn:aws:iam::222222222222:role/replication", "AccessDenied", 403},
		{"text", sourceAdmin, "replication", "InvalidArgument", 400},
		{"user", sourceAdmin, "arn:aws:iam::111111111111:user/administrator", "InvalidArgument", 400},
		{"without PassRole", sourceLimited, replicationRole, "AccessDenied", 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := configure("src", rule("dst"))
			in.ReplicationConfiguration.Role = &test.role
			_, err := storage(t).s3(test.caller, "us-east-1").PutBucketReplication(background, in)
			wantCode(t, "put", err, test.code, test.status)
		})
	}
	s := storage(t)
	_, err := s.s3(sourceLimited, "us-east-1").DeleteBucketReplication(background, &s3.DeleteBucketReplicationInput{Bucket: aws.String("src")})
	wantCode(t, "delete without PassRole", err, "", 0)
}

func TestPutBucketReplicationXML(t *testing.T) {
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
		{"unknown element", role + good + "<Rules/>", "MalformedXML", 400},
		{"role twice", role + role + good, "MalformedXML", 400},
		{"not closed", role + good + "<Rule>", "MalformedXML", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := storage(t)
			code, status := putXML(t, s, "src", "<ReplicationConfiguration>"+test.body+"</ReplicationConfiguration>")
			if code != test.code || status != test.status {
				t.Errorf("got %d %s, want %d %s", status, code, test.status, test.code)
			}
		})
	}
	s := storage(t)
	if code, status := putXML(t, s, "src", ""); code != "MissingRequestBodyError" || status != 400 {
		t.Errorf("empty body: got %d %s", status, code)
	}
}

// TestGetBucketReplication reads back what was put: V1 and V2 stay apart.
func TestGetBucketReplication(t *testing.T) {
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
			"V2 with an empty filter",
			`<ID>r</ID><Status>Enabled</Status><Priority>1</Priority><Filter/><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination>`,
			`<ID>r</ID><Priority>1</Priority><Filter></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := storage(t)
			if code, status := putXML(t, s, "src", head+test.in+tail); status != 200 {
				t.Fatalf("put: %d %s", status, code)
			}
			res := s.do(t, "GET", "https://src.s3.us-east-1.amazonaws.com/?replication", "us-east-1", "")
			_, got, _ := strings.Cut(text(t, res), "\n")
			if diff := cmp.Diff(head+test.out+tail, got); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
		})
	}

	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	if _, err := c.PutBucketReplication(background, configure("src", rule("dst", func(r *types.ReplicationRule) { r.ID = nil }))); err != nil {
		t.Fatal(err)
	}
	first, err := c.GetBucketReplication(background, &s3.GetBucketReplicationInput{Bucket: aws.String("src")})
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.GetBucketReplication(background, &s3.GetBucketReplicationInput{Bucket: aws.String("src")})
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

// FuzzReplicationXML: whatever is put is refused or can be read back as it is.
func FuzzReplicationXML(f *testing.F) {
	f.Add([]byte(`<ReplicationConfiguration><Role>` + replicationRole + `</Role><Rule><ID>r</ID><Prefix/><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination></Rule></ReplicationConfiguration>`))
	f.Add([]byte(`<ReplicationConfiguration><Role>` + replicationRole + `</Role><Rule><Priority>1</Priority><Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Status>Enabled</Status>` +
		`<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dst</Bucket><Metrics><Status>Enabled</Status></Metrics></Destination></Rule></ReplicationConfiguration>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var first, second state.ReplicationConfiguration
		if wire.StrictXML(body, "ReplicationConfiguration", &first) != nil || setting.CheckConfiguration(&first) != nil {
			return
		}
		out, e := wire.AnswerXML("ReplicationConfiguration", first)
		if e != nil {
			t.Fatal(e)
		}
		if e := wire.StrictXML(out.Body, "ReplicationConfiguration", &second); e != nil {
			t.Fatalf("%v: %s", e, out.Body)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("(-put +read):\n%s", diff)
		}
	})
}
