# What rules about the grants of bucket policies share.
package crosscheck.grants

# What distinguishes two grants of one policy.
key(grant) := concat(",", array.concat(grant.actions, sort(grant.principals)))

# The fault that the policy of the destination grants more than replication needs.
fault(link, grant) := {
	"key": key(grant),
	"message": sprintf("the policy of %s lets %s do %s", [link.destination, concat(", ", grant.principals), concat(", ", grant.actions)]),
	"evidence": {"grant": grant},
	"remediation": sprintf("remove %s from statement %s of the policy of %s", [concat(", ", grant.actions), grant.name, link.destination]),
}
