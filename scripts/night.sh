#!/usr/bin/env bash
# Plays a night of dev: a window that begins tomorrow is put into a copy of its
# environment, synthesized in every mode, and played by noren preview --window.
# Where mysqld or mariadbd is on PATH, the night has a schema change, which is
# rehearsed before on a server of its own. What is given goes to the preview.
set -euo pipefail
cd "$(dirname "$0")/.."

day=$(date -u -d tomorrow +%F 2>/dev/null || date -u -v+1d +%F)
file=environments/night.yaml
trap 'rm -f "$file"' EXIT
changes=cdk.out/night-changes change='' database=()
rm -rf "$changes"
go build -o bin/noren ./cmd/noren
if command -v mysqld >/dev/null || command -v mariadbd >/dev/null; then
  change=0003_report_urgency database=(--dsn own --changes "$changes")
  mkdir -p "$changes"
  cat >"$changes/$change.sql" <<'SQL'
-- A column of which the example knows nothing: it leaves NULL in it.
ALTER TABLE reports ADD COLUMN urgency TINYINT UNSIGNED NULL;
SQL
  echo "rehearsing the schema change $change"
  go run ./cmd/rehearsed -noren bin/noren "$changes"
else
  echo "neither mysqld nor mariadbd is on PATH: the night has no schema change"
fi
sed -e "/^  window:/,/^  message:/{
s|^    start: .*|    start: ${day}T02:00:00|
s|^    end: .*|    end: ${day}T04:00:00|
s|^    zone: .*|    zone: UTC|
s|^    changes: .*|    changes: [$change]|
s|^    verify: .*|    verify: [GET /api/health -> 200]|
}" -e "${change:+s|^  changes: .*|  changes: $changes|}" \
  -e 's|^  guard: .*|  guard: true|' -e 's|^alarmEmail: .*|alarmEmail: nobody@example.com|' environments/dev.yaml >"$file"
make --no-print-directory synth ENV=night
bin/noren preview --env night --window ${database[@]+"${database[@]}"} "$@"
