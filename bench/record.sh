#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cost of decoding each of JK's 300-byte records, as instructions (exact, by callgrind) and as time
# beside a straight-line decoder of the status (information: machines are shared). Fails when the
# status costs more than the limit. Usage: record.sh BENCH_RECORD
set -eu
. "$(dirname "$0")/instructions.sh"

bench=${1:?path of bench_record}
limit=2295

status=0
"$bench" || status=1
need_valgrind "record instructions/frame"
straight=$(instructions_of_turn 500 1500 "$bench" limit)
for name in jk02-32s-status jk02-32s-settings device jk02-24s-status jk04-status; do
  ours=$(instructions_of_turn 500 1500 "$bench" "$name")
  print_ratio "record $name instructions/frame" $limit "$ours" " (straight-line $straight)"
  [ "$name" != jk02-32s-status ] || [ "$ours" -le "$limit" ] || status=1
done
exit $status
