package rules

import (
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// TestRefusedRead: where a policy that was read refuses the audit role a read, the finding
// over the gap names the statement.
func TestRefusedRead(t *testing.T) {
	t.Parallel()
	const audit = "arn:aws:iam::222222222222:role/crosscheck-audit"
	e := standard(t)
	refusedIn := func(by, in string) func(*world) {
		return func(w *world) {
			g := gap("destination.versioning", "AccessDenied")
			g.API, g.Resource = "s3:GetBucketVersioning", "arn:aws:s3:::dst"
			g.Message = `User: ` + by + ` is not authorized to perform: s3:GetBucketVersioning on resource: "arn:aws:s3:::dst" with an explicit deny in ` + in
			w.dst(func(b *fact.Bucket) { b.Versioning = fact.Missing[fact.Versioning](g) })
		}
	}
	refused := func(by string) func(*world) { return refusedIn(by, "a resource-based policy") }
	session := "arn:aws:sts::222222222222:assumed-role/crosscheck-audit/crosscheck"
	but := func(exempt string) func(*world) {
		return func(w *world) {
			w.dst(func(b *fact.Bucket) {
				p := *b.Policy.Value
				p.Document = `{"Version":"2012-10-17","Statement":[` +
					`{"Effect":"Allow","Principal":"*","Action":"s3:Replicate*","Resource":"arn:aws:s3:::dst/*","Condition":{"StringEquals":{"aws:PrincipalAccount":"111111111111"}}},` +
					`{"Sid":"Only","Effect":"Deny","Principal":"*","Action":"s3:Get*","Resource":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"],"Condition":{"ArnNotEquals":{"aws:PrincipalArn":"` + exempt + `"}}}]}`
				b.Policy = fact.Of(p)
			})
		}
	}
	scp := func(w *world) {
		a := w.Accounts[account2]
		levels := append([]fact.PolicyLevel(nil), *a.SCPs.Value...)
		last := &levels[len(levels)-1]
		last.Policies = append(append([]fact.Policy(nil), last.Policies...), fact.Policy{Name: "NoReads", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:GetBucket*","Resource":"*"}]}`})
		a.SCPs = fact.Of(levels)
		w.Accounts[account2] = a
	}
	const advice = "; exempt the ARN of this role, which audits, from the statement (with its path, if it has one)"
	base := "destination.versioning is not known: s3:GetBucketVersioning answered AccessDenied in account 222222222222"
	for name, c := range map[string]struct {
		do   func(*world)
		more string
	}{
		"bucket policy": {all(but("arn:aws:iam::111111111111:role/repl"), refused(session)),
			"; statement Only of the bucket policy of dst denies s3:GetBucketVersioning to the role " + audit + advice},
		"SCP": {all(scp, refusedIn(session, "a service control policy: arn:aws:organizations::1:policy/o/service_control_policy/p-1")),
			"; the 1st statement of the SCP NoReads on 222222222222 denies s3:GetBucketVersioning to the role " + audit + advice},
		"another policy": {all(but("arn:aws:iam::111111111111:role/repl"), refusedIn(session, "an identity-based policy")), ""},
		"perhaps exempt": {all(but("arn:aws:iam::222222222222:role/audit/crosscheck-audit"), refused(session)),
			"; perhaps statement Only of the bucket policy of dst denies s3:GetBucketVersioning to the role " + audit + ", depending on the role's path, which AWS does not name" + advice},
		"perhaps exempt by its path": {all(but("arn:aws:iam::222222222222:role/audit/*"), refused(session)),
			"; perhaps statement Only of the bucket policy of dst denies s3:GetBucketVersioning to the role " + audit + ", depending on the role's path, which AWS does not name" + advice},
		"another role of a path": {all(but("arn:aws:iam::222222222222:role/audit/other"), refused(session)),
			"; statement Only of the bucket policy of dst denies s3:GetBucketVersioning to the role " + audit + advice},
		"exempt":       {all(but(audit), refused(session)), ""},
		"no statement": {refused(session), ""},
		"a user":       {all(but("arn:aws:iam::111111111111:role/repl"), refused("arn:aws:iam::222222222222:user/me")), ""},
		"policy not read": {all(refused(session), func(w *world) {
			w.dst(func(b *fact.Bucket) { b.Policy = fact.Missing[fact.Policy](gap("destination.policy", "AccessDenied")) })
		}), ""},
	} {
		r := eval(t, e, change(c.do))
		f := find(r.Findings, "XC004")
		if len(f) != 1 || f[0].Status != finding.Unknown || f[0].Message != base+c.more {
			t.Errorf("%s: %+v", name, f)
		}
		if l := r.Links[0]; l.Verdict == finding.Works || c.more != "" && l.Verdict == finding.UnknownVerdict && !strings.Contains(l.Why, "is not known") {
			t.Errorf("%s: %s because %s", name, l.Verdict, l.Why)
		}
	}
}

// TestRefusedReadOfRole: so it is where an SCP refuses the audit role what it asks IAM.
func TestRefusedReadOfRole(t *testing.T) {
	t.Parallel()
	e := standard(t)
	for name, c := range map[string]struct{ denies, want string }{
		"SCP": {`"Action":"iam:Get*"`, "; the 1st statement of the SCP NoReads on 111111111111 denies iam:GetRole to the role " +
			"arn:aws:iam::111111111111:role/crosscheck-audit; exempt the ARN of this role, which audits, from the statement (with its path, if it has one)"},
		"another action": {`"Action":"iam:List*"`, ""},
	} {
		r := eval(t, e, change(func(w *world) {
			arn := w.Links[0].RoleARN
			g := gap("role", "AccessDenied")
			g.AccountID, g.API, g.Resource = "111111111111", "iam:GetRole", arn
			g.Message = "User: arn:aws:sts::111111111111:assumed-role/crosscheck-audit/crosscheck is not authorized to perform: iam:GetRole on resource: " +
				"role repl with an explicit deny in a service control policy"
			w.Roles[arn] = fact.Missing[fact.Role](g)
			a := w.Accounts["111111111111"]
			levels := append([]fact.PolicyLevel(nil), *a.SCPs.Value...)
			last := &levels[len(levels)-1]
			last.Policies = append(append([]fact.Policy(nil), last.Policies...), fact.Policy{Name: "NoReads",
				Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Deny",` + c.denies + `,"Resource":"*"}]}`})
			a.SCPs = fact.Of(levels)
			w.Accounts["111111111111"] = a
		}))
		f := find(r.Findings, "XC005")
		if want := "role is not known: iam:GetRole answered AccessDenied in account 111111111111" + c.want; len(f) != 1 || f[0].Message != want {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
