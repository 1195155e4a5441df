package scanner

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/organization"
)

// twoBuckets is the fake with a destination bucket dst in the same account.
func twoBuckets() *fake {
	f := newFake()
	f.answer("GET /", reply{200, nil, buckets(`<Bucket><Name>src</Name><BucketRegion>eu-west-1</BucketRegion></Bucket><Bucket><Name>dst</Name><BucketRegion>eu-west-1</BucketRegion></Bucket>`)})
	for _, resource := range resources() {
		if g := f.answers["GET /src?"+resource]; resource != "replication" {
			f.do("GET /dst?"+resource, g)
		}
	}
	f.answer("GET /dst?replication", s3Error(404, "ReplicationConfigurationNotFoundError", ""))
	return f
}

// A bucket that is deleted after it was listed is absent only if S3 says so twice.
func TestDestinationDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		head   reply
		absent bool
	}{
		"gone":                 {reply{404, nil, ""}, true},
		"something on the way": {reply{404, map[string]string{"x-amz-request-id": ""}, ""}, false},
		"S3 of two minds":      {reply{200, map[string]string{"x-amz-bucket-region": "eu-west-1"}, ""}, false},
		"no answer":            {reply{400, nil, ""}, false},
		"somebody else's now":  {reply{403, map[string]string{"x-amz-bucket-region": "eu-west-1"}, ""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := twoBuckets()
			for _, resource := range resources() {
				f.answer("GET /dst?"+resource, s3Error(404, "NoSuchBucket", "The specified bucket does not exist"))
			}
			f.answer("HEAD /dst", c.head)
			doc, r := f.src(t)
			if got := doc.Buckets["dst"]; got.Absent != c.absent {
				t.Errorf("%+v", got)
			} else if !c.absent && (got.Value == nil || got.Value.Versioning.Gap == nil) {
				t.Errorf("%+v", got.Value)
			}
			if len(r.gaps) == 0 {
				t.Error("no gap says that the bucket vanished")
			}
		})
	}
}

// HeadBucket of a destination in no scanned account: only a 404 is an absence.
func TestForeignDestination(t *testing.T) {
	t.Parallel()
	const here, there = "eu-west-1", "ap-south-2"
	region := func(r string) map[string]string { return map[string]string{"x-amz-bucket-region": r} }
	declared := replicationXML(`<Rule><ID>all</ID><Status>Enabled</Status><Priority>1</Priority><Filter/><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dst</Bucket><Account>222222222222</Account></Destination></Rule>`)
	cases := map[string]struct {
		head func(*http.Request) reply
		want string // absent, gap, or "account Region"
	}{
		"404":                          {func(*http.Request) reply { return reply{404, nil, ""} }, "absent"},
		"403":                          {func(*http.Request) reply { return reply{403, region(here), ""} }, " " + here},
		"403 without a Region":         {func(*http.Request) reply { return reply{403, nil, ""} }, "gap"},
		"200, so the owner is certain": {func(*http.Request) reply { return reply{200, region(here), ""} }, "222222222222 " + here},
		"400":                          {func(*http.Request) reply { return reply{400, nil, ""} }, "gap"},
		"500":                          {func(*http.Request) reply { return reply{500, nil, ""} }, "gap"},
		"elsewhere": {func(r *http.Request) reply {
			if regionOf(r) != there {
				return reply{301, region(there), ""}
			}
			return reply{403, region(there), ""}
		}, " " + there},
		"elsewhere, and gone": {func(r *http.Request) reply {
			if regionOf(r) != there {
				return reply{301, region(there), ""}
			}
			return reply{404, nil, ""}
		}, "absent"},
		"sent on and on": {func(r *http.Request) reply { return reply{301, region(regionOf(r) + "1"), ""} }, "gap"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.answer("GET /src?replication", reply{200, nil, declared})
				f.do("HEAD /dst", func(r *http.Request) reply {
					if owner := r.Header.Get("x-amz-expected-bucket-owner"); owner != "222222222222" {
						t.Errorf("expected owner %q", owner)
					}
					return c.head(r)
				})
				doc, r := f.src(t)
				got := doc.Buckets["dst"]
				switch {
				case c.want == "absent" && !got.Absent, c.want == "gap" && got.Gap == nil:
					t.Errorf("%+v, want %s", got, c.want)
				case c.want != "absent" && c.want != "gap":
					if b := got.Value; b == nil || b.AccountID+" "+b.Region != c.want || b.Policy.Gap == nil {
						t.Errorf("%+v, want %s", got.Value, c.want)
					}
				}
				if (c.want == "absent") == slices.ContainsFunc(r.gaps, func(g fact.Gap) bool { return g.Resource == "arn:aws:s3:::dst" }) {
					t.Errorf("gaps: %+v", r.gaps)
				}
			})
		})
	}
}

func TestWhyForeign(t *testing.T) {
	t.Parallel()
	s := &scan{opts: &Options{ExcludeAccounts: []string{"333333333333"}}, org: &organization.Reader{}, accounts: map[string]*account{
		"111111111111": {id: "111111111111", as: &client.Identity{}, complete: true},
		"222222222222": {id: "222222222222", as: &client.Identity{}},
		"444444444444": {id: "444444444444"},
	}}
	v := &visit{scan: s}
	for declared, want := range map[string]string{
		"":             "bucket b is in none of the scanned accounts; scan the account that owns it as well",
		"111111111111": "account 111111111111, which the replication rule names as the owner, has no bucket b; it belongs to an account that is not scanned",
		"222222222222": "bucket b is not in the list of buckets of account 222222222222, which could not be read whole",
		"333333333333": "bucket b is in none of the scanned accounts; account 333333333333 is left out by --exclude-accounts",
		"444444444444": "bucket b is in none of the scanned accounts; account 444444444444 could not be entered",
		"555555555555": "bucket b is in none of the scanned accounts; account 555555555555 is not scanned: add it to --accounts",
	} {
		if got := v.whyForeign("b", declared); got != want {
			t.Errorf("%q: %s\nwant %s", declared, got, want)
		}
	}
	s.org.Members = map[string]organization.Member{}
	if got := v.whyForeign("b", "555555555555"); !strings.HasSuffix(got, "account 555555555555 is not in the organization: add it with --accounts and an audit role there") {
		t.Error(got)
	}
}

// roleXML is GetRole's answer.
func roleXML(arn string) reply {
	return reply{200, nil, `<GetRoleResponse><GetRoleResult><Role><Path>/</Path><RoleName>` + arn[strings.LastIndexByte(arn, 0x2f)+1:] + `</RoleName><RoleId>AROA1</RoleId><Arn>` + arn + `</Arn><AssumeRolePolicyDocument>` +
		url.PathEscape(`{"Version":"2012-10-17","Statement":[{"Sid":"a+b","Effect":"Deny","Principal":"*","Action":"s3:x"}]}`) + `</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>`}
}

func TestRoleByItsARN(t *testing.T) {
	t.Parallel()
	const written = "arn:aws:iam::111111111111:role/r"
	for name, c := range map[string]struct{ answer, want string }{
		"the same":           {written, "value"},
		"in other letters":   {"arn:aws:iam::111111111111:role/R", "gap"},
		"under another path": {"arn:aws:iam::111111111111:role/path/r", "absent"},
		"of another account": {"arn:aws:iam::222222222222:role/r", "absent"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.answer("iam:GetRole", roleXML(c.answer))
			f.answer("iam:ListRolePolicies", reply{200, nil, `<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames/><IsTruncated>false</IsTruncated></ListRolePoliciesResult></ListRolePoliciesResponse>`})
			f.answer("iam:ListAttachedRolePolicies", reply{200, nil, `<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult><AttachedPolicies/><IsTruncated>false</IsTruncated></ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>`})
			doc, _ := f.src(t)
			r := doc.Roles[written]
			got := map[bool]string{r.Value != nil: "value", r.Absent: "absent", r.Gap != nil: "gap"}[true]
			if got != c.want {
				t.Errorf("%+v, want %s", r, c.want)
			}
			if r.Value != nil && (r.Value.Trust.Document != `{"Version":"2012-10-17","Statement":[{"Sid":"a+b","Effect":"Deny","Principal":"*","Action":"s3:x"}]}` || !r.Value.Inline.Known() || !r.Value.Attached.Known() || !r.Value.Boundary.Absent) {
				t.Errorf("%+v", r.Value)
			}
		})
	}
	f := newFake()
	f.answer("GET /src?replication", reply{200, nil, strings.Replace(f.answers["GET /src?replication"](nil).body, "role/r", "user/r", 1)})
	doc, _ := f.src(t)
	if g := doc.Roles["arn:aws:iam::111111111111:user/r"].Gap; g == nil || g.Message != "this is not the ARN of a role" || f.count("iam:GetRole") != 0 {
		t.Errorf("%+v", doc.Roles)
	}
}

// Lists that are cut without a token, or go round, are not the whole list.
func TestListsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	form := func(r *http.Request, key string) string { r.ParseForm(); return r.PostForm.Get(key) }
	page := func(names, marker string, cut bool) reply {
		body := "<PolicyNames>" + names + "</PolicyNames><IsTruncated>" + map[bool]string{true: "true", false: "false"}[cut] + "</IsTruncated>"
		if marker != "" {
			body += "<Marker>" + marker + "</Marker>"
		}
		return reply{200, nil, "<ListRolePoliciesResponse><ListRolePoliciesResult>" + body + "</ListRolePoliciesResult></ListRolePoliciesResponse>"}
	}
	for name, c := range map[string]struct {
		list func(*http.Request) reply
		want []string
	}{
		"two pages": {func(r *http.Request) reply {
			if form(r, "Marker") == "m" {
				return page("<member>a</member>", "", false)
			}
			return page("<member>b</member>", "m", true)
		}, []string{"a", "b"}},
		"a marker after the end": {func(*http.Request) reply { return page("<member>a</member>", "m", false) }, nil},
		"cut without a marker":   {func(*http.Request) reply { return page("<member>a</member>", "", true) }, nil},
		"round and round":        {func(*http.Request) reply { return page("<member>a</member>", "m", true) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.answer("iam:GetRole", roleXML("arn:aws:iam::111111111111:role/r"))
			f.do("iam:ListRolePolicies", c.list)
			f.do("iam:GetRolePolicy", rolePolicy("%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22%2C%22Action%22%3A%22s3%3Ax%22%2C%22Resource%22%3A%22*%22%7D%5D%7D"))
			f.answer("iam:ListAttachedRolePolicies", reply{200, nil, `<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult><AttachedPolicies/><IsTruncated>false</IsTruncated></ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>`})
			doc, _ := f.src(t)
			inline := doc.Roles["arn:aws:iam::111111111111:role/r"].Value.Inline
			if c.want == nil {
				if inline.Gap == nil || inline.Gap.Code != "Malformed" {
					t.Errorf("%+v", inline)
				}
				return
			}
			var got []string
			for _, p := range *inline.Value {
				got = append(got, p.Name)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestKeyFacts(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-west-1:111111111111:key/k"
	f := newFake()
	f.answer("GET /src?encryption", reply{200, nil, `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms:dsse</SSEAlgorithm><KMSMasterKeyID>alias/mine</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>`})
	f.answer("kms:DescribeKey", reply{200, nil, `{"KeyMetadata":{"KeyId":"k","AWSAccountId":"111111111111","Arn":"` + key + `","KeyState":"PendingDeletion","KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","KeyUsage":"ENCRYPT_DECRYPT","Origin":"AWS_KMS","MultiRegion":true,"Enabled":false}}`})
	f.answer("kms:GetKeyPolicy", reply{200, nil, `{"Policy":"{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:x\"}}"}`})
	f.answer("kms:ListGrants", reply{200, nil, `{"Grants":[{"GrantId":"2","GranteePrincipal":"p","Operations":["Encrypt","Decrypt"],"Constraints":{"EncryptionContextSubset":{"a":"b"}}},{"GrantId":"1","GranteeServicePrincipal":"s3.amazonaws.com","Operations":["Decrypt"]}],"Truncated":false}`})
	f.answer("kms:ListAliases", reply{200, nil, `{"Aliases":[{"AliasName":"alias/z"},{"AliasName":"alias/mine"}],"Truncated":false}`})
	f.answer("kms:ListResourceTags", reply{200, nil, `{"Tags":[{"TagKey":"k","TagValue":"v"}],"Truncated":false}`})
	doc, r := f.src(t)
	want := fact.Key{ARN: key, AccountID: "111111111111", Region: "eu-west-1", State: "PendingDeletion", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", MultiRegion: true,
		Policy:    fact.Of(fact.Policy{Name: "default", Document: `{"Statement":{"Effect":"Deny","Principal":"*","Action":"kms:x"}}`}),
		RAMPolicy: fact.Of(fact.Policy{Name: "AWS_RAM", Document: `{"Statement":{"Effect":"Deny","Principal":"*","Action":"kms:x"}}`}),
		Grants:    fact.Of([]fact.Grant{{ID: "1", GranteePrincipal: "s3.amazonaws.com", Operations: []string{"Decrypt"}}, {ID: "2", GranteePrincipal: "p", Operations: []string{"Decrypt", "Encrypt"}, Constrained: true}}),
		Aliases:   fact.Of([]string{"alias/mine", "alias/z"}), Tags: map[string]string{"k": "v"}}
	if doc.Links[0].SourceKey != "alias/mine" || doc.Keys["alias/mine"].Value == nil {
		t.Fatalf("%+v %+v; gaps %v", doc.Links, doc.Keys, r.gaps)
	}
	if diff := cmp.Diff(want, *doc.Keys["alias/mine"].Value); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// Where an organization, a policy type or membership is missing, "does not
// apply" is knowledge only where AWS says so.
func TestAccountsAndOrganizations(t *testing.T) {
	t.Parallel()
	organization := func(features, types string) func(*fake) {
		return func(f *fake) {
			f.answer("organizations:DescribeOrganization", reply{200, nil, `{"Organization":{"Id":"o-1","MasterAccountId":"999999999999","FeatureSet":"` + features + `"}}`})
			f.answer("organizations:ListRoots", reply{200, nil, `{"Roots":[{"Id":"r-1","PolicyTypes":[` + types + `]}]}`})
			f.answer("organizations:ListParents", reply{200, nil, `{"Parents":[{"Id":"r-1","Type":"ROOT"}]}`})
			f.do("organizations:ListPoliciesForTarget", func(r *http.Request) reply {
				kind, id := "RESOURCE_CONTROL_POLICY", "p-RCPFullAWSAccess"
				if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "SERVICE_CONTROL_POLICY") {
					kind, id = "SERVICE_CONTROL_POLICY", "p-1"
				}
				return reply{200, nil, `{"Policies":[{"Id":"` + id + `","Arn":"arn:aws:organizations::aws:policy/x/` + id + `","Name":"All","Type":"` + kind + `"}]}`}
			})
			f.do("organizations:DescribePolicy", func(r *http.Request) reply {
				kind, id := "RESOURCE_CONTROL_POLICY", "p-RCPFullAWSAccess"
				if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "p-1") {
					kind, id = "SERVICE_CONTROL_POLICY", "p-1"
				}
				return reply{200, nil, `{"Policy":{"PolicySummary":{"Id":"` + id + `","Arn":"arn:aws:organizations::aws:policy/x/` + id + `","Name":"All","Type":"` + kind + `"},` +
					`"Content":"{\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"s3:x\",\"Resource\":\"*\"}]}"}}`}
			})
		}
	}
	denied := reply{400, nil, `{"__type":"AccessDeniedException","Message":"You don't have permissions to access this resource."}`}
	state := func(f fact.Fact[[]fact.PolicyLevel]) string {
		return map[bool]string{f.Value != nil: "value", f.Absent: "absent", f.Gap != nil: "gap"}[true]
	}
	for name, c := range map[string]struct {
		set        func(*fake)
		scps, rcps string
		in         string
	}{
		"in no organization":      {func(*fake) {}, "absent", "absent", "false"},
		"not allowed to ask":      {func(f *fake) { f.answer("organizations:DescribeOrganization", denied) }, "gap", "gap", "gap"},
		"both types":              {organization("ALL", `{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"},{"Type":"RESOURCE_CONTROL_POLICY","Status":"ENABLED"}`), "value", "value", "true"},
		"one type":                {organization("ALL", `{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"}`), "value", "absent", "true"},
		"only consolidated bills": {organization("CONSOLIDATED_BILLING", ``), "absent", "absent", "true"},
		"roots denied": {func(f *fake) {
			organization("ALL", "")(f)
			f.answer("organizations:ListRoots", denied)
		}, "gap", "gap", "true"},
		"parents denied": {func(f *fake) {
			organization("ALL", `{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"},{"Type":"RESOURCE_CONTROL_POLICY","Status":"ENABLED"}`)(f)
			f.answer("organizations:ListParents", denied)
		}, "gap", "gap", "true"},
		"a circle of units": {func(f *fake) {
			organization("ALL", `{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"},{"Type":"RESOURCE_CONTROL_POLICY","Status":"ENABLED"}`)(f)
			f.answer("organizations:ListParents", reply{200, nil, `{"Parents":[{"Id":"ou-1","Type":"ORGANIZATIONAL_UNIT"}]}`})
		}, "gap", "gap", "true"},
		"units without end": {func(f *fake) {
			organization("ALL", `{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"},{"Type":"RESOURCE_CONTROL_POLICY","Status":"ENABLED"}`)(f)
			var n atomic.Int64
			f.do("organizations:ListParents", func(*http.Request) reply {
				return reply{200, nil, fmt.Sprintf(`{"Parents":[{"Id":"ou-abcd-%08d","Type":"ORGANIZATIONAL_UNIT"}]}`, n.Add(1))}
			})
		}, "gap", "gap", "true"},
		"an empty list of policies": {func(f *fake) {
			organization("ALL", `{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"},{"Type":"RESOURCE_CONTROL_POLICY","Status":"ENABLED"}`)(f)
			f.answer("organizations:ListPoliciesForTarget", reply{200, nil, `{"Policies":[]}`})
		}, "gap", "gap", "true"},
		"RCPs without the one that is everywhere": {func(f *fake) {
			organization("ALL", `{"Type":"RESOURCE_CONTROL_POLICY","Status":"ENABLED"}`)(f)
			f.answer("organizations:ListPoliciesForTarget", reply{200, nil, `{"Policies":[{"Id":"p-1","Arn":"arn:aws:organizations::aws:policy/x/p-1","Name":"All","Type":"RESOURCE_CONTROL_POLICY"}]}`})
		}, "absent", "gap", "true"},
		"a policy that is listed twice": {func(f *fake) {
			organization("ALL", `{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"}`)(f)
			one := `{"Id":"p-1","Arn":"arn:aws:organizations::aws:policy/x/p-1","Name":"All","Type":"SERVICE_CONTROL_POLICY"}`
			f.answer("organizations:ListPoliciesForTarget", reply{200, nil, `{"Policies":[` + one + "," + one + `]}`})
		}, "gap", "absent", "true"},
		"no organization, says a server in trouble": {func(f *fake) {
			f.answer("organizations:DescribeOrganization", reply{500, nil, `{"__type":"AWSOrganizationsNotInUseException","Message":"x"}`})
		}, "gap", "gap", "gap"},
		"the management account": {func(f *fake) {
			organization("ALL", `{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"},{"Type":"RESOURCE_CONTROL_POLICY","Status":"ENABLED"}`)(f)
			f.answer("organizations:DescribeOrganization", reply{200, nil, `{"Organization":{"Id":"o-1","MasterAccountId":"111111111111","FeatureSet":"ALL"}}`})
		}, "absent", "absent", "true"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			c.set(f)
			doc, _ := f.src(t)
			a := doc.Accounts["111111111111"]
			in := "gap"
			if a.InOrganization.Value != nil {
				in = map[bool]string{true: "true", false: "false"}[*a.InOrganization.Value]
			}
			if state(a.SCPs) != c.scps || state(a.RCPs) != c.rcps || in != c.in {
				t.Errorf("SCPs %s, RCPs %s, member %s; want %s, %s, %s", state(a.SCPs), state(a.RCPs), in, c.scps, c.rcps, c.in)
			}
		})
	}
}
