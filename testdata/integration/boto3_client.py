"""boto3 as an independent client of `crosscheck sandbox` with the demo world.

Usage: boto3_client.py ENDPOINT. Credentials come from the environment, as the
sandbox prints them. Every assertion is about what a boto3 user would see.
"""
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]
ORDERS, MEDIA, BACKUP, LEGACY = "111111111111", "222222222222", "333333333333", "444444444444"
CONFIG = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        sys.exit(f"boto3: {what}")


def code(call, *args, **kwargs):
    """The error code of a call that must fail."""
    try:
        call(*args, **kwargs)
    except ClientError as e:
        return e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"]
    return "no error", 200


def client(service, region="us-east-1", credentials=None):
    extra = {}
    if credentials:
        extra = dict(aws_access_key_id=credentials["AccessKeyId"],
                     aws_secret_access_key=credentials["SecretAccessKey"],
                     aws_session_token=credentials["SessionToken"])
    return boto3.client(service, region_name=region, endpoint_url=ENDPOINT, config=CONFIG, **extra)


# Organizations: pages, tree, policies.
orgs = client("organizations")
check(orgs.describe_organization()["Organization"]["Id"] == "o-demo123456", "organization id")
accounts = [a for page in orgs.get_paginator("list_accounts").paginate() for a in page["Accounts"]]
check({ORDERS, MEDIA, BACKUP, LEGACY} < {a["Id"] for a in accounts}, f"accounts {accounts}")
check(len(accounts) == 5, "five accounts are in the organization")
parent = orgs.list_parents(ChildId=ORDERS)["Parents"][0]
check(parent == {"Id": "ou-demo-workload", "Type": "ORGANIZATIONAL_UNIT"}, f"parent {parent}")
scps = orgs.list_policies_for_target(TargetId=parent["Id"], Filter="SERVICE_CONTROL_POLICY")["Policies"]
check({p["Name"] for p in scps} == {"FullAWSAccess", "Guardrails"}, f"SCPs {scps}")
for p in scps:
    check("Statement" in orgs.describe_policy(PolicyId=p["Id"])["Policy"]["Content"], "policy content")

# STS: who calls, and a role in another account.
sts = client("sts")
check(sts.get_caller_identity()["Account"] == "100000000001", "caller")


def assume(account, role):
    return sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="boto3")["Credentials"]


audit = assume(ORDERS, "crosscheck-audit")
check(client("sts", credentials=audit).get_caller_identity()["Arn"] ==
      f"arn:aws:sts::{ORDERS}:assumed-role/crosscheck-audit/boto3", "assumed role ARN")
check(code(assume, LEGACY, "crosscheck-audit") == ("AccessDenied", 403), "a role that is not there is denied")

# IAM as the audit role.
iam = client("iam", credentials=audit)
role = iam.get_role(RoleName="replicate-ledger")["Role"]
check(role["Path"] == "/service-role/" and role["AssumeRolePolicyDocument"]["Statement"], "role with decoded trust")
names = iam.list_role_policies(RoleName="replicate-ledger")["PolicyNames"]
check(names == ["Replication"], f"inline policies {names}")
check(iam.get_role_policy(RoleName="replicate-ledger", PolicyName="Replication")["PolicyDocument"]["Version"] == "2012-10-17",
      "inline policy document")
check(iam.list_attached_role_policies(RoleName="replicate-ledger")["AttachedPolicies"] == [], "no managed policies")
check(code(iam.get_role, RoleName="nobody") == ("NoSuchEntity", 404), "missing role")
check(code(iam.list_users)[0] in ("AccessDenied", "NotImplemented"), "the audit role is held to its policy")

# KMS: the key of the backup account, by alias in its own account and not from elsewhere.
backup_audit = assume(BACKUP, "crosscheck-audit")
kms = client("kms", "eu-west-1", backup_audit)
key = kms.describe_key(KeyId="alias/backup")["KeyMetadata"]
check(key["AWSAccountId"] == BACKUP and key["KeyState"] == "Enabled", "key by alias")
check("ReplicationRole" in kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"], "key policy")
check(any(a["AliasName"] == "alias/backup" for a in kms.list_aliases()["Aliases"]), "aliases")

# S3: listing with Regions, every read that the audit makes, and the absent codes.
s3 = client("s3", credentials=audit)
listed = s3.list_buckets(MaxBuckets=2)
check(len(listed["Buckets"]) == 2 and listed.get("ContinuationToken"), "ListBuckets pages")
pages = [b for page in s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 2}) for b in page["Buckets"]]
check(len(pages) == 5 and all(b["BucketRegion"] == "us-east-1" for b in pages), f"buckets {pages}")
replication = s3.get_bucket_replication(Bucket="orders-ledger")["ReplicationConfiguration"]
rule = replication["Rules"][0]
check(rule["Destination"]["Account"] == BACKUP and rule["Destination"]["AccessControlTranslation"] == {"Owner": "Destination"}, "rule")
check(rule["SourceSelectionCriteria"]["SseKmsEncryptedObjects"] == {"Status": "Enabled"}, "KMS opt-in")
check(s3.get_bucket_versioning(Bucket="orders-ledger")["Status"] == "Enabled", "versioning")
check(s3.get_bucket_encryption(Bucket="orders-ledger")["ServerSideEncryptionConfiguration"]["Rules"][0]
      ["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms", "encryption")
check(s3.get_bucket_ownership_controls(Bucket="orders-ledger")["OwnershipControls"]["Rules"], "ownership")
check(s3.get_public_access_block(Bucket="orders-ledger")["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True, "PAB")
check(s3.get_bucket_request_payment(Bucket="orders-ledger")["Payer"] == "BucketOwner", "payer")
check("QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket="orders-ledger"), "no notification")
for call, want in [
    (s3.get_bucket_policy, ("NoSuchBucketPolicy", 404)),
    (s3.get_object_lock_configuration, ("ObjectLockConfigurationNotFoundError", 404)),
    (s3.get_bucket_lifecycle_configuration, ("NoSuchLifecycleConfiguration", 404)),
    (s3.get_bucket_tagging, ("NoSuchTagSet", 404)),
]:
    check(code(call, Bucket="orders-ledger") == want, f"{call.__name__}: {code(call, Bucket='orders-ledger')}")
media = client("s3", credentials=assume(MEDIA, "crosscheck-audit"))
check(code(media.get_bucket_replication, Bucket="media-catalog") == ("ReplicationConfigurationNotFoundError", 404), "no replication")
check(code(media.get_bucket_replication, Bucket="no-such-bucket-here") == ("NoSuchBucket", 404), "no such bucket")
check(code(media.get_bucket_replication, Bucket="media-catalog", ExpectedBucketOwner=ORDERS) == ("AccessDenied", 403), "expected owner")
check(code(s3.put_object, Bucket="orders-ledger", Key="x", Body=b"") == ("AccessDenied", 403), "the audit role cannot write")

# boto3 follows the redirect to the bucket's own Region.
elsewhere = client("s3", "us-east-1", assume(BACKUP, "crosscheck-canary"))
check(elsewhere.head_bucket(Bucket="backup-ledger")["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "eu-west-1", "redirect")
check(elsewhere.get_bucket_versioning(Bucket="backup-ledger")["Status"] == "Enabled", "read after redirect")

# The object plane: put, replicate, list versions, delete, on both sides.
source = client("s3", credentials=assume(ORDERS, "crosscheck-canary"))
target = client("s3", "eu-west-1", assume(BACKUP, "crosscheck-canary"))
KEY = "crosscheck-canary/boto3/1"
put = source.put_object(Bucket="orders-invoices", Key=KEY, Body=b"probe", Metadata={"run": "boto3"}, Tagging="probe=yes")
version = put["VersionId"]
for _ in range(200):
    head = source.head_object(Bucket="orders-invoices", Key=KEY)
    if head["ReplicationStatus"] != "PENDING":
        break
    time.sleep(0.02)
check(head["ReplicationStatus"] == "COMPLETED", f"source status {head['ReplicationStatus']}")
replica = target.get_object(Bucket="backup-invoices", Key=KEY, VersionId=version, ChecksumMode="ENABLED")
check(replica["Body"].read() == b"probe" and replica["ReplicationStatus"] == "REPLICA", "replica")
check(replica["VersionId"] == version and replica["ETag"] == put["ETag"] and replica["Metadata"] == {"run": "boto3"}, "equality")
check(replica["ChecksumCRC32"] if "ChecksumCRC32" in replica else replica["ChecksumCRC64NVME"], "checksum on the replica")
check(target.get_object_tagging(Bucket="backup-invoices", Key=KEY)["TagSet"] == [{"Key": "probe", "Value": "yes"}], "tags")
check(code(target.get_object, Bucket="backup-invoices", Key=KEY, IfNoneMatch=put["ETag"])[1] == 304, "conditional GET")
marker = source.delete_object(Bucket="orders-invoices", Key=KEY)
check(marker["DeleteMarker"] is True, "delete marker")
for _ in range(200):
    listing = target.list_object_versions(Bucket="backup-invoices", Prefix="crosscheck-canary/boto3/")
    if listing.get("DeleteMarkers"):
        break
    time.sleep(0.02)
check(len(listing["Versions"]) == 1 and len(listing["DeleteMarkers"]) == 1, f"versions {listing}")
for s3_client, bucket in (source, "orders-invoices"), (target, "backup-invoices"):
    for page in s3_client.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1}):
        for v in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3_client.delete_object(Bucket=bucket, Key=v["Key"], VersionId=v["VersionId"])
    left = s3_client.list_object_versions(Bucket=bucket)
    check(not left.get("Versions") and not left.get("DeleteMarkers"), f"{bucket} is empty")

# Multipart with a full-object checksum.
upload = source.create_multipart_upload(Bucket="orders-invoices", Key=KEY, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
parts = []
for n, body in (1, b"a" * (5 << 20)), (2, b"b"):
    part = source.upload_part(Bucket="orders-invoices", Key=KEY, UploadId=upload["UploadId"], PartNumber=n, Body=body, ChecksumAlgorithm="CRC32")
    parts.append({"PartNumber": n, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]})
done = source.complete_multipart_upload(Bucket="orders-invoices", Key=KEY, UploadId=upload["UploadId"], MultipartUpload={"Parts": parts})
check(done["ETag"].endswith('-2"'), f"multipart ETag {done['ETag']}")
check(source.head_object(Bucket="orders-invoices", Key=KEY)["ContentLength"] == (5 << 20) + 1, "multipart size")

# What the sandbox does not know is an error, never an empty success.
check(code(s3.get_bucket_website, Bucket="orders-ledger")[0] in ("NotImplemented", "AccessDenied"), "unknown subresource")
print(f"boto3: {checks} checks passed")
