#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cost of deciding: time of a step for 1 and 64 packs and of the way to a relay (information), and
# instructions of one step of guard and mirror together (exact, by callgrind), which are judged.
# Usage: step.sh BENCH_STEP
set -eu

bench=${1:?path of bench_step}
limit=12000
few=1000
many=3000

instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" instructions "$1" 2>&1 |
    awk '/Collected/ {print $NF}'
}

"$bench"
if ! command -v valgrind >/dev/null; then
  echo "step instructions not measured: valgrind is not installed"
  exit 77
fi
ours=$((($(instructions $many) - $(instructions $few)) / (many - few)))
ratio=$(awk "BEGIN {printf \"%.2f\", $ours / $limit}")
echo "step instructions (guard and mirror) limit $limit ours $ours ratio $ratio"
[ "$ours" -le "$limit" ]
