#!/usr/bin/env bash
# Fails if no program, and no test without a build tag, calls a function that
# deadcode.txt does not list, or if a listed function is called now. The stack
# with its constructs counts as a program.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p cdk.out
go run golang.org/x/tools/cmd/deadcode@v0.52.0 -test -f '{{range .Funcs}}{{println $.Path .Name}}{{end}}' . ./stacks/... ./constructs/... ./cmd/... ./lambda/... ./internal/... |
  sed '/^$/d' | LC_ALL=C sort >cdk.out/deadcode
sed -E 's/ *#.*//; /^$/d' scripts/deadcode.txt | LC_ALL=C sort | diff - cdk.out/deadcode ||
  {
    echo "deadcode.sh: < is in scripts/deadcode.txt and not found any more: take it out; > is never called: delete it, or say in scripts/deadcode.txt why not" >&2
    exit 1
  }
