#!/usr/bin/env bash
# Plans a deploy of an environment against the stack that is deployed:
#
#   scripts/plan.sh prod              everything, in the mode that the stack is in
#   scripts/plan.sh prod read-only    nothing but the switch: open, read-only or closed
#
# It writes to cdk.out/ENV: deployed/, what is there now; planned/, the assembly
# that make deploy deploys; plan.md, what that would change; plan.digest, what the
# plan is of. It fails if the plan would flip the mode unasked, change more than
# the switch when asked, or upgrade the database to a major version that the
# environment's file does not name (database.majorUpgrade).
#
# MAINTENANCE_MESSAGE and MAINTENANCE_UNTIL have the meaning of -c
# maintenance-message= and -c maintenance-until=, for a plan with a mode or of a
# stack that is closed. A plan that keeps a closed mode keeps the message and the
# end that were given with it.
#
# It needs jq, and the AWS CLI with credentials for cloudformation:DescribeStacks
# and GetTemplate and for what noren status reads.
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
mkdir -p "$out"
rm -f "$out/plan.md" "$out/plan.digest"
# shellcheck source=scripts/deployed.sh
. scripts/deployed.sh
go build -o "$out/noren" ./cmd/noren
noren=$out/noren

# synth writes the assembly; further arguments are flags of cdk.
synth() {
  rm -rf "$planned"
  node_modules/.bin/cdk synth --quiet --strict -c "env=$env" "$@" --output "$planned" >&2
}

# say adds flags for a message and an end; empty means none. The message is passed
# in a file: the CDK CLI cuts a value of -c at its first newline.
say() {
  if [ -n "$1" ]; then
    printf '%s' "$1" >"$out/message.txt"
    flags+=(-c "maintenance-message=@$out/message.txt")
  fi
  [ -z "$2" ] || flags+=(-c "maintenance-until=$2")
}

# live reports whether the load balancer is in the mode of the deployed template.
live() {
  local report
  report=$("$noren" status --env "$env" --assembly "$planned" --json 2>"$out/live.txt") || true
  jq -r '.switches[] | .name as $name
    | if .deployed.mode != "" and .listener.mode == .deployed.mode then "**Live:** the load balancer is \(.listener.mode), as deployed."
      elif .listener.mode != "" or .listener.mixed then "> [!WARNING]\n> **The load balancer is \(if .listener.mode != "" then .listener.mode else "in no mode" end), what is deployed \(.deployed.mode).** It was turned by hand; a deploy that touches its listener turns it back."
      else "**Live:** not known: `\(.listener.problem // .deployed.problem // "" | gsub("[`\n]"; " "))`." end' <<<"${report:-not read}" 2>/dev/null ||
    echo "**Live:** not known: \`$(tr '\`\n' '  ' <"$out/live.txt")\`."
}

# finish adds the live state and the digest to the plan, and shows it.
finish() {
  if [ "$(jq -r '.StackStatus // ""' "$deployed/stack.json")" != "" ]; then
    printf '\n%s\n' "$(live)" >>"$out/plan.md"
  fi
  digest >"$out/plan.digest"
  # shellcheck disable=SC2016 # of Markdown
  printf '\n**Digest** of what is deployed, what is planned, assets and parameters: `%s`\n' "$(cat "$out/plan.digest")" >>"$out/plan.md"
  cat "$out/plan.md"
}

# A flip does not wait for what a deploy requires.
[ -n "$mode" ] || "$noren" check --env "$env" --deploy

flags=()
if [ -n "$mode" ]; then
  flags+=(-c "maintenance=$flag")
  say "${MAINTENANCE_MESSAGE:-}" "${MAINTENANCE_UNTIL:-}"
fi
synth "${flags[@]}"
locate

status=0
fetch || status=$?
case $status in
  0) ;;
  2)
    if [ -n "$mode" ]; then
      echo "plan.sh: nothing is deployed to $env yet: there is no switch to turn" >&2
      exit 1
    fi
    nothing
    "$noren" check "$planned"
    echo "Nothing is deployed to $env yet: this is the first deploy." >"$out/plan.md"
    echo >>"$out/plan.md"
    "$noren" diff "$deployed" "$planned" --format markdown >>"$out/plan.md"
    finish
    exit
    ;;
  *) exit "$status" ;;
esac

if [ -n "$mode" ]; then
  "$noren" check "$planned"
  "$noren" diff "$deployed" "$planned" --format markdown --expect "$mode" >"$out/plan.md" || status=$?
  finish
  exit "$status"
fi

# A deploy keeps the mode and its message and end. An open stack is planned
# without a flag if the environment's file says the same, so that the guard still
# refuses to reopen a stack that someone closes meanwhile.
now=$("$noren" diff --mode "$deployed" --json)
next=$("$noren" diff --mode "$planned" --json)
mode=$(jq -r .mode <<<"$now")
if [ "$mode" != open ] || [ "$(jq -r .mode <<<"$next")" != open ]; then
  flags=(-c "maintenance=$(jq -r .flag <<<"$now")")
  if [ "$mode" != open ]; then
    until=${MAINTENANCE_UNTIL:-$(jq -r --argjson next "$next" 'select(.until != $next.until) | .until // empty' <<<"$now")}
    message=${MAINTENANCE_MESSAGE:-}
    if [ -z "$message" ]; then
      # shellcheck disable=SC2016 # of jq
      typed='select(.message != $next.message) | .message // {} | select(length == 1) | .[]'
      message=$(jq -j --argjson next "$next" "$typed" <<<"$now" && echo .)
      message=${message%.} # $() would remove newlines of the message
      if [ -n "$message" ] && [ "$(jq -r .doubtful <<<"$now")" = true ]; then
        echo "plan.sh: the deployed message cannot be read: CloudFormation gives ? for every character that is not ASCII, and it has some: $message
Give it again in MAINTENANCE_MESSAGE" >&2
        exit 1
      fi
    fi
    say "$message" "$until"
  fi
  synth "${flags[@]}"
fi
"$noren" check "$planned"
"$noren" diff "$deployed" "$planned" --mode-unchanged >&2
"$noren" diff "$deployed" "$planned" --upgrades-named
"$noren" diff "$deployed" "$planned" --format markdown >"$out/plan.md"
finish
