#!/usr/bin/env bash
# Plans a deploy of an environment against the stack that is deployed:
#
#   scripts/plan.sh prod              everything, in the mode that the stack is in
#   scripts/plan.sh prod read-only    nothing but the switch: open, read-only or closed
#
# It writes to cdk.out/ENV: deployed/, the template that is there now; planned/,
# the assembly that make deploy deploys; plan.md, what that would change. It
# fails if the plan would flip the mode unasked, or change more than the switch
# when asked.
#
# MAINTENANCE_MESSAGE and MAINTENANCE_UNTIL are what -c maintenance-message= and
# -c maintenance-until= are, for a plan with a mode. A plan that keeps a closed
# mode keeps the message and the end that were given with it.
#
# It wants the AWS CLI, with credentials that may cloudformation:GetTemplate, and
# jq.
set -euo pipefail
cd "$(dirname "$0")/.."

env=${1:?want an environment, such as dev}
mode=${2:-}
case $mode in
  '') flag= ;;
  open) flag=false ;;
  read-only) flag=read-only ;;
  closed) flag=true ;;
  *)
    echo "plan.sh: unknown mode \"$mode\": want open, read-only or closed" >&2
    exit 1
    ;;
esac

for tool in aws jq; do
  if ! command -v "$tool" >/dev/null; then
    echo "plan.sh: $tool is not on PATH: install the AWS CLI, version 2, and jq" >&2
    exit 1
  fi
done

out=cdk.out/$env
deployed=$out/deployed
planned=$out/planned
mkdir -p "$out"
go build -o "$out/noren" ./cmd/noren
noren=$out/noren

# synth writes the assembly; further arguments are flags of cdk.
synth() {
  rm -rf "$planned"
  node_modules/.bin/cdk synth --quiet --strict -c "env=$env" "$@" --output "$planned" >&2
}

# fetch reads the deployed template, and fails with 2 if there is no stack.
fetch() {
  local stack region error
  rm -rf "$deployed"
  mkdir -p "$deployed"
  stack=$(basename "$(echo "$planned"/*.template.json)" .template.json)
  region=$(jq -r --arg stack "$stack" '.artifacts[$stack].environment | split("/") | last' "$planned/manifest.json")
  if ! error=$(aws cloudformation get-template --stack-name "$stack" --region "$region" \
    --query TemplateBody --output json 2>&1 >"$deployed/$stack.template.json"); then
    case $error in *"does not exist"*) return 2 ;; esac
    echo "plan.sh: reading the template of stack \"$stack\" in $region: $error" >&2
    return 1
  fi
}

# oneline fails for a message of several lines: the CDK CLI cuts what is given
# with -c at the first of them, without a word.
oneline() {
  case $1 in
    *$'\n'*)
      echo "plan.sh: the message has several lines, of which -c maintenance-message takes the first only: put it into environments/$env.yaml, maintenance.message, or make it one line" >&2
      exit 1
      ;;
  esac
}

# digest appends what the plan is of: both templates and the assets, each byte. A
# plan that is approved is this one, whatever its text leaves out.
digest() {
  local sum
  sum=$(cat "$deployed"/*.template.json "$planned"/*.template.json "$planned"/*.assets.json | sha256sum)
  printf "\nDigest of the deployed template, the planned one and its assets: %s\n" "${sum%% *}" >>"$out/plan.md"
}

flags=()
oneline "${MAINTENANCE_MESSAGE:-}"
if [ -n "$mode" ]; then
  flags+=(-c "maintenance=$flag")
  [ -z "${MAINTENANCE_MESSAGE:-}" ] || flags+=(-c "maintenance-message=$MAINTENANCE_MESSAGE")
  [ -z "${MAINTENANCE_UNTIL:-}" ] || flags+=(-c "maintenance-until=$MAINTENANCE_UNTIL")
fi
synth "${flags[@]}"

status=0
fetch || status=$?
case $status in
  0) ;;
  2)
    if [ -n "$mode" ]; then
      echo "plan.sh: nothing is deployed to $env yet: there is no switch to turn" >&2
      exit 1
    fi
    "$noren" check "$planned"
    echo "Nothing is deployed to $env yet: this is the first deploy." | tee "$out/plan.md"
    exit
    ;;
  *) exit "$status" ;;
esac

if [ -n "$mode" ]; then
  "$noren" check "$planned"
  "$noren" diff "$deployed" "$planned" --format markdown --expect "$mode" >"$out/plan.md" || status=$?
  digest
  cat "$out/plan.md"
  exit "$status"
fi

# A deploy keeps the mode, and what was typed with it. An open stack is planned
# without a flag wherever the environment's file says the same, so that the
# guard still refuses to reopen what somebody closes meanwhile.
now=$("$noren" diff --mode "$deployed" --json)
next=$("$noren" diff --mode "$planned" --json)
mode=$(jq -r .mode <<<"$now")
if [ "$mode" != open ] || [ "$(jq -r .mode <<<"$next")" != open ]; then
  flags=(-c "maintenance=$(jq -r .flag <<<"$now")")
  if [ "$mode" != open ]; then
    until=$(jq -r --argjson next "$next" 'select(.until != $next.until) | .until // empty' <<<"$now")
    message=$(jq -r --argjson next "$next" 'select(.message != $next.message) | .message // {} | select(length == 1) | .[]' <<<"$now")
    oneline "$message"
    [ -z "$until" ] || flags+=(-c "maintenance-until=$until")
    [ -z "$message" ] || flags+=(-c "maintenance-message=$message")
  fi
  synth "${flags[@]}"
fi
"$noren" check "$planned"
"$noren" diff "$deployed" "$planned" --mode-unchanged >&2
"$noren" diff "$deployed" "$planned" --format markdown >"$out/plan.md"
digest
cat "$out/plan.md"
