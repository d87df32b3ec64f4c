#!/usr/bin/env bash
# Compares how long it takes to read a template of 180 KB, and to route by it,
# with another commit, by default the previous one: scripts/bench.sh [COMMIT]
set -euo pipefail
cd "$(dirname "$0")/.."
base=${1:-HEAD~1}
bench=internal/alb/template_bench_test.go

other=$(mktemp -d)
trap 'git worktree remove --force "$other"' EXIT
git worktree add --quiet --detach "$other" "$base"
cp "$bench" "$other/$bench"

# The fastest of six runs, in nanoseconds.
fastest() {
  go test -C "$1" -run '^$' -bench "Template/$2" -count 6 ./internal/alb |
    awk '/^Benchmark/ && (!best || $3 < best) { best = $3 } END { printf "%d", best }'
}
for form in json yaml; do
  before=$(fastest "$other" "$form")
  now=$(fastest . "$form")
  if [[ $before == 0 || $now == 0 ]]; then
    echo "bench.sh: nothing was measured" >&2
    exit 1
  fi
  awk -v form="$form" -v base="$base" -v before="$before" -v now="$now" \
    'BEGIN { printf "%s: %.1f ms, %.2f times %s (%.1f ms)\n", form, now / 1e6, now / before, base, before / 1e6 }'
done
