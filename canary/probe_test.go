package canary

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"crosscheck/canary/bucket"
	"crosscheck/canary/journal"
	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
)

var probeOptions = Options{Run: "test"}

// TestThirteenMinutes measures a replication that takes as long as many of
// AWS's do: within the slack that it reports, in few polls.
func TestThirteenMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const lag = 13 * time.Minute
		l := newLab(t, labWorld{lag: lag})
		m := Probe(t.Context(), l.target(0), measure.Plain, 1, probeOptions)
		if m.Outcome != measure.Arrived || m.Message != "" {
			t.Fatalf("outcome %s: %s", m.Outcome, m.Message)
		}
		within(t, m, lag)
		if m.Polls > 120 {
			t.Errorf("%d polls, at most 120 are allowed", m.Polls)
		}
		t.Logf("latency %d ms, slack %d ms, %d polls, %d requests", m.LatencyMS, m.SlackMS, m.Polls, m.Requests)
		if m.SourceStatus != "COMPLETED" || len(m.Transitions) != 2 || m.Transitions[0].Status != "PENDING" {
			t.Errorf("source status %q, transitions %v", m.SourceStatus, m.Transitions)
		}
		l.empty(0)
	})
}

// within checks that the true latency lies in (latency-slack, latency]; a
// millisecond is lost to rounding.
func within(t *testing.T, m measure.Measurement, truth time.Duration) {
	t.Helper()
	latency, slack := time.Duration(m.LatencyMS)*time.Millisecond, time.Duration(m.SlackMS)*time.Millisecond
	if truth > latency || truth < latency-slack-time.Millisecond {
		t.Errorf("measured (%s, %s], true is %s", latency-slack, latency, truth)
	}
}

// TestLatency measures lags of all sizes. The slack stays what the schedule promises.
func TestLatency(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, time.Millisecond, 60 * time.Millisecond, 200 * time.Millisecond, 2 * time.Second, 8 * time.Second, 100 * time.Second, 14*time.Minute + 59*time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, labWorld{lag: lag})
				m := Probe(t.Context(), l.target(0), measure.Plain, 1, probeOptions)
				if m.Outcome != measure.Arrived {
					t.Fatalf("outcome %s: %s", m.Outcome, m.Message)
				}
				within(t, m, lag)
				slack := time.Duration(m.SlackMS) * time.Millisecond
				if most := max(firstLook, min(time.Duration(m.LatencyMS)*time.Millisecond/5, longestLook)); slack > most {
					t.Errorf("slack %s, at most %s is promised", slack, most)
				}
				if lag == 200*time.Millisecond && slack > lag/20 {
					t.Errorf("slack %s is more than 5 %% of %s", slack, lag)
				}
				if m.Polls > 120 {
					t.Errorf("%d polls", m.Polls)
				}
				// 4 for settings of both buckets, 2 to know that they can be cleaned, 1 listing, 1 PUT, 6 to compare, 4 to clean up.
				if others := m.Requests - m.Polls; others != 18 {
					t.Errorf("%d requests besides the polls, want 18", others)
				}
				t.Logf("latency %d ms, slack %d ms, %d polls, %d requests", m.LatencyMS, m.SlackMS, m.Polls, m.Requests)
				l.empty(0)
			})
		})
	}
}

// variantLab has a link that works for a variant.
func variantLab(t *testing.T, v measure.Variant, lag time.Duration) (*lab, *Target) {
	w := labWorld{lag: lag}
	switch v {
	case measure.KMS, measure.DSSE:
		w.rule = "Filter: {}, DeleteMarkerReplication: {Status: Enabled}, SourceSelectionCriteria: {SseKmsEncryptedObjects: {Status: Enabled}}"
		w.destination = `, EncryptionConfiguration: {ReplicaKmsKeyID: "` + replicaKey + `"}`
		w.source = `encryption: {algorithm: "aws:kms", key: "` + sourceKey + `"}`
	case measure.Locked:
		w.source, w.target = "object_lock: {}", "object_lock: {}"
	case measure.NegativeControl:
		w.rule = "Filter: {Prefix: logs/}, DeleteMarkerReplication: {Status: Enabled}"
	}
	l := newLab(t, w)
	target := l.target(0)
	switch v {
	case measure.KMS, measure.DSSE:
		target.Rule.SSEKMSObjects, target.Rule.Destination.ReplicaKMSKeyID = "Enabled", replicaKey
		target.Source.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms", KeyID: sourceKey})
	case measure.NegativeControl:
		target.Rule.Prefix = "logs/"
	}
	return l, target
}

// TestVariants probes a link in every way.
func TestVariants(t *testing.T) {
	t.Parallel()
	for _, v := range Variants() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, target := variantLab(t, v, 3*time.Second)
				target.Destination.Ownership = fact.Of("BucketOwnerEnforced")
				m := Probe(t.Context(), target, v, 7, Options{Run: "test", Size: 3 << 20})
				want := measure.Arrived
				if v == measure.NegativeControl {
					want = measure.Absent
				}
				if m.Outcome != want || m.Message != "" || m.Fault() || m.Undecided() {
					t.Fatalf("outcome %s: %s\n%+v", m.Outcome, m.Message, m)
				}
				if v != measure.NegativeControl {
					within(t, m, 3*time.Second)
				}
				for _, c := range m.Checks {
					if c.Result != measure.Equal {
						t.Errorf("check %+v", c)
					}
				}
				checks := map[measure.Variant]int{measure.NegativeControl: 0, measure.DeleteMarker: 0, measure.Multipart: 13, measure.Locked: 13}
				if n, ok := checks[v]; ok && len(m.Checks) != n || !ok && len(m.Checks) != 12 {
					t.Errorf("%d checks: %+v", len(m.Checks), m.Checks)
				}
				t.Logf("%d requests", m.Requests)
				l.empty(0)
			})
		})
	}
}

// TestFailed ends at once when S3 says FAILED, and hands on what the audit predicts.
func TestFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: 90 * time.Second, actions: `"s3:ReplicateDelete"`})
		target := l.target(0)
		target.Predicted, target.FailureCodes = "broken", []string{"DstPutObjectNotPermitted"}
		m := Probe(t.Context(), target, measure.Plain, 1, probeOptions)
		if m.Outcome != measure.Failed || m.SourceStatus != "FAILED" || len(m.FailureCodes) != 1 || !strings.Contains(m.Message, "DstPutObjectNotPermitted") {
			t.Errorf("%+v", m)
		}
		after := m.Transitions[len(m.Transitions)-1].AfterMS
		if after < 90_000 || after > 90_000+longestStatus.Milliseconds() {
			t.Errorf("FAILED after %d ms", after)
		}
		l.empty(0)
	})
}

// TestOwner proves nothing of a replica that belongs to the source's account, so that the
// canary's role may not read it; the listing shows that it is there, and whose it is.
func TestOwner(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second, source: "ownership: ObjectWriter", target: "ownership: ObjectWriter"})
		target := l.target(0)
		target.Destination.Ownership = fact.Of("ObjectWriter")
		m := Probe(t.Context(), target, measure.Plain, 1, probeOptions)
		within(t, m, time.Second)
		if m.Outcome != measure.Inconclusive || !strings.Contains(m.Message, "readable (wanted by the canary's role, got Forbidden), body (wanted none, got AccessDenied") {
			t.Errorf("%+v", m)
		}
		for _, c := range m.Checks {
			if c.Name == "owner" && c.Result != measure.Equal {
				t.Errorf("check %+v", c)
			}
		}
		l.empty(0)
	})
}

// TestTagsDenied sees what no event and no metric of AWS shows: the object
// arrives, its tags do not.
func TestTagsDenied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second, actions: `"s3:ReplicateObject"],"Resource":"arn:aws:s3:::dst/*"},{"Effect":"Deny","Principal":"*","Action":["s3:ReplicateTags"`})
		if m := Probe(t.Context(), l.target(0), measure.Plain, 1, probeOptions); m.Outcome != measure.Arrived {
			t.Errorf("without tags: %+v", m)
		}
		m := Probe(t.Context(), l.target(0), measure.Tagged, 2, probeOptions)
		if m.Outcome != measure.Differs || m.SourceStatus != "FAILED" || !strings.Contains(m.Message, "tags (wanted crosscheck-canary=test, got none)") {
			t.Errorf("%+v", m)
		}
		l.empty(0)
	})
}

// TestTimeout gives up in time, says what the source shows, and cleans up.
func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Hour})
		start := time.Now()
		target := l.target(0)
		target.FailureCodes = []string{"Predicted"}
		m := Probe(t.Context(), target, measure.Plain, 1, Options{Run: "test", Timeout: 10 * time.Minute})
		if m.Outcome != measure.Timeout || len(m.FailureCodes) != 1 || !strings.HasPrefix(m.Message, "no replica within 10m0s; the source still says PENDING") {
			t.Errorf("%+v", m)
		}
		if d := time.Since(start); d < 10*time.Minute || d > 10*time.Minute+DefaultSettle+time.Second {
			t.Errorf("took %s", d)
		}
		l.empty(0)
	})
}

// TestNoRule waits for a replica that no rule promises any more.
func TestNoRule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{rule: "Filter: {Prefix: other/}, DeleteMarkerReplication: {Status: Disabled}"})
		m := Probe(t.Context(), l.target(0), measure.Plain, 1, Options{Run: "test", Timeout: time.Minute})
		if m.Outcome != measure.Timeout || !strings.Contains(m.Message, "no rule took the object") {
			t.Errorf("%+v", m)
		}
		l.empty(0)
	})
}

// TestNegativeControlFails sees an object arrive that no known rule covers.
func TestNegativeControlFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second})
		target := l.target(0)
		target.Rule.Prefix = "logs/" // the rule was read so; by now it covers everything
		m := Probe(t.Context(), target, measure.NegativeControl, 1, probeOptions)
		if m.Outcome != measure.Unexpected || !m.Fault() {
			t.Errorf("%+v", m)
		}
		l.empty(0)
	})
}

// TestDeleteMarkerStays checks that a marker does not arrive where the rule says so.
func TestDeleteMarkerStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second, rule: "Filter: {}, DeleteMarkerReplication: {Status: Disabled}"})
		target := l.target(0)
		target.Rule.DeleteMarkers = "Disabled"
		m := Probe(t.Context(), target, measure.DeleteMarker, 1, probeOptions)
		if m.Outcome != measure.Absent || m.Fault() {
			t.Errorf("%+v", m)
		}
		l.empty(0)
	})
}

// TestInterrupted cleans up under its own deadline after the user gave up.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		m := Probe(ctx, l.target(0), measure.Plain, 1, probeOptions)
		if m.Outcome != measure.Inconclusive || !strings.Contains(m.Message, "interrupted after 20s") {
			t.Errorf("%+v", m)
		}
		l.empty(0)
	})
}

// lyingS3 carries out a PUT and says that it is refused.
type lyingS3 struct{ bucket.S3 }

func (s lyingS3) PutObject(ctx context.Context, in *s3.PutObjectInput, opts ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	if _, err := s.S3.PutObject(ctx, in, opts...); err != nil {
		return nil, err
	}
	return nil, &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusForbidden}}, Err: errors.New("no"),
	}}
}

// TestRefusedPut: nothing is taken for not put because something says that it was refused.
func TestRefusedPut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second})
		target := l.target(0)
		target.Source.S3 = lyingS3{target.Source.S3}
		if m := Probe(t.Context(), target, measure.Plain, 1, probeOptions); m.Outcome != measure.Inconclusive || len(m.Leftovers) > 0 {
			t.Errorf("%+v", m)
		}
		time.Sleep(time.Hour)
		l.empty(0)
	})
}

// proxyS3 answers a PUT itself and forwards it an hour later.
type proxyS3 struct {
	bucket.S3
	status int
}

func (s proxyS3) PutObject(ctx context.Context, in *s3.PutObjectInput, opts ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	time.AfterFunc(time.Hour, func() {
		late := *in
		late.Body = bytes.NewReader(body)
		_, _ = s.S3.PutObject(context.WithoutCancel(ctx), &late, opts...)
	})
	return nil, &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: s.status, Header: http.Header{}}}, Err: errors.New("no"),
	}}
}

// TestRefusedByProxy: only S3 can say that a PUT is refused. What a proxy says to refuse
// may come after an empty listing, so the journal keeps it.
func TestRefusedByProxy(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, labWorld{lag: time.Second})
			j, err := journal.Open(t.TempDir(), "r1", Folder)
			if err != nil {
				t.Fatal(err)
			}
			target := l.target(0)
			target.Source.S3 = proxyS3{target.Source.S3, status}
			if m := Probe(t.Context(), target, measure.Plain, 1, Options{Run: "r1", Journal: j}); m.Outcome != measure.Inconclusive {
				t.Errorf("%d: %+v", status, m)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Hour) // it lands, and is replicated
			if there := l.everything(0); len(there) != 2 {
				t.Errorf("%d: %q", status, there)
			}
			swept, err := Sweep(t.Context(), j.Path(), func(_ context.Context, _ journal.Location, there bool) (*bucket.Bucket, error) {
				if there {
					return &l.target(0).Destination, nil
				}
				return &l.target(0).Source, nil
			}, Options{})
			if err != nil || swept.Removed != 2 {
				t.Errorf("%d: %+v, %v", status, swept, err)
			}
			l.empty(0)
		})
	}
}

// twiceS3 puts every object twice, as a client does that lost the first answer.
type twiceS3 struct{ bucket.S3 }

func (s twiceS3) PutObject(ctx context.Context, in *s3.PutObjectInput, opts ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	var out *s3.PutObjectOutput
	for range 2 {
		again := *in
		again.Body = bytes.NewReader(body)
		if out, err = s.S3.PutObject(ctx, &again, opts...); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// TestRepeatedPut: the replica of a version that nothing is known of may arrive after that of
// the other one, so the clean-up waits for it, and the journal keeps it.
func TestRepeatedPut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second})
		_, destination := l.admin(0)
		j, err := journal.Open(t.TempDir(), "r1", Folder)
		if err != nil {
			t.Fatal(err)
		}
		const key = "crosscheck-canary/r1/1"
		o := Options{Run: "r1", Journal: j, Enter: func(_, to Phase) {
			if to != PhaseCleanUp {
				return
			}
			time.AfterFunc(3*time.Second, func() {
				_, err := destination.S3.PutObject(context.Background(), &s3.PutObjectInput{
					Bucket: &destination.Name, Key: aws.String(key), Body: strings.NewReader("late"),
				})
				if err != nil {
					t.Error(err)
				}
			})
		}}
		target := l.target(0)
		target.Source.S3 = twiceS3{target.Source.S3}
		m := Probe(t.Context(), target, measure.Plain, 1, o)
		if m.Outcome != measure.Arrived || len(m.Leftovers) > 0 || !strings.Contains(m.Message, "a replica may still arrive") {
			t.Errorf("%+v", m)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if entries, err := journal.Read(j.Path()); err != nil || len(entries) != 1 {
			t.Errorf("%v, %v", entries, err)
		}
		time.Sleep(time.Hour)
		l.empty(0)
	})
}

// repeatingS3 begins every upload twice, as a client does that lost the first answer.
type repeatingS3 struct{ bucket.S3 }

func (s repeatingS3) CreateMultipartUpload(ctx context.Context, in *s3.CreateMultipartUploadInput, opts ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error) {
	if _, err := s.S3.CreateMultipartUpload(ctx, in, opts...); err != nil {
		return nil, err
	}
	return s.S3.CreateMultipartUpload(ctx, in, opts...)
}

// TestRepeatedUpload leaves no upload that was begun beside the one that was completed.
func TestRepeatedUpload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second})
		target := l.target(0)
		target.Source.S3 = repeatingS3{target.Source.S3}
		if m := Probe(t.Context(), target, measure.Multipart, 1, probeOptions); m.Outcome != measure.Arrived || len(m.Leftovers) > 0 {
			t.Errorf("%+v", m)
		}
		l.empty(0)
	})
}

// sentS3 carries out a PUT 10 s after it was sent, also if nobody waits for it any more.
type sentS3 struct{ bucket.S3 }

func (s sentS3) PutObject(ctx context.Context, in *s3.PutObjectInput, opts ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	type answer struct {
		out *s3.PutObjectOutput
		err error
	}
	done := make(chan answer, 1)
	go func() {
		time.Sleep(10 * time.Second)
		out, err := s.S3.PutObject(context.WithoutCancel(ctx), in, opts...)
		done <- answer{out, err}
	}()
	select {
	case a := <-done:
		return a.out, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestInterruptedPut waits for what was sent, so that the clean-up finds it.
func TestInterruptedPut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		target := l.target(0)
		target.Source.S3 = sentS3{target.Source.S3}
		if m := Probe(ctx, target, measure.Plain, 1, probeOptions); m.Outcome != measure.Inconclusive || len(m.Leftovers) > 0 {
			t.Errorf("%+v", m)
		}
		time.Sleep(time.Hour)
		l.empty(0)
	})
}

// TestRefused puts nothing where it could not be removed or watched.
func TestRefused(t *testing.T) {
	t.Parallel()
	locked := "object_lock: {mode: GOVERNANCE, days: 1}"
	for _, test := range []struct {
		name   string
		world  labWorld
		fault  *sandbox.Fault
		change func(*Target)
		want   string
	}{
		{name: "source retains", world: labWorld{source: locked, target: "object_lock: {}"}, want: "source src retains every object for 1 days"},
		{name: "destination retains", world: labWorld{target: locked}, want: "destination dst retains every object"},
		{name: "lock not readable", fault: &sandbox.Fault{Operation: "s3:GetObjectLockConfiguration", Kind: sandbox.AccessDenied}, want: "cannot be read (AccessDenied"},
		{name: "destination not listed", fault: &sandbox.Fault{Operation: "s3:ListObjectVersions", Bucket: "dst", Kind: sandbox.AccessDenied}, want: "destination dst cannot be listed, so nothing was put"},
		{name: "not writable", fault: &sandbox.Fault{Operation: "s3:PutObject", Kind: sandbox.AccessDenied}, want: "the probe cannot be put: AccessDenied"},
		{name: "source keeps", world: labWorld{kept: sourceAccount}, want: "a probe could not be removed from the source src, where its versions may not be deleted (AccessDenied"},
		{name: "destination keeps", world: labWorld{kept: destinationAccount}, want: "a probe could not be removed from the destination dst, where its versions may not be deleted (AccessDenied"},
		{name: "perhaps kept", fault: &sandbox.Fault{Operation: "s3:DeleteObject", Bucket: "dst", Kind: sandbox.ServerError}, want: "whether a probe could be removed from the destination dst is not known (InternalError"},
		{name: "no versioning", change: func(t *Target) { t.Source.Versioning = fact.Of(fact.Versioning{Status: "Suspended"}) }, want: "source src has no versioning"},
		{name: "MFA delete", change: func(t *Target) {
			t.Source.Versioning = fact.Of(fact.Versioning{Status: "Enabled", MFADelete: "Enabled"})
		}, want: "MFA delete"},
		{name: "wrong owner", change: func(t *Target) { t.Destination.AccountID = "999999999999" }, want: "AccessDenied"},
		{name: "prefix too long", change: func(t *Target) { t.Rule.Prefix = strings.Repeat("x", 1020) }, want: "leaves no room"},
		{name: "reserved tag", change: func(t *Target) { t.Rule.Tags = map[string]string{"aws:cloudformation:stack-name": "x"} }, want: "only AWS can set"},
		{name: "shadowed", change: func(t *Target) {
			over := t.Rule
			over.ID, over.Priority = "over", 9
			t.Rules = []fact.ReplicationRule{t.Rule, over}
		}, want: "rule over has the higher priority"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, test.world)
				target := l.target(0)
				if test.change != nil {
					test.change(target)
				}
				if test.fault != nil {
					if err := l.aws.AddFault(*test.fault); err != nil {
						t.Fatal(err)
					}
				}
				m := Probe(t.Context(), target, measure.Plain, 1, probeOptions)
				l.aws.ClearFaults()
				if m.Outcome != measure.Inconclusive || !strings.Contains(m.Message, test.want) || m.Fault() || !m.Undecided() {
					t.Errorf("outcome %s: %s", m.Outcome, m.Message)
				}
				for c := range l.aws.Calls() {
					if c.Operation == "s3:PutObject" && c.Code == "" {
						t.Errorf("an object was put")
					}
				}
				l.empty(0)
			})
		})
	}
}

// TestAllowKept puts it all the same where versions may not be deleted, and says what stays.
func TestAllowKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second, kept: destinationAccount})
		m := Probe(t.Context(), l.target(0), measure.Plain, 1, Options{Run: "test", AllowRetained: true})
		if m.Outcome != measure.Arrived || len(m.Leftovers) != 1 || m.Leftovers[0].Bucket != "dst" || !strings.HasPrefix(m.Leftovers[0].Message, "AccessDenied") {
			t.Errorf("%+v", m)
		}
		if there := l.everything(0); len(there) != 1 {
			t.Errorf("%q", there)
		}
	})
}

// TestAllowRetained puts it all the same, and says what stays.
func TestAllowRetained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second, target: "object_lock: {mode: GOVERNANCE, days: 1}"})
		dir := t.TempDir()
		j, err := journal.Open(dir, "test", Folder)
		if err != nil {
			t.Fatal(err)
		}
		m := Probe(t.Context(), l.target(0), measure.Plain, 1, Options{Run: "test", AllowRetained: true, Journal: j})
		if m.Outcome != measure.Arrived || len(m.Leftovers) != 1 || m.Leftovers[0].Bucket != "dst" || m.Leftovers[0].VersionID != m.VersionID || !m.Fault() ||
			!strings.Contains(m.Message, "left behind in dst") || !strings.HasPrefix(m.Leftovers[0].Message, "AccessDenied") {
			t.Errorf("%+v", m)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		// The day after, a sweep gets rid of it.
		time.Sleep(25 * time.Hour)
		swept, err := Sweep(t.Context(), j.Path(), func(_ context.Context, _ journal.Location, there bool) (*bucket.Bucket, error) {
			if there {
				return &l.target(0).Destination, nil
			}
			return &l.target(0).Source, nil
		}, Options{})
		if err != nil || swept.Removed != 1 || len(swept.Leftovers) > 0 {
			t.Errorf("%+v, %v", swept, err)
		}
		l.empty(0)
	})
}

// TestDestinationUnreadable: what was put must go again, and the outcome is not a timeout.
func TestDestinationUnreadable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second})
		for _, op := range []string{"s3:HeadObject", "s3:ListObjectVersions"} {
			if err := l.aws.AddFault(sandbox.Fault{Operation: op, Bucket: "dst", Kind: sandbox.AccessDenied, Skip: map[string]int{"s3:ListObjectVersions": 1}[op]}); err != nil {
				t.Fatal(err)
			}
		}
		m := Probe(t.Context(), l.target(0), measure.Plain, 1, Options{Run: "test", Timeout: time.Minute})
		if m.Outcome != measure.Inconclusive || !strings.Contains(m.Message, "the destination cannot be read") {
			t.Errorf("%+v", m)
		}
		if len(m.Leftovers) != 1 || m.Leftovers[0].Bucket != "dst" || !m.Fault() {
			t.Errorf("left: %+v", m.Leftovers)
		}
		l.aws.ClearFaults()
		for _, s := range l.everything(0) {
			if strings.HasPrefix(s, "src ") {
				t.Errorf("left behind: %s", s)
			}
		}
	})
}

// TestBadWeather rides out faults that pass, and never takes them for an answer.
func TestBadWeather(t *testing.T) {
	t.Parallel()
	for _, f := range []sandbox.Fault{
		{Operation: "s3:HeadObject", Kind: sandbox.ServerError, Count: 12},
		{Operation: "s3:HeadObject", Kind: sandbox.Reset, Probability: 0.5},
		{Operation: "s3:ListObjectVersions", Bucket: "dst", Kind: sandbox.Throttling, Skip: 1, Count: 1},
		{Operation: "s3:*", Kind: sandbox.Latency, Delay: 300 * time.Millisecond},
	} {
		t.Run(string(f.Kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, labWorld{lag: 5 * time.Second})
				if err := l.aws.AddFault(f); err != nil {
					t.Fatal(err)
				}
				m := Probe(t.Context(), l.target(0), measure.Plain, 1, probeOptions)
				l.aws.ClearFaults()
				if m.Outcome != measure.Arrived {
					t.Fatalf("outcome %s: %s", m.Outcome, m.Message)
				}
				within(t, m, 5*time.Second)
				for _, left := range m.Leftovers {
					t.Logf("left: %+v", left)
				}
				if len(m.Leftovers) == 0 {
					l.empty(0)
				}
			})
		})
	}
}

// TestLostReply: the PUT took effect, but its answer never came.
func TestLostReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second})
		if err := l.aws.AddFault(sandbox.Fault{Operation: "s3:PutObject", Kind: sandbox.LostReply}); err != nil {
			t.Fatal(err)
		}
		m := Probe(t.Context(), l.target(0), measure.Plain, 1, probeOptions)
		if m.Outcome != measure.Inconclusive || m.Fault() {
			t.Errorf("%+v", m)
		}
		l.empty(0)
	})
}

func TestClockJump(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ wall, monotonic, want time.Duration }{
		{time.Second, time.Second, 0},
		{1999 * time.Millisecond, time.Second, 0},
		{time.Hour, time.Second, time.Hour - time.Second},
		{-time.Hour, time.Second, -time.Hour - time.Second},
	} {
		if got := clockJump(test.wall, test.monotonic); got != test.want {
			t.Errorf("clockJump(%s, %s) = %s, want %s", test.wall, test.monotonic, got, test.want)
		}
	}
}
