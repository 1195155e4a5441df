package state

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"crosscheck/rules/iam/contextkey"
)

// Key is a KMS key.
type Key struct {
	ARN, ID, Account, Region, State, Manager, Spec, Usage, Origin, Policy, Description string
	RAMPolicy                                                                          string // by which AWS RAM shares it, "" = it is not shared
	MultiRegion                                                                        bool
	Grants                                                                             []Grant
	Tags                                                                               map[string]string
	Created                                                                            time.Time
}

// Grant lets a principal do operations with a key.
type Grant struct {
	ID, Grantee string
	Operations  []string
}

// Granted reports whether a grant of the key allows an operation to a caller.
func (k *Key) Granted(who *Identity, operation string) bool {
	return slices.ContainsFunc(k.Grants, func(g Grant) bool {
		return (g.Grantee == who.Principal.ARN || g.Grantee == who.PrincipalARN()) && slices.Contains(g.Operations, operation)
	})
}

// KeyContext is the condition keys of KMS that follow from the key and the caller's account.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func (s *State) KeyContext(k *Key, caller string) map[string]contextkey.Value {
	context := map[string]contextkey.Value{
		"kms:calleraccount": contextkey.One(caller),
		"kms:keyspec":       contextkey.One(k.Spec),
		"kms:keyusage":      contextkey.One(k.Usage),
		"kms:keyorigin":     contextkey.One(k.Origin),
		"kms:multiregion":   contextkey.One(map[bool]string{true: "true", false: "false"}[k.MultiRegion]),
	}
	if aliases := s.aliasesOf(k); len(aliases) > 0 {
		context["kms:resourcealiases"] = contextkey.Many(aliases...)
	}
	for name, v := range k.Tags {
		context["aws:resourcetag/"+strings.ToLower(name)] = contextkey.One(v)
	}
	return context
}

// aliasesOf are the names of a key's aliases, sorted.
func (s *State) aliasesOf(k *Key) []string {
	var names []string
	for name, arn := range s.Accounts[k.Account].Aliases {
		if arn == k.ARN {
			names = append(names, strings.TrimPrefix(name, k.Region+"/"))
		}
	}
	slices.Sort(names)
	return names
}

// FindS3Key finds a KMS key as S3 does: by key ARN, alias ARN, key id or alias name;
// what is not an ARN is looked up in account and region. "" is the AWS managed key
// aws/s3, which comes into being with its first use. Nil: no such key.
func (s *State) FindS3Key(text, account, region string) *Key {
	if text == "" {
		text = AWSManagedS3Alias
	}
	a, ok := ParseARN(text)
	if !ok {
		a = ARN{s.Partition, "kms", region, account, text}
		if !strings.HasPrefix(text, "alias/") {
			a.Resource = "key/" + text
		}
	}
	owner := s.Accounts[a.Account]
	if owner == nil || a.Service != "kms" {
		return nil
	}
	if strings.HasPrefix(a.Resource, "key/") {
		return s.Keys["arn:"+s.Partition+":kms:"+a.Region+":"+a.Account+":"+a.Resource]
	}
	if a.Resource == AWSManagedS3Alias {
		return s.AWSManagedS3Key(a.Account, a.Region)
	}
	return s.Keys[owner.Aliases[a.Region+"/"+a.Resource]]
}

// AWSManagedS3Alias is the alias of the AWS managed key that S3 uses where no other key is named.
const AWSManagedS3Alias = "alias/aws/s3"

// AWSManagedS3Key is the AWS managed key aws/s3 of an account in a Region; it is
// made when it is first asked for.
func (s *State) AWSManagedS3Key(account, region string) *Key {
	a := s.Accounts[account]
	if arn := a.Aliases[region+"/"+AWSManagedS3Alias]; arn != "" {
		return s.Keys[arn]
	}
	h := hex.EncodeToString(Digest("aws/s3", account, region))
	id := h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:32]
	k := &Key{
		ARN: "arn:" + s.Partition + ":kms:" + region + ":" + account + ":key/" + id,
		ID:  id, Account: account, Region: region, State: "Enabled", Manager: "AWS",
		Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS",
		Policy:      awsManagedS3Policy(s.Partition, account, region),
		Description: "Default key that protects my S3 objects when no other key is defined",
		Created:     time.Now(),
	}
	s.Keys[k.ARN] = k
	a.Aliases[region+"/"+AWSManagedS3Alias] = k.ARN
	return k
}

// DefaultKeyPolicy is the policy of a key that was made without one.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func DefaultKeyPolicy(partition, account string) string {
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
