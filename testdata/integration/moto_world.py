"""Build a world file's organization in moto, through its public API.

Usage: moto_world.py ENDPOINT WORLD.yaml. moto chooses the account ids, so the
ids of the file are replaced everywhere, policies included. Prints the mapping
{id in the file: id in moto} as JSON.
"""
import json
import sys

import boto3
import yaml
from botocore.config import Config

ENDPOINT, WORLD = sys.argv[1], sys.argv[2]
CONFIG = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
MANAGEMENT = "123456789012"  # moto's own


def client(service, region="us-east-1", account=None):
    extra = dict(aws_access_key_id="test", aws_secret_access_key="test")
    if account:
        c = client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/setup", RoleSessionName="setup")["Credentials"]
        extra = dict(aws_access_key_id=c["AccessKeyId"], aws_secret_access_key=c["SecretAccessKey"], aws_session_token=c["SessionToken"])
    return boto3.client(service, region_name=region, endpoint_url=ENDPOINT, config=CONFIG, **extra)


text = open(WORLD).read()
world = yaml.safe_load(text)
orgs = client("organizations")
orgs.create_organization(FeatureSet="ALL")
root = orgs.list_roots()["Roots"][0]["Id"]
ids = {world["organization"]["management_account"]: MANAGEMENT, world["organization"]["id"]: orgs.describe_organization()["Organization"]["Id"]}
for a in world["accounts"]:
    if a["id"] not in ids and a.get("parent") != "none":
        ids[a["id"]] = orgs.create_account(AccountName=a["name"], Email=a["email"])["CreateAccountStatus"]["AccountId"]

# Key ids are moto's choice as well; the world names them in policies.
for old, new in ids.items():
    text = text.replace(old, new)
world = yaml.safe_load(text)
for a in world["accounts"]:
    for k in a.get("keys", []):
        new = client("kms", k["region"], a["id"]).create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
        text = text.replace(k["id"], new)
world = yaml.safe_load(text)

for kind in "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY":
    orgs.enable_policy_type(RootId=root, PolicyType=kind)
policies = {}
for p in world["organization"].get("policies", []):
    policies[p["name"]] = orgs.create_policy(Name=p["name"], Description="", Type=p["type"], Content=p["document"])["Policy"]["PolicySummary"]["Id"]
units = {world["organization"]["root"]: root}
for u in world["organization"].get("units", []):
    units[u["id"]] = orgs.create_organizational_unit(ParentId=root, Name=u["name"])["OrganizationalUnit"]["Id"]
    for name in u.get("scps", []) + u.get("rcps", []):
        orgs.attach_policy(PolicyId=policies[name], TargetId=units[u["id"]])

replications = []
for a in world["accounts"]:
    if a.get("parent", "none") != "none":
        orgs.move_account(AccountId=a["id"], SourceParentId=root, DestinationParentId=units[a["parent"]])
    iam = client("iam", account=a["id"])
    for r in a.get("roles", []):
        iam.create_role(RoleName=r["name"], Path=r.get("path", "/"), AssumeRolePolicyDocument=r["trust"])
        for name, document in r.get("inline", {}).items():
            iam.put_role_policy(RoleName=r["name"], PolicyName=name, PolicyDocument=document)
    for k in a.get("keys", []):
        kms = client("kms", k["region"], a["id"])
        if "policy" in k:
            kms.put_key_policy(KeyId=k["id"], PolicyName="default", Policy=k["policy"])
        for alias in k.get("aliases", []):
            kms.create_alias(AliasName=alias, TargetKeyId=k["id"])
    for b in a.get("buckets", []):
        s3 = client("s3", b["region"], a["id"])
        where = {} if b["region"] == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": b["region"]}}
        s3.create_bucket(Bucket=b["name"], ObjectOwnership=b.get("ownership", "BucketOwnerEnforced"), **where)
        s3.put_public_access_block(Bucket=b["name"], PublicAccessBlockConfiguration=dict(
            BlockPublicAcls=True, IgnorePublicAcls=True, BlockPublicPolicy=True, RestrictPublicBuckets=True))
        if b.get("versioning"):
            s3.put_bucket_versioning(Bucket=b["name"], VersioningConfiguration={"Status": "Enabled"})
        if "policy" in b:
            s3.put_bucket_policy(Bucket=b["name"], Policy=b["policy"])
        if "tags" in b:
            s3.put_bucket_tagging(Bucket=b["name"], Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in b["tags"].items()]})
        if "encryption" in b:
            e = b["encryption"]
            s3.put_bucket_encryption(Bucket=b["name"], ServerSideEncryptionConfiguration={"Rules": [{
                "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": e["algorithm"], "KMSMasterKeyID": e["key"]},
                "BucketKeyEnabled": e.get("bucket_key", False)}]})
        if "replication" in b:
            replications.append((s3, b))
        if b.get("versioning") == "Suspended":
            replications.append((s3, {"name": b["name"], "suspend": True}))

# Replication is configured when both ends exist and are versioned; what the
# world suspends is suspended afterwards.
for s3, b in sorted(replications, key=lambda x: "suspend" in x[1]):
    if "suspend" in b:
        s3.put_bucket_versioning(Bucket=b["name"], VersioningConfiguration={"Status": "Suspended"})
    else:
        s3.put_bucket_replication(Bucket=b["name"], ReplicationConfiguration=b["replication"])
print(json.dumps(ids))
