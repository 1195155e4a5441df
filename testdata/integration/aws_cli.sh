#!/usr/bin/env bash
# The aws CLI as an independent client of `crosscheck sandbox` with the demo
# world. Usage: aws_cli.sh AWS, where AWS is the program; the endpoint and the
# credentials come from the environment, as the sandbox prints them.
set -euo pipefail
AWS=$1
checks=0
# Debian 12's CLI does not know AWS_ENDPOINT_URL yet.
aws() { "$AWS" --output text --no-cli-pager --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }

# same WANT GOT WHAT
same() {
	checks=$((checks + 1))
	[ "$1" = "$2" ] || { echo "aws CLI: $3: want '$1', got '$2'" >&2; exit 1; }
}

# refused CODE COMMAND...: the command must fail with this error code
refused() {
	local want=$1 out
	shift
	checks=$((checks + 1))
	if out=$("$@" 2>&1); then echo "aws CLI: $* succeeded: $out" >&2; exit 1; fi
	case $out in *"($want)"*) ;; *) echo "aws CLI: $*: want $want, got: $out" >&2; exit 1 ;; esac
}

# as ROLE ACCOUNT: the following commands run as this role
as() {
	read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN < <(
		AWS_ACCESS_KEY_ID=$BASE_ID AWS_SECRET_ACCESS_KEY=$BASE_SECRET AWS_SESSION_TOKEN='' \
			aws sts assume-role --role-arn "arn:aws:iam::$2:role/$1" --role-session-name cli \
			--query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]')
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
}
BASE_ID=$AWS_ACCESS_KEY_ID BASE_SECRET=$AWS_SECRET_ACCESS_KEY

same 100000000001 "$(aws sts get-caller-identity --query Account)" "caller"
same 5 "$(aws organizations list-accounts --query 'length(Accounts)')" "accounts"
same p-guardrail1 "$(aws organizations list-policies-for-target --target-id ou-demo-workload --filter SERVICE_CONTROL_POLICY --query 'Policies[?Name==`Guardrails`].Id')" "SCP"
refused AccessDenied aws sts assume-role --role-arn arn:aws:iam::444444444444:role/crosscheck-audit --role-session-name cli

as crosscheck-audit 111111111111
same /service-role/ "$(aws iam get-role --role-name replicate-ledger --query Role.Path)" "role path"
same 5 "$(aws s3api list-buckets --query 'length(Buckets)')" "buckets"
for read in get-bucket-versioning get-bucket-replication get-bucket-encryption get-bucket-ownership-controls \
	get-public-access-block get-bucket-request-payment get-bucket-location get-bucket-acl; do
	case $read in get-bucket-location | get-bucket-acl) refused AccessDenied aws s3api $read --bucket orders-ledger ;;
	*) aws s3api $read --bucket orders-ledger >/dev/null && checks=$((checks + 1)) ;; esac
done
same Enabled "$(aws s3api get-bucket-versioning --bucket orders-ledger --query Status)" "versioning"
same to-backup "$(aws s3api get-bucket-replication --bucket orders-ledger --query 'ReplicationConfiguration.Rules[0].ID')" "replication rule"
refused NoSuchBucketPolicy aws s3api get-bucket-policy --bucket orders-ledger
refused ObjectLockConfigurationNotFoundError aws s3api get-object-lock-configuration --bucket orders-ledger
refused NoSuchLifecycleConfiguration aws s3api get-bucket-lifecycle-configuration --bucket orders-ledger
refused NoSuchTagSet aws s3api get-bucket-tagging --bucket orders-ledger

as crosscheck-audit 333333333333
same Enabled "$(aws kms describe-key --key-id alias/backup --region eu-west-1 --query KeyMetadata.KeyState)" "key state"
case $(aws s3api get-bucket-policy --bucket backup-ledger --region eu-west-1 --query Policy) in *Replica*) ;; *) echo "aws CLI: no bucket policy" >&2; exit 1 ;; esac

# put, replicate, list versions, delete
as crosscheck-canary 111111111111
body=$(mktemp) && echo probe >"$body"
key=crosscheck-canary/cli/1
version=$(aws s3api put-object --bucket orders-invoices --key $key --body "$body" --query VersionId)
for _ in $(seq 50); do
	status=$(aws s3api head-object --bucket orders-invoices --key $key --query ReplicationStatus)
	[ "$status" = PENDING ] || break
done
same COMPLETED "$status" "replication status"
as crosscheck-canary 333333333333
same "$version" "$(aws s3api list-object-versions --region eu-west-1 --bucket backup-invoices --prefix crosscheck-canary/cli/ --query 'Versions[0].VersionId')" "replica's version"
aws s3 cp "s3://backup-invoices/$key" - --region eu-west-1 | cmp - "$body" && checks=$((checks + 1))
aws s3api delete-object --region eu-west-1 --bucket backup-invoices --key $key --version-id "$version" >/dev/null
as crosscheck-canary 111111111111
aws s3api delete-object --bucket orders-invoices --key $key --version-id "$version" >/dev/null
same None "$(aws s3api list-object-versions --bucket orders-invoices --prefix crosscheck-canary/cli/ --query 'Versions[0].VersionId')" "nothing is left"
refused NoSuchKey aws s3api get-object --bucket orders-invoices --key $key /dev/null
echo "aws CLI: $checks checks passed"
