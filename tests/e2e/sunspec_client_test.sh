#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A client of another make walks the SunSpec chain of banks of several sizes:
# sunspec_client_test.sh SERVER FOLDER-OF-MODELS
set -euo pipefail
server=$1 models=$2 here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -r "$folder"' EXIT
writes=--writes
for bank in "2 16" "1 4" "3 8" "3 32" "16 16" "16 24" "40 15"; do
  read -r packs cells <<<"$bank"
  : >"$folder/port"
  "$server" 0 64 "$packs" "$cells" >"$folder/port" &
  pid=$!
  for _ in $(seq 300); do [ -s "$folder/port" ] && break; sleep 0.1; done
  /usr/bin/python3 "$here/sunspec_client.py" 127.0.0.1 "$(cat "$folder/port")" 126 --models "$models" \
    --packs "$packs" --cells "$cells" $writes
  writes=
  kill "$pid"
  wait "$pid" 2>/dev/null || true
  pid=
done
