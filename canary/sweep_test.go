package canary

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"go.uber.org/goleak"

	"crosscheck/canary/bucket"
	"crosscheck/canary/journal"
	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("CANARY_TEST_JOURNALS"); dir != "" {
		probeUntilKilled(dir, os.Getenv("CANARY_TEST_ENDPOINT"))
		return
	}
	goleak.VerifyTestMain(m)
}

// served is a client over a socket.
func served(endpoint, accessKey, region string) *s3.Client {
	return s3.New(s3.Options{
		Region: region, UsePathStyle: true, BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, sandbox.DefaultSecretKey, ""),
	})
}

// probeUntilKilled is the process that gets killed: it probes src in all variants,
// several probes at a time, until it is killed.
func probeUntilKilled(dir, endpoint string) {
	run := fmt.Sprintf("run-%d", os.Getpid())
	j, err := journal.Open(dir, run, Folder)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	target := &Target{
		Link:        "src/r→dst",
		Rule:        fact.ReplicationRule{ID: "r", Schema: "V2", Status: "Enabled", Priority: 1, DeleteMarkers: "Enabled", Destination: fact.Destination{Bucket: "arn:aws:s3:::dst"}},
		Source:      bucket.Bucket{Bucket: fact.Bucket{Name: "src", AccountID: sourceAccount}, S3: served(endpoint, "AKIASOURCECANARYKEY", "us-east-1")},
		Destination: bucket.Bucket{Bucket: fact.Bucket{Name: "dst", AccountID: destinationAccount}, S3: served(endpoint, "AKIADESTINATIONCANARYKEY", "eu-west-1")},
	}
	fmt.Println("ready")
	n := 0
	jobs := func(yield func(Job) bool) {
		for {
			n++
			if !yield(Job{target, []measure.Variant{measure.Plain, measure.Overwrite, measure.DeleteMarker, measure.Multipart, measure.TagChange, measure.Locked}[n%6], n}) {
				return
			}
		}
	}
	_ = Run(context.Background(), 8, jobs, Options{Run: run, Journal: j}, func(m measure.Measurement) error {
		if m.Outcome != measure.Arrived {
			fmt.Fprintln(os.Stderr, m.Outcome, m.Message)
		}
		return nil
	})
}

// TestKilled kills a canary at 20 random points; a sweep by its journal then
// leaves nothing on either side, and has nothing to do the second time. It runs by the
// wall clock, so nothing runs beside it.
func TestKilled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(t, labWorld{lag: 40 * time.Millisecond, source: "object_lock: {}", target: "object_lock: {}"})
	server := httptest.NewServer(l.aws)
	defer server.Close()
	reach := func(_ context.Context, p journal.Location, _ bool) (*bucket.Bucket, error) {
		key, region := "AKIASOURCECANARYKEY", "us-east-1"
		if p.Bucket == "dst" {
			key, region = "AKIADESTINATIONCANARYKEY", "eu-west-1"
		}
		client := s3.New(s3.Options{Region: region, UsePathStyle: true, HTTPClient: l.aws.HTTPClient(),
			Credentials: credentials.NewStaticCredentialsProvider(key, sandbox.DefaultSecretKey, "")})
		return &bucket.Bucket{Bucket: fact.Bucket{Name: p.Bucket, AccountID: p.AccountID}, S3: client}, nil
	}
	dir, strays := t.TempDir(), 0
	for range 20 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "CANARY_TEST_JOURNALS="+dir, "CANARY_TEST_ENDPOINT="+server.URL)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		journals, err := journal.List(dir)
		if err != nil || len(journals) != 1 {
			t.Fatalf("journals %v, %v", journals, err)
		}
		if _, err := Sweep(t.Context(), journals[0], reach, Options{Settle: 100 * time.Millisecond}); !errors.Is(err, journal.ErrBusy) {
			t.Errorf("the journal of a live run was swept: %v", err)
		}
		time.Sleep(rand.N(400 * time.Millisecond))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		time.Sleep(rand.N(60 * time.Millisecond)) // some replicas arrive meanwhile

		strays += len(l.everything(0))
		swept, err := Sweep(t.Context(), journals[0], reach, Options{Settle: 100 * time.Millisecond})
		if err != nil || len(swept.Leftovers) > 0 {
			t.Fatalf("%+v: %v", swept, err)
		}
		l.empty(0)
		if t.Failed() {
			t.FailNow()
		}
		// What S3 was still at is looked at once more, and then it is all.
		again, err := Sweep(t.Context(), journals[0], reach, Options{Settle: 100 * time.Millisecond})
		if err != nil || again.Probes != swept.Pending || again.Pending > 0 || len(again.Leftovers) > 0 {
			t.Errorf("second sweep: %+v, %v, after %+v", again, err, swept)
		}
		l.empty(0)
		if rest, _ := journal.List(dir); len(rest) > 0 {
			t.Errorf("the swept journal is still there: %v", rest)
		}
	}
	if _, err := Sweep(t.Context(), filepath.Join(dir, "gone.jsonl"), reach, Options{}); err != nil {
		t.Errorf("a journal that is gone: %v", err)
	}
	if strays == 0 {
		t.Error("nothing was ever left for a sweep: this test tested nothing")
	}
	t.Logf("%d versions were left by 20 kills and swept", strays)
}

// TestJournalIsGone: a run that cleans up after itself leaves no file.
func TestJournalIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		l := newLab(t, labWorld{lag: time.Second})
		j, err := journal.Open(dir, "r1", Folder)
		if err != nil {
			t.Fatal(err)
		}
		if m := Probe(t.Context(), l.target(0), measure.Plain, 1, Options{Run: "r1", Journal: j}); m.Outcome != measure.Arrived {
			t.Fatal(m.Message)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if rest, _ := journal.List(dir); len(rest) > 0 {
			t.Errorf("left: %v", rest)
		}
	})
}

// TestLateReplica: what S3 may still deliver stays in the journal.
func TestLateReplica(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		l := newLab(t, labWorld{lag: time.Hour})
		j, err := journal.Open(dir, "r1", Folder)
		if err != nil {
			t.Fatal(err)
		}
		m := Probe(t.Context(), l.target(0), measure.Plain, 1, Options{Run: "r1", Journal: j, Timeout: time.Minute})
		if m.Outcome != measure.Timeout || !strings.Contains(m.Message, "a replica may still arrive") {
			t.Error(m.Message)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		entries, err := journal.Read(j.Path())
		if err != nil || len(entries) != 1 || entries[0].Key != m.Key {
			t.Errorf("%v, %v", entries, err)
		}
		// It came after all: not by S3's replication here, which knows that the source is gone.
		_, destination := l.admin(0)
		if _, err := destination.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &destination.Name, Key: &m.Key, Body: strings.NewReader("late")}); err != nil {
			t.Fatal(err)
		}
		swept, err := Sweep(t.Context(), j.Path(), func(_ context.Context, p journal.Location, there bool) (*bucket.Bucket, error) {
			if there {
				return &l.target(0).Destination, nil
			}
			return &l.target(0).Source, nil
		}, Options{})
		if err != nil || swept.Removed != 1 || swept.Pending != 0 {
			t.Errorf("%+v, %v", swept, err)
		}
		l.empty(0)
	})
}

// TestJournalComesFirst: what cannot be journalled is not put.
func TestJournalComesFirst(t *testing.T) {
	t.Parallel()
	l := newLab(t, labWorld{})
	j, err := journal.Open(t.TempDir(), "r1", Folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	m := Probe(t.Context(), l.target(0), measure.Plain, 1, Options{Run: "r1", Journal: j})
	if m.Outcome != measure.Inconclusive || !strings.Contains(m.Message, "journal cannot be written") {
		t.Errorf("%+v", m)
	}
	l.empty(0)
}

// withoutStatus drops the replication status of every answer, as a proxy may.
type withoutStatus struct{ bucket.S3 }

func (s withoutStatus) HeadObject(ctx context.Context, in *s3.HeadObjectInput, opts ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	out, err := s.S3.HeadObject(ctx, in, opts...)
	if err == nil {
		out.ReplicationStatus = ""
	}
	return out, err
}

// TestSweepWithoutStatus: a source without a replication status may still be replicated, if
// a rule covers it; a negative control may not.
func TestSweepWithoutStatus(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		uncovered bool
		pending   int
	}{{false, 1}, {true, 0}} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, labWorld{lag: time.Hour})
			const key = "crosscheck-canary/r1/1"
			source, _ := l.admin(0)
			if _, err := source.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &source.Name, Key: aws.String(key), Body: strings.NewReader("x")}); err != nil {
				t.Fatal(err)
			}
			j, err := journal.Open(t.TempDir(), "r1", Folder)
			if err != nil {
				t.Fatal(err)
			}
			entry := journal.Entry{Run: "r1", Key: key, Uncovered: test.uncovered, Source: journal.Location{Bucket: "src"}, Destination: journal.Location{Bucket: "dst"}}
			if err := errors.Join(j.Put(entry), j.Close()); err != nil {
				t.Fatal(err)
			}
			open := func(_ context.Context, _ journal.Location, there bool) (*bucket.Bucket, error) {
				b := l.target(0).Source
				if there {
					b = l.target(0).Destination
				}
				b.S3 = withoutStatus{b.S3}
				return &b, nil
			}
			for _, pending := range []int{test.pending, 0} {
				swept, err := Sweep(t.Context(), j.Path(), open, Options{})
				if err != nil || swept.Pending != pending || len(swept.Leftovers) > 0 {
					t.Errorf("uncovered %v: %+v, %v", test.uncovered, swept, err)
				}
			}
			l.empty(0)
		})
	}
}

// TestJournalOfNegativeControl says in the journal that no rule covers the key.
func TestJournalOfNegativeControl(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Hour, rule: "Filter: {Prefix: logs/}, DeleteMarkerReplication: {Status: Disabled}"})
		target := l.target(0)
		target.Rule.Prefix = "logs/"
		j, err := journal.Open(t.TempDir(), "r1", Folder)
		if err != nil {
			t.Fatal(err)
		}
		// Interrupted, so that the entries stay.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for n, v := range []measure.Variant{measure.Plain, measure.NegativeControl} {
			go Probe(ctx, target, v, n, Options{Run: "r1", Journal: j})
		}
		time.Sleep(time.Minute)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		entries, err := journal.Read(j.Path())
		if err != nil || len(entries) != 2 {
			t.Fatalf("%v, %v", entries, err)
		}
		for _, e := range entries {
			if e.Uncovered != (e.Prefix == "") {
				t.Errorf("%+v", e)
			}
		}
	})
}

// TestSweepBucket removes what looks like a probe and is old, and nothing else.
func TestSweepBucket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Hour})
		source, _ := l.admin(0)
		put := func(key string) {
			_, err := source.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &source.Name, Key: &key, Body: strings.NewReader("x")})
			if err != nil {
				t.Fatal(err)
			}
		}
		keep := []string{"crosscheck-canary/2025-06/17", "crosscheck-canary/run/1", "crosscheck-canary/20261124T000000Z-abcd/12", "crosscheck-canary/20261124T000000Z-abcd1234/1", "crosscheck-canary/readme", "crosscheck-canary/run/notes.txt", "crosscheck-canary-2/run/1", "a/crosscheck-canary/run/1", "crosscheck-canary/run/1/x", "data"}
		gone := []string{"crosscheck-canary/20261124T000000Z-abcdefgh/1", "crosscheck-canary/" + NewRun(time.Now(), "ABCDEFGHIJ234567") + "/12"}
		for _, k := range append(append([]string{}, keep...), gone...) {
			put(k)
		}
		if _, err := source.Delete(t.Context(), gone[0], ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		put("crosscheck-canary/20261124T000000Z-abcdefgh/2")

		target := l.target(0)
		dry, err := SweepBucket(t.Context(), &target.Source, "", Folder, time.Hour, true)
		if err != nil || dry.Removed != 0 || len(dry.Leftovers) != 3 {
			t.Errorf("dry: %+v, %v", dry, err)
		}
		swept, err := SweepBucket(t.Context(), &target.Source, "", Folder, time.Hour, false)
		if err != nil || swept.Removed != 3 || swept.Probes != 2 || len(swept.Leftovers) != 0 {
			t.Errorf("%+v, %v", swept, err)
		}
		var left []string
		if err := source.List(t.Context(), "", func(key string, _ bucket.Version) error { left = append(left, key); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(left) != len(keep)+1 {
			t.Errorf("left %v", left)
		}
		again, err := SweepBucket(t.Context(), &target.Source, "", Folder, time.Hour, false)
		if err != nil || again.Removed != 0 {
			t.Errorf("again: %+v, %v", again, err)
		}
	})
}

// sticky is a server that answers every DELETE as S3 does, and deletes nothing.
type sticky struct{ bucket.S3 }

func (sticky) DeleteObject(_ context.Context, in *s3.DeleteObjectInput, _ ...func(*s3.Options)) (*s3.DeleteObjectOutput, error) {
	return &s3.DeleteObjectOutput{VersionId: in.VersionId}, nil
}

// TestSweepBucketListsAgain: what is still listed after it was deleted is left.
func TestSweepBucketListsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Hour})
		source, _ := l.admin(0)
		key := "crosscheck-canary/20261124T000000Z-abcdefgh/1"
		if _, err := source.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &source.Name, Key: &key, Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		bucket := l.target(0).Source
		bucket.S3 = sticky{bucket.S3}
		swept, err := SweepBucket(t.Context(), &bucket, "", Folder, time.Hour, false)
		if err != nil || swept.Removed != 0 || len(swept.Leftovers) != 1 || !strings.Contains(swept.Leftovers[0].Message, "still listed") {
			t.Errorf("%+v, %v", swept, err)
		}
	})
}

// TestLeastPrivilege holds the published policies against what probes and sweeps
// call: everything asked is allowed, and everything allowed is asked.
func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	asked := map[Side]map[string]bool{SourceSide: {}, DestinationSide: {}}
	for _, kind := range []string{"plain", "kms", "locked"} {
		kms, lock := kind == "kms", kind == "locked"
		synctest.Test(t, func(t *testing.T) {
			w := labWorld{lag: time.Second, rule: "Filter: {Prefix: logs/}, DeleteMarkerReplication: {Status: Enabled}"}
			if kms {
				w.rule += ", SourceSelectionCriteria: {SseKmsEncryptedObjects: {Status: Enabled}}"
				w.destination = `, EncryptionConfiguration: {ReplicaKmsKeyID: "` + replicaKey + `"}`
				w.source = `encryption: {algorithm: "aws:kms", key: "` + sourceKey + `"}`
			}
			if lock {
				w.source, w.target = "object_lock: {}", "object_lock: {}"
			}
			l := newLab(t, w)
			target := l.target(0)
			target.Rule.Prefix = "logs/"
			target.Destination.Ownership = fact.Of("BucketOwnerEnforced")
			if kms {
				target.Rule.Destination.ReplicaKMSKeyID = replicaKey
				target.Source.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms", KeyID: sourceKey})
			}
			for n, v := range Variants() {
				if (v == measure.KMS || v == measure.DSSE) && !kms || v == measure.Locked && !lock {
					continue
				}
				m := Probe(t.Context(), target, v, n, Options{Run: "r", Size: 1 << 20})
				if m.Proves() != "works" {
					t.Errorf("%s: %s %s", v, m.Outcome, m.Message)
				}
			}
			if links, err := Links(t.Context(), l.reader(), &target.Source, "dst"); err != nil || len(links) != 1 {
				t.Errorf("%v, %v", links, err)
			}
			// An upload that fails half-way is aborted.
			if err := l.aws.AddFault(sandbox.Fault{Operation: "s3:CompleteMultipartUpload", Kind: sandbox.ServerError}); err != nil {
				t.Fatal(err)
			}
			if m := Probe(t.Context(), target, measure.Multipart, 99, Options{Run: "r"}); m.Outcome != measure.Inconclusive || m.Fault() {
				t.Errorf("%s %s", m.Outcome, m.Message)
			}
			l.empty(0)
			for a := range l.aws.Actions() {
				for side, account := range map[Side]string{SourceSide: sourceAccount, DestinationSide: destinationAccount} {
					if a.Caller == "arn:aws:iam::"+account+":role/crosscheck-canary" {
						asked[side][a.Action] = true
						if a.Result.String() != "allowed" {
							t.Errorf("%s: %s is %v", side, a.Action, a.Result)
						}
					}
				}
			}
		})
	}
	for side, actions := range asked {
		buckets, objects, keys := Actions(side)
		for _, a := range append(append(buckets, objects...), keys...) {
			switch {
			case actions[a]:
			case a == "s3:ListBucket": // S3 judges it when it chooses between 404 and 403
			case a == "kms:Decrypt" && side == SourceSide: // the sandbox does not ask for it when parts are put together, AWS does
			default:
				t.Errorf("%s: %s is in the policy and never needed", side, a)
			}
		}
	}
}

// TestRunGoesOn: what is under way when the user gives up is cleaned up and told.
func TestRunGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Minute, links: 5})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		jobs := func(yield func(Job) bool) {
			for n := range 5 {
				if !yield(Job{l.target(n), measure.Plain, n}) {
					return
				}
			}
		}
		told := 0
		err := Run(ctx, 3, jobs, Options{Run: "r"}, func(m measure.Measurement) error {
			told++
			if m.Outcome != measure.Inconclusive {
				t.Errorf("%+v", m)
			}
			return nil
		})
		if !errors.Is(err, context.DeadlineExceeded) || told < 3 || told > 4 { // one may have been next in line
			t.Errorf("%d told, %v", told, err)
		}
		for n := range 5 {
			l.empty(n)
		}
		failed := errors.New("disk full")
		if err := Run(t.Context(), 2, jobs, Options{Run: "s"}, func(measure.Measurement) error { return failed }); !errors.Is(err, failed) {
			t.Errorf("error of emit: %v", err)
		}
	})
}

// TestThousandLinks probes a thousand links at a time: each latency is within
// 5 % of the truth at 200 ms. Time is the bubble's, so the machine's speed is no
// part of it; BenchmarkThousandLinks shows what it is on this machine.
func TestThousandLinks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const lag = 200 * time.Millisecond
		links := sandboxtest.Sample(1000, 100)
		l := newLab(t, labWorld{lag: lag, links: links})
		jobs := func(yield func(Job) bool) {
			for n := range links {
				if !yield(Job{l.target(n), measure.Plain, n}) {
					return
				}
			}
		}
		start, worst, most := time.Now(), 0.0, 0
		err := Run(t.Context(), links, jobs, Options{Run: "r"}, func(m measure.Measurement) error {
			if m.Outcome != measure.Arrived || m.Fault() {
				t.Errorf("%+v", m)
			}
			worst = max(worst, (float64(m.LatencyMS)-200)/200)
			most = max(most, m.Requests)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if worst > 0.05 {
			t.Errorf("a latency is %.1f %% off", worst*100)
		}
		t.Logf("at most %.1f %% off, at most %d requests a probe, all in %s", worst*100, most, time.Since(start))
	})
}

// TestAllInFlight: slow links do not wait for each other.
func TestAllInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const lag = 10 * time.Minute
		links := sandboxtest.Sample(200, 40)
		l := newLab(t, labWorld{lag: lag, links: links})
		jobs := func(yield func(Job) bool) {
			for n := range links {
				if !yield(Job{l.target(n), measure.Plain, n}) {
					return
				}
			}
		}
		start := time.Now()
		err := Run(t.Context(), links, jobs, Options{Run: "r"}, func(m measure.Measurement) error {
			if m.Outcome != measure.Arrived {
				t.Errorf("%+v", m)
			}
			within(t, m, lag)
			return nil
		})
		if took := time.Since(start); err != nil || took > lag+longestLook+time.Duration(links)*startPhase/startsPerCore {
			t.Errorf("took %s, %v", took, err)
		}
	})
}

// BenchmarkThousandLinks is the same by the wall clock, where the machine has to
// keep up with a thousand links that all replicate 200 ms after they began.
func BenchmarkThousandLinks(b *testing.B) {
	const links, lag = 1000, 200 * time.Millisecond
	l := newLab(b, labWorld{lag: lag, links: links})
	source, destination := l.client("AKIASOURCECANARYKEY", "us-east-1"), l.client("AKIADESTINATIONCANARYKEY", "eu-west-1")
	targets := make([]*Target, links)
	for n := range targets {
		targets[n] = l.target(n)
		targets[n].Source.S3, targets[n].Destination.S3 = source, destination
		targets[n].Source.Versioning = fact.Of(fact.Versioning{Status: "Enabled"})
		targets[n].Source.ObjectLock = fact.None[fact.ObjectLock]()
		targets[n].Destination.Versioning = fact.Of(fact.Versioning{Status: "Enabled"})
		targets[n].Destination.ObjectLock = fact.None[fact.ObjectLock]()
	}
	var requests, slack atomic.Int64
	var off []float64 // percent over the truth
	round := 0
	for b.Loop() {
		round++
		jobs := func(yield func(Job) bool) {
			for n, t := range targets {
				if !yield(Job{t, measure.Plain, n}) {
					return
				}
			}
		}
		err := Run(b.Context(), links, jobs, Options{Run: fmt.Sprintf("r%d", round)}, func(m measure.Measurement) error {
			if m.Outcome != measure.Arrived {
				b.Errorf("%+v", m)
			}
			requests.Add(int64(m.Requests))
			slack.Add(m.SlackMS)
			off = append(off, (float64(m.LatencyMS)-200)/2)
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(off)
	mean := 0.0
	for _, o := range off {
		mean += o / float64(len(off))
	}
	probes := float64(links * round)
	b.ReportMetric(float64(requests.Load())/probes, "requests/probe")
	b.ReportMetric(float64(slack.Load())/probes, "ms-slack/probe")
	b.ReportMetric(mean, "%-over-mean")
	b.ReportMetric(off[len(off)*99/100], "%-over-p99")
	b.ReportMetric(residentMB(b), "MB-resident")
}

// residentMB is the most memory that the process ever had resident, with the
// sandbox and its buckets in it.
func residentMB(b *testing.B) float64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc here")
	}
	var kb float64
	for l := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(l, "VmHWM:"); ok {
			_, _ = fmt.Sscan(rest, &kb)
		}
	}
	return kb / 1024
}
