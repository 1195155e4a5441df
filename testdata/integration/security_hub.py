"""Security Hub on moto: what crosscheck sent, and what it wrote, as boto3 reads it.

Usage: security_hub.py URL ASFF sent REGION    the findings of ASFF are all in REGION of
                                               the caller's account, and nothing else is
       security_hub.py URL ASFF own REGION     each is in its own account and Region;
                                               REGION stands for those that tell none
       security_hub.py URL ASFF import REGION  imports them line by line, by boto3, which
                                               checks every field against AWS's model
"""
import collections
import json
import sys

import boto3

url, path, what, region = sys.argv[1:]
NO_ACCOUNT, ROLE = "000000000000", "sender"


def client(account, region):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    if account:
        sts = boto3.client("sts", endpoint_url=url, region_name=region, **keys)
        c = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{ROLE}", RoleSessionName="check")["Credentials"]
        keys = {"aws_access_key_id": c["AccessKeyId"], "aws_secret_access_key": c["SecretAccessKey"], "aws_session_token": c["SessionToken"]}
    return boto3.client("securityhub", endpoint_url=url, region_name=region, **keys)


def there(account, region):
    pages = client(account, region).get_paginator("get_findings").paginate()
    return {f["Id"]: f for page in pages for f in page["Findings"]}


def ours(f):
    """What no sending changes of a finding."""
    return {k: v for k, v in f.items() if k not in ("AwsAccountId", "ProductArn")}


with open(path, encoding="utf-8") as f:
    requests = [json.loads(line) for line in f]
written = [f for r in requests for f in r["Findings"]]
assert written and len({f["Id"] for f in written}) == len(written)

if what == "import":
    for r in requests:
        answer = client(None, region).batch_import_findings(**r)
        assert answer["FailedCount"] == 0 and answer["SuccessCount"] == len(r["Findings"]), answer
    what = "sent"
places = collections.defaultdict(list)
for f in written:
    own = f["ProductFields"].get("crosscheck/AccountId") == f["AwsAccountId"] != NO_ACCOUNT
    if what == "own" and own:
        places[f["AwsAccountId"], f["ProductFields"].get("crosscheck/Region", region)].append(f)
    else:
        places[None, region].append(f)
for (account, at), findings in places.items():
    got = there(account, at)
    assert {f["Id"] for f in findings} == set(got), (account, at, len(findings), len(got))
    for f in findings:
        assert ours(f) == ours(got[f["Id"]]), f["Id"]
        assert got[f["Id"]]["ProductArn"].split(":")[3] == at or sys.argv[3] == "import"
print(f"{len(written)} findings in {len(places)} places")
