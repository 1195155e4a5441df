package newlink

import (
	"fmt"

	"crosscheck/rules/finding"
)

// decisions are what the changes rest on and was not read, and what else is to choose.
func (l *Link) decisions() []finding.Decision {
	var list []finding.Decision
	add := func(target finding.Target, format string, args ...any) {
		list = append(list, finding.Decision{Target: target, Link: l.id(), Text: fmt.Sprintf(format, args...), Findings: []string{}})
	}
	from, to := l.Source, l.Destination
	for _, c := range l.changes() {
		switch c.Kind {
		case finding.BucketPolicy:
			add(c.Target, "this is the whole bucket policy of %s: where it has one, add the statement to it instead", to.Bucket)
		case finding.KeyPolicy:
			add(c.Target, "this is the whole policy of the key %s, with the statement that keys have at first: where it has another one, add the statement for the role to it instead", c.Resource)
		case finding.Replication:
			add(c.Target, "this is the whole replication configuration of %s: where it has one, add the rule to it, with a priority of its own, and give the policies to the role that it names", from.Bucket)
		}
	}
	bucket := finding.Target{Kind: finding.Ownership, AccountID: to.AccountID, Region: to.Region, Resource: l.bucketARN(to)}
	switch {
	case l.OwnerOverride && l.Enforced:
		add(bucket, "the owner override is left out: %s enforces bucket ownership, so its account owns the replicas, and the role needs no right for it", to.Bucket)
	case l.OwnerOverride:
		add(bucket, "the owner override is needed only where %s does not enforce bucket ownership, as new buckets do: leave it out if it does", to.Bucket)
	case l.crossAccount() && l.Enforced:
		add(bucket, "%s is taken to enforce bucket ownership, as new buckets do: where it does not, ask for the owner override too, or account %s cannot read the replicas",
			to.Bucket, to.AccountID)
	}
	if l.ReplicaKey != "" && len(l.SourceKeys) == 0 {
		add(finding.Target{Kind: finding.RolePolicy, AccountID: from.AccountID, Resource: l.roleARN(), Policy: policyName},
			"the role may decrypt with every key of account %s, through S3 in %s alone: name the keys that the objects of %s are under, so that it may use these only",
			from.AccountID, from.Region, from.Bucket)
	}
	if l.ReplicaKey != "" && !l.BucketKeys {
		add(finding.Target{Kind: finding.RolePolicy, AccountID: from.AccountID, Resource: l.roleARN(), Policy: policyName},
			"S3 Bucket Keys are taken to be off at both ends: where one has them, ask for bucket keys too, as the role needs kms:GenerateDataKey and kms:Decrypt on the key for replicas then")
	}
	add(finding.Target{}, "nothing was read: policies that deny, of the buckets and keys or of an organization (SCPs, RCPs), may stand in the way; crosscheck scan finds them once this is applied")
	return list
}
