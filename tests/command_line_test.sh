#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The command line as a person meets it: help with an example everywhere, one line that says what to
# do for every mistake, and the documented exit status. Usage: command_line_test.sh PROGRAM
set -uo pipefail

program=${1:?the built cellwarden}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT INT TERM
failed=0

# expect STATUS PATTERN-OF-STDERR WORDS...: the status, and one line on stderr that fits.
expect() {
  local status=$1 pattern=$2 is lines
  shift 2
  "$program" "$@" >"$out/stdout" 2>"$out/stderr" </dev/null
  is=$?
  lines=$(wc -l <"$out/stderr")
  if [ "$is" != "$status" ] || [ "$lines" != 1 ] || ! grep -qE -- "$pattern" "$out/stderr"; then
    echo "cellwarden $*: status $is (expected $status), stderr: $(cat "$out/stderr")"
    failed=1
  fi
}

for command in run check status decode simulate shadow docs; do
  if ! "$program" "$command" --help >"$out/help" 2>"$out/stderr" || [ -s "$out/stderr" ]; then
    echo "cellwarden $command --help failed: $(cat "$out/stderr")"
    failed=1
  fi
  for words in "Example:" "cellwarden $command" "Exit status:"; do
    grep -qF "$words" "$out/help" || { echo "cellwarden $command --help lacks: $words"; failed=1; }
  done
done
"$program" --help >"$out/help" || failed=1
grep -q "simulate" "$out/help" || { echo "--help lists no commands"; failed=1; }
[[ "$("$program" --version)" =~ ^cellwarden\ [0-9]+\.[0-9]+\.[0-9]+$ ]] ||
  { echo "--version: $("$program" --version)"; failed=1; }

expect 64 'say what to do: run, check, status'
expect 64 'unknown command "chekc"; did you mean "check"\?' chekc
expect 64 'unknown command "frobnicate"; the commands are: run' frobnicate
expect 64 'see `cellwarden check --help`' check --konfig x
expect 64 'see `cellwarden check --help`' check --config
expect 64 'see `cellwarden decode --help`' decode
expect 64 'see `cellwarden --help`' --frobnicate
expect 64 'see `cellwarden simulate --help`' simulate --speed quick
expect 64 'unknown subject "feilds"; did you mean "fields"\?' docs feilds
expect 78 '^/nonexistent: cannot be opened: No such file or directory$' check --config /nonexistent
expect 78 '^/nonexistent: cannot be opened: No such file or directory$' run --config /nonexistent
expect 69 'nonexistent' status --socket /nonexistent/control.sock

printf '[mqqt]\n' >"$out/bad.toml"
expect 78 ':1:2: unknown section "mqqt"; did you mean "mqtt"\?$' check --config "$out/bad.toml"
printf '[modbus]\n' >"$out/good.toml"
if [ "$("$program" check --config "$out/good.toml" 2>&1)" != \
     "$out/good.toml: valid: 0 packs, 0 relays, mode observe, outputs: modbus" ]; then
  echo "check of a valid file: $("$program" check --config "$out/good.toml" 2>&1)"
  failed=1
fi
exit "$failed"
