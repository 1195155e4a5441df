package canary

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/canary/bucket"
	"crosscheck/canary/journal"
	"crosscheck/canary/measure"
	"crosscheck/scanner/sandbox"
)

// TestPurgePending removes a replica that arrives while it waits.
func TestPurgePending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{})
		_, destination := l.admin(0)
		time.AfterFunc(3*time.Second, func() {
			_, err := destination.S3.PutObject(context.Background(), &s3.PutObjectInput{
				Bucket: &destination.Name, Key: aws.String("k"), Body: strings.NewReader("late"),
			})
			if err != nil {
				t.Error(err)
			}
		})
		start := time.Now()
		c := &bucket.Tally{}
		if left := purgePending(t.Context(), c, destination, "k", 5*time.Second); len(left) > 0 || c.Removed != 1 {
			t.Errorf("%+v left, %d removed", left, c.Removed)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("took %s", took)
		}
		l.empty(0)
	})
}

// TestSweepUpload aborts the upload that a killed run had begun, if the journal names one.
func TestSweepUpload(t *testing.T) {
	t.Parallel()
	for _, parts := range []bool{true, false} {
		l := newLab(t, labWorld{})
		const key = "crosscheck-canary/r1/1"
		source, _ := l.admin(0)
		if _, err := source.S3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &source.Name, Key: aws.String(key)}); err != nil {
			t.Fatal(err)
		}
		j, err := journal.Open(t.TempDir(), "r1", Folder)
		if err != nil {
			t.Fatal(err)
		}
		entry := journal.Entry{Run: "r1", Key: key, Parts: parts, Source: journal.Location{Bucket: "src"}, Destination: journal.Location{Bucket: "dst"}}
		if err := j.Put(entry); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		open := func(_ context.Context, _ journal.Location, destination bool) (*bucket.Bucket, error) {
			if destination {
				return &l.target(0).Destination, nil
			}
			return &l.target(0).Source, nil
		}
		swept, err := Sweep(t.Context(), j.Path(), open, Options{})
		if want := map[bool]int{true: 1}[parts]; err != nil || swept.Removed != want || swept.Probes != 1 || len(swept.Leftovers) > 0 {
			t.Errorf("parts %v: %+v, %v", parts, swept, err)
		}
		if rest, err := journal.List(j.Path()[:strings.LastIndexByte(j.Path(), '/')]); err != nil || len(rest) > 0 {
			t.Errorf("journals left: %v, %v", rest, err)
		}
		if parts {
			l.empty(0)
		}
	}
}

// TestPending says whether a replica may still arrive after the clean-up.
func TestPending(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		p       probe
		outcome measure.Outcome
		status  string
		want    bool
	}{
		{"arrived", probe{arrived: true}, measure.Arrived, "PENDING", false},
		{"failed", probe{statusFinal: true}, measure.Failed, "FAILED", false},
		{"timeout after FAILED", probe{statusFinal: true}, measure.Timeout, "FAILED", true},
		{"timeout", probe{}, measure.Timeout, "PENDING", true},
		{"no rule took it, perhaps", probe{}, measure.Timeout, "", true},
		{"absent", probe{}, measure.Absent, "", false},
		{"absent, but taken", probe{}, measure.Absent, "PENDING", true},
		{"interrupted", probe{}, measure.Inconclusive, "", true},
	} {
		test.p.m.Outcome, test.p.m.SourceStatus = test.outcome, test.status
		if got := test.p.replicaPending(); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// TestAbsenceUnreadable does not take a destination that cannot be read for an empty one.
func TestAbsenceUnreadable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{rule: "Filter: {Prefix: logs/}, DeleteMarkerReplication: {Status: Disabled}"})
		target := l.target(0)
		target.Rule.Prefix = "logs/"
		if err := l.aws.AddFault(sandbox.Fault{Operation: "s3:HeadObject", Bucket: "dst", Kind: sandbox.ServerError}); err != nil {
			t.Fatal(err)
		}
		m := Probe(t.Context(), target, measure.NegativeControl, 1, probeOptions)
		if m.Outcome != measure.Inconclusive || !strings.HasPrefix(m.Message, "the destination cannot be read: ") {
			t.Errorf("%s: %s", m.Outcome, m.Message)
		}
		l.aws.ClearFaults()
		l.empty(0)
	})
}

// TestStatusUnreadable does not take a status of the source that cannot be read for none: a
// rule may have taken the object.
func TestStatusUnreadable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		variant measure.Variant
		prefix  string // of the rule
		kind    sandbox.FaultKind
		outcome measure.Outcome
	}{
		{measure.NegativeControl, "logs/", sandbox.AccessDenied, measure.Inconclusive},
		{measure.NegativeControl, "logs/", sandbox.ServerError, measure.Inconclusive},
		{measure.Plain, "", sandbox.AccessDenied, measure.Inconclusive}, // the canary's own right
		{measure.Plain, "", sandbox.ServerError, measure.Timeout},
	} {
		kind := test.kind
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, labWorld{lag: time.Hour})
			target := l.target(0)
			target.Rule.Prefix = test.prefix // by now it covers everything
			if err := l.aws.AddFault(sandbox.Fault{Operation: "s3:HeadObject", Bucket: "src", Kind: kind}); err != nil {
				t.Fatal(err)
			}
			j, err := journal.Open(t.TempDir(), "r1", Folder)
			if err != nil {
				t.Fatal(err)
			}
			m := Probe(t.Context(), target, test.variant, 1, Options{Run: "r1", Journal: j, Timeout: time.Minute})
			if m.Outcome != test.outcome || !strings.Contains(m.Message, "the replication status of the source cannot be read") || strings.Contains(m.Message, "no rule took") ||
				m.Proves() == "works" {
				t.Errorf("%s, %s: %s: %s", test.variant, kind, m.Outcome, m.Message)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			if entries, err := journal.Read(j.Path()); err != nil || len(entries) != 1 {
				t.Errorf("%s, %s: the journal has %v, %v", test.variant, kind, entries, err)
			}
		})
	}
}

func TestMilliseconds(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]int64{0: 0, 1: 1, time.Millisecond: 1, time.Millisecond + 1: 2, time.Second: 1000} {
		if got := milliseconds(d); got != want {
			t.Errorf("%s: %d", d, got)
		}
	}
}

// TestPolicyOfPartitions limits keys to S3 of the partition.
func TestPolicyOfPartitions(t *testing.T) {
	t.Parallel()
	for partition, want := range map[string]string{"aws": "s3.*.amazonaws.com", "aws-cn": "s3.*.amazonaws.com.cn", "aws-us-gov": "s3.*.amazonaws.com", "aws-eusc": "s3.*.amazonaws.eu"} {
		policy := Policy(partition, "f", SourceSide, DestinationSide)
		if got := policy[2].Condition["StringLike"]["kms:ViaService"]; got != want {
			t.Errorf("%s: %s", partition, got)
		}
		if policy[1].Resource != "arn:"+partition+":s3:::*/*f/*" {
			t.Errorf("%s: objects of %s", partition, policy[1].Resource)
		}
	}
}
