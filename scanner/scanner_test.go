package scanner

import (
	"bytes"
	cmp2 "cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.uber.org/goleak"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func world(t testing.TB, yaml []byte) *sandbox.Sandbox {
	t.Helper()
	w, err := sandbox.Load("world.yaml", yaml)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(w)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// organizationWorld is the organization of testdata/organization.yaml, with an
// audit role that allows the given actions.
func organizationWorld(t testing.TB, actions []string) *sandbox.Sandbox {
	t.Helper()
	return organizationWith(t, actions, "paths: true")
}

// organizationWith is organizationWorld with another setting of the organization, YAML.
func organizationWith(t testing.TB, actions []string, setting string) *sandbox.Sandbox {
	t.Helper()
	data, err := os.ReadFile("testdata/organization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(actions)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Replace(data, []byte("organization:\n"), []byte("organization:\n  "+setting+"\n"), 1)
	return world(t, bytes.ReplaceAll(data, []byte("@ACTIONS@"), list))
}

// wholeOrganization scans all of that organization, and reads each fact of a bucket somewhere.
var wholeOrganization = Options{
	RoleName: "security/crosscheck-audit", ExternalID: "ticket-7", RunID: "test", Version: "test",
	Needs: eachSomewhere("bucket.tags", "destination.lifecycle", "destination.replication",
		"source.lifecycle", "source.notification", "source.ownership"),
}

// eachSomewhere adds to needs the facts that no need names and that decide no link: of sources.
func eachSomewhere(needs ...string) []string {
	read := slices.Concat(sourceFacts, destinationFacts, []string{"abac"}) // which is read where a policy asks for it
	for _, need := range needs {
		_, name, _ := strings.Cut(need, ".")
		read = append(read, name)
	}
	for _, row := range fact.BucketFacts {
		if !slices.Contains(read, row.Name) {
			needs = append(needs, "source."+row.Name)
		}
	}
	return needs
}

// byLists is opts with all roles read from the lists of their accounts.
func byLists(opts Options) Options {
	opts.manyRoles = -1
	return opts
}

// caller is the configuration of the world's administrator.
func caller(s *sandbox.Sandbox) aws.Config {
	return aws.Config{
		Region: "us-east-1", HTTPClient: s.HTTPClient(),
		Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, ""),
	}
}

// result is a scan's stream, sorted out.
type result struct {
	run      *fact.Run
	gaps     []fact.Gap
	docs     map[string]*fact.Document
	coverage *fact.Coverage
}

func scanAll(ctx context.Context, cfg aws.Config, opts Options) (*result, error) {
	r := &result{docs: map[string]*fact.Document{}}
	var order []string
	err := Scan(ctx, cfg, opts, func(m fact.Message) error {
		switch {
		case m.Run != nil:
			r.run = m.Run
			order = append(order, "run")
		case m.Gap != nil:
			r.gaps = append(r.gaps, *m.Gap)
			order = append(order, "gap")
		case m.Document != nil:
			if r.docs[m.Document.Bucket.Name] != nil {
				return fmt.Errorf("two documents of %s", m.Document.Bucket.Name)
			}
			r.docs[m.Document.Bucket.Name] = m.Document
			order = append(order, "document")
		case m.Coverage != nil:
			r.coverage = m.Coverage
			order = append(order, "coverage")
		}
		return nil
	})
	if err == nil && (order[0] != "run" || order[len(order)-1] != "coverage" || slices.Index(order, "coverage") != len(order)-1) {
		err = errors.New("the run is not first or the coverage is not last")
	}
	return r, err
}

// golden compares v, as indented JSON, with a file that was read by eye.
func golden(t *testing.T, name string, v any) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	path := "testdata/" + name
	if os.Getenv("UPDATE") != "" { // writes the goldens
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// lines is what was read, as sorted JSON lines: the same facts, the same text.
func (r *result) lines(t testing.TB) []string {
	t.Helper()
	out := []string{fmt.Sprintf("%+v", *r.coverage)}
	add := func(v any) {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(data))
	}
	for _, d := range r.docs {
		add(d)
	}
	for _, g := range r.gaps {
		add(g)
	}
	slices.Sort(out)
	return out
}

func sortGaps(gaps []fact.Gap) []fact.Gap {
	slices.SortFunc(gaps, func(a, b fact.Gap) int {
		return cmp2.Or(cmp2.Compare(a.AccountID, b.AccountID), cmp2.Compare(a.Resource, b.Resource), cmp2.Compare(a.Fact, b.Fact), cmp2.Compare(a.API, b.API))
	})
	return gaps
}

func TestWholeOrganization(t *testing.T) {
	t.Parallel()
	s := organizationWorld(t, ask.Permissions())
	r, err := scanAll(t.Context(), caller(s), wholeOrganization)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "src-full.json", r.docs["src-full"])
	golden(t, "gaps.json", sortGaps(r.gaps))

	wantRun := &fact.Run{SchemaVersion: fact.SchemaVersion, ID: "test", StartedAt: r.run.StartedAt, Tool: "crosscheck test", Scope: fact.Scope{Mode: "organization"},
		Organization: &fact.Organization{ID: "o-scan000001", ManagementAccountID: "100000000001", FeatureSet: "ALL", PolicyTypes: []string{"RESOURCE_CONTROL_POLICY", "SERVICE_CONTROL_POLICY"}}}
	if diff := cmp.Diff(wantRun, r.run); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
	wantCoverage := fact.Coverage{Accounts: fact.AccountCoverage{Listed: 5, Scanned: 3, Unreadable: 2}, Buckets: fact.BucketCoverage{Listed: 12, Scanned: 12}, Links: 10}
	if !reflect.DeepEqual(*r.coverage, wantCoverage) {
		t.Errorf("coverage %+v, want %+v", *r.coverage, wantCoverage)
	}

	none := r.docs["src-none"]
	if !none.Bucket.Replication.Absent || none.Bucket.Region != "ap-south-1" || none.Links != nil || none.Buckets != nil || none.Accounts != nil || !none.Bucket.Versioning.IsZero() {
		t.Errorf("a bucket that does not replicate: %+v", none)
	}
	if b := r.docs["management-logs"]; b == nil || b.Bucket.AccountID != "100000000001" {
		t.Errorf("the caller's own account, where the role is missing: %+v", b)
	}
	if d := r.docs["src-disabled"]; d.Links != nil || !d.Bucket.Versioning.Known() || !d.Bucket.Policy.Known() {
		t.Errorf("a bucket whose only rule is disabled: %+v", d)
	}
	if d := r.docs["src-plain"].Buckets["dst-plain"].Value; d == nil || !d.Ownership.Absent || !d.PublicAccessBlock.Absent || *d.RequestPayment.Value != "Requester" || d.Versioning.Value.Status != "Suspended" || !d.Policy.Absent {
		t.Errorf("dst-plain: %+v", d)
	}
	if role := r.docs["src-plain"].Roles["arn:aws:iam::111111111111:role/plain"].Value; role == nil || !role.Boundary.Absent || len(*role.Inline.Value) != 0 || len(*role.Attached.Value) != 0 {
		t.Errorf("a role without policies: %+v", role)
	}
	for bucket, role := range map[string]string{"src-norole": "nobody", "src-wrongpath": "replicate"} {
		if f := r.docs[bucket].Roles["arn:aws:iam::111111111111:role/"+role]; !f.Absent {
			t.Errorf("%s: no role has this ARN, but %+v", bucket, f)
		}
	}
	if d := r.docs["src-awskey"]; d.Links[0].SourceKey != "alias/aws/s3" || d.Keys["alias/aws/s3"].Absent {
		t.Errorf("the AWS managed key: %+v %+v", d.Links[0], d.Keys)
	}

	foreign := r.docs["src-foreign"]
	for name, why := range map[string]string{"foreign-dst": "999999999999", "shut-dst": "444444444444 could not be entered", "unheard-dst": "scan the account that owns it"} {
		b := foreign.Buckets[name].Value
		if b == nil || b.AccountID != "" || b.Region == "" || b.Policy.Gap == nil || b.Versioning.Gap == nil || !strings.Contains(b.Policy.Gap.Message, why) {
			t.Errorf("%s: %+v", name, b)
		}
	}
	if foreign.Buckets["foreign-dst"].Value.Region != "sa-east-1" {
		t.Errorf("the Region of a foreign bucket: %q", foreign.Buckets["foreign-dst"].Value.Region)
	}
	if !foreign.Buckets["gone-dst"].Absent {
		t.Errorf("a bucket that nobody has: %+v", foreign.Buckets["gone-dst"])
	}
	partner, shut := foreign.Accounts["999999999999"], foreign.Accounts["444444444444"]
	if *partner.InOrganization.Value || partner.SCPs.Known() || partner.RCPs.Known() || partner.PublicAccessBlock.Known() {
		t.Errorf("an account outside the organization: %+v", partner)
	}
	if !*shut.InOrganization.Value || shut.RCPs.Value == nil || shut.PublicAccessBlock.Known() {
		t.Errorf("an account that cannot be entered: %+v", shut)
	}
}

// Every line of a stream is what its schema says, and comes back from a file
// as it was.
func TestStreamIsAFactsFile(t *testing.T) {
	t.Parallel()
	s := organizationWorld(t, ask.Permissions())
	var file bytes.Buffer
	w := fact.NewWriter(&file)
	var want []fact.Message
	err := Scan(t.Context(), caller(s), wholeOrganization, func(m fact.Message) error {
		want = append(want, m)
		return w.Write(m)
	})
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(fact.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mem:///facts.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("mem:///facts.json")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range bytes.Split(bytes.TrimSpace(file.Bytes()), []byte("\n")) {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(v); err != nil {
			t.Errorf("line %d: %v", i+1, err)
		}
	}
	rd := fact.NewReader(&file, "facts")
	for i := range want {
		got, err := rd.Next()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("message %d (-scanned +read):\n%s", i, diff)
		}
	}
	if _, err := rd.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the coverage: %v", err)
	}
}

// TestPermissionsAreWhatIsCalled: the published policy and the calls are equal sets.
func TestPermissionsAreWhatIsCalled(t *testing.T) {
	t.Parallel()
	s := organizationWorld(t, ask.Permissions())
	named := wholeOrganization
	named.Accounts = []string{"111111111111"} // the list of accounts has the paths
	for _, opts := range []Options{wholeOrganization, byLists(wholeOrganization), named} {
		if _, err := scanAll(t.Context(), caller(s), opts); err != nil {
			t.Fatal(err)
		}
	}
	byRole, byCaller := map[string]bool{}, map[string]bool{}
	for a := range s.Actions() {
		switch {
		case a.Action == "s3:ListBucket": // what HeadBucket is judged by; a refusal answers the question too
		case strings.HasSuffix(a.Caller, "role/security/crosscheck-audit"):
			byRole[a.Action] = true
		default:
			byCaller[a.Action] = true
		}
	}
	if got := slices.Sorted(maps.Keys(byRole)); !slices.Equal(got, ask.Permissions()) {
		t.Errorf("the audit role was judged for\n%v\nand its policy allows\n%v", got, ask.Permissions())
	}
	for action := range byCaller {
		// In its own account the caller reads what the role reads elsewhere.
		if !slices.Contains(ask.CallerPermissions(), action) && !slices.Contains(ask.Permissions(), action) && action != "sts:GetCallerIdentity" {
			t.Errorf("the caller was judged for %s, which no list names", action)
		}
	}
	for _, action := range ask.CallerPermissions() {
		if !byCaller[action] {
			t.Errorf("%s is asked of the caller and never used", action)
		}
	}
	for _, action := range append(ask.Permissions(), ask.CallerPermissions()...) {
		verb := action[strings.IndexByte(action, ':')+1:]
		if !strings.HasPrefix(verb, "Get") && !strings.HasPrefix(verb, "List") && !strings.HasPrefix(verb, "Describe") && action != "sts:AssumeRole" {
			t.Errorf("%s is not a read", action)
		}
	}
}

// TestEachMissingPermissionIsAGap: without any one action of the published
// policy something is a gap that names it, and nothing is known that was not.
func TestEachMissingPermissionIsAGap(t *testing.T) {
	t.Parallel()
	whole, err := scanAll(t.Context(), caller(organizationWorld(t, ask.Permissions())), wholeOrganization)
	if err != nil {
		t.Fatal(err)
	}
	each := len(ask.Permissions()) / sandboxtest.Sample(len(ask.Permissions()), 5)
	for i, missing := range ask.Permissions() {
		if i%each != 0 {
			continue
		}
		t.Run(missing, func(t *testing.T) {
			t.Parallel()
			allowed := slices.DeleteFunc(ask.Permissions(), func(a string) bool { return a == missing })
			opts := wholeOrganization
			if missing == "iam:GetAccountAuthorizationDetails" {
				opts = byLists(opts)
			}
			r, err := scanAll(t.Context(), caller(organizationWorld(t, allowed)), opts)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(r.gaps, func(g fact.Gap) bool {
				return client.IsDenied(g.Code) && strings.Contains(g.Message, missing) && ask.Action(g.API) == missing
			}) {
				t.Errorf("no gap names %s: %+v", missing, r.gaps)
			}
			noWiser(t, whole, r)
		})
	}
}

// noWiser checks that a scan in trouble claims to know nothing that the whole
// scan did not know: each fact is the same, or not known.
func noWiser(t *testing.T, whole, r *result) {
	t.Helper()
	for name, doc := range r.docs {
		if whole.docs[name] == nil {
			t.Errorf("%s: a bucket that was not there", name)
			continue
		}
		var a, b any
		for v, into := range map[*fact.Document]*any{whole.docs[name]: &a, doc: &b} {
			data, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(data, into); err != nil {
				t.Fatal(err)
			}
		}
		compareFacts(t, name, a, b)
	}
}

// compareFacts walks two documents. got may lack what want has, and may have a
// gap in the place of any fact.
func compareFacts(t *testing.T, at string, want, got any) {
	switch g := got.(type) {
	case map[string]any:
		w, ok := want.(map[string]any)
		if !ok {
			t.Errorf("%s: %v, want %v", at, got, want)
			return
		}
		if _, gap := g["gap"]; gap {
			return
		}
		for k, v := range g {
			if _, ok := w[k]; !ok {
				if onlyGaps(v) {
					continue
				}
				t.Errorf("%s: %s became known: %v", at, k, v)
				continue
			}
			compareFacts(t, at+"."+k, w[k], v)
		}
		for k := range w {
			if _, ok := g[k]; !ok && (k == "value" || k == "absent") {
				t.Errorf("%s: %s vanished without a gap", at, k)
			}
		}
	case []any:
		w, ok := want.([]any)
		if !ok || len(w) != len(g) {
			t.Errorf("%s: %v, want %v", at, got, want)
			return
		}
		for i := range g {
			compareFacts(t, fmt.Sprintf("%s[%d]", at, i), w[i], g[i])
		}
	default:
		if got != want {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	}
}

// onlyGaps reports whether every fact in v is a gap. A destination whose owner
// could not be listed is read about less than one whose owner could.
func onlyGaps(v any) bool {
	m, ok := v.(map[string]any)
	if !ok {
		return false
	}
	if _, gap := m["gap"]; gap {
		return true
	}
	return false
}

// TestNeedOfPath: with account.path every document has its account, so that a rule
// can ask of a bucket without links where its account stands.
func TestNeedOfPath(t *testing.T) {
	t.Parallel()
	s := organizationWorld(t, ask.Permissions())
	for _, asked := range []bool{false, true} {
		opts := wholeOrganization
		if asked {
			opts.Needs = append(slices.Clone(opts.Needs), "account.path")
		}
		r, err := scanAll(t.Context(), caller(s), opts)
		if err != nil {
			t.Fatal(err)
		}
		doc := r.docs["dst-full"]
		if len(doc.Links) > 0 {
			t.Fatal("dst-full has links")
		}
		path := doc.Accounts[doc.Bucket.AccountID].Path
		if want := []string{"r-scan", "ou-scan-backup01"}; asked && (path.Value == nil || !slices.Equal(*path.Value, want)) || !asked && doc.Accounts != nil {
			t.Errorf("asked %v: %+v", asked, doc.Accounts)
		}
	}
}
