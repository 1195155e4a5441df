package audit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"crosscheck/rules/iam/match"
	"crosscheck/scanner"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/state"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// The tests of this file change one answer of AWS in one place, and scan and judge the
// world that answers so.

// mutant is one changed answer of a world.
type mutant struct {
	world *answeredWorld
	x     *exchange
	change
	n int // of those of the same kind in this answer
}

func (m *mutant) String() string {
	return fmt.Sprintf("%s %s/%s %s %s %d %s", m.world.name, m.world.bucket, m.x.api, m.what, m.path, m.n, m.x.request)
}

// class is what mutants have in common that differ only in the world, the request and
// the item of a list.
func (m *mutant) class() string { return m.x.api + " " + m.what + " " + m.path }

// answeredWorld is a world, or one bucket of it with all that its links depend on, with
// all requests of a scan and their answers. A scan of one bucket takes a tenth of the time.
type answeredWorld struct {
	*faultWorld
	bucket    string // "" = the whole world
	whole     *judgedScan
	exchanges map[string]*exchange // by request
	access    map[string]*state.Identity
}

// requestText is what tells one request from another.
func requestText(r *http.Request) string {
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(credential, "/")
	return strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("X-Amz-Target"), string(body), key}, " ")
}

// recorded is what record gives, which is made once.
func (w *faultWorld) recorded(t *testing.T, bucket string) *answeredWorld {
	t.Helper()
	w.recording.Lock()
	defer w.recording.Unlock()
	if w.recording.of[bucket] == nil {
		w.recording.of[bucket] = w.record(t, bucket)
	}
	return w.recording.of[bucket]
}

// record scans a world, or one bucket of it, and keeps what was answered.
func (w *faultWorld) record(t *testing.T, bucket string) *answeredWorld {
	t.Helper()
	a := &answeredWorld{faultWorld: w, bucket: bucket, exchanges: map[string]*exchange{}}
	a.whole = w.scan(t, nil, func(box *sandbox.Sandbox) aws.HTTPClient {
		before := box.Calls()
		a.access = box.State().Access
		return doFunc(func(r *http.Request) (*http.Response, error) {
			x := &exchange{request: requestText(r)}
			res, err := box.HTTPClient().Do(r)
			if err != nil {
				return res, err
			}
			if x.body, err = io.ReadAll(res.Body); err != nil {
				return res, err
			}
			answered(res, x.body)
			x.status, x.header = res.StatusCode, res.Header.Clone()
			after := box.Calls()
			for c, n := range after { // one call at a time: this one
				if n != before[c] {
					x.api, x.account = c.Operation, c.Account
				}
			}
			if strings.HasPrefix(x.api, "s3:") {
				x.bucket, _, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
			}
			before = after
			a.exchanges[x.request] = x
			return res, nil
		})
	}, scanner.Options{Concurrency: 1, Buckets: bucket})
	if a.whole.err != nil {
		t.Fatalf("%s: %v", w.name, a.whole.err)
	}
	return a
}

// response is the recorded answer.
func (x *exchange) response(r *http.Request) *http.Response {
	res := &http.Response{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		StatusCode: x.status, Status: fmt.Sprint(x.status, " ", http.StatusText(x.status)), Header: x.header.Clone()}
	answered(res, x.body)
	return res
}

// replay answers as was recorded; the sandbox itself answers what was not recorded, and the
// requests that live picks. That takes half the time of a sandbox that answers all.
func (a *answeredWorld) replay(box *sandbox.Sandbox, live func(*exchange) bool) aws.HTTPClient {
	maps.Copy(box.State().Access, a.access) // AssumeRole is answered as it was
	return doFunc(func(r *http.Request) (*http.Response, error) {
		if x := a.exchanges[requestText(r)]; x != nil && !live(x) {
			return x.response(r), nil
		}
		return box.HTTPClient().Do(r)
	})
}

// never picks no request.
func never(*exchange) bool { return false }

// mutants are the changed answers of a world. An answer about few buckets is changed in a
// scan of the one that makes most of it, any other in a scan of the whole world.
func (w *faultWorld) mutants(t *testing.T) (list []*mutant) {
	t.Helper()
	whole := w.recorded(t, "")
	in, shared := map[string]*answeredWorld{}, map[string]int{}
	for request := range whole.exchanges {
		in[request] = whole
	}
	for _, bucket := range whole.buckets() {
		one := w.recorded(t, bucket)
		for request := range one.exchanges {
			if in[request] == nil || in[request] == whole || len(in[request].exchanges) < len(one.exchanges) {
				in[request] = one
			}
			shared[request]++
		}
	}
	all := map[*answeredWorld]map[string]bool{}
	for request, a := range in {
		if shared[request] > 3 {
			a = whole
		}
		if all[a] == nil {
			all[a] = map[string]bool{}
		}
		all[a][request] = true
	}
	for a, requests := range all {
		list = append(list, a.mutants(requests)...)
	}
	return list
}

// buckets are the names of the buckets that were listed.
func (a *answeredWorld) buckets() (names []string) {
	for _, x := range a.exchanges {
		if x.api == "s3:ListBuckets" {
			names = append(names, leaves(x.body)["ListAllMyBucketsResult/Buckets/Bucket/Name"]...)
		}
	}
	return names
}

func (a *answeredWorld) mutants(of map[string]bool) (list []*mutant) {
	values, others := map[string][]string{}, map[string][]*exchange{}
	requests := slices.Sorted(maps.Keys(a.exchanges))
	for _, request := range requests {
		x := a.exchanges[request]
		others[x.api] = append(others[x.api], x)
		for path, v := range leaves(x.body) {
			values[x.api+" "+path] = append(values[x.api+" "+path], v...)
		}
	}
	for _, request := range requests {
		if !of[request] {
			continue
		}
		x := a.exchanges[request]
		count := map[string]int{}
		for _, c := range changesOf(x, values, others) {
			m := &mutant{world: a, x: x, change: c}
			count[m.class()]++
			m.n = count[m.class()]
			list = append(list, m)
		}
	}
	return list
}

// run scans the world with the changed answer.
func (m *mutant) run(t *testing.T) *judgedScan {
	t.Helper()
	return m.world.scan(t, nil, func(box *sandbox.Sandbox) aws.HTTPClient {
		recorded := m.world.replay(box, never)
		return doFunc(func(r *http.Request) (*http.Response, error) {
			request := requestText(r)
			res, err := recorded.Do(r)
			if err != nil {
				return nil, err
			}
			if request == m.x.request {
				m.make(res)
			}
			if r.Method == http.MethodHead {
				res.Body = http.NoBody
			}
			return res, nil
		})
	}, scanner.Options{Buckets: m.world.bucket})
}

// worse says what is wrong with a scan that met trouble, compared with one that met none:
// nothing may look better, and what is different must have a reason.
func (r *judgedScan) worse(whole *judgedScan) (outcome string, silent, better []string) {
	var problem *client.Error
	switch {
	case r.err != nil && !errors.As(r.err, &problem):
		return "failed", nil, []string{r.err.Error()}
	case r.err != nil:
		return "refused", nil, nil
	case bytes.Equal(r.text, whole.text):
		return "same", nil, nil
	case len(r.news) > 0 && bytes.Equal(additions.ReplaceAll(r.text, nil), whole.text):
		return "noted", nil, nil
	}
	if r.status == clean {
		silent = append(silent, fmt.Sprintf("exit status %d of another report", r.status))
	}
	if len(r.news) == 0 && !slices.ContainsFunc(r.gaps, func(g fact.Gap) bool { return !slices.Contains(whole.gaps, g) }) {
		silent = append(silent, "the report is another one, and no gap says why")
	}
	return "gaps", silent, r.improvements(whole)
}

// additions are those in a report.
var additions = regexp.MustCompile(`(?s)    "additions": \[.*?\],\n`)

// TestMutantsOfAnswers: a changed answer makes nothing look better, and no report is
// another one without a gap that says why. It runs a sample, another one with XCTEST_SEED=2;
// XCTEST_ANSWERS=all runs every mutant, and any other text those whose names contain it, of
// which XCTEST_SAMPLE=3000 is a sample.
func TestMutantsOfAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("make race: TestLastingFaults runs the same scans and judgements concurrently")
	}
	t.Parallel()
	mutantsOfAnswers(t, os.Getenv("XCTEST_ANSWERS"), 100)
}

// mutantsOfAnswers runs the mutants that which names, or else about so many of all kinds.
func mutantsOfAnswers(t *testing.T, which string, sample int) {
	var all, chosen []*mutant
	for _, w := range append(faultWorlds(t), caseWorlds(t, "[45]*")...) {
		all = append(all, w.mutants(t)...)
	}
	// Mutants of small worlds are drawn more often: they cost less.
	draw := func(m *mutant) float64 {
		h := fnv.New64a()
		fmt.Fprint(h, m, "seed ", cmp.Or(os.Getenv("XCTEST_SEED"), "1"))
		return float64(h.Sum64() >> 11)
	}
	order := map[*mutant]float64{}
	for _, m := range all {
		order[m] = draw(m) * math.Pow(float64(len(m.world.exchanges)), 2)
	}
	switch {
	case which == "all":
		chosen = all
	case which != "":
		for _, m := range all {
			if strings.Contains(m.String(), which) {
				chosen = append(chosen, m)
			}
		}
		if n, err := strconv.Atoi(os.Getenv("XCTEST_SAMPLE")); err == nil && n < len(chosen) {
			slices.SortFunc(chosen, func(a, b *mutant) int { return cmp.Compare(draw(a), draw(b)) })
			chosen = chosen[:n]
		}
	default: // one of each class first; of large worlds, which take a fifth of a second, few
		classes := map[string]bool{}
		ordered := slices.SortedFunc(slices.Values(all), func(a, b *mutant) int { return cmp.Compare(order[a], order[b]) })
		large, rest := 0, []*mutant{}
		for _, m := range ordered {
			if len(m.world.exchanges) > 300 {
				if large++; large%10 > 0 {
					continue
				}
			}
			if classes[m.class()] {
				rest = append(rest, m)
				continue
			}
			classes[m.class()] = true
			chosen = append(chosen, m)
		}
		if sample < len(chosen) { // all kinds do not fit: each has the same chance
			slices.SortFunc(chosen, func(a, b *mutant) int { return cmp.Compare(draw(a), draw(b)) })
		}
		chosen = append(chosen, rest...)[:sample]
		t.Logf("%d kinds", len(classes))
	}
	var mu sync.Mutex
	done, outcomes, used := 0, map[string]int{}, map[int]int{}
	t.Run("group", func(t *testing.T) {
		const shards = 4
		for shard := range shards {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				for i := shard; i < len(chosen); i += shards {
					m := chosen[i]
					outcome, silent, better := m.run(t).worse(m.world.whole)
					mu.Lock()
					if n := m.exempt(len(better) > 0); len(silent)+len(better) > 0 && n >= 0 {
						used[n]++
						outcome, silent, better = "true answers", nil, nil
					}
					outcomes[outcome]++
					if done++; done%2000 == 0 {
						t.Logf("%d of %d so far: %v", done, len(chosen), outcomes)
					}
					mu.Unlock()
					for _, problem := range append(silent, better...) {
						t.Errorf("%v: %s", m, problem)
					}
				}
			})
		}
	})
	t.Logf("%d of %d mutants: %v", len(chosen), len(all), outcomes)
	if which == "all" {
		for n, e := range trueAnswers {
			if used[n] == 0 {
				t.Errorf("no mutant is exempt for %q %q %q", e.api, e.what, e.path)
			}
		}
	}
}

// trueAnswer is a kind of mutants that no program can tell from another true answer,
// since AWS answers no count, no name and nothing else that would show it.
type trueAnswer struct {
	api, what, path string // globs
	better          bool   // something may look better, as it would if AWS were so
	why             string
}

const (
	noCount   = "the list has no count"
	noName    = "S3, IAM, KMS and Organizations do not repeat in these answers whom they are about"
	optional  = "an element that may be missing is missing where nothing is configured"
	anyText   = "any text may be there"
	noClaim   = "the sandbox does not check signatures; AWS knows the secret of each key"
	ownReason = "a policy that says something else is another policy; one that AWS would not store is named by the findings"
)

var trueAnswers = []trueAnswer{
	{"s3:GetBucket*|s3:GetObjectLockConfiguration|s3:GetPublicAccessBlock|s3:ListBuckets|iam:GetPolicyVersion|kms:GetKeyPolicy|organizations:ListPoliciesForTarget", "answer to another request", "", true, noName},
	{"s3:HeadBucket", "status 200|status 404", "", true, "HEAD has no document: the status is all that it answers"},
	{"sts:AssumeRole", "another id of", "*/AccessKeyId", true, noClaim},

	{"s3:ListBuckets", "dropped|emptied", "ListAllMyBucketsResult/Buckets*", true, noCount},
	{"iam:ListRolePolicies|iam:ListAttachedRolePolicies", "dropped|emptied", "*/PolicyNames*|*/AttachedPolicies|*/AttachedPolicies/member", true, noCount},
	{"iam:GetAccountAuthorizationDetails", "dropped|emptied", "*/RolePolicyList|*/RolePolicyList/member|*/AttachedManagedPolicies|*/AttachedManagedPolicies/member", true, noCount},
	{"organizations:ListAccounts", "dropped", "Accounts", true, noCount},
	{"organizations:ListPoliciesForTarget", "dropped", "Policies", true, noCount},
	{"organizations:ListRoots", "dropped|emptied", "Roots/PolicyTypes", true, "a type that is not enabled is not listed"},
	{"kms:ListGrants", "dropped|emptied", "Grants|Grants/Operations", true, noCount},
	{"kms:ListAliases|kms:ListResourceTags", "dropped|emptied", "Aliases|Tags", true, noCount},
	{"s3:GetBucketTagging", "dropped|emptied", "Tagging/TagSet*", true, noCount},
	{"s3:GetBucketReplication", "dropped", "*/Destination/AccessControlTranslation|*/Destination/Account|*/Destination/Metrics|*/SourceSelectionCriteria/ReplicaModifications|*/SourceSelectionCriteria", true, optional},
	{"iam:GetRole", "dropped|emptied", "*/PermissionsBoundary|*/Role/Tags|*/Role/Tags/*", true, optional},
	{"s3:GetBucketEncryption", "dropped", "*/BlockedEncryptionTypes|*/EncryptionType", true, optional},
	{"s3:GetBucketEncryption", "dropped", "*/KMSMasterKeyID", true, "a default of aws:kms without a key takes S3's own"},
	{"s3:GetBucketVersioning", "dropped|emptied", "VersioningConfiguration*", false, optional},
	{"s3:GetObjectLockConfiguration", "dropped", "ObjectLockConfiguration/Rule", false, optional},
	{"s3:GetBucketNotificationConfiguration", "dropped", "NotificationConfiguration/TopicConfiguration", false, optional},

	{"s3:GetBucketReplication", "unknown value of|blank before the value of", "*/Rule/ID|*/Prefix|*/Tag/Key|*/Tag/Value", true, anyText},
	{"s3:GetBucketReplication", "emptied", "*/Tag/Value", true, "the value of a tag may be empty"},
	{"s3:GetBucketReplication", "another id of", "*/Destination/Bucket", true, "the destination may be any bucket"},
	{"s3:GetBucketEncryption", "another id of", "*/KMSMasterKeyID", true, "the key may be any key"},
	{"s3:GetBucketTagging", "unknown value of|blank before the value of|another id of", "*/Key|*/Value", true, anyText},
	{"s3:GetBucketLifecycleConfiguration", "unknown value of|blank before the value of", "*/Rule/ID", false, anyText},
	{"s3:GetBucketNotificationConfiguration", "unknown value of|blank before the value of", "*/Event", false, "an event that is not about replication decides nothing"},
	{"kms:ListGrants", "unknown value of|another id of", "Grants/GranteePrincipal", false, "the grantee may be any principal, or the id of a deleted one"},

	{"s3:GetBucketPolicy|kms:GetKeyPolicy|organizations:DescribePolicy|iam:GetRole*|iam:GetPolicyVersion|iam:GetAccountAuthorizationDetails", "*", "*Statement|*Statement/*|*Policy/Id|Id|Version|Policy/Version|Policy/Content/Version|*Document/Version", true, ownReason},
}

// exempt is the index of the kind to which a mutant belongs, or -1.
func (m *mutant) exempt(better bool) int {
	return slices.IndexFunc(trueAnswers, func(e trueAnswer) bool {
		is := func(patterns, text string) bool {
			return slices.ContainsFunc(strings.Split(patterns, "|"), func(p string) bool { return match.Match(p, text) })
		}
		return is(e.api, m.x.api) && is(e.what, m.what) && is(e.path, m.path) && (e.better || !better)
	})
}

// TestAdditions: an element that this version does not know, where it decides nothing, is
// noted once in the coverage, in facts files too, and changes nothing else.
func TestAdditions(t *testing.T) {
	t.Parallel()
	w := faultWorlds(t)[1]
	whole := w.scan(t, nil, nil, scanner.Options{})
	var facts bytes.Buffer
	emit := fact.NewWriter(&facts)
	got := w.scan(t, nil, func(box *sandbox.Sandbox) aws.HTTPClient {
		return doFunc(func(r *http.Request) (*http.Response, error) {
			res, err := box.HTTPClient().Do(r)
			if err == nil && strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeKey") {
				text, _ := io.ReadAll(res.Body)
				answered(res, bytes.Replace(text, []byte(`"KeyMetadata":{`), []byte(`"KeyMetadata":{"Shade":"::error::x","Color":{"a":[1]},`), 1))
			}
			return res, err
		})
	}, scanner.Options{})
	want := []string{"kms:DescribeKey KeyMetadata/Color", "kms:DescribeKey KeyMetadata/Shade"}
	if !slices.Equal(got.news, want) || got.status != clean || !bytes.Equal(additions.ReplaceAll(got.text, nil), whole.text) {
		t.Errorf("%v, exit status %d, of another report: %v", got.news, got.status, !bytes.Equal(additions.ReplaceAll(got.text, nil), whole.text))
	}
	for _, m := range got.messages {
		if err := emit.Write(m); err != nil {
			t.Fatal(err)
		}
	}
	in := fact.NewReader(&facts, "facts")
	for {
		m, err := in.Next()
		if err != nil {
			t.Fatal(err)
		}
		if m.Coverage != nil {
			if !slices.Equal(m.Coverage.Additions, want) {
				t.Errorf("%v in the facts file", m.Coverage.Additions)
			}
			return
		}
	}
}
