#!/usr/bin/env bash
# Replaces the password of the database's master user, which only the setup task
# uses: scripts/rotate.sh STACK, with AWS_REGION set. Nobody is disconnected. If
# it is interrupted, run it again.
set -euo pipefail
export AWS_PAGER=
if [ -n "${AWS_REGION:-}" ]; then export AWS_DEFAULT_REGION=$AWS_REGION; fi # version 1 does not know AWS_REGION
stack=${1:?want the name of the stack, such as fieldreports-prod}

# physical prints the physical id of the only resource of a type.
physical() {
	local id
	id=$(aws cloudformation describe-stack-resources --stack-name "$stack" --query "StackResources[?ResourceType=='$1'].PhysicalResourceId" --output text)
	if [ -z "$id" ] || [ "$(wc -w <<<"$id")" != 1 ]; then
		echo "want one $1 in $stack, found: ${id:-none}" >&2
		return 1
	fi
	printf '%s' "$id"
}
cluster=$(physical AWS::RDS::DBCluster)
secret=$(physical AWS::SecretsManager::SecretTargetAttachment)

# The new password is stored before RDS gets it, and becomes the current one once
# RDS has it, so that it is known at every moment. It is never an argument.
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
aws secretsmanager get-secret-value --secret-id "$secret" --query SecretString --output text >"$work/current"
aws secretsmanager get-random-password --password-length 30 --exclude-punctuation --query RandomPassword --output text >"$work/password"
jq --rawfile password "$work/password" '.password = ($password | rtrimstr("\n"))' "$work/current" >"$work/next"
jq --arg id "$secret" --rawfile next "$work/next" -n '{SecretId: $id, SecretString: $next, VersionStages: ["AWSPENDING"]}' >"$work/put.json"
version=$(aws secretsmanager put-secret-value --cli-input-json "file://$work/put.json" --query VersionId --output text)
jq --arg id "$cluster" --rawfile password "$work/password" -n '{DBClusterIdentifier: $id, MasterUserPassword: ($password | rtrimstr("\n")), ApplyImmediately: true}' >"$work/modify.json"
aws rds modify-db-cluster --cli-input-json "file://$work/modify.json" --query DBCluster.Status --output text
old=$(aws secretsmanager describe-secret --secret-id "$secret" --output json | jq -r '.VersionIdsToStages | to_entries[] | select(.value | index("AWSCURRENT")) | .key')
aws secretsmanager update-secret-version-stage --secret-id "$secret" --version-stage AWSCURRENT --move-to-version-id "$version" --remove-from-version-id "$old"
echo "the master password of $cluster is replaced; the old one is the version AWSPREVIOUS of $secret"
