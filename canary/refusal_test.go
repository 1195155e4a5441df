package canary

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosscheck/canary/measure"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// TestRefusalIsNoProof refuses the canary's role one operation at one end: whatever the probe,
// it proves nothing against a link that works, and says what was refused.
func TestRefusalIsNoProof(t *testing.T) {
	t.Parallel()
	preflight := map[string]int{"s3:ListObjectVersions": 1, "s3:DeleteObject": 1} // calls that are let through
	variants, each, turn := Variants(), sandboxtest.Sample(len(Variants()), 2), 0 // of each refusal so many variants, in turn
	for _, op := range []string{
		"s3:HeadObject", "s3:GetObject", "s3:GetObjectTagging", "s3:ListObjectVersions", "s3:DeleteObject",
		"s3:PutObject", "s3:PutObjectTagging", "s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload",
		"s3:PutObjectLegalHold", "s3:GetObjectLegalHold", "s3:GetBucketVersioning", "s3:GetObjectLockConfiguration", "s3:ListMultipartUploads",
	} {
		for _, at := range []string{"src", "dst"} {
			for _, skip := range slices.Compact([]int{0, preflight[op]}) {
				first := turn
				turn += each
				t.Run(strings.TrimPrefix(op, "s3:")+" at "+at, func(t *testing.T) {
					t.Parallel()
					for i := range each {
						synctest.Test(t, func(t *testing.T) {
							refused(t, variants[(first+i)%len(variants)], sandbox.Fault{Operation: op, Bucket: at, Kind: sandbox.AccessDenied, Skip: skip})
						})
					}
				})
			}
		}
	}
}

// refused makes a probe of a link that works, where one operation is refused.
func refused(t *testing.T, v measure.Variant, f sandbox.Fault) {
	l, target := variantLab(t, v, time.Second)
	if err := l.aws.AddFault(f); err != nil {
		t.Fatal(err)
	}
	m := Probe(t.Context(), target, v, 1, Options{Run: "test", Timeout: time.Minute, Size: 1 << 20, AllowRetained: f.Skip > 0})
	met := false
	for c := range l.aws.Calls() {
		met = met || c.Operation == f.Operation && c.Code == "AccessDenied"
	}
	switch m.Outcome {
	case measure.Arrived, measure.Absent:
		if m.Undecided() {
			t.Errorf("%s: %s is not decided: %s", v, m.Outcome, m.Message)
		}
	case measure.Inconclusive:
		if !met || !strings.Contains(m.Message, "AccessDenied") && !strings.Contains(m.Message, "Forbidden") {
			t.Errorf("%s: inconclusive: %s", v, m.Message)
		}
	default:
		t.Errorf("%s: %s: %s", v, m.Outcome, m.Message)
	}
}

// TestRefusalNamesTheStatement adds what the facts say to what AWS says.
func TestRefusalNamesTheStatement(t *testing.T) {
	t.Parallel()
	const statement = "statement NoCanary of the bucket policy of dst"
	for op, action := range map[string]string{
		"s3:HeadObject": "s3:GetObjectVersion", "s3:GetObject": "s3:GetObjectVersion",
		"s3:GetObjectTagging": "s3:GetObjectVersionTagging", "s3:ListObjectVersions": "s3:ListBucketVersions",
		"s3:DeleteObject": "s3:DeleteObjectVersion",
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, labWorld{lag: time.Second})
			target := l.target(0)
			target.Refusals = map[Right]string{{DestinationSide, action}: statement}
			if err := l.aws.AddFault(sandbox.Fault{Operation: op, Bucket: "dst", Kind: sandbox.AccessDenied}); err != nil {
				t.Fatal(err)
			}
			m := Probe(t.Context(), target, measure.Tagged, 1, probeOptions)
			if m.Outcome != measure.Inconclusive || !strings.Contains(m.Message, statement) {
				t.Errorf("%s: %s: %s", op, m.Outcome, m.Message)
			}
			l.aws.ClearFaults()
		})
	}
}

// TestUnreadSource compares nothing with a source that could not be read.
func TestUnreadSource(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{sandbox.AccessDenied, sandbox.ServerError} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, labWorld{lag: time.Second})
			if err := l.aws.AddFault(sandbox.Fault{Operation: "s3:HeadObject", Bucket: "src", Kind: kind}); err != nil {
				t.Fatal(err)
			}
			m := Probe(t.Context(), l.target(0), measure.Metadata, 1, Options{Run: "test", Timeout: time.Minute})
			if m.Proves() != "unknown" || m.ChecksWith(measure.Different) != "" {
				t.Errorf("%s: %s: %+v", kind, m.Outcome, m.Checks)
			}
			l.aws.ClearFaults()
		})
	}
}
