#!/usr/bin/env bash
# Deploys what plan.sh planned, if that is what was approved:
#
#   scripts/deploy.sh prod            what plan.sh has just shown
#   scripts/deploy.sh prod DIGEST     what was approved elsewhere, by the plan's digest
#
# It refuses to upgrade the database to a major version that the environment's
# file does not name, as plan.sh does.
#
# It creates a change set first, then reads what is deployed, computes the digest
# from both, compares, and executes that change set. CloudFormation does not
# execute a change set that was created before an update, so nothing can come in
# between.
#
# It wants the AWS CLI, with credentials that may cloudformation:DescribeStacks,
# GetTemplate, DescribeChangeSet and DeleteChangeSet, and assume the roles of the
# CDK bootstrap; and jq.
set -euo pipefail
cd "$(dirname "$0")/.."

env=${1:?want an environment, such as dev}
out=cdk.out/$env
approved=${2:-$(cat "$out/plan.digest")}
# shellcheck source=scripts/deployed.sh
. scripts/deployed.sh
locate
name=deploy-${approved:0:16}

# compare fails unless what is deployed and planned is what was approved.
compare() {
  local status=0 now
  fetch || status=$?
  case $status in
    0) ;;
    2) nothing ;;
    *) exit "$status" ;;
  esac
  now=$(digest)
  if [ "$now" != "$approved" ]; then
    echo "deploy.sh: this is not what was approved: its digest is $now, that of the plan $approved. The stack has been deployed or turned since, or the sources are others: plan again" >&2
    return 1
  fi
  "$out/noren" diff "$deployed" "$planned" --upgrades-named
}

cdk() {
  node_modules/.bin/cdk deploy "$stack" --app "$planned" --require-approval never --change-set-name "$name" "$@"
}

compare # before anything is created
cdk --method=prepare-change-set
ask "$out/changeset.json" describe-change-set --change-set-name "$name" || {
  echo "deploy.sh: the change set is gone: stack \"$stack\" was deployed meanwhile: plan again" >&2
  exit 1
}

# ascii converts a template to the form in which CloudFormation returns it.
ascii() { jq -c 'walk(if type == "string" then gsub("[^\\x00-\\x7f]"; "?") else . end)' "$@"; }

refuse() {
  aws cloudformation delete-change-set --stack-name "$stack" --region "$region" --change-set-name "$name" >&2 || true
  [ -z "${1:-}" ] || echo "deploy.sh: $1: nothing was deployed" >&2
  exit 1
}

compare || refuse
ask "$out/changeset.template.json" get-template --change-set-name "$name" --query TemplateBody
[ "$(ascii "$out/changeset.template.json")" = "$(ascii "$planned/$stack.template.json")" ] ||
  refuse "the change set is of another template than the plan"
case $(jq -r '"\(.Status) \(.StatusReason // "")"' "$out/changeset.json") in
  CREATE_COMPLETE*) ;;
  FAILED*"didn't contain changes"* | FAILED*"No updates are to be performed"*)
    aws cloudformation delete-change-set --stack-name "$stack" --region "$region" --change-set-name "$name" >&2
    echo "CloudFormation finds nothing to change in $stack"
    exit
    ;;
  *) refuse "the change set is $(jq -r '"\(.Status): \(.StatusReason // "")"' "$out/changeset.json")" ;;
esac
[ "$(parameters "$out/changeset.json")" = "$(parameters "$deployed/stack.json")" ] ||
  refuse "the change set is of other parameters than the plan"
cdk --method=execute-change-set
