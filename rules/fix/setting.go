package fix

import (
	"strings"

	"crosscheck/rules/finding"
	policytext "crosscheck/rules/fix/edit"
	"crosscheck/rules/fix/overlay"
	"crosscheck/scanner/fact"
)

// settingRemedies are for findings about settings of buckets and keys, and about what does
// not exist.
var settingRemedies = map[string]remedy{
	"XC001": func(f *failure) []want { return f.versioned(&f.doc.Bucket) },
	"XC002": func(f *failure) []want {
		return f.decide(f.replication(), "create the bucket %s, or name the bucket that is meant in the rule %s: which account is to have it is not in the facts",
			f.link.Destination, f.link.Rule.ID)
	},
	"XC003": func(f *failure) []want {
		return f.decide(f.replication(), "whether the data may go to the account that owns %s: %s. Then set Destination.Account of the rule %s to it; else name another bucket",
			f.link.Destination, f.Message, f.link.Rule.ID)
	},
	"XC004": func(f *failure) []want { return f.versioned(f.destination) },
	"XC005": createRole,
	"XC014": enforceOwnership,
	"XC017": func(f *failure) []want {
		if f.destination == nil {
			return nil
		}
		return f.set(onBucket(finding.ObjectLock, f.destination), "Enabled",
			"enable Object Lock on "+f.destination.Name+", as "+f.doc.Bucket.Name+" has it; it cannot be disabled again")
	},
	"XC022": func(f *failure) []want {
		return f.enable(f.link.SourceKey, "encrypt "+f.doc.Bucket.Name+" with another key: objects that are under this one cannot be read")
	},
	"XC025": func(f *failure) []want {
		if key := f.doc.Keys[f.link.ReplicaKey].Value; key != nil && key.State == "Enabled" {
			return f.decide(f.replication(), "which symmetric key replicas are to be under: S3 cannot encrypt with %s", key.ARN)
		}
		return f.enable(f.link.ReplicaKey, "name another key in ReplicaKmsKeyID of the rule "+f.link.Rule.ID)
	},
	"XC049": func(f *failure) []want {
		if f.destination == nil {
			return nil
		}
		b := f.destination
		return f.decide(onBucket(finding.RequestPayment, b), "who pays for requests to %s: nothing replicates into it from another account while the requester pays. "+
			"Where its account may pay: aws s3api put-bucket-request-payment --bucket %s --expected-bucket-owner %s --request-payment-configuration Payer=BucketOwner",
			b.Name, b.Name, b.AccountID)
	},
}

// replication is the target of decisions about the rule.
func (f *failure) replication() finding.Target { return onBucket(finding.Replication, &f.doc.Bucket) }

// versioned wants versioning on a bucket.
func (f *failure) versioned(b *fact.Bucket) []want {
	if b == nil {
		return nil
	}
	return f.set(onBucket(finding.Versioning, b), "Enabled", "enable versioning on "+b.Name)
}

// enforceOwnership is the smaller way to have replicas owned by the account of the
// destination: one setting, which also hands over what is there, where an owner override
// needs the rule and rights in two policies, and is for new replicas alone.
func enforceOwnership(f *failure) []want {
	if f.destination == nil {
		return nil
	}
	name := f.destination.Name
	return f.set(onBucket(finding.Ownership, f.destination), "BucketOwnerEnforced",
		"have "+name+" enforce bucket ownership, so that its account owns all replicas, those too that are there: "+
			"one setting, where an owner override needs rights in two policies. ACLs decide nothing in "+name+" then")
}

// Trust lets S3 assume a replication role.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
func Trust() policytext.Statement {
	return policytext.Statement{
		Sid: "Replication", Principals: []policytext.Principal{{Type: "Service", Value: "s3.amazonaws.com"}}, Actions: []string{"sts:AssumeRole"},
	}
}

// createRole makes the role that a configuration names. The rights that it then lacks are
// wanted once it is there.
func createRole(f *failure) []want {
	account, name := f.doc.Bucket.AccountID, f.link.RoleARN
	parts := strings.SplitN(name, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" || parts[4] != account || !strings.HasPrefix(parts[5], "role/") {
		return f.decide(f.replication(), "which role of account %s replicates from %s: %s is none of it", account, f.doc.Bucket.Name, name)
	}
	t := finding.Target{Kind: finding.TrustPolicy, AccountID: account, Resource: name}
	if _, ok := overlay.Value(f.doc, t); !ok {
		return nil
	}
	w := f.want(t)
	w.edit = &edit{Edit: finding.Edit{
		Operation: finding.CreateDocument, Statement: -1, Values: []string{policytext.New(Trust())},
		Summary: "create the role " + strings.TrimPrefix(parts[5], "role/") + ", which S3 may assume",
	}}
	return []want{w}
}

// enable wants a key of the facts enabled, where it was disabled and nothing worse.
func (f *failure) enable(name, otherwise string) []want {
	key := f.doc.Keys[name].Value
	if key == nil {
		return f.decide(f.replication(), "the key %s does not exist: %s", name, otherwise)
	}
	t := onKey(finding.KeyState, key)
	switch key.State {
	case "Disabled":
		return f.set(t, "Enabled", "enable the key "+key.ARN)
	case "PendingDeletion":
		return f.decide(t, "whether the key %s is to be deleted: once it is, what is under it cannot be read. To keep it: aws kms cancel-key-deletion --key-id %s, "+
			"then aws kms enable-key --key-id %s. Else %s", key.ARN, key.ARN, key.ARN, otherwise)
	}
	return f.decide(t, "the key %s is in state %s, in which it cannot be used: wait until it is available, or %s", key.ARN, key.State, otherwise)
}
