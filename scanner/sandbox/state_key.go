package sandbox

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"crosscheck/rules/iam"
)

type key struct {
	arn, id, account, region, state, manager, spec, usage, origin, policy, description string
	multiRegion                                                                        bool
	grants                                                                             []grant
	tags                                                                               map[string]string
	created                                                                            time.Time
}

type grant struct {
	id, grantee string
	operations  []string
}

// granted reports whether a grant of the key allows an operation to a caller.
func (k *key) granted(who *identity, operation string) bool {
	return slices.ContainsFunc(k.grants, func(g grant) bool {
		return (g.grantee == who.principal.ARN || g.grantee == who.lasting()) && slices.Contains(g.operations, operation)
	})
}

// keyContext is the condition keys of KMS that follow from the key and the caller's account.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func (s *State) keyContext(k *key, caller string) map[string]iam.Value {
	context := map[string]iam.Value{
		"kms:calleraccount": iam.One(caller),
		"kms:keyspec":       iam.One(k.spec),
		"kms:keyusage":      iam.One(k.usage),
		"kms:keyorigin":     iam.One(k.origin),
		"kms:multiregion":   iam.One(map[bool]string{true: "true", false: "false"}[k.multiRegion]),
	}
	if aliases := s.aliasesOf(k); len(aliases) > 0 {
		context["kms:resourcealiases"] = iam.Many(aliases...)
	}
	for name, v := range k.tags {
		context["aws:resourcetag/"+strings.ToLower(name)] = iam.One(v)
	}
	return context
}

// aliasesOf are the names of a key's aliases, sorted.
func (s *State) aliasesOf(k *key) []string {
	var names []string
	for name, arn := range s.accounts[k.account].aliases {
		if arn == k.arn {
			names = append(names, strings.TrimPrefix(name, k.region+"/"))
		}
	}
	slices.Sort(names)
	return names
}

// s3key finds a KMS key as S3 does: by key ARN, alias ARN, key id or alias name;
// what is not an ARN is looked up in account and region. "" is the AWS managed key
// aws/s3, which comes into being with its first use. Nil: no such key.
func (s *State) s3key(text, account, region string) *key {
	if text == "" {
		text = awsManagedS3Alias
	}
	a, ok := parseARN(text)
	if !ok {
		a = arn{s.partition, "kms", region, account, text}
		if !strings.HasPrefix(text, "alias/") {
			a.resource = "key/" + text
		}
	}
	owner := s.accounts[a.account]
	if owner == nil || a.service != "kms" {
		return nil
	}
	if strings.HasPrefix(a.resource, "key/") {
		return s.keys["arn:"+s.partition+":kms:"+a.region+":"+a.account+":"+a.resource]
	}
	if a.resource == awsManagedS3Alias {
		return s.awsManagedS3Key(a.account, a.region)
	}
	return s.keys[owner.aliases[a.region+"/"+a.resource]]
}

const awsManagedS3Alias = "alias/aws/s3"

// awsManagedS3Key is the AWS managed key aws/s3 of an account in a Region; it is
// made when it is first asked for.
func (s *State) awsManagedS3Key(account, region string) *key {
	a := s.accounts[account]
	if arn := a.aliases[region+"/"+awsManagedS3Alias]; arn != "" {
		return s.keys[arn]
	}
	h := hex.EncodeToString(digest("aws/s3", account, region))
	id := h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:32]
	k := &key{
		arn: "arn:" + s.partition + ":kms:" + region + ":" + account + ":key/" + id,
		id:  id, account: account, region: region, state: "Enabled", manager: "AWS",
		spec: "SYMMETRIC_DEFAULT", usage: "ENCRYPT_DECRYPT", origin: "AWS_KMS",
		policy:      awsManagedS3Policy(s.partition, account, region),
		description: "Default key that protects my S3 objects when no other key is defined",
		created:     time.Now(),
	}
	s.keys[k.arn] = k
	a.aliases[region+"/"+awsManagedS3Alias] = k.arn
	return k
}

// defaultKeyPolicy is the policy of a key that was made without one.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func defaultKeyPolicy(partition, account string) string {
	return `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:` + partition + `:iam::` + account + `:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`
}

// awsManagedS3Policy is the policy of the AWS managed key: use through S3 by
// everyone in the account who may use S3, and reading of its metadata.
func awsManagedS3Policy(partition, account, region string) string {
	return `{
  "Version" : "2012-10-17",
  "Id" : "auto-s3-2",
  "Statement" : [ {
    "Sid" : "Allow access through S3 for all principals in the account that are authorized to use S3",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "` + account + `",
        "kms:ViaService" : "s3.` + region + `.amazonaws.com"
      }
    }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:` + partition + `:iam::` + account + `:root"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*" ],
    "Resource" : "*"
  } ]
}`
}
