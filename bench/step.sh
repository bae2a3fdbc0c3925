#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cost of deciding: time of a step for 1 and 64 packs and of the way to a relay (information), and
# instructions of one step of guard and mirror together (exact, by callgrind), which are judged.
# Usage: step.sh BENCH_STEP
set -eu
. "$(dirname "$0")/instructions.sh"

bench=${1:?path of bench_step}
limit=12000

"$bench" 2>/dev/null  # the gateway in it logs every trip
need_valgrind "step instructions"
ours=$(instructions_of_turn 1000 3000 "$bench")
print_ratio "step instructions (guard and mirror)" $limit "$ours"
[ "$ours" -le "$limit" ]
