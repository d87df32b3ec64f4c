# shellcheck shell=bash
# What is deployed, what is planned, and the digest of both: functions that
# plan.sh and deploy.sh share. They want the variables env and out, the AWS CLI
# and jq.

deployed=${out:?}/deployed
planned=$out/planned

# locate says which stack the planned assembly is of, and where.
locate() {
  stack=$(basename "$(echo "$planned"/*.template.json)" .template.json)
  region=$(jq -r --arg stack "$stack" '.artifacts[$stack].environment | split("/") | last' "$planned/manifest.json")
}

# ask writes the answer of CloudFormation to a file. It fails with 2 if there is no
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
# there is no stack, or one of which there has only been a change set.
fetch() {
  rm -rf "$deployed"
  mkdir -p "$deployed"
  ask "$deployed/stack.json" describe-stacks --query 'Stacks[0]' || return
  case $(jq -r .StackStatus "$deployed/stack.json") in REVIEW_IN_PROGRESS) return 2 ;; esac
  ask "$deployed/$stack.template.json" get-template --query TemplateBody
}

# nothing takes the place of what is deployed where nothing is.
nothing() {
  echo '{}' >"$deployed/stack.json"
  echo '{"Resources": {}}' >"$deployed/$stack.template.json"
}

# parameters are the values that the planned template is given: those of a change
# set, or of the stack, in a file; of the others its own.
parameters() {
  jq -S -c --slurpfile stack "$deployed/stack.json" --slurpfile given "$1" '
    ([$stack[0].Parameters[]? | {(.ParameterKey): .ParameterValue}] | add // {}) as $had
    | ([$given[0].Parameters[]? | {(.ParameterKey): (.ParameterValue // $had[.ParameterKey])}] | add // {}) as $given
    | (.Parameters // {}) | with_entries(.value = ($given[.key] // (.value.Default // "" | tostring)))' "$planned/$stack.template.json"
}

# digest is of what a deploy is: the deployed template, the planned one, its
# assets, and the values of its parameters. The one thing that depends on the clock
# is masked, when a mode was typed; the template is not an asset of itself.
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
