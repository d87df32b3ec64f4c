#!/usr/bin/env bash
# Waits until the product is seen in the mode that was planned: await.sh ENV. It
# gives up after ten minutes, or when nothing could be read three times in a row.
set -euo pipefail
cd "$(dirname "$0")/.."

env=$1 planned=cdk.out/$1/planned
if [ ! -d "$planned" ]; then
  echo "await.sh: nothing was planned: want $planned, which make plan ENV=$env makes" >&2
  exit 1
fi
unread=0
while [ "$SECONDS" -lt 600 ]; do
  code=0
  "cdk.out/$env/noren" status --env "$env" --assembly "$planned" || code=$?
  case $code in
  0) exit 0 ;;
  1) unread=$((unread + 1)) ;;
  *) unread=0 ;;
  esac
  if [ "$unread" -eq 3 ]; then
    exit 1
  fi
  sleep 5
done
echo "await.sh: the product is not in the mode that was planned, ten minutes after the deploy" >&2
exit 1
