package canary

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// configured answers with a replication configuration, or an error.
type configured struct {
	rules []types.ReplicationRule // nil = the configuration is empty
	err   error
	asked *s3.GetBucketReplicationInput
}

func (c *configured) GetBucketReplication(
	_ context.Context, in *s3.GetBucketReplicationInput, _ ...func(*s3.Options),
) (*s3.GetBucketReplicationOutput, error) {
	c.asked = in
	if c.err != nil || c.rules == nil {
		return &s3.GetBucketReplicationOutput{}, c.err
	}
	return answerOf(c.rules), nil
}

// answerOf is an answer with rules of which the SDK knows everything.
func answerOf(rules []types.ReplicationRule) *s3.GetBucketReplicationOutput {
	out := &s3.GetBucketReplicationOutput{ReplicationConfiguration: &types.ReplicationConfiguration{Rules: rules}}
	client.KeepBody(&out.ResultMetadata, []byte("<ReplicationConfiguration/>"))
	return out
}

// replicateTo is an enabled rule of a configuration.
func replicateTo(id, destination string) types.ReplicationRule {
	return types.ReplicationRule{
		ID: &id, Status: types.ReplicationRuleStatusEnabled, Destination: &types.Destination{Bucket: &destination},
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	off := replicateTo("off", "arn:aws:s3:::third")
	off.Status = types.ReplicationRuleStatusDisabled
	nowhere := replicateTo("nowhere", "")
	rules := []types.ReplicationRule{
		replicateTo("a", "arn:aws:s3:::dst"), replicateTo("b", "arn:minio:replication::0f1e:other"), off, nowhere,
	}
	for _, test := range []struct {
		name        string
		reader      configured
		destination string
		want        []string // ids of links
		err         string   // part of the error, which is [ErrNoLink] unless it says "cannot be read"
	}{
		{"all", configured{rules: rules}, "", []string{"src/a→dst", "src/b→other"}, ""},
		{"one destination", configured{rules: rules}, "other", []string{"src/b→other"}, ""},
		{"another destination", configured{rules: rules}, "third", nil, "src replicates to dst, other, not to third"},
		{"no rule enabled", configured{rules: []types.ReplicationRule{off}}, "", nil, "no enabled replication rule"},
		{"empty", configured{}, "", nil, "an empty replication configuration"},
		{"none", configured{err: answeredWith(http.StatusNotFound)}, "", nil, "has no replication configuration"},
		{"a server in trouble", configured{err: answeredWith(http.StatusInternalServerError)}, "", nil, "of src cannot be read: ReplicationConfigurationNotFoundError"},
		{"denied", configured{err: &smithy.GenericAPIError{Code: "AccessDenied", Message: "no"}}, "", nil, "of src cannot be read: AccessDenied: no"},
	} {
		source := &bucket.Bucket{Bucket: fact.Bucket{Name: "src", AccountID: sourceAccount}}
		targets, err := Links(t.Context(), &test.reader, source, test.destination)
		var ids []string
		for _, target := range targets {
			ids = append(ids, target.Link)
			if target.Source.Name != "src" || len(target.Rules) != len(rules) || target.Link != fact.LinkID("src", target.Rule.ID, target.Destination.Name) {
				t.Errorf("%s: %+v", test.name, target)
			}
		}
		if !slices.Equal(ids, test.want) || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %q, %v", test.name, ids, err)
		}
		if err != nil && errors.Is(err, ErrNoLink) == strings.Contains(test.err, "cannot be read") {
			t.Errorf("%s: %v is ErrNoLink: %v", test.name, err, errors.Is(err, ErrNoLink))
		}
		if aws.ToString(test.reader.asked.ExpectedBucketOwner) != sourceAccount {
			t.Errorf("%s: the owner was not checked", test.name)
		}
	}
}

// TestRuleFact reads rules of both versions.
func TestRuleFact(t *testing.T) {
	t.Parallel()
	text := aws.String
	for _, test := range []struct {
		name string
		in   types.ReplicationRule
		want fact.ReplicationRule
	}{
		{"V1", types.ReplicationRule{ID: text("v1"), Status: "Enabled", Prefix: text("logs/")}, //nolint:staticcheck // V1
			fact.ReplicationRule{ID: "v1", Schema: "V1", Status: "Enabled", Prefix: "logs/"}},
		{"prefix", types.ReplicationRule{Priority: aws.Int32(7), Filter: &types.ReplicationRuleFilter{Prefix: text("a/")}},
			fact.ReplicationRule{Schema: "V2", Priority: 7, Prefix: "a/"}},
		{"tag", types.ReplicationRule{Filter: &types.ReplicationRuleFilter{Tag: &types.Tag{Key: text("k"), Value: text("v")}}},
			fact.ReplicationRule{Schema: "V2", Tags: map[string]string{"k": "v"}}},
		{"and", types.ReplicationRule{Filter: &types.ReplicationRuleFilter{And: &types.ReplicationRuleAndOperator{
			Prefix: text("b/"), Tags: []types.Tag{{Key: text("k"), Value: text("v")}, {Key: text("l"), Value: text("w")}},
		}}}, fact.ReplicationRule{Schema: "V2", Prefix: "b/", Tags: map[string]string{"k": "v", "l": "w"}}},
		{"options", types.ReplicationRule{
			DeleteMarkerReplication: &types.DeleteMarkerReplication{Status: "Enabled"},
			SourceSelectionCriteria: &types.SourceSelectionCriteria{SseKmsEncryptedObjects: &types.SseKmsEncryptedObjects{Status: "Enabled"}},
			Destination: &types.Destination{
				Bucket: text("arn:aws:s3:::dst"), Account: text("333333333333"), StorageClass: "STANDARD_IA",
				AccessControlTranslation: &types.AccessControlTranslation{Owner: "Destination"},
				EncryptionConfiguration:  &types.EncryptionConfiguration{ReplicaKmsKeyID: text("key")},
			},
		}, fact.ReplicationRule{
			Schema: "V1", DeleteMarkers: "Enabled", SSEKMSObjects: "Enabled",
			Destination: fact.Destination{
				Bucket: "arn:aws:s3:::dst", Account: "333333333333", StorageClass: "STANDARD_IA", OwnerOverride: true, ReplicaKMSKeyID: "key",
			},
		}},
	} {
		of, err := client.Replications(answerOf([]types.ReplicationRule{test.in}))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(test.want, ruleFact(test.in, &of[0])); d != "" {
			t.Errorf("%s: %s", test.name, d)
		}
	}
}

// TestTargetOf keeps what a probe asks for, and no more.
func TestTargetOf(t *testing.T) {
	t.Parallel()
	bucketOfScan := func(name string) fact.Bucket {
		return fact.Bucket{
			Name: name, AccountID: "1", Region: "r", ARN: "arn:" + name, Policy: fact.Of(fact.Policy{Document: "large"}),
			Versioning: fact.Of(fact.Versioning{Status: "Enabled"}), Ownership: fact.Of("ObjectWriter"),
			Encryption: fact.Of(fact.Encryption{Algorithm: "AES256"}), ObjectLock: fact.None[fact.ObjectLock](),
		}
	}
	source, rules := bucketOfScan("src"), []fact.ReplicationRule{rule("a", 1), rule("b", 2)}
	source.Replication = fact.Of(fact.Replication{Rules: rules})
	link := fact.Link{ID: "src/b→dst", Rule: rules[1], Destination: "dst", ReplicaKey: "alias"}
	got := TargetOf(&fact.Document{
		Bucket: source, Buckets: map[string]fact.Fact[fact.Bucket]{"dst": fact.Of(bucketOfScan("dst"))},
		Keys: map[string]fact.Fact[fact.Key]{"alias": fact.Of(fact.Key{ARN: "arn:key"})},
	}, &link)
	small := func(name string) bucket.Bucket {
		b := bucketOfScan(name)
		b.Policy = fact.Fact[fact.Policy]{}
		return bucket.Bucket{Bucket: b}
	}
	want := &Target{
		Link: "src/b→dst", Rule: rules[1], Rules: rules, Source: small("src"), Destination: small("dst"), ReplicaKey: "arn:key",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if unread := TargetOf(&fact.Document{}, &link); unread.Destination.Name != "dst" || unread.ReplicaKey != "" || unread.Rules != nil {
		t.Errorf("a document of nothing: %+v", unread)
	}
}

func TestParseVariants(t *testing.T) {
	t.Parallel()
	for names, want := range map[string]string{
		"auto": "", "all": strings.ReplaceAll(JoinVariants(Variants()), "locked, ", ""), "plain": "plain", "kms,plain,kms": "kms, plain",
	} {
		if got, err := ParseVariants(strings.Split(names, ",")); err != nil || JoinVariants(got) != want {
			t.Errorf("%s: %s, %v", names, JoinVariants(got), err)
		}
	}
	for _, names := range []string{"", "auto,plain", "plain,all", "sse-c", "Plain"} {
		if got, err := ParseVariants(strings.Split(names, ",")); err == nil || !strings.Contains(err.Error(), "use auto, all, or some of plain, tagged") {
			t.Errorf("%s: %v, %v", names, got, err)
		}
	}
	for _, list := range [][]variant{variants, experimental} {
		for _, v := range list {
			if variantOf(v.name) == nil || v.place == nil || v.shape == nil || v.observe == nil {
				t.Errorf("%s is incomplete", v.name)
			}
		}
	}
	m := Probe(t.Context(), &Target{}, "nope", 1, probeOptions)
	if m.Outcome != measure.Inconclusive || m.Message != `there is no variant "nope"` || m.Requests != 0 {
		t.Errorf("%+v", m)
	}
}

// TestPlanKey is where the first probe lies, or why there is none.
func TestPlanKey(t *testing.T) {
	t.Parallel()
	noWay := errors.New("no way")
	prefixed := &Target{Rule: rule("a", 1, prefix("logs/"))}
	for _, test := range []struct {
		plan Plan
		key  string
		err  string
	}{
		{Plan{prefixed, []measure.Variant{measure.Plain}}, "logs/crosscheck-canary/r/1", ""},
		{Plan{prefixed, []measure.Variant{measure.NegativeControl}}, "crosscheck-canary/r/1", ""},
		{Plan{prefixed, []measure.Variant{measure.NegativeControl, measure.Plain}}, "logs/crosscheck-canary/r/1", ""},
		{Plan{&Target{Rule: rule("a", 1)}, []measure.Variant{measure.NegativeControl}}, "", "none lies outside"},
		{Plan{&Target{Source: bucket.Bucket{Err: noWay}}, nil}, "", "no way"},
		{Plan{&Target{Destination: bucket.Bucket{Err: noWay}}, nil}, "", "no way"},
	} {
		key, err := test.plan.Key(Folder, "r")
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) || err == nil && key != test.key {
			t.Errorf("%q, %v, want %q, %s", key, err, test.key, test.err)
		}
	}
}

// TestRunSeries makes each probe count times, with numbers of their own, on time.
func TestRunSeries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second, links: 2})
		plans := []Plan{
			{l.target(0), []measure.Variant{measure.Plain, measure.Empty}}, {l.target(1), []measure.Variant{measure.Plain}},
		}
		if n := CountJobs(plans); n != 3 {
			t.Errorf("%d jobs", n)
		}
		start, keys := time.Now(), map[string]bool{}
		var rounds []time.Duration
		err := RunSeries(t.Context(), 10, plans, 3, time.Minute, Options{Run: "r"}, func(m measure.Measurement) error {
			if m.Outcome != measure.Arrived {
				t.Errorf("%+v", m)
			}
			keys[m.Key] = true
			if len(keys)%3 == 1 {
				rounds = append(rounds, time.Since(start).Truncate(time.Minute))
			}
			return nil
		})
		if err != nil || len(keys) != 9 || !keys["crosscheck-canary/r/1"] || !keys["crosscheck-canary/r/9"] {
			t.Errorf("%v: %v", err, keys)
		}
		if want := []time.Duration{0, time.Minute, 2 * time.Minute}; !slices.Equal(rounds, want) {
			t.Errorf("rounds at %v", rounds)
		}
		if took := time.Since(start); took >= 3*time.Minute {
			t.Errorf("it waited after the last round: %s", took)
		}
		l.empty(0)
		l.empty(1)
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		probed := 0
		err = RunSeries(ctx, 10, plans[1:], 3, time.Hour, Options{Run: "s"}, func(measure.Measurement) error { probed++; return nil })
		if !errors.Is(err, context.DeadlineExceeded) || probed != 1 {
			t.Errorf("interrupted between two rounds: %d probed, %v", probed, err)
		}
	})
}

// answeredWith is what S3 says of a bucket without replication, with a status.
func answeredWith(status int) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      &smithy.GenericAPIError{Code: "ReplicationConfigurationNotFoundError"},
	}}
}
