#!/usr/bin/env bash
# Plays a night of dev: a window that begins tomorrow is put into a copy of its
# environment, synthesized in every mode, and played by noren preview --window.
# What is given goes to the preview.
set -euo pipefail
cd "$(dirname "$0")/.."

day=$(date -u -d tomorrow +%F 2>/dev/null || date -u -v+1d +%F)
file=environments/night.yaml
trap 'rm -f "$file"' EXIT
sed -e "/^  window:/,/^  message:/{
s|^    start: .*|    start: ${day}T02:00:00|
s|^    end: .*|    end: ${day}T04:00:00|
s|^    zone: .*|    zone: UTC|
s|^    verify: .*|    verify: [GET /api/health -> 200]|
}" -e 's|^  guard: .*|  guard: true|' -e 's|^alarmEmail: .*|alarmEmail: nobody@example.com|' environments/dev.yaml >"$file"
make --no-print-directory synth ENV=night
go build -o bin/noren ./cmd/noren
bin/noren preview --env night --window "$@"
