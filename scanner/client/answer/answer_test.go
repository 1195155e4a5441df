package answer

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	s3NS       = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
	ruleStart  = `<ReplicationConfiguration` + s3NS + `><Role>arn:aws:iam::111111111111:role/r</Role><Rule><ID>a</ID><Status>Enabled</Status><Priority>1</Priority><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>`
	toDst      = `<Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination>`
	ruleEnd    = `</Rule></ReplicationConfiguration>`
	aRule      = ruleStart + "<Filter/>" + toDst + ruleEnd
	key        = "arn:aws:kms:eu-west-1:111111111111:key/k"
	aKey       = `{"KeyMetadata":{"KeyId":"k","Arn":"` + key + `","KeyState":"Enabled","KeyUsage":"ENCRYPT_DECRYPT","KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","Origin":"AWS_KMS","MultiRegion":false}}`
	aListing   = `<ListVersionsResult` + s3NS + `><Name>b</Name><Prefix>p/</Prefix><KeyMarker/><IsTruncated>false</IsTruncated></ListVersionsResult>`
	someRoots  = `{"Roots":[{"Id":"r-1","PolicyTypes":[{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"}]}]}`
	roleStart  = `<GetRoleResponse><GetRoleResult><Role><Path>/</Path><RoleName>R</RoleName><RoleId>AROA</RoleId><Arn>arn:aws:iam::111111111111:role/R</Arn><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>`
	roleEnd    = `</Role></GetRoleResult></GetRoleResponse>`
	seeNewer   = "; see whether a newer version of crosscheck does"
	xmlType    = "application/xml"
	jsonType   = "application/x-amz-json-1.1"
	whatIsThis = "which this version does not know" + seeNewer
)

// TestRead: an answer is whole and understood, or an error that names the API, the
// element and the value.
func TestRead(t *testing.T) {
	t.Parallel()
	listing := &s3.ListObjectVersionsInput{Bucket: aws.String("b"), Prefix: aws.String("p/")}
	for _, c := range []struct {
		api   string
		input any
		body  string
		want  string // "" = understood
	}{
		{"s3:GetBucketReplication", nil, aRule, ""},
		{"s3:GetBucketReplication", nil, `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + aRule + "\n", ""},
		{"s3:GetBucketReplication", nil, ruleStart + "<Filter/>" + toDst + ruleEnd, ""},
		{"s3:GetBucketReplication", nil, ruleStart + "<Filter> <!-- all --> </Filter>" + toDst + ruleEnd, ""},
		// What AWS added in November 2026, and the SDK drops.
		{"s3:GetBucketReplication", nil, ruleStart + "<Filter><Not><Prefix>secret/</Prefix></Not></Filter>" + toDst + ruleEnd, ""},
		{"s3:GetBucketReplication", nil, ruleStart + "<Filter><And><Prefix/><Not><Or><Prefix/><Prefix>b</Prefix><Tag><Key>k</Key><Value/></Tag></Or></Not></And></Filter>" + toDst + ruleEnd, ""},
		{"s3:GetBucketReplication", nil, ruleStart + "<Filter><Not/></Filter>" + toDst + ruleEnd,
			"the answer of s3:GetBucketReplication is at odds with itself: ReplicationConfiguration/Rule/Filter/Not has none of Prefix, Tag, Or"},
		{"s3:GetBucketReplication", nil, ruleStart + "<Filter><Not><Or/></Not></Filter>" + toDst + ruleEnd,
			"the answer of s3:GetBucketReplication is at odds with itself: ReplicationConfiguration/Rule/Filter/Not/Or has none of Prefix, Tag"},
		{"s3:GetBucketReplication", nil, ruleStart + "<Filter><Not><Prefix>a</Prefix><Or><Prefix>b</Prefix></Or></Not></Filter>" + toDst + ruleEnd,
			"the answer of s3:GetBucketReplication has more than one element in ReplicationConfiguration/Rule/Filter/Not, where only one may be"},
		{"s3:GetBucketReplication", nil, ruleStart + "<Filter><Prefix>a</Prefix><Not><Prefix>b</Prefix></Not></Filter>" + toDst + ruleEnd,
			"the answer of s3:GetBucketReplication has more than one element in ReplicationConfiguration/Rule/Filter, where only one may be"},
		{"s3:GetBucketReplication", nil, ruleStart + "<Filter><Not><And><Prefix>b</Prefix></And></Not></Filter>" + toDst + ruleEnd,
			`the answer of s3:GetBucketReplication has "And" in ReplicationConfiguration/Rule/Filter/Not, ` + whatIsThis},
		{"s3:GetBucketReplication", nil, ruleStart + "<Filter/>" + strings.Replace(toDst, "</D", "<EncryptionConfiguration><UseSourceMultiRegionKey><Status>Enabled</Status></UseSourceMultiRegionKey></EncryptionConfiguration></D", 1) + ruleEnd,
			""},
		{"s3:GetBucketReplication", nil, ruleStart + strings.Replace(toDst, "</D", "<EncryptionConfiguration><UseSourceMultiRegionKey/></EncryptionConfiguration></D", 1) + ruleEnd,
			"the answer of s3:GetBucketReplication has no ReplicationConfiguration/Rule/Destination/EncryptionConfiguration/UseSourceMultiRegionKey/Status"},
		{"s3:GetBucketReplication", nil, ruleStart + strings.Replace(toDst, "</D", "<EncryptionConfiguration><UseSourceMultiRegionKey><Status>On</Status></UseSourceMultiRegionKey></EncryptionConfiguration></D", 1) + ruleEnd,
			`the answer of s3:GetBucketReplication has "On" as ReplicationConfiguration/Rule/Destination/EncryptionConfiguration/UseSourceMultiRegionKey/Status, which is none of the values that this version knows` + seeNewer},
		{"s3:GetBucketReplication", nil, ruleStart + strings.Replace(toDst, "</D", "<EncryptionConfiguration></EncryptionConfiguration></D", 1) + ruleEnd,
			"the answer of s3:GetBucketReplication is at odds with itself: ReplicationConfiguration/Rule/Destination/EncryptionConfiguration has none of ReplicaKmsKeyID, UseSourceMultiRegionKey"},
		{"s3:GetBucketReplication", nil, ruleStart + strings.Replace(toDst, "</D", "<EncryptionConfiguration><ReplicaKmsKeyID/></EncryptionConfiguration></D", 1) + ruleEnd,
			"the answer of s3:GetBucketReplication has an empty ReplicationConfiguration/Rule/Destination/EncryptionConfiguration/ReplicaKmsKeyID"},
		{"s3:GetBucketReplication", nil, ruleStart + strings.Replace(toDst, "</D", "<StorageClass>NEW</StorageClass></D", 1) + ruleEnd,
			`the answer of s3:GetBucketReplication has "NEW" as ReplicationConfiguration/Rule/Destination/StorageClass, which is none of the values that this version knows` + seeNewer},
		{"s3:GetBucketReplication", nil, ruleStart + "<Status>Disabled</Status>" + toDst + ruleEnd,
			"the answer of s3:GetBucketReplication has ReplicationConfiguration/Rule/Status more than once"},
		{"s3:GetBucketReplication", nil, ruleStart + "<Filter><Prefix>a</Prefix><Tag><Key>k</Key><Value/></Tag></Filter>" + toDst + ruleEnd,
			"the answer of s3:GetBucketReplication has more than one element in ReplicationConfiguration/Rule/Filter, where only one may be"},
		{"s3:GetBucketReplication", nil, strings.ReplaceAll(aRule, "Status", "status"),
			`the answer of s3:GetBucketReplication writes ReplicationConfiguration/Rule/Status as "status"`},
		{"s3:GetBucketReplication", nil, strings.Replace(aRule, "<Rule>", `<Rule until="2027">`, 1),
			`the answer of s3:GetBucketReplication has the attribute "until" of ReplicationConfiguration/Rule, ` + whatIsThis},
		{"s3:GetBucketReplication", nil, strings.Replace(aRule, "<Rule>", `<Rule>but not all`, 1),
			`the answer of s3:GetBucketReplication has text in ReplicationConfiguration/Rule: "but not all"`},
		{"s3:GetBucketReplication", nil, strings.Replace(aRule, s3NS, ` xmlns="urn:x"`, 1),
			`s3:GetBucketReplication is answered with a document of the namespace "urn:x"`},
		{"s3:GetBucketReplication", nil, strings.ReplaceAll(strings.ReplaceAll(aRule, "<Status>", "<x:Status>"), "</Status>", "</x:Status>"),
			"the answer of s3:GetBucketReplication has ReplicationConfiguration/Rule/Status of another namespace" + seeNewer},
		{"s3:GetBucketReplication", nil, aRule + aRule, "the answer of s3:GetBucketReplication goes on after its document"},
		{"s3:GetBucketReplication", nil, aRule + "x", "the answer of s3:GetBucketReplication goes on after its document"},
		{"s3:GetBucketReplication", nil, "<!DOCTYPE html>" + aRule, "s3:GetBucketReplication is answered with a document that declares a type of its own, as web pages do"},
		{"s3:GetBucketReplication", nil, "<html></html>", `s3:GetBucketReplication is answered with a document "html", not ReplicationConfiguration`},
		{"s3:GetBucketReplication", nil, aRule[:len(aRule)-1], "the answer is not well-formed XML: XML syntax error on line 1: unexpected EOF"},
		{"s3:GetBucketReplication", nil, "<x>" + aRule[:len(aRule)-9], "the answer is not well-formed XML: XML syntax error on line 1: unexpected EOF"},
		{"s3:GetBucketReplication", nil, "", "the answer is not well-formed XML: unexpected EOF"},
		{"s3:GetBucketReplication", nil, strings.Replace(aRule, "</Status>", "</State>", 1), `the answer is not well-formed XML: XML syntax error on line 1: element <Status> closed by </State>`},
		{"s3:GetBucketReplication", nil, ruleStart + "<Filter/>" + toDst + "</Rule>" + strings.Repeat(strings.TrimPrefix(ruleStart+"<Filter/>"+toDst+"</Rule>", ruleStart[:strings.Index(ruleStart, "<Rule>")]), 1000) + "</ReplicationConfiguration>",
			"the answer of s3:GetBucketReplication has more than 1000 of ReplicationConfiguration/Rule"},
		{"s3:GetObjectLockConfiguration", nil, "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
			""},
		{"s3:GetObjectLockConfiguration", nil, "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><DefaultEventHold><Days>1</Days></DefaultEventHold></DefaultRetention></Rule></ObjectLockConfiguration>",
			""},
		{"s3:GetObjectLockConfiguration", nil, "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Years>1</Years><DefaultEventHold><Years>1</Years></DefaultEventHold></DefaultRetention></Rule></ObjectLockConfiguration>",
			""},
		{"s3:GetObjectLockConfiguration", nil, "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention></DefaultRetention></Rule></ObjectLockConfiguration>",
			"the answer of s3:GetObjectLockConfiguration is at odds with itself: ObjectLockConfiguration/Rule/DefaultRetention has none of Mode, DefaultEventHold"},
		{"s3:GetObjectLockConfiguration", nil, "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode></DefaultRetention></Rule></ObjectLockConfiguration>",
			"the answer of s3:GetObjectLockConfiguration is at odds with itself: ObjectLockConfiguration/Rule/DefaultRetention has Mode, and neither Days nor Years"},
		{"s3:GetObjectLockConfiguration", nil, "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years></DefaultRetention></Rule></ObjectLockConfiguration>",
			"the answer of s3:GetObjectLockConfiguration is at odds with itself: ObjectLockConfiguration/Rule/DefaultRetention has both Days and Years"},
		{"s3:GetObjectLockConfiguration", nil, "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Days>1</Days><DefaultEventHold><Days>1</Days></DefaultEventHold></DefaultRetention></Rule></ObjectLockConfiguration>",
			"the answer of s3:GetObjectLockConfiguration is at odds with itself: ObjectLockConfiguration/Rule/DefaultRetention has Days and no Mode"},
		{"s3:GetObjectLockConfiguration", nil, "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><DefaultEventHold/></DefaultRetention></Rule></ObjectLockConfiguration>",
			"the answer of s3:GetObjectLockConfiguration is at odds with itself: ObjectLockConfiguration/Rule/DefaultRetention/DefaultEventHold has neither Days nor Years"},
		{"s3:GetObjectLockConfiguration", nil, "<ObjectLockConfiguration/>", "the answer of s3:GetObjectLockConfiguration has no ObjectLockConfiguration/ObjectLockEnabled"},
		{"s3:GetObjectLockConfiguration", nil, "<ObjectLockConfiguration><ObjectLockEnabled/></ObjectLockConfiguration>", "the answer of s3:GetObjectLockConfiguration has an empty ObjectLockConfiguration/ObjectLockEnabled"},
		{"s3:GetPublicAccessBlock", nil, "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>",
			"the answer of s3:GetPublicAccessBlock has no PublicAccessBlockConfiguration/IgnorePublicAcls"},
		{"s3:ListObjectVersions", listing, aListing, ""},
		{"s3:ListObjectVersions", listing, strings.Replace(aListing, "<Name>b", "<Name>c", 1),
			`the answer of s3:ListObjectVersions is about another thing: ListVersionsResult/Name is "c", and "b" was asked for`},
		{"s3:ListObjectVersions", listing, strings.Replace(aListing, "p/", "", 1),
			`the answer of s3:ListObjectVersions is about another thing: ListVersionsResult/Prefix is "", and "p/" was asked for`},
		{"s3:ListObjectVersions", &s3.ListObjectVersionsInput{Bucket: aws.String("b"), Prefix: aws.String("p é+/")},
			strings.Replace(aListing, "p/", "p+%C3%A9%2B/", 1), ""}, // encoded, as was asked for
		{"s3:ListObjectVersions", &s3.ListObjectVersionsInput{Bucket: aws.String("b"), Prefix: aws.String("p é+/")},
			strings.Replace(aListing, "p/", "p+%C3%A8%2B/", 1),
			`the answer of s3:ListObjectVersions is about another thing: ListVersionsResult/Prefix is "p+%C3%A8%2B/", and "p é+/" was asked for`},
		{"s3:ListObjectVersions", listing, "<ListVersionsResult/>", "the answer of s3:ListObjectVersions has no ListVersionsResult/Name"},
		{"s3:GetBucketPolicy", nil, ` {"Statement":[{"Effect":"Deny","Principal":{"AWS":["*"]},"Action":"*","Resource":["*"],"Condition":{"Null":{"a":[true]}}}]} `, ""},
		{"s3:GetBucketPolicy", nil, `{"Statement":{"Effect":"Allow","Principal":"*","NotAction":["s3:Get*"],"Resource":"*"},"Version":"2012-10-17","Id":"x"}`, ""},
		{"s3:GetBucketPolicy", nil, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},"Version":"2012–10—17"}`, ""}, // rules/iam says that it is none
		{"s3:GetBucketPolicy", nil, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},"Version":"2027-01-01"}`,
			`the answer of s3:GetBucketPolicy has "2027-01-01" as Version, which is none of the values that this version knows` + seeNewer},
		{"s3:GetBucketPolicy", nil, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},"Version":"2027–01–01"}`,
			`the answer of s3:GetBucketPolicy has "2027–01–01" as Version, which is none of the values that this version knows` + seeNewer},
		{"s3:GetBucketPolicy", nil, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, "the answer of s3:GetBucketPolicy is at odds with itself: Statement has neither Principal nor NotPrincipal"},
		{"s3:GetBucketPolicy", nil, `{"Id":null,"Statement":[]}`, "the answer of s3:GetBucketPolicy has a null as Id"},
		{"s3:GetBucketPolicy", nil, `{"Statement":{"Effect":"Allow","Principal":"me"}}`, "the answer of s3:GetBucketPolicy has Statement/Principal, which is not an object"},
		{"s3:GetBucketPolicy", nil, `{}`, "the answer of s3:GetBucketPolicy has no Statement"},
		{"s3:GetBucketPolicy", nil, aKey, `the answer of s3:GetBucketPolicy has "KeyMetadata" in the document, ` + whatIsThis},
		{"s3:GetBucketPolicy", nil, `{"Statement":[]}`, "the answer of s3:GetBucketPolicy has Statement, which is empty"},
		{"s3:GetBucketPolicy", nil, `{"Statement":{"Effect":"allow","Action":"*"}}`, `the answer of s3:GetBucketPolicy has "allow" as Statement/Effect, which is none of the values that this version knows` + seeNewer},
		{"s3:GetBucketPolicy", nil, `{"Statement":{"Principal":"*","Effect":"Allow","Resource":"*"}}`, "the answer of s3:GetBucketPolicy is at odds with itself: Statement has neither Action nor NotAction"},
		{"s3:GetBucketPolicy", nil, `{"Statement":{"Principal":"*","Effect":"Allow","Action":"*","Until":"2027"}}`, `the answer of s3:GetBucketPolicy has "Until" in Statement, ` + whatIsThis},
		{"s3:GetBucketPolicy", nil, `{"Statement":{"Principal":"*","Effect":"Allow","Action":"*","action":"x"}}`, `the answer of s3:GetBucketPolicy writes Statement/Action as "action"`},
		{"s3:GetBucketPolicy", nil, `{"Statement":{"Effect":"Allow","Action":"*","Principal":{}}}`, "the answer of s3:GetBucketPolicy is at odds with itself: Statement/Principal has none of AWS, Service, Federated, CanonicalUser"},
		{"s3:GetBucketPolicy", nil, `{"a"}`, "the answer is not well-formed JSON: unexpected EOF"},
		{"s3:GetBucketPolicy", nil, `{} {}`, "the answer is not well-formed JSON: unexpected EOF"},
		{"s3:GetBucketPolicy", nil, `{"Statement":{"Condition":` + strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50) + "}}", "the answer of s3:GetBucketPolicy has Statement/Condition/a/a, which is not a "},
		{"kms:DescribeKey", &kms.DescribeKeyInput{KeyId: aws.String(key)}, aKey, ""},
		{"kms:DescribeKey", &kms.DescribeKeyInput{KeyId: aws.String("k")}, aKey, ""},
		{"kms:DescribeKey", &kms.DescribeKeyInput{KeyId: aws.String("alias/mine")}, aKey, ""},
		{"kms:DescribeKey", &kms.DescribeKeyInput{KeyId: aws.String(key + "2")}, aKey,
			`the answer of kms:DescribeKey is about another thing: KeyMetadata/KeyId is "k", and "` + key + `2" was asked for`},
		{"kms:DescribeKey", nil, strings.Replace(aKey, `"KeyUsage":"ENCRYPT_DECRYPT",`, "", 1), "the answer of kms:DescribeKey has no KeyMetadata/KeyUsage"},
		{"kms:DescribeKey", nil, strings.Replace(aKey, `"KeyUsage":"ENCRYPT_DECRYPT"`, `"KeyUsage":null`, 1), "the answer of kms:DescribeKey has no KeyMetadata/KeyUsage"},
		{"kms:DescribeKey", nil, strings.Replace(aKey, `"KeyUsage":"ENCRYPT_DECRYPT"`, `"KeyUsage":7`, 1), "the answer of kms:DescribeKey has KeyMetadata/KeyUsage, which is not a string"},
		{"kms:DescribeKey", nil, strings.Replace(aKey, `"KeyUsage":`, `"KeyState":"Disabled","KeyUsage":`, 1), `the answer of kms:DescribeKey has KeyMetadata/"KeyState" more than once`},
		{"organizations:ListRoots", nil, someRoots, ""},
		{"organizations:ListRoots", nil, strings.Replace(someRoots, `,"PolicyTypes":[{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"}]`, "", 1), "the answer of organizations:ListRoots has no Roots/PolicyTypes"},
		{"organizations:ListRoots", nil, strings.Replace(someRoots, "SERVICE_", "NEW_", 1),
			`the answer of organizations:ListRoots has "NEW_CONTROL_POLICY" as Roots/PolicyTypes/Type, which is none of the values that this version knows` + seeNewer},
		{"organizations:ListRoots", nil, strings.Replace(someRoots, `"Type":"SERVICE_CONTROL_POLICY",`, "", 1), "the answer of organizations:ListRoots has no Roots/PolicyTypes/Type"},
		{"organizations:ListRoots", nil, `{"Roots":{}}`, "the answer of organizations:ListRoots has Roots, which is not a list"},
		{"iam:GetRole", &iam.GetRoleInput{RoleName: aws.String("r")}, roleStart + roleEnd, ""},
		{"iam:GetRole", &iam.GetRoleInput{RoleName: aws.String("other")}, roleStart + roleEnd,
			`the answer of iam:GetRole is about another thing: GetRoleResponse/GetRoleResult/Role/RoleName is "R", and "other" was asked for`},
		{"iam:GetRole", nil, roleStart + "<PermissionsBoundary/>" + roleEnd,
			"the answer of iam:GetRole has no GetRoleResponse/GetRoleResult/Role/PermissionsBoundary/PermissionsBoundaryArn"},
		{"sts:AssumeRole", nil, "<AssumeRoleResponse/>", "the answer of sts:AssumeRole has no AssumeRoleResponse/AssumeRoleResult"},
		{"s3:DeleteObject", nil, "", ""},
		{"s3:DeleteObject", nil, "<html>", `s3:DeleteObject is answered with a document, and has none: "<html>"`},
		{"s3:GetBucketAcl", nil, "anything", "no table says what s3:GetBucketAcl answers"},
		{"s3:GetObject", nil, "anything", ""},
	} {
		media := xmlType
		if strings.HasPrefix(strings.TrimSpace(c.body), "{") || c.api == "s3:GetBucketPolicy" {
			media = jsonType
		}
		x := Exchange{API: c.api, Input: c.input, Status: 200, Header: http.Header{"Content-Type": {media}}, Body: strings.NewReader(c.body), AWS: true}
		if c.api == "s3:DeleteObject" {
			x.Status = 204
		}
		data, notes, err := Read(x)
		if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && got != c.want {
			t.Errorf("%s %.200s:\n%v, want\n%s", c.api, c.body, err, c.want)
		}
		if err == nil && c.api != "s3:GetObject" && string(data) != c.body || len(notes) > 0 {
			t.Errorf("%s: %q is left of %q, notes %q", c.api, data, c.body, notes)
		}
	}
}

// TestReadFailures: an error's code decides between absent and unknown, so its document
// is read as strictly.
func TestReadFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		api    string
		status int
		body   string
		want   string
	}{
		{"s3:GetBucketTagging", 404, "<Error><Code>NoSuchTagSet</Code><BucketName>b</BucketName></Error>", ""},
		{"s3:GetBucketTagging", 404, "<Error><Code>NoSuchTagSet</Code><Code>AccessDenied</Code></Error>", "the answer of s3:GetBucketTagging has Error/Code more than once"},
		{"s3:GetBucketTagging", 404, "<Error/>", "the answer of s3:GetBucketTagging has no Error/Code"},
		{"s3:GetBucketTagging", 404, "<html/>", `s3:GetBucketTagging is answered with a document "html", not Error`},
		{"s3:GetBucketTagging", 404, "", "the answer is not well-formed XML: unexpected EOF"},
		{"s3:GetBucketPolicy", 404, "<Error><Code>NoSuchBucketPolicy</Code></Error>", ""},
		{"s3:GetBucketPolicy", 404, "<Error><Code/></Error>", "the answer of s3:GetBucketPolicy has an empty Error/Code"},
		{"s3:GetBucketTagging", 500, "anything", ""}, // the SDK tries again
		{"s3:GetBucketTagging", 301, "", ""},
		{"s3:GetBucketTagging", 202, "<Tagging/>", "s3:GetBucketTagging is answered with the status 202, which is not one of its answers"},
		{"s3:DeleteObject", 200, "", "s3:DeleteObject is answered with the status 200, which is not one of its answers"},
		{"s3:HeadObject", 404, "", ""},
		{"s3:HeadObject", 206, "", "the answer of s3:HeadObject has no header ETag"},
		{"s3:HeadObject", 200, "", "the answer of s3:HeadObject has no header ETag"},
		{"iam:GetRole", 404, "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>", ""},
		{"iam:GetRole", 404, "<ErrorResponse/>", "the answer of iam:GetRole has no ErrorResponse/Error"},
		{"kms:DescribeKey", 400, `{"__type":"NotFoundException","x":[1]}`, ""},
		{"kms:DescribeKey", 400, `{"__type":"NotFoundException","__type":"x"}`, `the answer of kms:DescribeKey has "__type" more than once`},
		{"kms:DescribeKey", 400, "", "the answer is not well-formed JSON: unexpected EOF"},
	} {
		_, _, err := Read(Exchange{API: c.api, Status: c.status, Header: http.Header{}, Body: strings.NewReader(c.body)})
		if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && got != c.want {
			t.Errorf("%s %d %q:\n%v, want\n%s", c.api, c.status, c.body, err, c.want)
		}
	}
}

// TestNotes: what decides nothing may be added by AWS, and is noted once.
func TestNotes(t *testing.T) {
	t.Parallel()
	body := strings.Replace(aKey, `"KeyUsage"`, `"Shade":{"a":1},"KeyUsage"`, 1)
	data, notes, err := Read(Exchange{API: "kms:DescribeKey", Status: 200, Header: http.Header{}, Body: strings.NewReader(body)})
	if err != nil || string(data) != body || fmt.Sprint(notes) != "[KeyMetadata/Shade]" {
		t.Errorf("%q, %q, %v", data, notes, err)
	}
	body = "<NotificationConfiguration>" + strings.Repeat("<NewConfiguration><Id>x</Id></NewConfiguration>", 3) + "</NotificationConfiguration>"
	_, notes, err = Read(Exchange{API: "s3:GetBucketNotificationConfiguration", Status: 200, Header: http.Header{}, Body: strings.NewReader(body)})
	if err != nil || fmt.Sprint(notes) != "[NotificationConfiguration/NewConfiguration]" {
		t.Errorf("%q, %v", notes, err)
	}
}

// TestContentType: a document of another type than the API's is no answer, unless a
// server that is not AWS is known to send it.
func TestContentType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		media, server string
		aws, good     bool
	}{
		{"application/xml", "", true, true}, {"text/xml; charset=utf-8", "", true, true}, {"", "", true, true},
		{"text/html", "", true, false}, {"application/json", "", true, false}, {"nonsense/", "", true, false},
		{"text/html", "Werkzeug/3.1", false, true}, {"text/html", "Werkzeug/3.1", true, false}, {"text/html", "nginx", false, false},
	} {
		_, _, err := Read(Exchange{API: "s3:GetBucketReplication", Status: 200, Body: strings.NewReader(aRule), AWS: c.aws,
			Header: http.Header{"Content-Type": {c.media}, "Server": {c.server}}})
		if (err == nil) != c.good {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestBounds: an answer without an end is given up while it comes, and one that breaks
// off is worth another attempt.
func TestBounds(t *testing.T) {
	t.Parallel()
	read := 0
	endless := io.TeeReader(io.MultiReader(strings.NewReader(ruleStart), strings.NewReader("<ID>"), forever{}), counter{&read})
	_, _, err := Read(Exchange{API: "s3:GetBucketReplication", Status: 200, Header: http.Header{}, Body: endless})
	if fmt.Sprint(err) != "the answer of s3:GetBucketReplication has ReplicationConfiguration/Rule/ID more than once" && fmt.Sprint(err) != "the answer of s3:GetBucketReplication is longer than 4194304 bytes" || read > 5<<20 {
		t.Errorf("%v after %d bytes", err, read)
	}
	broken := io.MultiReader(strings.NewReader(ruleStart), iotest.ErrReader(fmt.Errorf("read: %w", io.ErrUnexpectedEOF)))
	_, _, err = Read(Exchange{API: "s3:GetBucketReplication", Status: 200, Header: http.Header{}, Body: broken})
	var e *Error
	if !errors.As(err, &e) || e.Code != "NoAnswer" || !e.Damaged || e.Message != "the answer broke off: unexpected EOF" {
		t.Errorf("%v", err)
	}
	for status, body := range map[int]string{404: "<Error><Code>", 500: ""} {
		read = 0
		_, _, err = Read(Exchange{API: "s3:GetBucketReplication", Status: status, Header: http.Header{}, Body: io.TeeReader(io.MultiReader(strings.NewReader(body), forever{}), counter{&read})})
		if err == nil || read > 2<<20 {
			t.Errorf("%d: %v after %d bytes", status, err, read)
		}
	}
}

// TestDeepAnswers: a decoder of XML keeps every open element, so elements in each other are
// bounded too, however the answer is read.
func TestDeepAnswers(t *testing.T) {
	for api, bytes := range map[string]int{"s3:GetBucketReplication": 4<<20 - 1, "s3:ListBuckets": 1<<20 - 1, "iam:GetRole": 1<<20 - 1} {
		body := strings.Repeat("<a>", bytes/3)
		allocated := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if _, _, err := Read(Exchange{API: api, Status: 200, Header: http.Header{}, Body: strings.NewReader(body)}); err == nil {
					b.Fatal("it was taken")
				}
			}
		}).AllocedBytesPerOp()
		if allocated > int64(8*bytes) {
			t.Errorf("%s: %d bytes are allocated for %d", api, allocated, bytes)
		}
	}
}

type forever struct{}

func (forever) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

type counter struct{ n *int }

func (c counter) Write(p []byte) (int, error) { *c.n += len(p); return len(p), nil }

// FuzzRead: whatever comes, nothing panics, and what is taken is what was sent.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{aRule, aKey, aListing, someRoots, roleStart + roleEnd} {
		f.Add("s3:GetBucketReplication", seed)
	}
	f.Add("kms:DescribeKey", aKey)
	f.Add("organizations:ListRoots", someRoots)
	f.Add("iam:GetRole", roleStart+roleEnd)
	f.Fuzz(func(t *testing.T, api, body string) {
		data, _, err := Read(Exchange{API: api, Status: 200, Header: http.Header{}, Body: strings.NewReader(body)})
		if err == nil && data != nil && string(data) != body {
			t.Errorf("%q of %q", data, body)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r\x1b") {
			t.Errorf("%q", err)
		}
	})
}

// TestSmallAnswers: most answers of a scan are small, so reading one takes little memory.
func TestSmallAnswers(t *testing.T) {
	body := "<Error><Code>NoSuchTagSet</Code><BucketName>b</BucketName></Error>"
	header := http.Header{"Content-Length": {fmt.Sprint(len(body))}}
	taken := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if _, _, err := Read(Exchange{API: "s3:GetBucketTagging", Status: 404, Header: header, Body: strings.NewReader(body)}); err != nil {
				b.Fatal(err)
			}
		}
	}).AllocedBytesPerOp()
	if taken > 2500 {
		t.Errorf("%d bytes are allocated for %d", taken, len(body))
	}
}

// BenchmarkRead reads the answers of which a scan reads most.
func BenchmarkRead(b *testing.B) {
	absent := `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<Error><Code>NoSuchBucketPolicy</Code><Message>The bucket policy does not exist</Message><BucketName>a-bucket-of-mine</BucketName><RequestId>4442587FB7D0A2F9</RequestId><HostId>bCWgVTPhqVeQvsuYqXUDIb2/IDwdXYhV2vKQzEOAqUvRHFM6R85KSuTSU3rzTtnaqbD6Ypy3SOc=</HostId></Error>`
	statement := `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/r"},"Action":["s3:ReplicateObject","s3:ReplicateDelete"],"Resource":"arn:aws:s3:::dst/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`
	for _, c := range []struct {
		name, api, media string
		status           int
		input            any
		body             string
	}{
		{"absent", "s3:GetBucketPolicy", xmlType, 404, &s3.GetBucketPolicyInput{Bucket: aws.String("a-bucket-of-mine")}, absent},
		{"replication", "s3:GetBucketReplication", xmlType, 200, &s3.GetBucketReplicationInput{Bucket: aws.String("b")}, aRule},
		{"role", "iam:GetRole", xmlType, 200, &iam.GetRoleInput{RoleName: aws.String("r")}, roleStart + roleEnd},
		{"key", "kms:DescribeKey", jsonType, 200, &kms.DescribeKeyInput{KeyId: aws.String(key)}, aKey},
		{"policy", "s3:GetBucketPolicy", jsonType, 200, nil, `{"Version":"2012-10-17","Statement":[` + statement + "," + statement + `]}`},
	} {
		header := http.Header{"Content-Type": {c.media}, "Content-Length": {fmt.Sprint(len(c.body))}}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Read(Exchange{API: c.api, Input: c.input, Status: c.status, Header: header, Body: strings.NewReader(c.body), AWS: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
