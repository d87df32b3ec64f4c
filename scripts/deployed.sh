# shellcheck shell=bash
# What is deployed, what is planned, and the digest of both: functions that
# plan.sh and deploy.sh share. They want the variables env and out, the AWS CLI
# and jq.

deployed=${out:?}/deployed
planned=$out/planned

# locate finds out which stack the planned assembly is for, and where it is.
locate() {
  stack=$(basename "$(echo "$planned"/*.template.json)" .template.json)
  region=$(jq -r --arg stack "$stack" '.artifacts[$stack].environment | split("/") | last' "$planned/manifest.json")
}

# ask writes CloudFormation's answer to a file. It fails with 2 if there is no
# such stack.
ask() {
  local file=$1 error
  shift
  if ! error=$(aws cloudformation "$1" --stack-name "$stack" --region "$region" "${@:2}" --output json 2>&1 >"$file"); then
    case $error in *"does not exist"*) return 2 ;; esac
    echo "${0##*/}: $1 of stack \"$stack\" in $region: $error" >&2
    return 1
  fi
}

# fetch reads the stack and its template. It fails with 2 if nothing is deployed:
# there is no stack, or it has only had a change set so far.
fetch() {
  rm -rf "$deployed"
  mkdir -p "$deployed"
  ask "$deployed/stack.json" describe-stacks --query 'Stacks[0]' || return
  case $(jq -r .StackStatus "$deployed/stack.json") in REVIEW_IN_PROGRESS) return 2 ;; esac
  ask "$deployed/$stack.template.json" get-template --query TemplateBody
}

# nothing writes an empty template and stack, for a stack that is not deployed.
nothing() {
  echo '{}' >"$deployed/stack.json"
  echo '{"Resources": {}}' >"$deployed/$stack.template.json"
}

# parameters prints the values of the planned template's parameters: those of a
# change set, or of the stack, in a file; the template's defaults for the others.
parameters() {
  jq -S -c --slurpfile stack "$deployed/stack.json" --slurpfile given "$1" '
    ([$stack[0].Parameters[]? | {(.ParameterKey): .ParameterValue}] | add // {}) as $had
    | ([$given[0].Parameters[]? | {(.ParameterKey): (.ParameterValue // $had[.ParameterKey])}] | add // {}) as $given
    | (.Parameters // {}) | with_entries(.value = ($given[.key] // (.value.Default // "" | tostring)))' "$planned/$stack.template.json"
}

# digest computes the digest of a deploy: the deployed template, the planned one,
# its assets, and the values of its parameters. It masks the time at which a mode
# was set, the only part that depends on the clock. The template is not an asset
# of itself.
digest() {
  local sum
  sum=$({
    cat "$deployed/$stack.template.json"
    jq -c '(.Resources[] | select(.Type == "Custom::NorenReopenGuard") | .Properties | select(.Explicit // "" != "") | .Explicit) = "typed"' "$planned/$stack.template.json"
    jq -c --arg self "$stack.template.json" '[.files, .dockerImages] | .[0] |= with_entries(select(.value.source.path != $self))' "$planned/$stack.assets.json"
    parameters "$deployed/stack.json"
  } | sha256sum)
  echo "${sum%% *}"
}
