package newlink

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/rules/fix/edit"
	"crosscheck/scanner/fact"
)

// policyName is that of the role's inline policy.
const policyName = "replication"

// changes are all that is to be made, in the order in which AWS accepts it: S3 refuses a
// configuration between buckets that keep no versions, and bucket and key policies that name
// a role which does not exist.
func (l *Link) changes() []finding.Change {
	var list []finding.Change
	add := func(kind finding.Kind, e finding.End, resource, policy, after, summary string) {
		target := finding.Target{Kind: kind, AccountID: e.AccountID, Region: e.Region, Resource: resource, Policy: policy}
		operation := finding.CreateDocument
		var values []string
		if !kind.Document() && kind != finding.Replication {
			operation, values = finding.Set, []string{after}
		}
		list = append(list, finding.Change{
			Target: target, After: after, Patch: []finding.PatchOperation{}, Links: []string{l.id()}, Rests: []string{},
			Edits: []finding.Edit{{Operation: operation, Statement: -1, Values: finding.NotNil(values), Summary: summary, Findings: []string{}}},
		})
	}
	for _, e := range []finding.End{l.Source, l.Destination} {
		add(finding.Versioning, e, l.bucketARN(e), "", "Enabled", "enable versioning on "+e.Bucket)
	}
	if l.ObjectLock {
		add(finding.ObjectLock, l.Destination, l.bucketARN(l.Destination), "", "Enabled", "enable Object Lock on "+l.Destination.Bucket)
	}
	role := finding.End{AccountID: l.Source.AccountID}
	add(finding.TrustPolicy, role, l.roleARN(), "", edit.New(fix.Trust()), "create the role "+l.Role+", which S3 may assume")
	add(finding.RolePolicy, role, l.roleARN(), policyName, edit.New(l.rolePolicy()...), "give it the inline policy "+policyName)
	if l.crossAccount() {
		add(finding.BucketPolicy, l.Destination, l.bucketARN(l.Destination), "", edit.New(l.bucketPolicy()),
			fmt.Sprintf("let the role write into %s", l.Destination.Bucket))
	}
	for _, key := range l.keysElsewhere() {
		owner := finding.End{AccountID: accountOf(key), Region: regionOfKey(key)}
		add(finding.KeyPolicy, owner, key, "", edit.New(l.keyPolicy(key)...), "let the role use the key "+key)
	}
	add(finding.Replication, l.Source, l.bucketARN(l.Source), "", l.configuration(),
		fmt.Sprintf("replicate %s to %s", l.Source.Bucket, l.Destination.Bucket))
	return list
}

// rolePolicy is what the role needs.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
func (l *Link) rolePolicy() []edit.Statement {
	read := []string{"s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"}
	if l.ObjectLock {
		read = append(read, "s3:GetObjectRetention", "s3:GetObjectLegalHold")
	}
	if l.Annotations {
		read = append(read, "s3:GetObjectVersionAnnotationForReplication")
	}
	list := []edit.Statement{
		{Sid: "ReadConfiguration", Actions: []string{"s3:GetReplicationConfiguration", "s3:ListBucket"}, Resources: []string{l.bucketARN(l.Source)}},
		{Sid: "ReadObjects", Actions: read, Resources: []string{l.objects(l.Source)}},
		{Sid: "WriteReplicas", Actions: l.writes(), Resources: []string{l.objects(l.Destination)}},
	}
	if l.ReplicaKey == "" {
		return list
	}
	sources := l.SourceKeys
	if len(sources) == 0 {
		sources = []string{strings.Join([]string{"arn", l.partition(), "kms", l.Source.Region, l.Source.AccountID, "key/*"}, ":")}
	}
	return append(list,
		edit.Statement{Sid: "DecryptObjects", Actions: []string{"kms:Decrypt"}, Resources: sources, Conditions: l.through(l.Source)},
		edit.Statement{Sid: "EncryptReplicas", Actions: l.encrypts(), Resources: []string{l.ReplicaKey}, Conditions: l.through(l.Destination)})
}

// objects are those of the rule in a bucket, as a policy names them.
func (l *Link) objects(e finding.End) string { return l.bucketARN(e) + "/" + literal(l.Prefix) + "*" }

// literal is a text that a policy takes as it is: in an ARN of a policy *, ? and ${ mean
// something else.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func literal(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c == '*' || c == '?' || strings.HasPrefix(text[i:], "${") {
			b.WriteString("${" + string(c) + "}")
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// writes are the actions at the destination. Tags, retentions and legal holds come with
// s3:ReplicateObject.
func (l *Link) writes() []string {
	actions := []string{"s3:ReplicateObject"}
	if l.DeleteMarkers {
		actions = append(actions, "s3:ReplicateDelete")
	}
	if l.override() {
		actions = append(actions, "s3:ObjectOwnerOverrideToBucketOwner")
	}
	return actions
}

// encrypts are the actions with the key for replicas.
func (l *Link) encrypts() []string {
	actions := []string{"kms:Encrypt"}
	if l.BucketKeys {
		actions = append(actions, "kms:GenerateDataKey", "kms:Decrypt")
	}
	return actions
}

// through restricts the use of a key to S3 in the Region of a bucket. The encryption context
// is left out: it is the ARN of the object or, with bucket keys, of the bucket.
func (l *Link) through(e finding.End) []edit.Condition {
	service := "s3." + e.Region + "." + fact.Domain(l.partition())
	return []edit.Condition{{Operator: "StringEquals", Key: "kms:ViaService", Values: []string{service}}}
}

func (l *Link) principal() []edit.Principal {
	return []edit.Principal{{Type: "AWS", Value: l.roleARN()}}
}

func (l *Link) bucketPolicy() edit.Statement {
	return edit.Statement{Sid: "WriteReplicas", Principals: l.principal(), Actions: l.writes(), Resources: []string{l.objects(l.Destination)}}
}

// keysElsewhere are the keys of other accounts than that of the role: their policies must
// name it. Those of its own account leave that to its policies, as key policies do at first.
func (l *Link) keysElsewhere() []string {
	var keys []string
	for _, key := range append(slices.Clone(l.SourceKeys), l.ReplicaKey) {
		if key != "" && accountOf(key) != l.Source.AccountID && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// keyPolicy is a whole policy of a key: the statement that every key has at first, without
// which the key could not be administered, and what the role needs.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func (l *Link) keyPolicy(key string) []edit.Statement {
	list := []edit.Statement{ownAccount(l.partition(), accountOf(key))}
	if slices.Contains(l.SourceKeys, key) {
		list = append(list, edit.Statement{
			Sid: "DecryptObjects", Principals: l.principal(), Actions: []string{"kms:Decrypt"}, Resources: []string{"*"}, Conditions: l.through(l.Source),
		})
	}
	if key == l.ReplicaKey {
		list = append(list, edit.Statement{
			Sid: "EncryptReplicas", Principals: l.principal(), Actions: l.encrypts(), Resources: []string{"*"}, Conditions: l.through(l.Destination),
		})
	}
	return list
}

// ownAccount leaves a key to the policies of its account.
func ownAccount(partition, account string) edit.Statement {
	return edit.Statement{
		Sid: "EnableIAMPolicies", Principals: []edit.Principal{{Type: "AWS", Value: "arn:" + partition + ":iam::" + account + ":root"}},
		Actions: []string{"kms:*"}, Resources: []string{"*"},
	}
}

// rule is the replication rule. Metrics report what fails.
func (l *Link) rule() fact.ReplicationRule {
	r := fact.ReplicationRule{
		ID: l.ruleID(), Schema: "V2", Status: "Enabled", Priority: 1, Prefix: l.Prefix, DeleteMarkers: onOff(l.DeleteMarkers),
		Destination: fact.Destination{Bucket: l.bucketARN(l.Destination), OwnerOverride: l.override(), ReplicaKMSKeyID: l.ReplicaKey, Metrics: "Enabled"},
	}
	if l.crossAccount() || r.Destination.OwnerOverride {
		r.Destination.Account = l.Destination.AccountID
	}
	if l.ReplicaKey != "" {
		r.SSEKMSObjects = "Enabled"
	}
	return r
}

func onOff(on bool) string {
	if on {
		return "Enabled"
	}
	return "Disabled"
}

func (l *Link) configuration() string {
	b, err := json.MarshalIndent(fact.Replication{Role: l.roleARN(), Rules: []fact.ReplicationRule{l.rule()}}, "", "  ")
	if err != nil {
		panic(err) // plain data
	}
	return string(b)
}
