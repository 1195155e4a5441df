package audit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"crosscheck/report/reporttest"
	"crosscheck/rules"
	"crosscheck/scanner"
	"crosscheck/scanner/sandbox"
)

// ringWorld is an organization of two accounts whose buckets are as the assumptions of
// a plan have them: in each account every bucket replicates into the next, or none does.
func ringWorld(buckets int, replicate bool) []byte {
	var b strings.Builder
	b.WriteString(`organization: {management_account: "100000000001"}
accounts:
  - {id: "100000000001", name: management}`)
	for a := range 2 {
		id := strings.Repeat(fmt.Sprint(a+1), 12)
		fmt.Fprintf(&b, `
  - id: "%s"
    name: account-%d
    policies: [{name: None, document: '%s'}`, id, a, policyOf(allowAll))
		for i := range buckets {
			fmt.Fprintf(&b, ", {name: P%d, document: '%s'}", i, policyOf(allowAll))
		}
		b.WriteString(`]
    roles:
      - name: crosscheck-audit
        trust: '` + policyOf(`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::100000000001:root"}, "Action": "sts:AssumeRole"}`) + `'
        attached: [AdministratorAccess]`)
		for i := range buckets {
			fmt.Fprintf(&b, "\n      - {name: r-%d, trust: '%s', inline: {all: '%s'}, attached: [P%[1]d]}", i, policyOf(`{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}`), policyOf(allowAll))
		}
		b.WriteString("\n    keys:")
		for i := range buckets {
			fmt.Fprintf(&b, "\n      - {id: %s, region: us-east-1, policy: '%s'}", keyOf(a+1, i), policyOf(keyOpen))
		}
		b.WriteString("\n    buckets:")
		key := func(i int) string { return "arn:aws:kms:us-east-1:" + id + ":key/" + keyOf(a+1, i) }
		for i := range buckets {
			fmt.Fprintf(&b, "\n      - {name: b-%d-%d, region: us-east-1, versioning: Enabled", a, i)
			if replicate {
				next := (i + 1) % buckets
				fmt.Fprintf(&b, `, encryption: {algorithm: "aws:kms", key: "%s"}, replication: {Role: "arn:aws:iam::%s:role/r-%d", Rules: [{ID: r, Priority: 1, Status: Enabled, Filter: {}, DeleteMarkerReplication: {Status: Disabled}, SourceSelectionCriteria: {SseKmsEncryptedObjects: {Status: Enabled}}, Destination: {Bucket: "arn:aws:s3:::b-%d-%d", EncryptionConfiguration: {ReplicaKmsKeyID: "%s"}}}]}`, key(i), id, i, a, next, key(next))
			}
			b.WriteString("}")
		}
	}
	return []byte(b.String())
}

// TestPlanHolds: a scan of an organization that is as the plan assumes makes the calls
// that the plan tells, but for the facts that nobody can use.
func TestPlanHolds(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	spared := map[string]bool{"s3:GetPublicAccessBlock": true, "s3:GetBucketRequestPayment": true}
	for _, buckets := range []int{1, 20} {
		for _, replicate := range []bool{false, true} {
			engine, err := rules.New(rules.Options{Parameters: map[string]any{"required_replication": []any{map[string]any{"tags": map[string]any{"a": "b"}}}}})
			if err != nil {
				t.Fatal(err)
			}
			text := ringWorld(buckets, replicate)
			world, err := sandbox.Load("ring.yaml", text)
			if err != nil {
				t.Fatal(err)
			}
			box, err := sandbox.New(world)
			if err != nil {
				t.Fatal(err)
			}
			p, err := scanner.MakePlan(t.Context(), aws.Config{
				Region: "us-east-1", HTTPClient: box.HTTPClient(),
				Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, ""),
			}, scanner.Options{RoleName: "crosscheck-audit", Needs: engine.Needs()})
			if err != nil {
				t.Fatal(err)
			}
			for c, n := range box.Calls() {
				if service, verb, _ := strings.Cut(c.Operation, ":"); service == "s3" && verb != "ListBuckets" {
					t.Errorf("the plan called %s %d times", c.Operation, n)
				}
			}
			w := &faultWorld{name: "ring", text: text, options: scanner.Options{RoleName: "crosscheck-audit"}, needs: engine.Needs(), wants: engine.Wants}
			made := map[string]int{}
			if r := w.scan(t, nil, func(b *sandbox.Sandbox) aws.HTTPClient { box = b; return b.HTTPClient() }, scanner.Options{}); r.err != nil || len(r.gaps) > 0 || len(r.links) != map[bool]int{true: 2 * buckets}[replicate] {
				t.Fatal(r.err, r.gaps, len(r.links))
			}
			for c, n := range box.Calls() {
				made[c.Operation] += n
			}
			for _, c := range p.Calls {
				want := map[bool]int{false: c.None, true: c.All}[replicate]
				if made[c.API] != want && !(spared[c.API] && made[c.API] == 0) {
					t.Errorf("%d buckets, replicating %v: %d calls of %s, and %d are planned", buckets, replicate, made[c.API], c.API, want)
				}
				delete(made, c.API)
			}
			if len(made) > 0 {
				t.Errorf("%d buckets, replicating %v: nobody planned %v", buckets, replicate, made)
			}
		}
	}
}
