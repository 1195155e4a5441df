# What rules about the keys of replicas share.
package crosscheck.keys

# Where a rule names the key for its replicas: never beside UseSourceMultiRegionKey.
setting(link) := "in ReplicaKmsKeyID, and remove UseSourceMultiRegionKey" if {
	link.rule.destination.related_key
} else := "in ReplicaKmsKeyID"
