#!/usr/bin/env bash
# Plays a night of dev: puts a window that begins tomorrow into a copy of its
# environment, synthesizes it in every mode, and plays it with noren preview
# --window. If mysqld or mariadbd is on PATH, or NOREN_MYSQLD names one, the night
# has a schema change of a table with 16,384 rows, which is rehearsed first on the
# same server. Arguments are passed to the preview.
set -euo pipefail
cd "$(dirname "$0")/.."

change=0003_report_urgency changes=cdk.out/night-changes
if [ -z "${NIGHT_DSN:-}" ]; then
  echo "compiling noren, which takes a minute or two the first time"
  go build -o bin/noren ./cmd/noren
  if [ -n "${NOREN_MYSQLD:-}" ]; then
    PATH=$(dirname "$NOREN_MYSQLD"):$PATH
  fi
  if command -v mysqld >/dev/null || command -v mariadbd >/dev/null; then
    rm -rf "$changes"
    mkdir -p "$changes"
    cat >"$changes/$change.sql" <<'SQL'
-- A column of which the example knows nothing: it leaves NULL in it.
ALTER TABLE reports ADD COLUMN urgency TINYINT UNSIGNED NULL;
SQL
    echo "rehearsing the schema change $change"
    go build -o bin/rehearsed ./cmd/rehearsed
    exec bin/rehearsed "$changes" "$PWD/scripts/night.sh" "$@"
  fi
  echo "neither mysqld nor mariadbd is on PATH: the night has no schema change"
  change=''
fi

day=$(date -u -d tomorrow +%F 2>/dev/null || date -u -v+1d +%F)
file=environments/night.yaml
trap 'rm -f "$file"' EXIT
sed -e "/^  window:/,/^  message:/{
s|^    start: .*|    start: ${day}T02:00:00|
s|^    end: .*|    end: ${day}T04:00:00|
s|^    zone: .*|    zone: UTC|
s|^    changes: .*|    changes: [$change]|
s|^    verify: .*|    verify: [GET /api/health -> 200]|
}" -e "${change:+s|^  changes: .*|  changes: $changes|}" \
  -e 's|^  guard: .*|  guard: true|' -e 's|^alarmEmail: .*|alarmEmail: nobody@example.com|' environments/dev.yaml >"$file"
make --no-print-directory synth ENV=night
database=()
if [ -n "$change" ]; then
  database=(--dsn "$NIGHT_DSN" --changes "$changes")
fi
bin/noren preview --env night --window ${database[@]+"${database[@]}"} "$@"
