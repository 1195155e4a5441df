// Package rows lists the permission rules: those that answer from a cell of the matrix of
// package permission.
package rows

import (
	"slices"

	"crosscheck/rules/finding"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
)

// guide is where AWS documents replication.
const guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"

// Controls that several rules are for.
var (
	leastPrivilege = []string{"NIST-800-53r5/AC-6", "NIST-800-53r5/CP-9"}
	encryption     = []string{"SecurityHub/S3.17", "NIST-800-53r5/SC-12", "NIST-800-53r5/AC-6"}
)

// rules are the permission rules, sorted by id.
var rules = []*Rule{
	{
		ID: "XC006", Title: "S3 may assume the replication role",
		Pack: "links", Severity: finding.Critical, Decides: true,
		Description: "The trust policy of the role must let the service s3.amazonaws.com assume it.\n" +
			"Whether S3 sends aws:SourceArn and aws:SourceAccount when it does is not\n" +
			"documented: a trust policy that depends on matching values is unknown, one with\n" +
			"other values fails.",
		When:        []string{"role"},
		Asks:        []demand.Key{{Layer: demand.Trust, Action: "sts:AssumeRole"}},
		Controls:    leastPrivilege,
		Remediation: "let the principal service s3.amazonaws.com do sts:AssumeRole in the trust policy of the role",
		Evidence:    "recorded",
		Sources:     []string{guide + "setting-repl-config-perm-overview.html"},
	},
	{
		ID: "XC007", Title: "The role may read the replication configuration and list the source",
		Pack: "links", Severity: finding.High, Decides: true,
		Description: "AWS requires s3:GetReplicationConfiguration and s3:ListBucket on the source bucket.",
		Asks:        []demand.Key{{Layer: demand.Source, Action: "s3:GetReplicationConfiguration"}, {Layer: demand.Source, Action: "s3:ListBucket"}},
		Controls:    leastPrivilege,
		Remediation: "allow s3:GetReplicationConfiguration and s3:ListBucket on the source bucket in a policy of the role",
		Evidence:    "documented",
		Sources:     []string{guide + "setting-repl-config-perm-overview.html"},
	},
	{
		ID: "XC008", Title: "The role may read the source objects",
		Pack: "links", Severity: finding.Critical, Decides: true,
		Description: "s3:GetObjectVersionForReplication on every object of the rule; for objects that\n" +
			"are not under KMS, s3:GetObjectVersion does as well, and a Deny of one of the two\n" +
			"is no Deny of the other.",
		Asks:        []demand.Key{{Layer: demand.Source, Action: "s3:GetObjectVersionForReplication"}},
		Controls:    leastPrivilege,
		Remediation: "allow s3:GetObjectVersionForReplication on the source objects in a policy of the role",
		Evidence:    "recorded",
		Sources:     []string{guide + "setting-repl-config-perm-overview.html"},
	},
	{
		ID: "XC009", Title: "The role may read the ACLs of the source objects",
		Pack: "links", Severity: finding.High, Decides: true,
		Description: "s3:GetObjectVersionAcl on every object of the rule; S3 copies the ACL with the object.",
		Asks:        []demand.Key{{Layer: demand.Source, Action: "s3:GetObjectVersionAcl"}},
		Controls:    leastPrivilege,
		Remediation: "allow s3:GetObjectVersionAcl on the source objects in a policy of the role",
		Evidence:    "recorded",
		Sources:     []string{guide + "setting-repl-config-perm-overview.html"},
	},
	{
		ID: "XC010", Title: "The role may read the tags of the source objects",
		Pack: "links", Severity: finding.High, Decides: true,
		Description: "An explicit Deny of s3:GetObjectVersionTagging was recorded to leave tagged\n" +
			"objects FAILED, without any event or metric that shows it. AWS's pages disagree on\n" +
			"what happens where no policy allows it: either tags are dropped silently or the object\n" +
			"fails. In both cases tagged objects do not arrive as they are; untagged ones do.",
		Asks:        []demand.Key{{Layer: demand.Source, Action: "s3:GetObjectVersionTagging"}},
		Exception:   TagsAreLost,
		Controls:    leastPrivilege,
		Remediation: "allow s3:GetObjectVersionTagging on the source objects in a policy of the role, and remove a Deny of it",
		Evidence:    "recorded",
		Sources:     []string{guide + "setting-repl-config-perm-overview.html"},
	},
	{
		ID: "XC011", Title: "The role may write the replicas",
		Pack: "links", Severity: finding.Critical, Decides: true,
		Description: "s3:ReplicateObject on the destination, as far as the role decides: its policies,\n" +
			"its permissions boundary and the SCPs over its account.",
		Asks: []demand.Key{{Layer: demand.Destination, Action: "s3:ReplicateObject"}}, Side: permission.RoleSide,
		Controls:    leastPrivilege,
		Remediation: "allow s3:ReplicateObject on the destination objects in a policy of the role",
		Evidence:    "recorded",
		Sources:     []string{guide + "setting-repl-config-perm-overview.html"},
	},
	{
		ID: "XC012", Title: "The destination admits the role",
		Pack: "links", Severity: finding.Critical, Decides: true,
		Description: "s3:ReplicateObject as far as the destination decides: its bucket policy, its\n" +
			"Block Public Access and the RCPs over its account. Between accounts the bucket\n" +
			"policy must allow the role; the ARN must be the role's own, with its path.",
		Asks: []demand.Key{{Layer: demand.Destination, Action: "s3:ReplicateObject"}}, Side: permission.ResourceSide,
		Controls:    leastPrivilege,
		Remediation: "allow the role s3:ReplicateObject on the destination objects in the destination's bucket policy",
		Evidence:    "recorded",
		Sources:     []string{guide + "setting-repl-config-perm-overview.html"},
	},
	{
		ID: "XC013", Title: "The role may change the owner of the replicas",
		Pack: "ownership", Severity: finding.Critical, Decides: true,
		Description: "A rule with the owner override needs s3:ObjectOwnerOverrideToBucketOwner on both\n" +
			"sides, unless the destination enforces bucket ownership.",
		Asks:        []demand.Key{{Layer: demand.Destination, Action: "s3:ObjectOwnerOverrideToBucketOwner"}},
		Controls:    leastPrivilege,
		Remediation: "allow s3:ObjectOwnerOverrideToBucketOwner on the destination objects, in a policy of the role and in the destination's bucket policy",
		Evidence:    "documented",
		Sources:     []string{guide + "replication-change-owner.html"},
	},
	{
		ID: "XC015", Title: "The role may replicate delete markers",
		Pack: "links", Severity: finding.High, Decides: true,
		Description: "s3:ReplicateDelete on the destination objects, where the rule replicates delete\n" +
			"markers: V1 rules (without Filter) always do, V2 rules if they say so.",
		Asks:        []demand.Key{{Layer: demand.Destination, Action: "s3:ReplicateDelete"}},
		Controls:    leastPrivilege,
		Remediation: "allow s3:ReplicateDelete on the destination objects, in a policy of the role and in the destination's bucket policy",
		Evidence:    "documented",
		Sources:     []string{guide + "delete-marker-replication.html"},
	},
	{
		ID: "XC016", Title: "No policy denies the role the right to replicate tags",
		Pack: "links", Severity: finding.High, Decides: true,
		Description: "s3:ReplicateObject covers tags. An explicit Deny of s3:ReplicateTags was recorded:\n" +
			"the object arrives without its tags, the source object shows FAILED, and neither\n" +
			"an event nor a metric shows it. Untagged objects are not touched by it.",
		Asks:        []demand.Key{{Layer: demand.Destination, Action: "s3:ReplicateTags"}},
		Controls:    leastPrivilege,
		Remediation: "remove the Deny of s3:ReplicateTags for the role; where tags must not arrive, strip them after replication",
		Evidence:    "recorded",
		Sources:     []string{guide + "setting-repl-config-perm-overview.html"},
	},
	{
		ID: "XC018", Title: "The role may read retentions and legal holds",
		Pack: "protection", Severity: finding.High, Decides: true,
		Description: "Where Object Lock is enabled on the source, S3 reads s3:GetObjectRetention and\n" +
			"s3:GetObjectLegalHold with every object. A Deny was recorded to fail the objects\n" +
			"that carry a retention or a hold, and nothing of them arrives.",
		When:        []string{"object_lock", "role"},
		Asks:        []demand.Key{{Layer: demand.Source, Action: "s3:GetObjectRetention"}, {Layer: demand.Source, Action: "s3:GetObjectLegalHold"}},
		Controls:    leastPrivilege,
		Remediation: "allow s3:GetObjectRetention and s3:GetObjectLegalHold on the source objects in a policy of the role",
		Evidence:    "recorded",
		Sources:     []string{guide + "object-lock-managing.html"},
	},
	{
		ID: "XC019", Title: "No policy denies the role the right to write retentions and legal holds",
		Pack: "protection", Severity: finding.Medium, Decides: true,
		Description: "Replicas were recorded to keep retention and legal hold without any grant at the\n" +
			"destination. What an explicit Deny of s3:PutObjectRetention or s3:PutObjectLegalHold\n" +
			"does was not recorded; AWS lists failure codes for it. Objects that carry lock\n" +
			"metadata would meet them.",
		When:        []string{"object_lock"},
		Asks:        []demand.Key{{Layer: demand.Destination, Action: "s3:PutObjectRetention"}, {Layer: demand.Destination, Action: "s3:PutObjectLegalHold"}},
		Exception:   Contested("objects with a retention or a legal hold may fail"),
		Controls:    []string{"NIST-800-53r5/AC-6", "NIST-800-53r5/CP-6(2)"},
		Remediation: "remove the Deny of s3:PutObjectRetention and s3:PutObjectLegalHold for the role",
		Evidence:    "inferred",
		Sources:     []string{guide + "replication-metrics-events.html"},
	},
	{
		ID: "XC020", Title: "Annotations of objects replicate",
		Pack: "configuration", Severity: finding.Info,
		Description: "Annotations replicate on their own, if the role may read them with\n" +
			"s3:GetObjectVersionAnnotationForReplication and no policy denies\n" +
			"s3:ReplicateObjectAnnotation. Where they do not, the object arrives all the same and\n" +
			"its replication status does not show it.",
		Asks:        []demand.Key{{Layer: demand.Source, Action: "s3:GetObjectVersionAnnotationForReplication"}, {Layer: demand.Destination, Action: "s3:ReplicateObjectAnnotation"}},
		Controls:    leastPrivilege,
		Remediation: "allow s3:GetObjectVersionAnnotationForReplication on the source objects, if annotations are in use",
		Evidence:    "documented",
		Sources:     []string{guide + "replication-example-walkthroughs.html"},
	},
	{
		ID: "XC023", Title: "The role may decrypt source objects",
		Pack: "encryption", Severity: finding.Critical, Decides: true,
		Description: "kms:Decrypt on the default key of the source, through S3 in the key's Region and\n" +
			"with the object as encryption context; with bucket keys on, AWS documents the bucket\n" +
			"as context instead, and a policy that distinguishes the two is unknown. Other keys of\n" +
			"source objects are not seen. Where the default is not KMS, writers choose the key: the\n" +
			"role must be allowed every key of the account in the Region or a key that its\n" +
			"policies name; it fails where it is allowed none at all.",
		When:        []string{"kms", "role"},
		Asks:        []demand.Key{{Layer: demand.SourceKey, Action: "kms:Decrypt"}},
		Controls:    encryption,
		Remediation: "allow kms:Decrypt on the source key in a policy of the role, and in the key policy where it does not delegate to the account",
		Evidence:    "recorded",
		Sources:     []string{guide + "replication-config-for-kms-objects.html"},
	},
	{
		ID: "XC026", Title: "The role may encrypt replicas",
		Pack: "encryption", Severity: finding.Critical, Decides: true,
		Description: "kms:Encrypt on the key for replicas, through S3 in the key's Region and with the\n" +
			"destination object as encryption context. Recorded: with bucket keys off nothing more\n" +
			"is needed. Between accounts the key policy must allow the role as well.",
		When:        []string{"kms", "role"},
		Asks:        []demand.Key{{Layer: demand.DestinationKey, Action: "kms:Encrypt"}},
		Controls:    encryption,
		Remediation: "allow kms:Encrypt on the key for replicas in a policy of the role and, between accounts, in the key policy",
		Evidence:    "recorded",
		Sources:     []string{guide + "replication-config-for-kms-objects.html"},
	},
	{
		ID: "XC028", Title: "The role may do what bucket keys need",
		Pack: "encryption", Severity: finding.High, Decides: true,
		Description: "With bucket keys AWS's pages name kms:GenerateDataKey and kms:Decrypt on the key for\n" +
			"replicas beside kms:Encrypt; what S3 calls was not recorded. A role that lacks one of\n" +
			"them is unknown: put an object under the bucket key and watch it with a canary.",
		When:        []string{"kms"},
		Asks:        []demand.Key{{Layer: demand.DestinationKey, Action: "kms:GenerateDataKey"}, {Layer: demand.DestinationKey, Action: "kms:Decrypt"}},
		Exception:   Contested("bucket keys are on, and AWS's pages disagree on whether this is needed then (try it with a canary)"),
		Controls:    []string{"SecurityHub/S3.17", "NIST-800-53r5/SC-12"},
		Remediation: "allow kms:GenerateDataKey and kms:Decrypt on the key for replicas, in a policy of the role and in the key policy",
		Evidence:    "documented",
		Sources: []string{guide + "bucket-key.html",
			guide + "replication-troubleshoot.html"},
	},
}

// Rules lists the permission rules, sorted by id.
func Rules() []*Rule { return slices.Clone(rules) }
