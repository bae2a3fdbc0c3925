#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The lab itself: what a command in the machine says and how it ends comes out unchanged, what it
# writes does not, and where the lab cannot run it says why.
set -uo pipefail
lab=$(dirname "$0")/lab
failed=0
expect() {  # expect WHAT WANTED GOT
  [ "$2" = "$3" ] || { echo "FAILED: $1: wanted '$2', got '$3'"; failed=1; }
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
said=$(CELLWARDEN_LAB_CACHE=$scratch "$lab" run -- true)
expect "without a kernel it skips" 77 $?
case "$said" in *skipped:*"tests/lab/lab setup"*) ;; *) expect "the reason" "skipped: ... setup" "$said" ;; esac

echo before > "$scratch/file"
# shellcheck disable=SC2016
"$lab" run -- bash -c 'for i in {1..20000}; do echo "line $i"; done
  printf "half a line"
  echo changed > "$1/file"; [ "$(cat "$1/file")" = changed ] || exit 1
  [ "$(id -u)" = 0 ] || exit 2
  exit 42' - "$scratch" > "$scratch/out"
status=$?
[ $status -ne 77 ] || { tail -n 1 "$scratch/out"; exit 77; }
expect "the status of the command" 42 $status
expect "all it said, in order" "$(for i in {1..20000}; do echo "line $i"; done | cksum)" "$(head -n 20000 "$scratch/out" | cksum)"
case "$(sed -n 20001p "$scratch/out")" in "half a line"*) ;; *) expect "the last words" "half a line" "$(tail -n 2 "$scratch/out")" ;; esac
expect "what it wrote is gone" before "$(cat "$scratch/file")"

"$lab" run --timeout 8 -- sleep 1000 > "$scratch/out"
expect "out of time" 124 $?
[ $failed -eq 0 ] && echo "the lab works"
exit $failed
