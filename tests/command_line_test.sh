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

for command in run check status decode simulate shadow docs capture replay scan; do
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

expect 64 '^cellwarden docs: --config is for curves alone$' docs fields --config /nonexistent
expect 78 '^/nonexistent: cannot be opened: No such file or directory$' docs curves --config /nonexistent
expect 64 'protocol "pylontec": it can read .*pylontech-can' simulate inverter \
  --protocol pylontec --port /nonexistent --control /nonexistent --pack a

printf '[mqqt]\n' >"$out/bad.toml"
expect 78 ':1:2: unknown section "mqqt"; did you mean "mqtt"\?$' check --config "$out/bad.toml"
printf '[modbus]\n' >"$out/good.toml"
if [ "$("$program" check --config "$out/good.toml" 2>&1)" != \
     "$out/good.toml: valid: 0 packs, 0 relays, mode observe, outputs: modbus" ]; then
  echo "check of a valid file: $("$program" check --config "$out/good.toml" 2>&1)"
  failed=1
fi

# The what-if tool over a small table.
printf 't_s,current_A\n0,1\n1,2\n' >"$out/trace.csv"
printf 't_s,curent_A\n' >"$out/bad.csv"
expect 64 'see `cellwarden shadow --help`' shadow "$out/trace.csv"
expect 66 '"lpf" is no preset, .*did you mean "lfp"\?$' shadow --parameters lpf "$out/trace.csv"
expect 66 '^/nonexistent cannot be opened' shadow --parameters lfp /nonexistent
expect 66 "^$out cannot be read: Is a directory\$" shadow --parameters lfp "$out"
expect 1 ':1:5: no column is called "curent_A"; did you mean "current_A"\?$' \
  shadow --parameters lfp "$out/bad.csv"
printf 'cell_overvoltage = "3.75 V"\n' >"$out/high.toml"
expect 78 'cell_overvoltage_V 3.75 is above 3.7 V, the most a cell of chemistry lfp takes' \
  shadow --parameters lfp --parameters "$out/high.toml" "$out/trace.csv"
final=$("$program" shadow --final --parameters lfp "$out/trace.csv" | tail -n 1)
[[ "$final" == '{"t_s":1.000,"charge":false,'* ]] || { echo "shadow --final: $final"; failed=1; }

# Output that is lost is a fault, told once, and no endless run: a full disk, a closed pipe.
lost() {
  local errors status=${PIPESTATUS[1]}
  errors=$(cat "$out/stderr")
  if [ "$status" != 74 ] || [[ ! "$errors" =~ ^cellwarden:\ standard\ output\ cannot\ be\ written ]]
  then
    echo "lost output of $*: status $status, stderr: $errors"
    failed=1
  fi
}
endless_trace() { echo t_s,current_A; seq -f '%.0f,1' 0 10000000; }
endless_frames() { yes 4E57; }
for command in "shadow --parameters lfp -" "decode jk-uart"; do
  source=endless_frames
  [[ "$command" == shadow* ]] && source=endless_trace
  # shellcheck disable=SC2086  # words of a command
  { $source 2>/dev/null | timeout 60 "$program" $command >/dev/full 2>"$out/stderr"; lost "$command"; }
  # shellcheck disable=SC2086
  { $source 2>/dev/null | timeout 60 "$program" $command 2>"$out/stderr" > >(exec true); lost "$command"; }
done
"$program" docs fields >/dev/full 2>"$out/stderr"
[ $? = 74 ] || { echo "docs to a full disk: $(cat "$out/stderr")"; failed=1; }

# The same of `status`, once and again and again; a stand-in answers for the gateway.
python3 - "$out/control.sock" <<'EOS' &
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
while True:
    connection = server.accept()[0]
    while connection.recv(4096):
        pass
    connection.sendall(b'{"version":"0","uptime_s":1,"mode":"observe","packs":[],"relays":[],"sinks":{},"wires":[]}\n')
    connection.close()
EOS
gateway=$!
trap 'kill "$gateway" 2>/dev/null; rm -rf "$out"' EXIT INT TERM
for _ in $(seq 300); do
  "$program" status --socket "$out/control.sock" >"$out/stdout" 2>/dev/null && break
  sleep 0.1
done
grep -q '^no packs configured$' "$out/stdout" || { echo "status: $(cat "$out/stdout")"; failed=1; }
for words in status "status --json" "status --watch"; do
  # shellcheck disable=SC2086
  true | timeout 60 "$program" $words --socket "$out/control.sock" >/dev/full 2>"$out/stderr"
  lost "$words"
done
true | timeout 60 "$program" status --watch --socket "$out/control.sock" 2>"$out/stderr" > >(exec true)
lost "status --watch into a closed pipe"
exit "$failed"
