"""Puts the documents of a fix (crosscheck fix --format json) into moto, which must take each
of them. Usage: fix_documents.py ENDPOINT REPAIRS.json"""

import json
import sys

import boto3

endpoint, repairs = sys.argv[1], json.load(open(sys.argv[2]))
put = {}


def client(service, region="us-east-1"):
    return boto3.client(service, endpoint_url=endpoint, region_name=region or "us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test")


def role(arn, trust='{"Version":"2012-10-17","Statement":[]}'):
    path, _, name = arn.split(":role", 1)[1].rpartition("/")
    iam = client("iam")
    try:
        iam.create_role(RoleName=name, Path=path + "/", AssumeRolePolicyDocument=trust)
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    return name


def bucket(change):
    name = change["resource"].split(":::")[1]
    s3 = client("s3", change["region"])
    if name not in put.setdefault("buckets", set()):
        put["buckets"].add(name)
        extra = {} if change["region"] in ("", "us-east-1") else {
            "CreateBucketConfiguration": {"LocationConstraint": change["region"]}}
        s3.create_bucket(Bucket=name, **extra)
    return s3, name


count = 0
for change in repairs["changes"]:
    kind, after = change["kind"], change["after"]
    if kind == "trust-policy":
        client("iam").update_assume_role_policy(RoleName=role(change["resource"]), PolicyDocument=after)
    elif kind == "role-policy" and not change["policy"].startswith("arn:"):
        client("iam").put_role_policy(RoleName=role(change["resource"]), PolicyName=change["policy"], PolicyDocument=after)
    elif kind == "bucket-policy":
        s3, name = bucket(change)
        s3.put_bucket_policy(Bucket=name, Policy=after)
    elif kind == "versioning":
        s3, name = bucket(change)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": after})
    elif kind == "key-policy":
        kms = client("kms", change["region"])
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=after)
    else:
        continue
    count += 1
print(f"moto: takes {count} documents and settings")
