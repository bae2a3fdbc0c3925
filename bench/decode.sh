#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cost of decoding one JK UART answer of 291 bytes, as instructions (exact, by callgrind) and as time
# beside a straight-line decoder (information: machines are shared). Fails when ours is too far off.
# Usage: decode.sh BENCH_DECODE
set -eu
. "$(dirname "$0")/instructions.sh"

bench=${1:?path of bench_decode}
limit=2400

status=0
"$bench" || status=1
need_valgrind "decode instructions/frame"
ours=$(instructions_of_turn 2000 6000 "$bench" ours)
straight=$(instructions_of_turn 2000 6000 "$bench" limit)
print_ratio "decode instructions/frame" $limit "$ours" " (straight-line $straight)"
[ "$ours" -le "$limit" ] || status=1
exit $status
