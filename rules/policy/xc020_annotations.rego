# METADATA
# title: Annotations of objects replicate
# description: |
#   Annotations replicate on their own, if the role may read them with
#   s3:GetObjectVersionAnnotationForReplication and nobody denies it
#   s3:ReplicateObjectAnnotation. Where they do not, the object arrives all the same and
#   its replication status does not show it.
# custom:
#   id: XC020
#   pack: configuration
#   severity: info
#   scope: link
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, bucket.policy, source_account.rcps]
#   failure_codes: [SrcGetObjectAnnotationNotPermitted, DstPutObjectAnnotationNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: allow s3:GetObjectVersionAnnotationForReplication on the source objects, if annotations are in use
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-example-walkthroughs.html
package crosscheck.rules.xc020

answers contains crosscheck.answer(link.id, check) if {
	some link in input.links
	some check in ["source/s3:GetObjectVersionAnnotationForReplication", "destination/s3:ReplicateObjectAnnotation"]
}
