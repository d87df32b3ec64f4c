#!/usr/bin/env bash
# Puts a file of Markdown on a pull request as one comment, which later runs
# rewrite:
#
#   scripts/comment.sh NUMBER FILE
#
# It needs the GitHub CLI with GH_TOKEN and GH_REPO.
set -euo pipefail

number=${1:?want the number of a pull request}
file=${2:?want a file of Markdown}
marker='<!-- noren diff -->'

body=$(mktemp)
trap 'rm -f "$body"' EXIT
{
  echo "$marker"
  cat "$file"
} >"$body"

ids=$(gh api --paginate "repos/{owner}/{repo}/issues/$number/comments" \
  --jq ".[] | select(.user.type == \"Bot\" and (.body | startswith(\"$marker\"))) | .id")
if [ -n "$ids" ]; then
  gh api --method PATCH "repos/{owner}/{repo}/issues/comments/${ids%%$'\n'*}" --field "body=@$body" --silent
else
  gh api --method POST "repos/{owner}/{repo}/issues/$number/comments" --field "body=@$body" --silent
fi
