#!/usr/bin/env bash
# Fails if a commit is no longer the newest of a branch, so that a deploy that had
# to wait does not revert what a later one has deployed:
#
#   scripts/newest.sh BRANCH COMMIT
#
# It needs the GitHub CLI with GH_TOKEN and GH_REPO.
set -euo pipefail

branch=${1:?want a branch}
commit=${2:?want a commit}
newest=$(gh api "repos/{owner}/{repo}/commits/$branch" --jq .sha)
if [ "$newest" != "$commit" ]; then
  echo "::error::$commit is not the newest commit of $branch any more, which is $newest: its own run deploys it" >&2
  exit 1
fi
