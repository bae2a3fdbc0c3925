#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cost of decoding one JK UART answer of 291 bytes, as instructions (exact, by callgrind) and as time
# beside a straight-line decoder (information: machines are shared). Fails when ours is too far off.
# Usage: decode.sh BENCH_DECODE
set -eu

bench=${1:?path of bench_decode}
limit=2400
few=2000
many=6000

# Instructions of a whole run of $1 (ours or limit) with $2 decodes.
instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" instructions "$1" "$2" 2>&1 |
    awk '/Collected/ {print $NF}'
}

# What one decode costs: the difference of two counts, so that the start of the program cancels out.
per_frame() {
  echo $((($(instructions "$1" $many) - $(instructions "$1" $few)) / (many - few)))
}

status=0
"$bench" || status=1
if ! command -v valgrind >/dev/null; then
  echo "decode instructions/frame not measured: valgrind is not installed"
  exit 77
fi
ours=$(per_frame ours)
straight=$(per_frame limit)
ratio=$(awk "BEGIN {printf \"%.2f\", $ours / $limit}")
echo "decode instructions/frame limit $limit ours $ours ratio $ratio (straight-line $straight)"
[ "$ours" -le "$limit" ] || status=1
exit $status
