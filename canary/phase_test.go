package canary

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
	"crosscheck/scanner/sandbox"
)

// silent is a server that leaves requests without an answer.
type silent struct {
	aws.HTTPClient
	when func(*http.Request) bool
}

func (s silent) Do(r *http.Request) (*http.Response, error) {
	if s.when(r) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return s.HTTPClient.Do(r)
}

// silentTarget is the link of a lab, of which both sides leave requests without an answer.
func (l *lab) silentTarget(when func(*http.Request) bool) *Target {
	t := l.target(0)
	client := func(accessKey, region string) bucket.S3 {
		return s3.New(s3.Options{
			Region: region, UsePathStyle: true, HTTPClient: silent{l.aws.HTTPClient(), when}, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider(accessKey, sandbox.DefaultSecretKey, ""),
		})
	}
	t.Source.S3, t.Destination.S3 = client("AKIASOURCECANARYKEY", "us-east-1"), client("AKIADESTINATIONCANARYKEY", "eu-west-1")
	return t
}

// TestPhases: every phase ends before its deadline when the server does not answer any more,
// each is announced, and the message says which request was given up.
func TestPhases(t *testing.T) {
	t.Parallel()
	query := func(name string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.URL.Query().Has(name) }
	}
	method := func(m string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Method == m }
	}
	all := []Phase{PhasePreflight, PhasePut, PhaseWait, PhaseCleanUp, PhaseOver}
	const timeout = time.Minute
	for name, test := range map[string]struct {
		from   func(*http.Request) bool // from this request on, nothing is answered
		phases []Phase
		most   time.Duration
		says   string
	}{
		"never answers": {func(*http.Request) bool { return true }, []Phase{PhasePreflight, PhaseOver}, bucket.CallTimeout, "given up after 30s"},
		"object lock":   {query("object-lock"), []Phase{PhasePreflight, PhaseOver}, bucket.CallTimeout, "given up after 30s"},
		"listing":       {query("versions"), []Phase{PhasePreflight, PhaseOver}, bucket.CallTimeout, "no answer in time"},
		"put":           {method(http.MethodPut), []Phase{PhasePreflight, PhasePut, PhaseCleanUp, PhaseOver}, 2 * DefaultCleanUp, "given up after 1m0s"},
		"wait":          {method(http.MethodHead), all, timeout + 4*bucket.CallTimeout + DefaultCleanUp, "the destination cannot be read"},
		"the replica":   {func(r *http.Request) bool { return r.Method == http.MethodGet && len(r.URL.Path) > 5 }, all, 2*timeout + 2*DefaultCleanUp, "the comparison was interrupted"},
		"clean-up": {func(r *http.Request) bool {
			return r.Method == http.MethodDelete && r.URL.Query().Get("versionId") != "null"
		}, all, timeout + DefaultCleanUp, "left behind"},
		"answers always": {func(*http.Request) bool { return false }, all, 2 * time.Second, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, labWorld{lag: time.Second})
				gone := false
				target := l.silentTarget(func(r *http.Request) bool {
					gone = gone || test.from(r)
					return gone
				})
				var entered []Phase
				began := time.Now()
				m := Probe(t.Context(), target, measure.Plain, 1, Options{Run: "r", Timeout: timeout, Enter: func(from, to Phase) {
					if len(entered) > 0 && from != entered[len(entered)-1] || len(entered) == 0 && from != PhaseOver {
						t.Errorf("from %q to %q after %q", from, to, entered)
					}
					entered = append(entered, to)
				}})
				if took := time.Since(began); took > test.most {
					t.Errorf("took %s, at most %s: %s", took, test.most, m.Message)
				}
				if !slices.Equal(entered, test.phases) || !strings.Contains(m.Message, test.says) {
					t.Errorf("%q: %s %s", entered, m.Outcome, m.Message)
				}
			})
		})
	}
}

// TestWaitLimit: the wait as a whole has a deadline, whatever a variant does.
func TestWaitLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labWorld{lag: time.Second})
		p := &probe{t: l.target(0), o: Options{Run: "r", Timeout: time.Minute}.withDefaults()}
		p.run(t.Context(), measure.Plain, 1)
		p.m.Message = ""
		began := time.Now()
		p.observe(t.Context(), &variant{observe: func(_ *probe, ctx context.Context) { <-ctx.Done() }})
		if took := time.Since(began); took != p.waitLimit() || took > 10*time.Minute || !strings.Contains(p.m.Message, "given up after") {
			t.Errorf("%s: %s", took, p.m.Message)
		}
	})
}
