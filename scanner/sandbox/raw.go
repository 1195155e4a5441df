package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"crosscheck/scanner/sandbox/kms"
	"crosscheck/scanner/sandbox/organizations"
	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/wire"
)

// worldRaw are answers that a world gives as text, by operation. The sandbox sends them as
// they are, also those that AWS would never give.
type worldRaw struct {
	Raw map[string]string `yaml:"raw"`
}

// rawOperations are those that may be answered so, by what the answer is about.
var rawOperations = map[string][]string{
	"organization": {"organizations:DescribeOrganization", "organizations:ListAccounts", "organizations:ListRoots"},
	"account": {"cloudwatch:DescribeAlarms", "organizations:ListParents", "organizations:ListPoliciesForTarget", "iam:GetAccountAuthorizationDetails",
		"s3control:GetPublicAccessBlock", "s3:ListBuckets"},
	"role": {"iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"},
	"key":  {"kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListAliases", "kms:ListGrants", "kms:ListResourceTags"},
	"bucket": {"s3:GetBucketAbac", "s3:GetBucketEncryption", "s3:GetBucketLifecycleConfiguration", "s3:GetBucketNotificationConfiguration",
		"s3:GetBucketOwnershipControls", "s3:GetBucketPolicy", "s3:GetBucketReplication", "s3:GetBucketRequestPayment",
		"s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetObjectLockConfiguration", "s3:GetPublicAccessBlock",
		"s3:ListMultipartUploads", "s3:ListObjectVersions"},
}

// raw reports operations that are not of the thing at path at, "bucket".
func (p *problems) raw(at, kind string, texts map[string]string) {
	var known []string
	for _, op := range rawOperations[kind] {
		_, name, _ := strings.Cut(op, ":")
		known = append(known, name)
	}
	slices.Sort(known)
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if !slices.Contains(known, name) {
			article := map[bool]string{true: "an", false: "a"}[strings.ContainsRune("ao", rune(kind[0]))]
			p.add(at+".raw."+name, "no operation of %s %s has this name; use %s", article, kind, strings.Join(known, ", "))
		}
	}
}

// rawKey is an operation and what it is asked about: a bucket, the id of an account, the
// ARN of a role or key, "" = the organization.
type rawKey struct{ operation, about string }

// raws are all raw answers of a world.
func (w *World) raws() map[rawKey]string {
	all := map[rawKey]string{}
	add := func(kind, about string, texts map[string]string) {
		for _, op := range rawOperations[kind] {
			_, name, _ := strings.Cut(op, ":")
			if text, ok := texts[name]; ok {
				all[rawKey{op, about}] = text
			}
		}
	}
	if o := w.Organization; o != nil {
		add("organization", "", o.Raw)
	}
	for i := range w.Accounts {
		a := &w.Accounts[i]
		add("account", a.ID, a.Raw)
		for _, r := range a.Roles {
			add("role", a.ID+"/"+strings.ToLower(r.Name), r.Raw)
		}
		for _, k := range a.Keys {
			add("key", fmt.Sprintf("arn:%s:kms:%s:%s:key/%s", w.Partition, k.Region, a.ID, k.ID), k.Raw)
		}
		for _, b := range a.Buckets {
			add("bucket", b.Name, b.Raw)
		}
	}
	return all
}

// answerRaw is the raw answer of a call that the caller may make, or res. It runs with
// s.mu held.
func (s *Sandbox) answerRaw(c *service.Call, res *wire.Response, e *wire.Error) (*wire.Response, *wire.Error) {
	if len(s.raws) == 0 || e != nil && e.Status != http.StatusNotFound {
		return res, e
	}
	text, ok := s.raws[rawKey{c.Op, s.about(c)}]
	if !ok {
		return res, e
	}
	if res == nil {
		media := "application/xml"
		if c.Op == "s3:GetBucketPolicy" {
			media = "application/json"
		}
		res = &wire.Response{Header: http.Header{"Content-Type": {media}, "X-Amz-Request-Id": {c.ID}}}
	}
	res.Status, res.Body = http.StatusOK, []byte(text)
	res.Header.Del("Content-Length")
	return res, nil
}

// about is what a call asks about, as in [rawKey].
func (s *Sandbox) about(c *service.Call) string {
	switch c.Service.Name {
	case "s3":
		if c.BucketName != "" {
			return c.BucketName
		}
	case "kms":
		return kms.KeyARN(s.state, c)
	case "iam":
		if role := c.Form.Get("RoleName"); role != "" {
			return c.Account + "/" + strings.ToLower(role)
		}
	case "organizations":
		return organizations.Target(c)
	}
	return c.Account
}
