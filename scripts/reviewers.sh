#!/usr/bin/env bash
# Fails unless someone has to approve a job in an environment of GitHub's:
#
#   scripts/reviewers.sh prod-approval
#
# If a workflow names an environment that does not exist, GitHub creates it
# without any rule. GitHub supports reviewers only in public repositories and with
# GitHub Enterprise. NO_APPROVAL=true says that no approval is wanted.
#
# It needs the GitHub CLI with GH_TOKEN and GH_REPO, and the permission actions:
# read.
set -euo pipefail

environment=${1:?want the name of an environment, such as prod-approval}

if [ "${NO_APPROVAL:-}" = true ]; then
  echo "NO_APPROVAL is true: nobody is asked before $environment"
  exit
fi
if ! rules=$(gh api "repos/{owner}/{repo}/environments/$environment" \
  --jq '[.protection_rules[]? | select(.type == "required_reviewers") | .reviewers | length] | add // 0'); then
  echo "::error::environment \"$environment\" cannot be read: make it, with required reviewers, as docs/ci.md says" >&2
  exit 1
fi
if [ "$rules" -eq 0 ]; then
  echo "::error::environment \"$environment\" has no required reviewers: docs/ci.md says how to add some; the variable NO_APPROVAL=true says that no approval is wanted" >&2
  exit 1
fi
echo "$environment has $rules required reviewers"
