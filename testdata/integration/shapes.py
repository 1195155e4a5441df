"""Compare the shapes of the sandbox's answers with moto's, an AWS double that
this project did not write.

Usage: shapes.py SANDBOX MOTO. The same resources are read from both through
boto3; what is compared is which members an answer has and of which type, and
the code and status of errors. Where moto is known to differ from AWS, the
difference is listed in KNOWN with its reason, and an entry that is no longer
needed fails the test as well.
"""
import json
import subprocess
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

SANDBOX, MOTO = sys.argv[1], sys.argv[2]
CONFIG = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})

# operation -> members in which the two may differ, and why.
KNOWN = json.load(open(__file__.replace("shapes.py", "shapes_known.json")))


def shape(value, path=""):
    """The set of member paths with the type of their leaves."""
    if isinstance(value, dict):
        out = set()
        for k, v in value.items():
            if k != "ResponseMetadata":
                out |= shape(v, f"{path}.{k}" if path else k)
        return out
    if isinstance(value, list):
        out = {f"{path}[]"}
        for v in value:
            out |= shape(v, f"{path}[]")
        return out
    return {f"{path}:{type(value).__name__}"}


class Side:
    def __init__(self, endpoint, **credentials):
        self.session = boto3.Session(region_name="us-east-1", **credentials)
        self.endpoint = endpoint

    def client(self, service, region="us-east-1"):
        return self.session.client(service, region_name=region, endpoint_url=self.endpoint, config=CONFIG)

    def assume(self, arn):
        c = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="shapes")["Credentials"]
        return Side(self.endpoint, aws_access_key_id=c["AccessKeyId"], aws_secret_access_key=c["SecretAccessKey"],
                    aws_session_token=c["SessionToken"])


def observe(side, account, other, unit, key_id):
    """The answers of one side, by operation."""
    seen = {}
    role, bucket = "replicate-ledger", "orders-ledger"

    def call(name, method, **kwargs):
        try:
            answer = method(**kwargs)
            body = answer.get("Body")
            if body is not None:
                answer = dict(answer, Body=body.read().decode())
            seen[name] = shape(answer)
            return answer
        except ClientError as e:
            seen[name] = {f"error {e.response['Error']['Code']} {e.response['ResponseMetadata']['HTTPStatusCode']}"}
            return {}

    orgs = side.client("organizations")
    call("organizations.DescribeOrganization", orgs.describe_organization)
    call("organizations.ListAccounts", orgs.list_accounts)
    call("organizations.ListRoots", orgs.list_roots)
    call("organizations.ListParents", orgs.list_parents, ChildId=account)
    scps = call("organizations.ListPoliciesForTarget", orgs.list_policies_for_target, TargetId=unit, Filter="SERVICE_CONTROL_POLICY")
    call("organizations.DescribePolicy", orgs.describe_policy, PolicyId=next(p["Id"] for p in scps["Policies"] if not p["AwsManaged"]))
    sts = side.client("sts")
    call("sts.GetCallerIdentity", sts.get_caller_identity)
    call("sts.AssumeRole", sts.assume_role, RoleArn=f"arn:aws:iam::{account}:role/crosscheck-audit", RoleSessionName="shapes")
    member = side.assume(f"arn:aws:iam::{account}:role/crosscheck-audit")
    iam = member.client("iam")
    call("iam.GetRole", iam.get_role, RoleName=role)
    call("iam.GetRole missing", iam.get_role, RoleName="nobody")
    call("iam.ListRolePolicies", iam.list_role_policies, RoleName=role)
    call("iam.GetRolePolicy", iam.get_role_policy, RoleName=role, PolicyName="Replication")
    call("iam.ListAttachedRolePolicies", iam.list_attached_role_policies, RoleName=role)
    call("iam.GetAccountAuthorizationDetails", iam.get_account_authorization_details, Filter=["Role"], MaxItems=200)
    kms = member.client("kms")
    call("kms.DescribeKey", kms.describe_key, KeyId=key_id)
    call("kms.DescribeKey missing", kms.describe_key, KeyId="00000000-0000-0000-0000-000000000000")
    call("kms.GetKeyPolicy", kms.get_key_policy, KeyId=key_id, PolicyName="default")
    call("kms.ListGrants", kms.list_grants, KeyId=key_id)
    s3 = member.client("s3")
    fresh = side.assume(f"arn:aws:iam::{other}:role/crosscheck-audit").client("s3")
    call("s3.ListBuckets", s3.list_buckets, MaxBuckets=1000)
    for op, method in [
        ("GetBucketVersioning", s3.get_bucket_versioning), ("GetBucketReplication", s3.get_bucket_replication),
        ("GetBucketPolicy", s3.get_bucket_policy), ("GetBucketEncryption", s3.get_bucket_encryption),
        ("GetBucketOwnershipControls", s3.get_bucket_ownership_controls), ("GetPublicAccessBlock", s3.get_public_access_block),
        ("GetBucketTagging", s3.get_bucket_tagging), ("GetObjectLockConfiguration", s3.get_object_lock_configuration),
        ("GetBucketLifecycleConfiguration", s3.get_bucket_lifecycle_configuration),
        ("GetBucketNotificationConfiguration", s3.get_bucket_notification_configuration),
    ]:
        call(f"s3.{op}", method, Bucket=bucket)
        call(f"s3.{op} fresh", getattr(fresh, method.__name__), Bucket="media-scratch")
        call(f"s3.{op} missing", method, Bucket="no-such-bucket-anywhere")
    writer = side.assume(f"arn:aws:iam::{account}:role/crosscheck-canary").client("s3")
    call("s3.HeadBucket", writer.head_bucket, Bucket=bucket)
    call("s3.HeadBucket missing", writer.head_bucket, Bucket="no-such-bucket-anywhere")
    k = dict(Bucket=bucket, Key="crosscheck-canary/shapes/1")
    version = call("s3.PutObject", writer.put_object, Body=b"x", Metadata={"a": "b"}, Tagging="t=1", **k).get("VersionId")
    call("s3.HeadObject", writer.head_object, **k)
    call("s3.GetObject", writer.get_object, **k)
    call("s3.GetObject range", writer.get_object, Range="bytes=0-0", **k)
    call("s3.GetObjectTagging", writer.get_object_tagging, **k)
    call("s3.ListObjectsV2", writer.list_objects_v2, Bucket=bucket)
    call("s3.ListObjectVersions", writer.list_object_versions, Bucket=bucket)
    call("s3.DeleteObject", writer.delete_object, **k)
    call("s3.GetObject deleted", writer.get_object, **k)
    call("s3.HeadObject deleted", writer.head_object, **k)
    call("s3.ListObjectVersions marker", writer.list_object_versions, Bucket=bucket)
    call("s3.DeleteObject version", writer.delete_object, VersionId=version, **k)
    call("s3.GetObject no version", writer.get_object, VersionId=version, **k)
    return seen


def fill_moto():
    """The demo world in moto; the account ids that moto chose."""
    here = __file__.replace("shapes.py", "")
    out = subprocess.run([sys.executable, here + "moto_world.py", MOTO, here + "../worlds/demo.yaml"], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


ids = fill_moto()
moto = Side(MOTO, aws_access_key_id="test", aws_secret_access_key="test")
unit = moto.client("organizations").list_parents(ChildId=ids["111111111111"])["Parents"][0]["Id"]
key = moto.assume(f"arn:aws:iam::{ids['111111111111']}:role/crosscheck-audit").client("kms").list_keys()["Keys"][0]["KeyArn"]
from_moto = observe(moto, ids["111111111111"], ids["222222222222"], unit, key)
from_sandbox = observe(Side(SANDBOX), "111111111111", "222222222222", "ou-demo-workload",
                       "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555")
failures, used, compared = [], set(), 0
for op in from_moto:
    compared += 1
    known = KNOWN.get(op, {})
    for member in sorted(from_moto[op] ^ from_sandbox[op]):
        side = "only moto" if member in from_moto[op] else "only sandbox"
        if member in known:
            used.add((op, member))
        else:
            failures.append(f"{op}: {side}: {member}")
for op, members in KNOWN.items():
    for member in members:
        if (op, member) not in used:
            failures.append(f"{op}: {member} is listed as a known difference and is none")
if failures:
    sys.exit("shapes differ:\n  " + "\n  ".join(failures))
print(f"shapes: {compared} answers agree with moto's, {len(used)} known differences")
